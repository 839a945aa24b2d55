"""What every trajectory encoder must do; most of it is to know nothing that a task hides (trajectory-suite §6)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmark.contract import Budget, RunContext
from benchmark.data.trajectory.city import View
from benchmark.data.trajectory.splits import LABELLED, TEST
from benchmark.families import TRAJECTORY, trajectory_protocol
from benchmark.fitting import seed_everything
from benchmark.options import resolve
from benchmark.registry import registry
from benchmark.testing.other_trips import SENTINEL, altered, changed, marked, other_end, other_entries, other_times, sizes_of
from benchmark.testing.promises import BrokenPromise, apart, close, expect
from benchmark.testing.shared import (
    NO_COMPANY,
    check_devices,
    check_facts,
    check_pickles,
    check_reach,
    check_resumes,
    check_seeds,
    check_state_round_trip,
    expect_answer,
    expect_same_state,
    reachable_arrays,
)
from benchmark.testing.tiny_trips import tiny_trajectory_city
from benchmark.trajectory import cuts
from benchmark.trajectory.contract import TrajectoryEncoder
from benchmark.trajectory.cuts import Posed, TripTable, UntilLastRoad
from benchmark.trajectory.posing import part_rows, pose_trajectories
from benchmark.trajectory.problem import TrajectoryProblem
from benchmark.trajectory.trips import Trips
from benchmark.trajectory.using import fitted_encoder, rebuilt_problem

STRICT = trajectory_protocol("strict")
TINY = Budget(epochs=1, patience=30)
NO_LIMIT = {"unlabelled_trips": None, "labelled_trips": None}
# how a vector comes to know nothing that is hidden
SHOWN_ALONE = "take places, times and lengths from `trips` alone, and nothing that was kept of whole trips"
KEPT_SHARES = tuple(one.changes["kept_share"] for one in TRAJECTORY.scenarios.values() if "kept_share" in one.changes)


class Bench:
    """An encoder on one or two tiny cities, fitted once for the checks that only read."""

    noun = "vectors"

    @property
    def checks(self) -> tuple[Callable[[Bench], None], ...]:
        """What it must do."""
        return CHECKS

    def __init__(self, name: str, folder: Path, /, **options: Any) -> None:
        self.info, self.overrides, self.folder = registry().info(name), options, folder
        self.cls: type[TrajectoryEncoder] = registry().load(name)
        names = ("tiny", "twin") if self.info.scope == "cities" else ("tiny",)
        self.tables = [TripTable(tiny_trajectory_city(folder / one, one, seed)) for seed, one in enumerate(names)]
        self.table = self.tables[0]
        self.rows = part_rows(self.table.city, NO_LIMIT)

    @cached_property
    def problem(self) -> TrajectoryProblem:
        problem = self.pose(self.tables)
        expect_answer(self.info.name, self.cls.declines(self.options(), problem))
        return problem

    @cached_property
    def fitted(self) -> TrajectoryEncoder:
        return self.fit(0)

    def options(self) -> Any:
        return resolve(self.cls.Options, {**self.cls.presets.get("smoke", {}), **self.overrides}, self.info.name)

    def without_data(self) -> TrajectoryProblem:
        return rebuilt_problem(fitted_encoder(self.fitted, [table.city for table in self.tables], {}))

    def pose(self, tables: list[TripTable]) -> TrajectoryProblem:
        return pose_trajectories(tables, {table.name: part_rows(table.city, NO_LIMIT) for table in tables})

    def make(self, problem: TrajectoryProblem, seed: int = 0) -> TrajectoryEncoder:
        seed_everything(seed)
        return self.cls(self.options(), problem)

    def fit(self, seed: int, problem: TrajectoryProblem | None = None) -> TrajectoryEncoder:
        method = self.make(problem or self.problem, seed)
        method.fit(RunContext(seed, torch.device("cpu"), TINY))
        return method

    def whole(self) -> Trips:
        return cuts.whole(self.table, self.rows.test)

    def answers(self, method: TrajectoryEncoder) -> Tensor:
        return self.vectors(self.whole(), method)

    def vectors(self, trips: Trips, method: TrajectoryEncoder | None = None) -> Tensor:
        method = method or self.fitted
        with torch.no_grad():
            return method.encode(trips)


def check_vectors(bench: Bench) -> None:
    """Trips and roads have finite vectors of one width, and different trips different ones."""
    name, trips = bench.info.name, bench.whole()
    vectors = bench.vectors(trips)
    expect((vectors.ndim, len(vectors)) == (2, len(trips)), f"{name}: the vectors of {len(trips)} trips are {tuple(vectors.shape)}",
           expected=f"[trip, d], here [{len(trips)}, d]", fix="give one vector a trip: a mean over its entries, or that of its last one")
    expect(bool(torch.isfinite(vectors).all()), f"{name}: a vector holds NaN or infinity", expected="finite numbers",
           fix="look for a division by 0, a logarithm of 0 or a mean over nothing")
    expect(len(torch.unique(vectors, dim=0)) > 1, f"{name}: all trips have the same vector", expected="vectors that tell trips apart",
           fix="see that the network reads the trips that it is given")
    for posed in _posed(bench.table, bench.rows.test):
        expect(bool(torch.isfinite(bench.vectors(posed.trips)).all()), f"{name}: hidden times give NaN or infinity",
               expected="finite vectors also where times are NaN",
               fix="replace them (torch.nan_to_num), and tell the network which they were")
    if "route" in bench.info.inputs:
        _check_roads(bench)


def _check_roads(bench: Bench) -> None:
    name, count, fitted = bench.info.name, len(bench.table.network), bench.fitted
    try:
        with torch.no_grad():
            roads = fitted.roads(bench.table.name, cuts.whole(bench.table, bench.rows.seen))
    except NotImplementedError as error:
        raise BrokenPromise(f"{name}: {error}", "vectors of roads, which the task road_label asks for", "write `roads`") from None
    expect(len(roads) == count, f"{name}: {len(roads)} vectors for {count} roads", expected="one vector a road of the city, in its order",
           fix="give a road that no trip drives a vector as well")
    expect(bool(torch.isfinite(roads).all()), f"{name}: the vector of a road holds NaN or infinity", expected="finite numbers",
           fix="look for a mean over no trips: some roads are driven by none")


def check_no_held_out_trip_in_fit(bench: Bench) -> None:
    """No object reachable from the method before, during or after `fit` holds a labelled or a test trip."""
    tables = [altered(table, gps=marked(table)) for table in bench.tables]
    method = bench.make(bench.pose(tables))

    def look(moment: str) -> None:
        reached = any((array == SENTINEL).any() for array in reachable_arrays(method))
        expect(not reached, f"{bench.info.name}: a labelled or test trip is reachable {moment}", expected="unlabelled and validation trips "
               "alone", fix="keep what the problem gives, and read no trips of a city yourself")

    look("before fit")
    method.fit(RunContext(0, torch.device("cpu"), TINY, progress=lambda _: look("during fit")))
    look("after fit")


def check_held_out_trips_do_not_change_the_fit(bench: Bench) -> None:
    """Other labelled and test trips, the same fitted state."""
    rng = np.random.default_rng(0)
    tables = []
    for table in bench.tables:
        held = np.isin(table.city.parts, (LABELLED, TEST))
        views = {name: changed(getattr(table, name), held, rng, sizes_of(table)) for name in ("gps", "route", "grid")}
        tables.append(altered(table, **views))
    expect_same_state(bench, bench.fitted, bench.fit(0, bench.pose(tables)), "depends on labelled or test trips",
                      "learn from problem.cities[…].unlabelled and .validation alone")


def check_no_road_class(bench: Bench) -> None:
    """Other road classes, the same problem and the same fitted state."""
    tables = []
    for number, table in enumerate(bench.tables):
        other = TripTable(tiny_trajectory_city(bench.folder / f"classes {number}", table.name, number))
        highway = other.network.table["highway"].to_numpy(str)
        other.network.table["highway"] = np.random.default_rng(0).permutation(highway)
        tables.append(other)
    problem = bench.pose(tables)
    pairs = zip(_told(bench.problem), _told(problem), strict=True)
    expect(all(torch.equal(one, other) for one, other in pairs), "the problem tells of road classes",
           expected="roads without their classes", fix="this is the engine's fault: see how trips are posed")
    expect_same_state(bench, bench.fitted, bench.fit(0, problem), "depends on road classes", "read no file of the city: the class is what "
                      "road_label asks for; a method that needs it asks for it (Asks(road_class=True))")


def check_cut_hides_what_comes_after(bench: Bench) -> None:
    """What happens after a cut, places and times and how many points, leaves the vectors as they are, bit for bit."""
    rows, table = bench.rows.test, bench.table
    for share in (None, *KEPT_SHARES):
        for kind, pose in (("destination_road", cuts.pose_destination_road), ("destination_grid", cuts.pose_destination_grid)):
            before = pose(table, rows, STRICT, share)
            for seed in range(3):
                after = pose(other_end(table, kind, share, np.random.default_rng(seed)), rows, STRICT, share)
                expect(np.array_equal(before.rows, after.rows), f"{kind}: what comes after the cut decides whether a trip is asked",
                       expected="the same trips", fix="this is the engine's fault: see how trips are cut")
                one, other = bench.vectors(before.trips), bench.vectors(after.trips)
                kept = share or "all but the last"
                expect(torch.equal(one, other), f"{bench.info.name}: what comes after the cut of {kind} (keep {kept}) changes a vector: "
                       f"{apart(one, other)}", expected="the same bits", fix=SHOWN_ALONE)


def check_hidden_times(bench: Bench) -> None:
    """travel_time: other times after the departure, another number of GPS points, and a last road that is not shown, leave the vectors as
    they are, bit for bit."""
    rows, table = bench.rows.test, bench.table
    before = bench.vectors(cuts.pose_travel_time(table, rows, STRICT).trips)
    before_last = bench.vectors(cuts.pose_travel_time(UntilLastRoad(table), rows, STRICT).trips)
    for seed in range(3):
        other = other_times(table, np.random.default_rng(seed))
        after = bench.vectors(cuts.pose_travel_time(other, rows, STRICT).trips)
        expect(torch.equal(before, after), f"{bench.info.name}: a hidden time, or the number of points, changes a vector: "
               f"{apart(before, after)}", expected="the same bits", fix=SHOWN_ALONE)
        road = np.array(other.route.values["road"])
        road[other.route.offsets[1:] - 1] = seed
        ended = UntilLastRoad(altered(other, route=View(other.route.offsets, {**other.route.values, "road": road})))
        after = bench.vectors(cuts.pose_travel_time(ended, rows, STRICT).trips)
        expect(torch.equal(before_last, after), f"{bench.info.name}: the road whose entry is asked for, or a hidden time, changes a vector:"
               f" {apart(before_last, after)}", expected="the same bits", fix=SHOWN_ALONE)


def check_views(bench: Bench) -> None:
    """The views that the registry says it reads are those that it reads: other entries there change it, and nothing else does."""
    for number, view in enumerate(TRAJECTORY.inputs):
        rng = np.random.default_rng(number)
        tables = [altered(table, **{view: other_entries(table, view, rng)}) for table in bench.tables]
        method = bench.fit(0, bench.pose(tables))
        same = torch.equal(bench.vectors(cuts.whole(tables[0], bench.rows.test), method), bench.answers(bench.fitted))
        said = view in bench.info.inputs
        expect(same != said, f"{bench.info.name} says that it reads the view {view}, but other entries there change nothing" if said else
               f"{bench.info.name} reads the view {view}, but does not say so: its inputs are {', '.join(bench.info.inputs)}",
               expected="a MethodInfo whose `inputs` are the views that are read", fix=f"{'take' if said else 'put'} '{view}' "
               f"{'out of' if said else 'into'} them, or change what the network reads")


def check_companions(bench: Bench) -> None:
    """The vector of a trip does not depend on the trips beside it, nor on padding to the longest of them."""
    for trips in (bench.whole(), *(posed.trips for posed in _posed(bench.table, bench.rows.test))):
        whole = bench.vectors(trips)
        alone = torch.cat([bench.vectors(trips.rows(torch.tensor([k]))) for k in range(len(trips))])
        backwards = bench.vectors(trips.rows(torch.arange(len(trips)).flip(0))).flip(0)
        for other in (alone, backwards):
            expect(close(other, whole, 1e-5), f"{bench.info.name}: a vector depends on the trips beside it: alone or backwards it is "
                   f"{apart(other, whole)}", expected="the same but for rounding", fix=NO_COMPANY)


def check_answers_alone(bench: Bench) -> None:
    """A new method with the fitted state, which has seen nothing else, gives a trip alone the vector that it had among others."""
    problem = bench.without_data()
    for posed in _posed(bench.table, bench.rows.test):
        among = bench.vectors(posed.trips)
        for row in torch.linspace(0, len(among) - 1, 3).long():
            fresh = bench.make(problem, seed=5)
            fresh.load_state_dict(bench.fitted.state_dict())
            alone = bench.vectors(posed.trips.rows(row[None]), fresh)[0]
            expect(close(alone, among[row], 1e-4), f"{bench.info.name}: alone, from its saved state, a trip has another vector than among "
                   f"others, {apart(alone, among[row])}; the method uses the other trips of a batch, or remembers what it was shown before",
                   expected="the same but for rounding", fix=NO_COMPANY)


CHECKS = (check_facts, check_vectors, check_seeds, check_no_held_out_trip_in_fit, check_held_out_trips_do_not_change_the_fit,
          check_no_road_class, check_cut_hides_what_comes_after, check_hidden_times, check_views, check_devices, check_companions,
          check_state_round_trip, check_answers_alone, check_reach, check_resumes, check_pickles)


def _posed(table: TripTable, rows: np.ndarray) -> list[Posed]:
    return [cuts.pose_travel_time(table, rows, STRICT), cuts.pose_destination_road(table, rows, STRICT, None),
            cuts.pose_destination_grid(table, rows, STRICT, None)]


def _told(problem: TrajectoryProblem) -> list[Tensor]:
    """What a problem says of roads and cells."""
    return [value for city in problem.cities.values() for one in (city.roads, city.cells) for value in vars(one).values()
            if isinstance(value, Tensor)]
