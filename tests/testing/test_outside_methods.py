"""What an outside author's method may ask for and do: each part of the contract by a method that needs it, checked, killed and resumed."""

import sys
import types

import pytest
import torch
from made import outside_methods
from made.outside_methods import LastWeek, Sampled

from benchmark import MethodInfo, Registry
from benchmark.checkpoints import Checkpoints
from benchmark.contract import Budget, RunContext
from benchmark.execution.campaign import run_plan
from benchmark.execution.plan import Request, make_plan
from benchmark.families import forecasting_protocol
from benchmark.forecasting.posing import held_out_windows, pose
from benchmark.store.records import Store
from benchmark.testing import check_method
from benchmark.testing.forecasting import tiny_city

INFOS = [MethodInfo(name, f"made.outside_methods:{cls}", "s", "p", "l", **facts) for name, cls, facts in (
    ("last_week", "LastWeek", {"deterministic": True}), ("sampled", "Sampled", {}), ("transposed", "Transposed", {}),
    ("reads_the_time", "ReadsTheTime", {}), ("says_too_much", "SaysTooMuch", {"inputs": ("value", "graph")}),
    ("wrong_device", "WrongDevice", {}), ("two_phases", "TwoPhases", {}))]


@pytest.fixture(autouse=True)
def methods(monkeypatch):
    catalogue = types.ModuleType("catalogue_of_outside_methods")
    catalogue.METHODS = INFOS
    monkeypatch.setitem(sys.modules, catalogue.__name__, catalogue)
    known = Registry((catalogue.__name__,), "none")
    monkeypatch.setattr("benchmark.registry._registry", known)
    Sampled.seen.clear()
    return known


@pytest.mark.parametrize("name", ["last_week", "sampled", "two_phases"])
def test_a_method_that_uses_a_part_of_the_contract_passes_every_check_killed_and_resumed(name, tmp_path):
    ran = check_method(name, tmp_path)
    assert {"check_resumes", "check_inputs", "check_devices", "check_no_test_data_in_fit", "check_future_has_no_effect"} <= set(ran)


@pytest.mark.parametrize(("name", "sentence"), [
    ("reads_the_time", "reads_the_time reads 'time', but does not say so"),
    ("says_too_much", "says that it reads 'graph', but other values there change nothing"),
    ("wrong_device", r"wrong_device: tensors without a device: made.outside_methods:\d+ makes zeros"),
])
def test_a_method_that_breaks_a_promise_fails_by_name(name, sentence, tmp_path):
    with pytest.raises(AssertionError, match=sentence):
        check_method(name, tmp_path)


def test_last_week_is_the_same_time_a_week_before(tmp_path):
    protocol = forecasting_protocol("strict")
    city = tiny_city(tmp_path / "city")
    options = LastWeek.Options()
    method = LastWeek(options, pose(city, ["taxi_pick"], protocol, LastWeek.asks(options)))
    method.fit(RunContext(0, torch.device("cpu"), Budget(1, 1)))
    windows, series = held_out_windows(city, "taxi_pick", protocol, 7), city.series("taxi_pick")
    made = method.predict(windows.inputs(torch.arange(len(windows)), apart=True))
    begin = series.steps - series.steps // 5
    for k in (0, 10, len(windows) - 1):
        rows = slice(begin + k + 12 - 7 * 48, begin + k + 24 - 7 * 48)
        seen = torch.from_numpy(series.observed[rows].copy())
        assert torch.equal(made[k][seen], torch.from_numpy(series.values[rows].copy())[seen])


def test_a_run_says_what_it_asked_for_and_every_table_row_can(tmp_path):
    plan = make_plan(Request(("last_week",), "nyc", tasks=("taxi_pick",), preset="smoke", device="cpu"))
    store = Store(tmp_path / "store")
    assert run_plan(plan, store, workers=1).failed == ()
    (record,) = store.records()
    assert record.notes["asks"] == {"past_days": 7}


class BrokenOffError(Exception):
    """Ends a fit."""


def test_steps_go_on_counting_after_a_resume_and_the_plan_of_steps_stays(make_problem, tmp_path):
    budget, problem = Budget(4, 30, 48, 8), make_problem()

    def fit(progress=lambda _: None, checkpoints=None):
        torch.manual_seed(0)
        method = Sampled(Sampled.Options(batch_size=16), problem)
        method.fit(RunContext(0, torch.device("cpu"), budget, progress=progress, checkpoints=checkpoints))
        return method

    whole = fit()
    assert Sampled.seen == [(step, 12) for step in range(12)]  # 48 windows by 16, four epochs

    def break_off(progress):
        raise BrokenOffError

    Sampled.seen.clear()
    for _ in range(4):
        with pytest.raises(BrokenOffError):
            fit(break_off, Checkpoints(tmp_path))
    resumed = fit(checkpoints=Checkpoints(tmp_path))
    assert Sampled.seen == [(step, 12) for step in range(12)]
    for key, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[key]), key


def test_an_optimiser_takes_any_keyword(make_problem, monkeypatch):
    made, original = [], torch.optim.Adam.__init__
    monkeypatch.setattr(torch.optim.Adam, "__init__", lambda self, *given, **named: made.append(named) or original(self, *given, **named))
    Sampled(Sampled.Options(), make_problem()).fit(RunContext(0, torch.device("cpu"), Budget(1, 1, 16, 8)))
    assert made == [{"eps": 1e-3, "lr": 1e-2, "weight_decay": 0.0}]


def test_a_transposed_output_fails_at_the_first_batch_and_no_smoke_city_hides_it(tmp_path):
    plan = make_plan(Request(("transposed",), "nyc", tasks=("taxi_pick",), preset="smoke", device="cpu"))
    (failed,) = run_plan(plan, Store(tmp_path / "store"), workers=1).failed
    assert failed.error["kind"] == "BadPrediction"
    assert "[batch, horizon, node] is expected" in failed.error["message"]
    nodes = {card["tasks"]["taxi_pick"]["nodes"] for setting in plan.settings for card in setting.cities.cards}
    assert not nodes & {12, 24}


def test_the_methods_here_are_as_short_as_they_claim():
    import inspect

    assert len(inspect.getsource(LastWeek).splitlines()) <= 40
    assert outside_methods.__doc__
