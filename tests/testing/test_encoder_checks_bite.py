"""Each check of encoders fails on an encoder that breaks its promise, and on an engine that shows what a task hides."""

import itertools
import sys
import types
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from benchmark import MethodInfo, Registry, TrajectoryEncoder
from benchmark.data.trajectory.splits import TEST
from benchmark.testing import encoders as checks
from benchmark.testing.encoders import Bench
from benchmark.testing.other_trips import altered, marked
from benchmark.testing.tiny_trips import tiny_trajectory_city
from benchmark.trajectory import cuts
from benchmark.trajectory.problem import CityProblem
from benchmark.trajectory.trips import TripView


@dataclass(frozen=True)
class Options:
    # numbers of a vector
    width: int = 8


class Honest(TrajectoryEncoder):
    """Sums of everything it is shown, view by view, times included; roads by a random table."""

    Options = Options

    def fit(self, run):
        city = self.problem.only
        self.table = torch.randn(len(city.roads), self.options.width, generator=run.generator("table"))
        self.table += 1e-3 * city.unlabelled.route.values["road"].float().mean()
        run.progress(None)

    def encode(self, trips):
        def total(view, name):
            values = torch.nan_to_num(view.values[name].double(), nan=-1.0)
            return torch.stack([part.sum() for part in values.split(view.lengths().tolist())])

        views = ((trips.gps, ("lon", "lat", "time", "road", "cell")), (trips.route, ("road", "time")), (trips.grid, ("cell", "time")))
        shown = [total(view, name) for view, names in views for name in names]
        counts = [view.lengths() for view in (trips.gps, trips.route, trips.grid)]
        roads = torch.nn.functional.embedding_bag(trips.route.values["road"], self.table, trips.route.offsets[:-1], mode="mean")
        return torch.column_stack([*shown, *counts, trips.minute, trips.weekday, roads.double()])

    def roads(self, city, trips):
        return self.table

    def state_dict(self):
        return {"table": self.table}

    def load_state_dict(self, state):
        self.table = state["table"]


class IgnoresSeed(Honest):
    def fit(self, run):
        super().fit(run)
        self.table = torch.ones_like(self.table)


class UsesOwnRandomness(Honest):
    fits = itertools.count()

    def fit(self, run):
        super().fit(run)
        self.table = self.table + next(self.fits)


class AllTheSame(Honest):
    def encode(self, trips):
        return torch.zeros(len(trips), 4)


class ChokesOnHiddenTimes(Honest):
    def encode(self, trips):
        return super().encode(trips) + trips.route.values["time"].split(trips.route.lengths().tolist())[0].sum()


class NoRoads(Honest):
    def roads(self, city, trips):
        return self.table[:-1]


class LearnsFromTestTrips(Honest):
    """Was given more than it may see."""

    def fit(self, run):
        super().fit(run)
        self.table = self.table + self.problem.only.leak.gps.values["lon"].sum()


class LearnsRoadClasses(Honest):
    def fit(self, run):
        super().fit(run)
        self.table = self.table + self.problem.only.road_class[:, None].float()


class NormalisesByBatch(Honest):
    def encode(self, trips):
        return super().encode(trips) - super().encode(trips).mean(dim=0)


class PadsAndCountsPadding(Honest):
    def encode(self, trips):
        return torch.column_stack([super().encode(trips), trips.route.padded("road", 7).sum(dim=1)])


class ReadsRoutesAlone(Honest):
    """With the times of roads, which are told from the minute of departure on."""

    def encode(self, trips):
        route = trips.route
        time = torch.nan_to_num(route.values["time"].double(), nan=-1.0).split(route.lengths().tolist())
        roads = torch.nn.functional.embedding_bag(route.values["road"], self.table, route.offsets[:-1], mode="mean")
        return torch.column_stack([torch.stack([part.sum() for part in time]), trips.minute, trips.weekday, roads.double()])


class ForgetsItsState(Honest):
    def load_state_dict(self, state):
        self.table = torch.zeros_like(state["table"])


@pytest.fixture
def bench(monkeypatch, tmp_path):
    def make(cls, inputs=("gps", "route", "grid")):
        catalogue = types.ModuleType("catalogue_of_this_test")
        catalogue.METHODS = [MethodInfo("broken", f"{__name__}:{cls.__name__}", "s", "p", "l", family="trajectory", scope="city",
                                        inputs=inputs)]
        monkeypatch.setitem(sys.modules, catalogue.__name__, catalogue)
        monkeypatch.setitem(sys.modules, __name__, sys.modules[cls.__module__])
        monkeypatch.setattr(checks, "registry", lambda: Registry((catalogue.__name__,), "none"))
        return Bench("broken", tmp_path)

    return make


@pytest.mark.parametrize(("cls", "check", "sentence"), [
    (IgnoresSeed, checks.check_seeds, "deterministic"), (UsesOwnRandomness, checks.check_seeds, "seed 0 twice"),
    (AllTheSame, checks.check_vectors, "same vector"), (ChokesOnHiddenTimes, checks.check_vectors, "hidden times give NaN"),
    (NoRoads, checks.check_vectors, "119 vectors for 120 roads"), (NormalisesByBatch, checks.check_companions, "trips beside it"),
    (PadsAndCountsPadding, checks.check_companions, "trips beside it"), (ForgetsItsState, checks.check_state_round_trip, "round-trip"),
], ids=lambda value: getattr(value, "__name__", ""))
def test_a_broken_promise_is_caught_and_named(bench, cls, check, sentence):
    with pytest.raises(AssertionError, match=sentence):
        check(bench(cls))


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.__name__)
def test_an_honest_encoder_that_reads_everything_it_is_shown_passes(bench, check):
    check(bench(Honest))


def test_a_trip_departs_when_it_departs_whatever_views_are_read(bench):
    checks.check_views(bench(ReadsRoutesAlone, ("route",)))
    with pytest.raises(AssertionError, match="says that it reads the view gps"):
        checks.check_views(bench(ReadsRoutesAlone, ("gps", "route")))


def test_a_last_road_whose_entry_is_asked_for_and_that_is_shown_is_caught(bench, monkeypatch):
    made = bench(Honest)
    monkeypatch.setattr(cuts, "prefix", lambda view, count: view)
    with pytest.raises(AssertionError, match="the road whose entry is asked for"):
        checks.check_hidden_times(made)


@dataclass(frozen=True)
class LeakyCity(CityProblem):
    leak: object = None


def show_test_trips(monkeypatch):
    from benchmark.trajectory import posing

    pose = posing._city

    def leaky(table, rows, road_class):
        return LeakyCity(**vars(pose(table, rows, road_class)), leak=cuts.whole(table, rows.test))

    monkeypatch.setattr(posing, "_city", leaky)


@pytest.mark.parametrize(("check", "sentence"), [(checks.check_no_held_out_trip_in_fit, "test trip is reachable"),
                                                 (checks.check_held_out_trips_do_not_change_the_fit, "depends on labelled or test trips")])
def test_a_problem_that_shows_test_trips_is_caught(bench, monkeypatch, check, sentence):
    show_test_trips(monkeypatch)
    with pytest.raises(AssertionError, match=sentence):
        check(bench(LearnsFromTestTrips))


def test_a_problem_that_shows_road_classes_is_caught(bench, monkeypatch):
    from benchmark.trajectory import posing

    pose = posing._city
    monkeypatch.setattr(posing, "_city", lambda table, rows, road_class: pose(table, rows, True))
    with pytest.raises(AssertionError, match="depends on road classes"):
        checks.check_no_road_class(bench(LearnsRoadClasses))


def test_a_road_feature_made_from_its_class_is_caught(bench, monkeypatch):
    from benchmark.trajectory import posing

    pose = posing._city

    def leaky(table, rows, road_class):
        city = pose(table, rows, road_class)
        speed = table.network.table["highway"].map({"primary": 4, "residential": 1}).fillna(2).to_numpy(np.int64)
        return replace(city, roads=replace(city.roads, lanes=torch.from_numpy(speed)))

    monkeypatch.setattr(posing, "_city", leaky)
    with pytest.raises(AssertionError, match="tells of road classes"):
        checks.check_no_road_class(bench(Honest))


def leak_closed_cut(view, time, cut, closed):
    return BEFORE(view, time, cut, True)


def leak_all_points(view, time, cut, closed):
    return view


BEFORE = cuts._before


@pytest.mark.parametrize("leak", [leak_closed_cut, leak_all_points], ids=["the moment of the cut", "all points"])
def test_points_behind_a_cut_are_caught(bench, monkeypatch, leak):
    made = bench(Honest)
    monkeypatch.setattr(cuts, "_before", leak)
    with pytest.raises(AssertionError, match="after the cut"):
        checks.check_cut_hides_what_comes_after(made)


def test_roads_found_with_the_help_of_points_behind_a_cut_are_caught(bench, monkeypatch):
    made = bench(Honest)
    monkeypatch.setattr(cuts, "_up_to_last_point", lambda route, gps: route)
    monkeypatch.setattr(cuts, "_before", lambda view, time, cut, closed: view if time == "entry" else BEFORE(view, time, cut, closed))
    with pytest.raises(AssertionError, match="cut of destination_grid"):
        checks.check_cut_hides_what_comes_after(made)


def test_cells_that_are_cut_but_not_made_anew_are_caught(bench, monkeypatch):
    made = bench(Honest)
    pose = cuts.pose_destination_road

    def leaky(table, rows, protocol, share):
        posed = pose(table, rows, protocol, share)
        return replace(posed, trips=replace(posed.trips, grid=cuts.whole(table, posed.rows).grid))

    monkeypatch.setattr(cuts, "pose_destination_road", leaky)
    with pytest.raises(AssertionError, match="cut of destination_road"):
        checks.check_cut_hides_what_comes_after(made)


def leak(name):
    """`pose_travel_time` that shows one view as it is."""
    pose = cuts.pose_travel_time

    def leaky(table, rows, protocol):
        posed = pose(table, rows, protocol)
        return replace(posed, trips=replace(posed.trips, **{name: getattr(cuts.whole(table, rows), name)}))
    return leaky


def leak_number_of_points():
    pose = cuts.pose_travel_time

    def leaky(table, rows, protocol):
        posed, count = pose(table, rows, protocol), cuts.take(table.gps, rows).lengths()
        offsets = torch.from_numpy(np.concatenate([[0], np.cumsum(count)]))
        blank = {key: torch.zeros(int(offsets[-1]), dtype=values.dtype) for key, values in posed.trips.gps.values.items()}
        return replace(posed, trips=replace(posed.trips, gps=TripView(offsets, blank)))
    return leaky


def leak_second_of_departure():
    pose = cuts.pose_travel_time

    def leaky(table, rows, protocol):
        posed = pose(table, rows, protocol)
        return replace(posed, trips=replace(posed.trips, minute=posed.trips.minute + torch.from_numpy(table.departure(rows) % 60)))
    return leaky


@pytest.mark.parametrize("leaky", [leak("gps"), leak("grid"), leak("route"), leak_number_of_points(), leak_second_of_departure()],
                         ids=["times of points", "cells", "times of roads", "number of points", "second of departure"])
def test_a_view_that_tells_the_travel_time_is_caught(bench, monkeypatch, leaky):
    made = bench(Honest)
    monkeypatch.setattr(cuts, "pose_travel_time", leaky)
    with pytest.raises(AssertionError, match="a hidden time, or the number of points"):
        checks.check_hidden_times(made)


def test_cells_under_gps_points_alone_would_tell_the_number_of_points(bench, monkeypatch):
    """Points 15 s apart lie in a cell of their own each: so the cells of travel_time are those under the roads."""
    made = bench(Honest)
    pose = cuts.pose_travel_time

    def leaky(table, rows, protocol):
        posed = pose(table, rows, protocol)
        grid = cuts.whole(table, rows).grid
        hidden = {"cell": grid.values["cell"], "time": torch.full_like(grid.values["time"], torch.nan)}
        return replace(posed, trips=replace(posed.trips, grid=TripView(grid.offsets, hidden)))

    monkeypatch.setattr(cuts, "pose_travel_time", leaky)
    with pytest.raises(AssertionError, match="number of points"):
        checks.check_hidden_times(made)


def test_no_id_day_or_trip_stands_in_two_parts(tmp_path):
    import pandas as pd

    city = tiny_trajectory_city(tmp_path / "city")
    rows = checks.part_rows(city, checks.NO_LIMIT)
    parts = [rows.unlabelled, rows.labelled, rows.validation, rows.test]
    assert len(np.unique(np.concatenate(parts))) == sum(map(len, parts))
    assert len(set(city.trip_ids)) == len(city.trip_ids)
    gps = city.view("gps")
    days = [set(pd.to_datetime(cuts.take(gps, part).values["time"], unit="s", utc=True).tz_convert("Asia/Shanghai").date) for part in parts]
    assert not (days[0] | days[1]) & (days[2] | days[3])
    assert not days[2] & days[3]
    assert (city.parts == TEST).sum() == len(rows.test)


def test_an_altered_table_leaves_the_city_as_it_was(tmp_path):
    table = cuts.TripTable(tiny_trajectory_city(tmp_path / "city"))
    other = altered(table, gps=marked(table))
    assert (other.gps.values["lon"] == checks.SENTINEL).any()
    assert not (table.gps.values["lon"] == checks.SENTINEL).any()
