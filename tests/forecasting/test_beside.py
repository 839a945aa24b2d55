"""What a method that looks at all tasks at once is shown beside a window, and never shown."""

import dataclasses

import numpy as np
import pytest
import torch

from benchmark import MethodInfo
from benchmark.contract import Asks, RunContext
from benchmark.errors import UserError
from benchmark.families import forecasting_protocol
from benchmark.forecasting.contract import Forecaster
from benchmark.forecasting.posing import held_out_windows, pose
from benchmark.forecasting.scenarios import under
from benchmark.forecasting.using import fitted_forecaster, forecast_next, next_inputs
from benchmark.testing.forecasting import tiny_city
from benchmark.testing.shared import reachable_arrays

STRICT = forecasting_protocol("strict")
TASKS = ("taxi_pick", "taxi_drop")
BESIDE = Asks(beside=True)


@pytest.fixture
def city(tmp_path):
    return tiny_city(tmp_path / "city")


@pytest.mark.parametrize("part", ["train", "validation"])
def test_the_windows_of_the_other_tasks_over_the_same_steps_stand_beside_each(city, part):
    asked, alone = pose(city, TASKS, STRICT, BESIDE), pose(city, TASKS, STRICT)
    starts = torch.tensor([0, 3, 5])
    for task, other in (TASKS, TASKS[::-1]):
        shown = getattr(asked.tasks[task], part).inputs(starts).beside
        assert set(shown) == {other}
        expected = getattr(alone.tasks[other], part).inputs(starts)
        for name in ("values", "observed", "scaled", "slot", "weekday", "calendar"):
            assert torch.equal(getattr(shown[other], name), getattr(expected, name))
        assert not getattr(alone.tasks[task], part).inputs(starts).beside


def test_held_out_windows_show_those_beside_them_and_no_target(city):
    windows = held_out_windows(city, "taxi_pick", STRICT, beside=TASKS)
    plain = held_out_windows(city, "taxi_drop", STRICT)
    starts = torch.tensor([4])
    inputs = windows.inputs(starts, apart=True)
    assert torch.equal(inputs.beside["taxi_drop"].values, plain.inputs(starts).values)
    assert max(array.size for array in reachable_arrays(inputs)) == 12 * 8, "more than the rows shown can be reached"


def test_what_stands_beside_goes_where_the_window_goes(city):
    windows = held_out_windows(city, "taxi_pick", STRICT, beside=TASKS)
    inputs = windows.inputs(torch.arange(3))
    other = inputs.beside["taxi_drop"].scaled
    assert torch.equal(inputs.row(2).beside["taxi_drop"].scaled, other[2:])
    assert torch.equal(inputs.row(1).repeated(4).beside["taxi_drop"].scaled, other[1:2].expand(4, -1, -1))
    assert windows.to(torch.device("meta")).beside["taxi_drop"].values.is_meta
    assert inputs.to(torch.device("meta")).beside["taxi_drop"].scaled.is_meta


def test_tasks_that_differ_in_nodes_or_clock_are_not_put_beside_each_other(city):
    for scenario in ("nodes-50", "interval-2x"):
        posed = pose(under(city, scenario, ("taxi_drop",)), TASKS, STRICT, BESIDE)
        assert not posed.aligned
        assert not any(one.train.beside or one.validation.beside for one in posed.tasks.values())


class Mixes(Forecaster):
    """The last value of both tasks, mixed."""

    @classmethod
    def asks(cls, options):
        return BESIDE

    def fit(self, run):
        """Nothing to learn."""

    def predict(self, inputs):
        (other,) = inputs.beside.values()
        return (0.5 * (inputs.values[:, -1:] + other.values[:, -1:])).expand(-1, self.problem.horizon, -1)

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        assert not state


@dataclasses.dataclass(frozen=True)
class Nothing:
    """Nothing to choose."""


def test_a_run_scores_it_and_its_record_says_what_it_was_shown(city, monkeypatch):
    from benchmark.forecasting.measuring import MEASURER
    from benchmark.registry import registry
    from benchmark.spec import RunSpec

    info = MethodInfo("mixes", f"{__name__}:Mixes", "mixed", "nobody", "none", scope="city")
    monkeypatch.setattr(Mixes, "Options", Nothing, raising=False)
    monkeypatch.setitem(registry()._infos, "mixes", info)
    monkeypatch.setitem(registry()._places, "mixes", "here")
    spec = RunSpec("forecasting", "mixes", 1, {}, "tiny", 1, TASKS, "own", "abc", "strict", 1, "smoke", {"epochs": 1}, 0)
    run = RunContext(0, torch.device("cpu"), None)
    measured = MEASURER.measure(spec, [city], Nothing(), run)
    assert run.notes["asks"] == {"beside": True}
    assert set(measured.metrics) == set(TASKS)


def test_a_forecast_of_the_steps_after_the_end_looks_at_the_ends_of_all_series(city):
    method = Mixes(Nothing(), pose(city, TASKS, STRICT, BESIDE))
    fitted = fitted_forecaster(method, city, STRICT, {})
    inputs = next_inputs("taxi_drop", fitted, method, city)
    assert torch.equal(inputs.beside["taxi_pick"].values[0], torch.from_numpy(np.array(city.series("taxi_pick").values[-12:])))
    rows = forecast_next(fitted, method, city, ["taxi_drop"])
    assert len(rows) == 12 * 8


def test_a_forecast_on_a_city_without_one_of_the_tasks_is_a_sentence(city, monkeypatch):
    method = Mixes(Nothing(), pose(city, TASKS, STRICT, BESIDE))
    fitted = fitted_forecaster(method, city, STRICT, {})
    monkeypatch.setitem(fitted.facts["tasks"], "speed", fitted.facts["tasks"]["taxi_pick"])
    with pytest.raises(UserError, match=r"looks at taxi_pick, taxi_drop, speed together; city tiny .* has no speed"):
        forecast_next(fitted, method, city, ["taxi_pick"])
