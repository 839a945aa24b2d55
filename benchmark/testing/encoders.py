"""What every trajectory encoder must do; most of it is to know nothing that a task hides (trajectory-suite §6)."""

from __future__ import annotations

import copy
from collections.abc import Callable
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
from benchmark.ragged import offsets_kept, place_in_row, spread
from benchmark.registry import registry
from benchmark.testing.shared import check_devices, check_facts, check_pickles, check_reach, check_resumes, reachable_arrays
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
# a longitude that only labelled and test trips know
SENTINEL = 104.123456789
KEPT_SHARES = tuple(one.changes["kept_share"] for one in TRAJECTORY.scenarios.values() if "kept_share" in one.changes)


class Bench:
    """An encoder on one or two tiny cities, fitted once for the checks that only read."""

    @property
    def checks(self) -> tuple[Callable[[Bench], None], ...]:
        """What it must do."""
        return CHECKS

    def __init__(self, name: str, folder: Path, **options: Any) -> None:
        self.info = registry().info(name)
        self.cls: type[TrajectoryEncoder] = registry().load(name)
        self.folder, self.options = folder, options
        names = ("tiny", "twin") if self.info.scope == "cities" else ("tiny",)
        self.tables = [TripTable(tiny_trajectory_city(folder / one, one, seed)) for seed, one in enumerate(names)]
        self.table = self.tables[0]
        self.rows = part_rows(self.table.city, NO_LIMIT)
        self.problem = self.pose(self.tables)
        self.fitted = self.fit(0)

    def pose(self, tables: list[TripTable]) -> TrajectoryProblem:
        return pose_trajectories(tables, {table.name: part_rows(table.city, NO_LIMIT) for table in tables})

    def make(self, problem: TrajectoryProblem, seed: int = 0) -> TrajectoryEncoder:
        seed_everything(seed)
        return self.cls(resolve(self.cls.Options, {**self.cls.presets.get("smoke", {}), **self.options}, self.info.name), problem)

    def fit(self, seed: int, problem: TrajectoryProblem | None = None) -> TrajectoryEncoder:
        method = self.make(problem or self.problem, seed)
        method.fit(RunContext(seed, torch.device("cpu"), TINY))
        return method

    def whole(self) -> Trips:
        return cuts.whole(self.table, self.rows.test)

    def answers(self, method: TrajectoryEncoder) -> Tensor:
        return self.vectors(self.whole(), method)

    def vectors(self, trips: Trips, method: TrajectoryEncoder | None = None) -> Tensor:
        with torch.no_grad():
            return (method or self.fitted).encode(trips)


def altered(table: TripTable, **views: View) -> TripTable:
    """The same city with other trips in some views."""
    other = copy.copy(table)
    vars(other).pop("step", None)  # made anew
    for name, view in views.items():
        setattr(other, name, view)
    return other


def check_vectors(bench: Bench) -> None:
    """Trips and roads have finite vectors of one width, and different trips different ones."""
    trips = bench.whole()
    vectors = bench.vectors(trips)
    shape = tuple(vectors.shape)
    assert (vectors.ndim, len(vectors)) == (2, len(trips)), f"{bench.info.name}: the vectors of {len(trips)} trips are {shape}"
    assert torch.isfinite(vectors).all(), f"{bench.info.name}: a vector holds NaN or infinity"
    assert len(torch.unique(vectors, dim=0)) > 1, f"{bench.info.name}: all trips have the same vector"
    for posed in _posed(bench.table, bench.rows.test):
        assert torch.isfinite(bench.vectors(posed.trips)).all(), f"{bench.info.name}: hidden times give NaN or infinity"
    if "route" in bench.info.inputs:
        with torch.no_grad():
            roads = bench.fitted.roads(bench.table.name, cuts.whole(bench.table, bench.rows.seen))
        assert len(roads) == len(bench.table.network), f"{bench.info.name}: {len(roads)} vectors for {len(bench.table.network)} roads"
        assert torch.isfinite(roads).all(), f"{bench.info.name}: the vector of a road holds NaN or infinity"


def check_seeds(bench: Bench) -> None:
    """The same seed gives the same bits; another seed gives another fit, unless the method is deterministic."""
    first, second, other = (bench.vectors(bench.whole(), bench.fit(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, second), f"{bench.info.name}: seed 0 twice gives different vectors"
    same = torch.equal(first, other)
    assert same == bench.info.deterministic, (
        f"{bench.info.name}: seeds 0 and 1 give {'the same' if same else 'different'} vectors, but deterministic is "
        f"{bench.info.deterministic}")


def check_no_held_out_trip_in_fit(bench: Bench) -> None:
    """No object reachable from the method before, during or after `fit` holds a labelled or a test trip."""
    tables = [altered(table, gps=_marked(table)) for table in bench.tables]
    method = bench.make(bench.pose(tables))

    def look(moment: str) -> None:
        for array in reachable_arrays(method):
            assert not (array == SENTINEL).any(), f"{bench.info.name}: a labelled or test trip is reachable {moment}"

    look("before fit")
    method.fit(RunContext(0, torch.device("cpu"), TINY, progress=lambda _: look("during fit")))
    look("after fit")


def check_held_out_trips_do_not_change_the_fit(bench: Bench) -> None:
    """Other labelled and test trips, the same fitted state."""
    rng = np.random.default_rng(0)
    tables = []
    for table in bench.tables:
        held = np.isin(table.city.parts, (LABELLED, TEST))
        views = {name: _changed(getattr(table, name), held, rng, _sizes(table)) for name in ("gps", "route", "grid")}
        tables.append(altered(table, **views))
    _same_state(bench, bench.fit(0, bench.pose(tables)), "depends on labelled or test trips")


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
    assert all(torch.equal(one, other) for one, other in pairs), "the problem tells of road classes"
    _same_state(bench, bench.fit(0, problem), "depends on road classes")


def check_cut_hides_what_comes_after(bench: Bench) -> None:
    """What happens after a cut, places and times and how many points, leaves the vectors as they are, bit for bit."""
    rows, table = bench.rows.test, bench.table
    for share in (None, *KEPT_SHARES):
        for kind, pose in (("destination_road", cuts.pose_destination_road), ("destination_grid", cuts.pose_destination_grid)):
            before = pose(table, rows, STRICT, share)
            for seed in range(3):
                after = pose(_other_end(table, kind, share, np.random.default_rng(seed)), rows, STRICT, share)
                assert np.array_equal(before.rows, after.rows), f"{kind}: what comes after the cut decides whether a trip is asked"
                assert torch.equal(bench.vectors(before.trips), bench.vectors(after.trips)), (
                    f"{bench.info.name}: what comes after the cut of {kind} (keep {share or 'all but the last'}) changes a vector")


def check_hidden_times(bench: Bench) -> None:
    """travel_time: other times after the departure, another number of GPS points, and a last road that is not shown, leave the vectors as
    they are, bit for bit."""
    rows, table = bench.rows.test, bench.table
    before = bench.vectors(cuts.pose_travel_time(table, rows, STRICT).trips)
    before_last = bench.vectors(cuts.pose_travel_time(UntilLastRoad(table), rows, STRICT).trips)
    for seed in range(3):
        other = _other_times(table, np.random.default_rng(seed))
        same = torch.equal(before, bench.vectors(cuts.pose_travel_time(other, rows, STRICT).trips))
        assert same, f"{bench.info.name}: a hidden time, or the number of points, changes a vector"
        road = np.array(other.route.values["road"])
        road[other.route.offsets[1:] - 1] = seed
        ended = UntilLastRoad(altered(other, route=View(other.route.offsets, {**other.route.values, "road": road})))
        same = torch.equal(before_last, bench.vectors(cuts.pose_travel_time(ended, rows, STRICT).trips))
        assert same, f"{bench.info.name}: the road whose entry is asked for, or a hidden time, changes a vector"


def check_views(bench: Bench) -> None:
    """The views that the registry says it reads are those that it reads: other entries there change it, and nothing else does."""
    for number, view in enumerate(TRAJECTORY.inputs):
        rng = np.random.default_rng(number)
        tables = [altered(table, **{view: _other_entries(table, view, rng)}) for table in bench.tables]
        method = bench.fit(0, bench.pose(tables))
        same = torch.equal(bench.vectors(cuts.whole(tables[0], bench.rows.test), method), bench.answers(bench.fitted))
        if view in bench.info.inputs:
            assert not same, f"{bench.info.name} says that it reads the view {view}, but other entries there change nothing"
        else:
            assert same, f"{bench.info.name} reads the view {view}, but does not say so: its inputs are {', '.join(bench.info.inputs)}"


def check_companions(bench: Bench) -> None:
    """The vector of a trip does not depend on the trips beside it, nor on padding to the longest of them."""
    for trips in (bench.whole(), *(posed.trips for posed in _posed(bench.table, bench.rows.test))):
        whole = bench.vectors(trips)
        alone = torch.cat([bench.vectors(trips.rows(torch.tensor([k]))) for k in range(len(trips))])
        backwards = bench.vectors(trips.rows(torch.arange(len(trips)).flip(0))).flip(0)
        for other in (alone, backwards):
            torch.testing.assert_close(other, whole, rtol=1e-4, atol=1e-5,
                                       msg=f"{bench.info.name}: a vector depends on the trips beside it")


def check_state_round_trip(bench: Bench) -> None:
    """A new method with the fitted state, on a problem without trips, gives the same vectors: so it is kept and used."""
    state = {key: tensor.clone() for key, tensor in bench.fitted.state_dict().items()}
    assert all(isinstance(tensor, Tensor) for tensor in state.values()), f"{bench.info.name}: state_dict holds more than tensors"
    fresh = bench.make(rebuilt_problem(fitted_encoder(bench.fitted, [table.city for table in bench.tables], {})), seed=5)
    fresh.load_state_dict(state)
    same = torch.equal(bench.vectors(bench.whole(), fresh), bench.vectors(bench.whole()))
    assert same, f"{bench.info.name}: the state does not round-trip"


def check_answers_alone(bench: Bench) -> None:
    """A new method with the fitted state, which has seen nothing else, gives a trip alone the vector that it had among others."""
    problem = rebuilt_problem(fitted_encoder(bench.fitted, [table.city for table in bench.tables], {}))
    for posed in _posed(bench.table, bench.rows.test):
        among = bench.vectors(posed.trips)
        for row in torch.linspace(0, len(among) - 1, 3).long():
            fresh = bench.make(problem, seed=5)
            fresh.load_state_dict(bench.fitted.state_dict())
            torch.testing.assert_close(
                bench.vectors(posed.trips.rows(row[None]), fresh)[0], among[row], rtol=1e-4, atol=1e-4,
                msg=f"{bench.info.name}: alone, from its saved state, a trip has another vector than among others; the method uses the "
                "other trips of a batch, or remembers what it was shown before")


CHECKS = (check_facts, check_vectors, check_seeds, check_no_held_out_trip_in_fit, check_held_out_trips_do_not_change_the_fit,
          check_no_road_class, check_cut_hides_what_comes_after, check_hidden_times, check_views, check_devices, check_companions,
          check_state_round_trip, check_answers_alone, check_reach, check_resumes, check_pickles)


def _posed(table: TripTable, rows: np.ndarray) -> list[Posed]:
    return [cuts.pose_travel_time(table, rows, STRICT), cuts.pose_destination_road(table, rows, STRICT, None),
            cuts.pose_destination_grid(table, rows, STRICT, None)]


def _same_state(bench: Bench, other: TrajectoryEncoder, sentence: str) -> None:
    state = other.state_dict()
    for key, tensor in bench.fitted.state_dict().items():
        assert torch.equal(tensor, state[key]), f"{bench.info.name}: '{key}' {sentence}"


def _told(problem: TrajectoryProblem) -> list[Tensor]:
    """What a problem says of roads and cells."""
    return [value for city in problem.cities.values() for one in (city.roads, city.cells) for value in vars(one).values()
            if isinstance(value, Tensor)]


def _sizes(table: TripTable) -> dict[str, int]:
    return {"road": len(table.network), "cell": table.city.grid.cells}


def _marked(table: TripTable) -> View:
    """GPS points whose longitude is the sentinel in labelled and test trips."""
    held = spread(np.isin(table.city.parts, (LABELLED, TEST)), table.gps.offsets)
    return View(table.gps.offsets, {**table.gps.values, "lon": np.where(held, SENTINEL, table.gps.values["lon"])})


def _changed(view: View, trips: np.ndarray, rng: np.random.Generator, sizes: dict[str, int]) -> View:
    """Other values in all entries of these trips (bool [trip]); times go on rising."""
    return _replaced(view, spread(trips, view.offsets), rng, sizes)


def _other_entries(table: TripTable, view: str, rng: np.random.Generator) -> View:
    """A view with other values in all entries. When a trip departs is told with every view, so its first point keeps its time."""
    shown = getattr(table, view)
    changed = _changed(shown, np.ones(len(shown.offsets) - 1, bool), rng, _sizes(table))
    if view == "gps":
        first = shown.offsets[:-1]
        changed.values["time"][first] = shown.values["time"][first]
    return changed


def _replaced(view: View, entries: np.ndarray, rng: np.random.Generator, sizes: dict[str, int]) -> View:
    """Other values in these entries (bool [entry])."""
    values = {}
    for name, array in view.values.items():
        changed = np.array(array)
        count = int(entries.sum())
        if name in sizes:
            changed[entries] = rng.integers(0, sizes[name], count)
        elif name in ("lon", "lat"):
            changed[entries] += rng.normal(0, 1e-3, count)
        else:
            changed[entries] += 1000 * (np.cumsum(entries) - 1)[entries] + rng.integers(1, 1000, count)  # later, and never falling
        values[name] = changed
    return View(view.offsets, values)


def _only(view: View, entries: np.ndarray) -> View:
    """The view with these entries (bool [entry]) alone."""
    return View(offsets_kept(entries, view.offsets), {name: np.asarray(array)[entries] for name, array in view.values.items()})


def _other_end(table: TripTable, kind: str, share: float | None, rng: np.random.Generator) -> TripTable:
    """The city with other ends of trips: of everything behind the cut other places, later times, and fewer points."""
    view = table.route if kind == "destination_road" else table.grid
    kept = cuts.kept_units(view.lengths(), share)
    cut = np.asarray(view.values["entry"])[view.offsets[:-1] + kept]
    place, first_hidden = place_in_row(view.offsets), spread(kept, view.offsets)

    def behind(other: View, time: str) -> np.ndarray:
        return np.asarray(other.values[time]) >= spread(cut, other.offsets)

    gps = _replaced(table.gps, behind(table.gps, "time"), rng, _sizes(table))
    thinned = _only(gps, ~(behind(table.gps, "time") & (rng.random(int(gps.offsets[-1])) < 0.5)))
    views = {"gps": thinned}
    for name in ("route", "grid"):
        other = getattr(table, name)
        if other is view:  # the moment of the cut is that of its own unit: the unit changes, its time stays
            replaced = _replaced(other, place >= first_hidden, rng, _sizes(table))
            entry = np.array(replaced.values["entry"])
            entry[other.offsets[:-1] + kept] = cut
            views[name] = View(other.offsets, {**replaced.values, "entry": entry})
        else:
            views[name] = _replaced(other, behind(other, "entry"), rng, _sizes(table))
    return altered(table, **views)


def _other_times(table: TripTable, rng: np.random.Generator) -> TripTable:
    """The city with other times after the minute of departure and fewer GPS points, and cells to fit these."""
    minute = np.asarray(table.departure(np.arange(len(table.gps.offsets) - 1))) // 60 * 60

    def times(view: View, name: str) -> View:
        step = rng.integers(0, 40, int(view.offsets[-1])).astype(np.float64)
        first = view.offsets[:-1]
        step[first] = rng.integers(0, 60, len(first))
        total = np.cumsum(step)
        since = total - spread(total[first] - step[first], view.offsets)
        return View(view.offsets, {**view.values, name: (spread(minute, view.offsets) + since).astype(view.values[name].dtype)})

    gps = times(table.gps, "time")
    kept = rng.random(int(gps.offsets[-1])) < 0.5
    kept[gps.offsets[:-1]] = True
    gps = _only(gps, kept)
    return altered(table, gps=gps, route=times(table.route, "entry"), grid=cuts.cells_under(gps))
