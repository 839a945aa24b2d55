"""Kept methods, made again without their training data: the same bits, the right times, and a sentence where they do not fit."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

from benchmark import lazy
from benchmark.contract import Asks
from benchmark.data.clock import Clock
from benchmark.data.folder import Origin
from benchmark.data.forecasting.city import Series, write_city
from benchmark.errors import UserError
from benchmark.execution.packing import pack, unpack
from benchmark.families import find_family, forecasting_protocol
from benchmark.forecasting.contract import Forecaster
from benchmark.forecasting.posing import held_out_windows, pose
from benchmark.forecasting.using import fitted_forecaster, next_inputs
from benchmark.registry import registry
from benchmark.spec import Record, RunSpec
from benchmark.store.kept import find_kept, unpack_predictions, write_kept
from benchmark.store.records import Store
from benchmark.testing import encoders, forecasting
from benchmark.testing.shared import reachable_arrays
from benchmark.testing.tiny_trips import tiny_trajectory_city
from benchmark.trajectory import cuts
from benchmark.trajectory.using import fitted_encoder, no_trips

STRICT = forecasting_protocol("strict")
MEASURERS = {name: lazy.load(find_family(name).measurer) for name in ("forecasting", "trajectory")}


def stored_and_read(fitted, family, folder):
    """Through the files and back."""
    spec = RunSpec(family, "m", 1, {}, "s", 1, ("t",), "own", "abc", "strict", 1, "smoke", {}, 0)
    store = Store(folder / "records")
    write_kept(store, Record(spec, "done", city={}), pack(fitted))
    kept = find_kept(store, spec.id)
    return unpack(kept), kept


def made_again(bench, fitted, family):
    cls, options = bench.cls, bench.fitted.options
    problem = MEASURERS[family].rebuild(fitted, cls.asks(options))
    torch.manual_seed(99)
    method = cls(options, problem)
    method.load_state_dict(fitted.state)
    return method


@pytest.mark.parametrize("name", registry().names("forecasting"))
def test_every_forecaster_predicts_the_same_bits_from_its_kept_state_without_training_data(name, tmp_path):
    bench = forecasting.Bench(name, tmp_path)
    read, kept = stored_and_read(fitted_forecaster(bench.fitted, bench.city, STRICT, {bench.tasks[0]: bench.predictions(bench.fitted)}),
                                 "forecasting", tmp_path)
    again = made_again(bench, read, "forecasting")
    assert torch.equal(bench.predictions(again), bench.predictions(bench.fitted))
    assert np.array_equal(unpack_predictions(kept)[f"{bench.tasks[0]}.predictions"], bench.predictions(bench.fitted).numpy())
    for task, one in again.problem.tasks.items():
        posed = bench.problem.tasks[task]
        assert (len(one.train), len(one.validation)) == (0, 0)
        assert (one.scaler, one.unit, one.steps_per_day) == (posed.scaler, posed.unit, posed.steps_per_day)
        assert one.train.values.shape[1] == posed.nodes
        for part in ("node_index", "coordinates", "graph"):
            assert torch.equal(getattr(one, part), getattr(posed, part))


@pytest.mark.parametrize("name", registry().names("trajectory"))
def test_every_encoder_gives_the_same_bits_from_its_kept_state_without_trips(name, tmp_path):
    bench = encoders.Bench(name, tmp_path)
    read, _ = stored_and_read(fitted_encoder(bench.fitted, [table.city for table in bench.tables], {}), "trajectory", tmp_path)
    again = made_again(bench, read, "trajectory")
    assert torch.equal(bench.answers(again), bench.answers(bench.fitted))
    assert all(len(one.unlabelled) == len(one.validation) == 0 for one in again.problem.cities.values())


def test_no_trips_are_trips_of_the_right_kinds(tmp_path):
    table = cuts.TripTable(tiny_trajectory_city(tmp_path / "tiny"))
    nothing, whole = no_trips("tiny"), cuts.whole(table, np.array([0, 1]))
    assert len(nothing) == 0
    for view in ("gps", "route", "grid"):
        kinds = {name: values.dtype for name, values in getattr(whole, view).values.items()}
        assert {name: values.dtype for name, values in getattr(nothing, view).values.items()} == kinds


# --- forecasts after the end of a series ---

@dataclasses.dataclass(frozen=True)
class Nothing:
    """No option."""


class LooksBack(Forecaster):
    """The value of the first row that it is shown, plus the step: by it a test sees which rows these are."""

    Options = Nothing
    seen: list = []  # noqa: RUF012  (what a test reads)

    @classmethod
    def asks(cls, options):
        return Asks(past_days=1)

    def fit(self, run):
        """Learns nothing."""

    def predict(self, inputs):
        self.seen.append(inputs)
        first = inputs.past.values[:, :1]
        return first + torch.arange(1, self.problem.horizon + 1)[None, :, None]

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        """There is none."""


NODES = pd.DataFrame({"node_id": ["a", "b", "c"], "name": "", "lon": [0.0, 0.1, 0.2], "lat": 0.0})
CLOCK = Clock("2018-12-01T00:00:00", 60, "America/New_York")
TASK = "trips"


def city_of(folder, clock=CLOCK, steps=480, nodes=NODES, order=(0, 1, 2), unit="trips per h", task=TASK):
    """Every value is the number of its row."""
    values = np.repeat(np.arange(1, steps + 1, dtype=np.float32)[:, None], len(order), axis=1)
    series = Series(task, values, np.ones(values.shape, bool), np.array(order), clock, unit)
    return write_city(folder, folder.name, "own", Origin("t", "s", "l"), nodes, [series])


@pytest.fixture
def fitted(tmp_path):
    """A method that shows what it is shown, as it is kept."""
    LooksBack.seen.clear()
    city = city_of(tmp_path / "home-town")
    method = LooksBack(Nothing(), pose(city, [TASK], STRICT, LooksBack.asks(Nothing())))
    return fitted_forecaster(method, city, STRICT, {})


def next_steps(fitted, city, tasks=None):
    measurer = MEASURERS["forecasting"]
    method = LooksBack(Nothing(), measurer.rebuild(fitted, LooksBack.asks(Nothing())))
    return measurer.forecast(fitted, method, city, tasks)


def test_a_forecast_begins_right_after_the_last_row_and_sees_the_last_window_and_the_day_before_it(fitted, tmp_path):
    frame = next_steps(fitted, city_of(tmp_path / "home-town"))
    assert list(frame.columns) == ["task", "step", "time", "node", "forecast", "unit"]
    assert len(frame) == 12 * 3
    assert frame[["task", "step", "node", "unit"]].iloc[[0, 4]].to_numpy().tolist() == [
        ["trips", 1, "a", "trips per h"], ["trips", 2, "b", "trips per h"]]
    (inputs,) = LooksBack.seen
    assert inputs.values[0, :, 0].tolist() == list(range(469, 481))
    assert inputs.past.values[0, :, 0].tolist() == list(range(445, 469))
    assert inputs.slot[0].tolist() == [*range(12, 24), *range(12)]  # of the steps shown, and of those asked for
    assert frame["time"].iloc[0] == pd.Timestamp("2018-12-21T00:00", tz="America/New_York")
    assert frame["forecast"].tolist() == [float(445 + step) for step in frame["step"]]


def test_the_last_window_is_the_one_that_training_would_make_of_these_rows(fitted, tmp_path):
    """Read as the last test window of a longer series, input by input."""
    short, longer = city_of(tmp_path / "home-town"), city_of(tmp_path / "longer", steps=492)
    method = LooksBack(Nothing(), pose(short, [TASK], STRICT, LooksBack.asks(Nothing())))
    windows = held_out_windows(longer, TASK, STRICT, past_days=1)
    expected, made = windows.inputs(torch.tensor([len(windows) - 1])), next_inputs(TASK, fitted, method, short)
    for part in ("values", "observed", "slot", "weekday", "calendar"):
        assert torch.equal(getattr(made, part), getattr(expected, part)), part
    for part in ("values", "observed", "slot", "weekday"):
        assert torch.equal(getattr(made.past, part), getattr(expected.past, part)), part


def test_years_are_counted_from_the_series_that_the_method_learnt_from(fitted, tmp_path):
    next_steps(fitted, city_of(tmp_path / "later", Clock("2021-06-01T00:00:00", 60, "America/New_York")))
    assert LooksBack.seen[-1].calendar[0, :, 0].tolist() == [3.0] * 12


def test_times_have_the_offset_of_their_day_and_a_skipped_hour_has_no_row(fitted, tmp_path):
    spring = city_of(tmp_path / "spring", Clock("2019-02-18T00:00:00", 60, "America/New_York"))  # ends on Saturday, 9 March
    frame = next_steps(fitted, spring)
    assert [str(time) for time in frame["time"].unique()[:3]] == [
        "2019-03-10 00:00:00-05:00", "2019-03-10 01:00:00-05:00", "2019-03-10 03:00:00-04:00"]
    assert sorted(frame["step"].unique()) == [1, 2, *range(4, 13)]
    autumn = city_of(tmp_path / "autumn", Clock("2019-10-14T00:00:00", 60, "America/New_York"))  # ends on Saturday, 2 November
    times = next_steps(fitted, autumn)["time"].unique()
    assert [str(time) for time in times[:3]] == ["2019-11-03 00:00:00-04:00", "2019-11-03 01:00:00-04:00", "2019-11-03 02:00:00-05:00"]


REFUSED = {
    "an unknown task": ({}, ["trip"], r"Unknown task of the run 'trip'\. Did you mean trips\?"),
    "a task that the city lacks": ({"task": "rides"}, None, r"City elsewhere \(edition own\) has no task 'trips'.*it has rides"),
    "another interval": ({"clock": Clock("2019-01-01T00:00:00", 30, "UTC")}, None, "has steps of 30 minutes; .* fitted to .* 60"),
    "another unit": ({"unit": "persons"}, None, "has the unit 'persons'; the method was fitted to the unit 'trips per h'"),
    "fewer nodes": ({"order": (0, 1)}, None, "has other nodes than the method was fitted to: 2 instead of 3"),
    "nodes in another order": ({"order": (1, 0, 2)}, None, "other nodes .*: column 1 is 'b' instead of 'a'"),
    "nodes of the same names elsewhere": ({"nodes": NODES.assign(lon=[0.0, 0.1, 0.3])}, None, r"but elsewhere \(first: 'c'\)"),
    "too short a series": ({"steps": 11}, None, "has 11 steps; a forecast needs the last 12"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused_in_one_sentence(fitted, tmp_path, case):
    changes, tasks, sentence = REFUSED[case]
    with pytest.raises(UserError, match=sentence):
        next_steps(fitted, city_of(tmp_path / "elsewhere", **changes), tasks)
    assert not LooksBack.seen


def test_nothing_of_the_training_rows_is_kept(tmp_path):
    """Neither in the file nor in what is made of it: every value of the series is the number of its row."""
    city = city_of(tmp_path / "home-town")
    method = LooksBack(Nothing(), pose(city, [TASK], STRICT, Asks(past_days=1)))
    read, _ = stored_and_read(fitted_forecaster(method, city, STRICT, {}), "forecasting", tmp_path)
    for array in reachable_arrays((read, MEASURERS["forecasting"].rebuild(read, Asks(past_days=1)))):
        assert not np.isin(np.arange(20, 300), array).any()


# --- vectors of trips ---

def test_vectors_stand_by_trip_id_and_another_network_is_refused(tmp_path):
    bench = encoders.Bench("random", tmp_path)
    city = bench.table.city
    fitted = fitted_encoder(bench.fitted, [city], {})
    method = made_again(bench, fitted, "trajectory")
    frame = MEASURERS["trajectory"].embed(fitted, method, city)
    assert frame.index.name == "trip_id"
    assert frame.index.tolist() == city.trip_ids.tolist()
    rows = bench.rows.test
    np.testing.assert_array_equal(frame.to_numpy()[rows], bench.vectors(cuts.whole(bench.table, rows)).numpy())
    other = dict(city.card["files"]) | {"roads.csv": "0" * 64}
    city.card["files"] = other
    with pytest.raises(UserError, match=r"City tiny \(edition own\) has other roads or cells than tiny, which the method was fitted to"):
        MEASURERS["trajectory"].embed(fitted, method, city)


def test_trips_on_the_same_roads_and_cells_have_vectors_whatever_their_city_is_called(tmp_path):
    bench = encoders.Bench("transformer", tmp_path)
    fitted = fitted_encoder(bench.fitted, [bench.table.city], {})
    other = tiny_trajectory_city(tmp_path / "other", "other", seed=3)
    frame = MEASURERS["trajectory"].embed(fitted, made_again(bench, fitted, "trajectory"), other)
    assert len(frame) == len(other.trip_ids)
