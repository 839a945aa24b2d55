"""Who drives where, when and on which roads: demand by purpose and hour, and routes that are shortest in perceived time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from benchmark.data.simulate.parameters import generator
from benchmark.data.simulate.streets.network import Streets
from benchmark.data.simulate.streets.parameters import JourneyParameters, TripPurpose
from benchmark.data.simulate.streets.traffic import Traffic
from benchmark.ragged import offsets_of, ranges

# trees of shortest ways searched at once
TREES = 128
# at a halving a step, ways of up to 2^8 roads are counted
HALVINGS = 8


@dataclass(frozen=True)
class Journeys:
    """Trips in order of their start; `part` gives those of a day.

    Parameters
    ----------
    day: int64 [trip] 0 for the first. seconds: int64 [trip] start since local midnight.
    driver: int64 [trip]. offsets: int64 [trip + 1]; path: int64 [step] roads.
    """

    day: np.ndarray
    seconds: np.ndarray
    driver: np.ndarray
    offsets: np.ndarray
    path: np.ndarray

    def __len__(self) -> int:
        return len(self.day)

    def of_day(self, day: int) -> Journeys:
        """The journeys of one day."""
        first, stop = np.searchsorted(self.day, [day, day + 1])
        offsets = self.offsets[first:stop + 1]
        return Journeys(self.day[first:stop], self.seconds[first:stop], self.driver[first:stop], offsets - offsets[0],
                        self.path[offsets[0]:offsets[-1]])


@dataclass(frozen=True)
class _Wishes:
    """Trips before their ways are known; arrays [trip]. `view` is the graph that a driver sees."""

    day: np.ndarray
    seconds: np.ndarray
    purpose: np.ndarray
    view: np.ndarray


def plan_journeys(seed: int, city: str, parameters: JourneyParameters, purposes: tuple[TripPurpose, ...], uses: list[str], streets: Streets,
                  traffic: Traffic, felt: np.ndarray, stops: np.ndarray, trips_of_day: np.ndarray, weekend: np.ndarray) -> Journeys:
    """All trips of a city with their routes.

    Parameters
    ----------
    uses: names of land uses. felt: float64 [road] how long a second on it feels. stops: float64 [use, road], see
        `land_use.stops`. trips_of_day: int64 [day]. weekend: bool [day]. Roads that are `streets.opened` are driven on the last day only.
    """
    rng = generator(seed, city, "journeys")
    wishes = _wishes(rng, parameters, purposes, trips_of_day, weekend)
    ends = np.array([[uses.index(one.origin), uses.index(one.destination)] for one in purposes])
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    for view in np.unique(wishes.view):
        trips = np.flatnonzero(wishes.view == view)
        later, rest = divmod(int(view), len(parameters.periods) * parameters.perceptions)
        period, perception = divmod(rest, parameters.perceptions)
        closed = streets.opened if not later else np.zeros(len(streets), dtype=bool)
        graph = perceived_graph(generator(seed, city, "perception", period, perception), parameters, streets, traffic, felt, period, closed)
        # trips of one purpose start together, so that they share a tree
        trips = trips[np.argsort(wishes.purpose[trips], kind="stable")]
        origins_of = _origins(wishes.purpose[trips], parameters.trips_per_origin)
        for first in range(0, int(origins_of[-1]) + 1, TREES):
            chosen = trips[(origins_of >= first) & (origins_of < first + TREES)]
            tree = origins_of[(origins_of >= first) & (origins_of < first + TREES)] - first
            found.append(_routes(rng, parameters, streets, graph, np.where(closed, 0.0, stops), ends, wishes.purpose[chosen], chosen, tree))
    trip = np.concatenate([one[0] for one in found])
    count, path = np.concatenate([one[1] for one in found]), np.concatenate([one[2] for one in found])
    return _in_order(rng, parameters, wishes, trip, count, path)


def _wishes(rng: np.random.Generator, parameters: JourneyParameters, purposes: tuple[TripPurpose, ...], trips_of_day: np.ndarray,
            weekend: np.ndarray) -> _Wishes:
    day = np.repeat(np.arange(len(trips_of_day)), trips_of_day)
    share = np.cumsum(parameters.hours) / sum(parameters.hours)
    hour = np.searchsorted(share, rng.random(len(day)), side="right").clip(max=23)
    seconds = hour * 3600 + rng.integers(0, 3600, len(day))
    weights = np.array([one.hours for one in purposes], dtype=float)  # [purpose, hour]
    weights = np.stack([weights, weights * np.array([one.weekend for one in purposes])[:, None]])
    chance = np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True)  # [weekend, purpose, hour]
    purpose = (chance[weekend[day].astype(np.int64), :, hour] <= rng.random(len(day))[:, None]).sum(axis=1).clip(max=len(purposes) - 1)
    # the hours before the first period belong to the last one
    period = (np.searchsorted(parameters.periods, hour, side="right") - 1) % len(parameters.periods)
    later = (day == len(trips_of_day) - 1).astype(np.int64)
    view = (later * len(parameters.periods) + period) * parameters.perceptions + rng.integers(0, parameters.perceptions, len(day))
    return _Wishes(day, seconds, purpose, view)


def perceived_graph(rng: np.random.Generator, parameters: JourneyParameters, streets: Streets, traffic: Traffic, felt: np.ndarray,
                    period: int, closed: np.ndarray) -> csr_matrix:
    """The line graph with the seconds that a driver expects from the end of one road to the end of the next."""
    begin, end = parameters.periods[period], (*parameters.periods[1:], parameters.periods[0] + 24)[period]
    hours = np.arange(begin, end) % 24 + 0.5
    level = float(traffic.level(hours, np.zeros(len(hours), dtype=bool)).mean())
    seconds = streets.length / traffic.speed(slice(None), level)
    seconds += traffic.stopped(slice(None), level) * traffic.parameters.red_seconds / 2
    seconds *= felt
    seconds *= np.exp(parameters.misjudged * rng.standard_normal(len(streets)))
    source, target = streets.network.links.T
    open_links = ~closed[source] & ~closed[target]
    weight = seconds[target] + traffic.turn
    return csr_matrix((weight[open_links], (source[open_links], target[open_links])), shape=(len(streets), len(streets)))


def _origins(purpose: np.ndarray, most: int) -> np.ndarray:
    """int64 [trip] number of the tree of each trip, `purpose` being sorted: at most so many neighbouring trips of one purpose share one."""
    first = np.searchsorted(purpose, purpose, side="left")
    return np.cumsum(((np.arange(len(purpose)) - first) % most) == 0) - 1


def _routes(rng: np.random.Generator, parameters: JourneyParameters, streets: Streets, graph: csr_matrix, stops: np.ndarray,
            ends: np.ndarray, purpose: np.ndarray, trip: np.ndarray, tree: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(trip, roads of each, roads) for trips that share trees: origins by their use, destinations by use and driven distance."""
    trees, roads = int(tree[-1]) + 1, len(streets)
    begins = np.searchsorted(tree, np.arange(trees))
    origin_weights = np.cumsum(stops[ends[purpose[begins], 0]], axis=1)
    origin = (origin_weights <= rng.random(trees)[:, None] * origin_weights[:, -1:]).sum(axis=1).clip(max=roads - 1)
    _, before = dijkstra(graph, indices=origin, return_predecessors=True)
    reached = before >= 0
    count, metres = measure_trees(before, origin, streets.length)
    weight = stops[ends[purpose[begins], 1]] * np.exp(-metres / (1000 * parameters.reach_km)) * reached
    weight *= (count >= parameters.fewest_roads) + parameters.short_weight * (count == parameters.fewest_roads - 1)
    weight *= np.where(metres >= 1000 * parameters.fewest_km, 1.0, parameters.short_weight)
    weight *= count <= parameters.most_roads
    total = weight.sum(axis=1)
    if not total.any():
        return trip[:0], trip[:0], trip[:0]
    # an origin from which nothing lies far enough away gives its trips to another one
    alive = np.flatnonzero(total > 0)
    tree = np.where(total[tree] > 0, tree, alive[rng.integers(0, len(alive), len(tree))])
    cumulated = np.cumsum(weight / np.where(total > 0, total, 1)[:, None], axis=1) + np.arange(trees)[:, None]
    # rounding may leave a row's last sum beside the next whole number: the last road that has any weight is taken there
    wanted = tree + rng.random(len(tree)) * (cumulated[tree, -1] - tree)
    place = np.searchsorted(cumulated.ravel(), wanted, side="right") - tree * roads
    last = roads - 1 - np.argmax((weight > 0)[:, ::-1], axis=1)
    place = np.minimum(place, last[tree])
    return trip, count[tree, place], trace_ways(before, tree, place, count[tree, place])


def measure_trees(before: np.ndarray, origin: np.ndarray, length: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(roads, metres) [tree, road] from the origin's middle to the road's, both counted as roads: by jumping twice as far each time."""
    parent = np.where(before >= 0, before, np.arange(before.shape[1]))
    count = (before >= 0).astype(np.int16)
    metres = np.where(before >= 0, (length[parent] + length) / 2, 0.0).astype(np.float32)
    for _ in range(HALVINGS):
        count += np.take_along_axis(count, parent, axis=1)
        metres += np.take_along_axis(metres, parent, axis=1)
        parent = np.take_along_axis(parent, parent, axis=1)
    return count + 1, metres


def trace_ways(before: np.ndarray, tree: np.ndarray, place: np.ndarray, count: np.ndarray) -> np.ndarray:
    """int64 [step]: the roads from each trip's origin to its destination, all trips one after the other."""
    stop = np.cumsum(count)
    path = np.zeros(int(stop[-1]), np.int64)
    trip, road, back = np.arange(len(tree)), place.astype(np.int64), 1
    while trip.size:
        path[stop[trip] - back] = road
        more = back < count[trip]
        trip, road = trip[more], before[tree[trip[more]], road[more]].astype(np.int64)
        back += 1
    return path


def _in_order(rng: np.random.Generator, parameters: JourneyParameters, wishes: _Wishes, trip: np.ndarray, count: np.ndarray,
              path: np.ndarray) -> Journeys:
    """The trips in order of their start."""
    order = np.lexsort((trip, wishes.seconds[trip], wishes.day[trip]))
    given = offsets_of(count)
    _, step = ranges(given[order], given[order + 1])
    # every driver has one trip in each round, so that hardly ever two of them overlap
    drivers = max(1, round(len(order) / parameters.trips_per_driver))
    rounds = np.tile(np.arange(drivers), (-(-len(order) // drivers), 1))
    driver = rng.permuted(rounds, axis=1).ravel()[:len(order)]
    return Journeys(wishes.day[trip[order]], wishes.seconds[trip[order]], driver, offsets_of(count[order]), path[step])
