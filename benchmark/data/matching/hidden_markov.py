"""Map matching with a hidden Markov model: the most likely sequence of roads under GPS error and plausible driven distances."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np

from benchmark.data.frames import Projection
from benchmark.data.matching.candidates import Candidates, RoadIndex
from benchmark.data.matching.geometry import projection_of, segments_of
from benchmark.data.matching.routes import RouteTable
from benchmark.data.trajectory.roads import RoadNetwork
from benchmark.data.trajectory.trips import MatchedTrips, RawTrips
from benchmark.errors import UserError
from benchmark.ragged import joined, offsets_of, ranges, row_of, running_sums, spread

NO_POINTS, NO_CANDIDATE, NO_PATH = "no points", "no candidate road", "no connected path"


@dataclass(frozen=True)
class MatchingOptions:
    """Options of HiddenMarkovMatcher; the defaults follow from the error of taxi GPS, not from any published matching."""

    # roads looked at for each point (FMM: 8)
    candidates: int = 8
    # metres within which they lie (FMM: 0.003 degrees, so many metres along a meridian)
    radius_m: float = 334.0
    # standard deviation in metres of a point from its road: 10-20 m of GPS error, and roads are drawn as the middle of wide streets
    gps_error_m: float = 20.0
    # mean difference in metres between driven and straight distance: both points' errors and the corner cut by a turn
    detour_m: float = 30.0
    # longest way in metres between the roads of two consecutive points (FMM: 0.02 degrees)
    bound_m: float = 2224.0
    # metres a point may lie behind its predecessor on the same road, by GPS error, and count as standing still
    backward_m: float = 50.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not value > 0 and not (name == "backward_m" and value == 0):
                raise UserError(f"The matcher's {name} = {value}; it needs a number above 0.")
        if self.candidates > 127:
            raise UserError(f"The matcher's candidates = {self.candidates}; at most 127 are looked at, FMM takes 8.")


class HiddenMarkovMatcher:
    """Viterbi decoding of many trips at once, with a table of shortest ways.

    Newson & Krumm, "Hidden Markov map matching through noise and sparseness", SIGSPATIAL 2009: a point is Gaussian around its place on
    the road (eq. 1), the driven distance differs from the straight one exponentially (eq. 2). Table of ways up to a bound, candidates and
    the path from the table: Yang & Gidófalvi, "Fast map matching", IJGIS 2018 (FMM). Not FMM's transition min / max of the two
    distances: it forbids standing still, which 3 s points do at every light. A trip is matched as a whole or not at all.

    Parameters
    ----------
    chunk_points: points of the trips decoded at once; bounds the memory and changes no result.
    """

    def __init__(self, options: MatchingOptions | None = None, chunk_points: int = 20_000) -> None:
        self.options, self.chunk_points = options or MatchingOptions(), chunk_points
        self._prepared: tuple[RoadNetwork, _Prepared] | None = None

    def settings(self) -> dict[str, str | int | float]:
        """Name, version and options."""
        return {"matcher": "hidden-markov", "version": 1, **asdict(self.options)}

    def match(self, network: RoadNetwork, trips: RawTrips) -> MatchedTrips:
        """The path of each trip, or the reason why there is none; the preparation of the last network is kept."""
        if not len(network):
            raise UserError("The road network has no roads; there is nothing to match trips to.")
        if self._prepared is None or self._prepared[0] is not network:
            self._prepared = network, _prepare(network, self.options)
        # a chunk begins with the first trip that begins at or after a multiple of chunk_points
        cuts = np.searchsorted(trips.offsets[:-1], np.arange(0, max(trips.offsets[-1], 1), self.chunk_points))
        cuts = np.unique(np.concatenate([[0], cuts, [len(trips)]]))
        parts = [_match(self._prepared[1], self.options, trips, int(a), int(b)) for a, b in pairwise(cuts)]
        return MatchedTrips(np.concatenate([np.zeros(0, np.int64), *(part.point_road for part in parts)]),
                            joined([part.path_offsets for part in parts]),
                            np.concatenate([np.zeros(0, np.int64), *(part.path for part in parts)]),
                            np.concatenate([np.zeros(0), *(part.entry for part in parts)]),
                            np.concatenate([np.zeros(0, "U1"), *(part.reason for part in parts)]))


@dataclass(frozen=True)
class _Prepared:
    projection: Projection
    index: RoadIndex
    table: RouteTable
    length: np.ndarray  # [road] metres of the drawn line


def _prepare(network: RoadNetwork, options: MatchingOptions) -> _Prepared:
    projection = projection_of(network)
    segments = segments_of(network, projection)
    return _Prepared(projection, RoadIndex(segments, options.candidates, options.radius_m),
                     RouteTable(segments.road_length, network.links, options.bound_m), segments.road_length)


def _match(prepared: _Prepared, options: MatchingOptions, trips: RawTrips, begin: int, end: int) -> MatchedTrips:
    """Trips begin … end - 1."""
    offsets = trips.offsets[begin:end + 1] - trips.offsets[begin]
    points = slice(int(trips.offsets[begin]), int(trips.offsets[end]))
    x, y = prepared.projection.to_metres(trips.lon[points], trips.lat[points])
    found = prepared.index.nearest(x, y)
    count, trip = np.diff(offsets), row_of(offsets)
    lost = np.bincount(trip[found.road[:, 0] < 0], minlength=len(count)) > 0
    possible = ~lost & (count > 0)
    chosen, connected = _decode(prepared, options, found, x, y, offsets, possible)
    matched = possible & connected
    reason = np.select([count == 0, lost, ~connected], [NO_POINTS, NO_CANDIDATE, NO_PATH], "")

    kept = np.flatnonzero(matched[trip])
    road, offset = found.road[kept, chosen[kept]], found.offset[kept, chosen[kept]]
    point_road = np.full(len(trip), -1, np.int64)
    point_road[kept] = road
    step, steps, path = _path(prepared, options, trip[kept], road, offset)
    entry = _entry(prepared, trip[kept], trips.time[points][kept], offset, step, path)
    path_offsets = offsets_of(np.bincount(trip[kept], steps, len(count)))
    return MatchedTrips(point_road, path_offsets, path, entry, reason)


def _decode(prepared: _Prepared, options: MatchingOptions, found: Candidates, x: np.ndarray, y: np.ndarray, offsets: np.ndarray,
            possible: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(candidate [point], connected [trip]): Viterbi over the steps of all possible trips, longest trips first."""
    chosen, connected = np.zeros(len(x), np.int64), np.zeros(len(possible), dtype=bool)
    trips = np.flatnonzero(possible)
    if not trips.size:
        return chosen, connected
    count = np.diff(offsets)[trips]
    order = np.argsort(-count, kind="stable")
    trips, count = trips[order], count[order]
    first = offsets[trips]
    # transitions of all points but the first ones of trips, in order of `to`
    _, to = ranges(np.sort(first) + 1, np.sort(first) + count[np.argsort(first)])
    row = np.zeros(len(x), np.int64)
    row[to] = np.arange(len(to))
    change = _changes(prepared, options, found, x, y, to)
    emission = -0.5 * (found.distance / options.gps_error_m) ** 2  # [point, candidate], -inf where there is no candidate
    back = np.zeros(found.road.shape, np.int8)
    score = emission[first]  # [trip, candidate]
    running = np.searchsorted(-count, -np.arange(count[0]), side="left")  # trips longer than step
    for step in range(1, int(count[0])):
        point = first[:running[step]] + step
        total = score[:len(point), :, None] + change[row[point]]  # [trip, from, to]
        best = total.argmax(axis=1)
        back[point] = best
        score[:len(point)] = np.take_along_axis(total, best[:, None], axis=1)[:, 0] + emission[point]
    chosen[first + count - 1] = score.argmax(axis=1)
    connected[trips] = np.isfinite(score.max(axis=1))
    for step in range(int(count[0]) - 1, 0, -1):
        point = first[:running[step]] + step
        chosen[point - 1] = back[point, chosen[point]]
    return chosen, connected


def _changes(prepared: _Prepared, options: MatchingOptions, found: Candidates, x: np.ndarray, y: np.ndarray, to: np.ndarray) -> np.ndarray:
    """[change, from, to] log probability (up to a constant) of the candidates of points `to` after those of the points before them."""
    wide = options.candidates
    shape = (len(to), wide, wide)
    old, new = np.broadcast_to(found.road[to - 1][:, :, None], shape), np.broadcast_to(found.road[to][:, None, :], shape)
    old_at, new_at = found.offset[to - 1][:, :, None], found.offset[to][:, None, :]
    driven = prepared.length[old] - old_at + new_at  # [change, from, to]; the way between the roads is added below
    stays = _stays(options, old, new, old_at, new_at)
    driven = np.where(stays, np.maximum(new_at - old_at, 0.0), driven)
    other = np.flatnonzero((old >= 0) & (new >= 0) & ~stays)
    place = prepared.table.place(old.reshape(-1)[other], new.reshape(-1)[other])
    way = np.where(place >= 0, prepared.table.distance[place], np.inf) if len(prepared.table.distance) else np.full(len(place), np.inf)
    driven.reshape(-1)[other] += way
    dx, dy = x[to] - x[to - 1], y[to] - y[to - 1]
    straight = np.sqrt(dx * dx + dy * dy)[:, None, None]
    return np.where((old >= 0) & (new >= 0), -np.abs(driven - straight) / options.detour_m, -np.inf)


def _stays(options: MatchingOptions, old: np.ndarray, new: np.ndarray, old_at: np.ndarray, new_at: np.ndarray) -> np.ndarray:
    """Whether a car is still on its road: further on, or behind by no more than GPS error explains."""
    return (old == new) & (new_at >= old_at - options.backward_m)


def _path(prepared: _Prepared, options: MatchingOptions, trip: np.ndarray, road: np.ndarray,
          offset: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(step [point] of the path it lies on, steps [point] that it adds, path) of matched points, all trips one after the other."""
    begins = np.ones(len(road), dtype=bool)
    begins[1:] = np.diff(trip) != 0
    moves = ~begins
    moves[1:] &= ~_stays(options, road[:-1], road[1:], offset[:-1], offset[1:])
    to = np.flatnonzero(moves)
    count, way = prepared.table.ways(road[to - 1], road[to])
    steps = begins.astype(np.int64)
    steps[to] = count
    step = np.cumsum(steps) - 1
    path = np.full(int(steps.sum()), -1, np.int64)
    path[step[begins]] = road[begins]
    path[path < 0] = way
    return step, steps, path


def _entry(prepared: _Prepared, trip: np.ndarray, time: np.ndarray, offset: np.ndarray, step: np.ndarray, path: np.ndarray) -> np.ndarray:
    """Entry time of each step, by driven distance between the last point before the road and the first one on or beyond it."""
    if not len(path):
        return np.zeros(0)
    first = np.searchsorted(trip, trip, "left")  # [point] first point of the point's trip
    # seconds since the trip began, made monotone per trip: each trip's clock starts where the one before ended
    clock = np.maximum(time - time[first], 0)
    offsets = np.append(np.unique(first), len(trip))
    latest = np.maximum.reduceat(clock, offsets[:-1])
    shift = spread(running_sums(latest)[:-1], offsets)
    clock = np.maximum.accumulate(clock + shift) - shift

    # whole micrometres: their sums are exact, so that a trip's times do not depend on the trips before it
    driven = np.rint(prepared.length[path] * 1e6).astype(np.int64)
    starts = running_sums(driven)[:-1]
    place = starts[step] + np.rint(offset * 1e6).astype(np.int64)
    after = np.searchsorted(step, np.arange(len(path)), "left")  # first point on the step or beyond it
    before = np.maximum(after - 1, first[after])  # the first step of a trip begins with its first point
    gap = place[after] - place[before]
    share = np.divide(starts - place[before], gap, out=np.ones(len(path)), where=gap > 0).clip(0.0, 1.0)
    return time[first[after]] + (clock[before] + share * (clock[after] - clock[before]))
