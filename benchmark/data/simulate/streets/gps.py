"""From routes to recorded points: when a car is where, and what its receiver notes down, faults included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from benchmark.data.frames import Projection
from benchmark.data.simulate.streets.journeys import Journeys
from benchmark.data.simulate.streets.network import Streets
from benchmark.data.simulate.streets.parameters import PointParameters
from benchmark.data.simulate.streets.traffic import Traffic
from benchmark.ragged import offsets_kept, offsets_of, ranges, row_of, running_sums, spread

# trips begin and end between these shares of their first and last road
WITHIN = (0.2, 0.8)
# seconds that a trip stands whose driver forgets to end it, points after which a trip is cut off, degrees that a point is thrown away
WAITING, CUT_OFF, THROWN = (900.0, 1800.0), (3, 9), 0.2


@dataclass(frozen=True)
class Faults:
    """int64 trips, by row, whose recording goes wrong in one way each."""

    thrown: np.ndarray
    cut_off: np.ndarray
    waiting: np.ndarray

    def within(self, first: int, stop: int) -> Faults:
        """Those of the trips first … stop - 1, numbered from `first`."""
        return Faults(*(rows[(rows >= first) & (rows < stop)] - first for rows in (self.thrown, self.cut_off, self.waiting)))


@dataclass(frozen=True)
class Points:
    """Points of trips: offsets int64 [trip + 1]; seconds int64 since the first local midnight, lon, lat [point]."""

    offsets: np.ndarray
    seconds: np.ndarray
    lon: np.ndarray
    lat: np.ndarray


def choose_faults(rng: np.random.Generator, parameters: PointParameters, trips: int) -> Faults:
    """Different trips for each fault, two of each at least."""
    counts = [max(2, round(share * trips)) for share in (parameters.thrown, parameters.cut_off, parameters.waiting)]
    rows = rng.permutation(trips)[:sum(counts)]
    return Faults(*(np.sort(part) for part in np.split(rows, np.cumsum(counts)[:-1])))


def record(rng: np.random.Generator, parameters: PointParameters, streets: Streets, traffic: Traffic, projection: Projection,
           journeys: Journeys, weekend: np.ndarray, pace: np.ndarray, faults: Faults) -> Points:
    """Drive journeys and note their points.

    Parameters
    ----------
    weekend: bool [trip]. pace: float64 [trip] factor of all speeds: the driver's, the day's and the trip's own.
    """
    trips = len(journeys)
    trip = row_of(journeys.offsets)
    share = rng.uniform(*WITHIN, (2, trips))
    clock, place = _drive(rng, streets, traffic, journeys, trip, share, weekend, pace, faults.waiting)
    shown, seconds = draw_moments(rng, parameters, clock[:, -1][journeys.offsets[1:] - 1] - clock[:, 0][journeys.offsets[:-1]])
    # all trips on one clock and on one line, one after the other, so that each is interpolated at once
    started = clock[:, 0][journeys.offsets[:-1]]
    metres = np.interp(started[shown] + seconds, clock.ravel(), place.ravel())
    x, y = _on_line(streets, journeys, metres)
    count = np.bincount(shown, minlength=trips)
    error = draw_errors(rng, parameters, count)
    lon, lat = projection.to_degrees(x + error[0], y + error[1])
    offsets = offsets_of(count)
    lon[offsets[:-1][faults.thrown] + count[faults.thrown] // 2] += THROWN
    kept = np.ones(len(shown), dtype=bool)
    for row, points in zip(faults.cut_off, rng.integers(*CUT_OFF, len(faults.cut_off), endpoint=True), strict=True):
        kept[offsets[row] + points:offsets[row + 1]] = False
    start = journeys.day * 86400 + journeys.seconds
    return Points(offsets_kept(kept, offsets), (start[shown] + seconds)[kept], np.round(lon[kept], 6), np.round(lat[kept], 6))


def _drive(rng: np.random.Generator, streets: Streets, traffic: Traffic, journeys: Journeys, trip: np.ndarray, share: np.ndarray,
           weekend: np.ndarray, pace: np.ndarray, waiting: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float64 [step, 2] twice: the moments of entering a road and of reaching its end, and the metres driven, all trips in one row."""
    path, first, last = journeys.path, journeys.offsets[:-1], journeys.offsets[1:] - 1
    length = streets.length[path]
    level = traffic.level(journeys.seconds / 3600, weekend)[trip]
    driven = length.copy()
    driven[first] *= 1 - share[0]
    driven[last] *= share[1]
    driving = driven / (traffic.speed(path, level) * pace[trip])
    stopped = rng.random(len(path)) < traffic.stopped(path, level)
    wait = stopped * rng.uniform(0, traffic.parameters.red_seconds, len(path))
    # link of each step and the next, found in the sorted links
    key = streets.network.links[:, 0] * len(streets) + streets.network.links[:, 1]
    link = np.searchsorted(key, path * len(streets) + np.append(path[1:], 0))
    wait += traffic.turn[np.minimum(link, len(key) - 1)]
    wait[first[waiting] + np.diff(journeys.offsets)[waiting] // 2] += rng.uniform(*WAITING, len(waiting))
    wait[last] = 1.0  # between the trips
    spent = driving + wait
    enter = np.cumsum(spent) - spent
    # whole roads lie on the line, of which a trip drives parts of the first and the last
    line = np.cumsum(length) - length
    begin = line.copy()
    begin[first] += share[0] * length[first]
    return np.stack([enter, enter + driving], axis=1), np.stack([begin, begin + driven], axis=1)


def draw_moments(rng: np.random.Generator, parameters: PointParameters, duration: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(trip [point], seconds [point] since the trip's start): a point at 0, then one every few seconds until the trip is over."""
    most = np.floor(duration / min(parameters.intervals)).astype(np.int64) + 1
    weights = np.array(parameters.weights) / sum(parameters.weights)
    step = rng.choice(np.array(parameters.intervals), int(most.sum()), p=weights)
    offsets, sums = offsets_of(most), running_sums(step)
    trip, seconds = row_of(offsets), sums[:-1] - spread(sums[offsets[:-1]], offsets)
    kept = seconds <= duration[trip]
    return trip[kept], seconds[kept]


def _on_line(streets: Streets, journeys: Journeys, metres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x, y of places on the line of all roads driven, one after the other."""
    offsets, path = streets.network.offsets, journeys.path
    step = np.hypot(np.diff(streets.x, prepend=0), np.diff(streets.y, prepend=0))
    step[offsets[:-1]] = 0
    driven = np.cumsum(step)
    within = driven - spread(driven[offsets[:-1]], offsets)  # [vertex] metres since the road's beginning
    step, vertex = ranges(offsets[path], offsets[path + 1])
    length = streets.length[path]
    at = (np.cumsum(length) - length)[step] + within[vertex]
    return np.interp(metres, at, streets.x[vertex]), np.interp(metres, at, streets.y[vertex])


def draw_errors(rng: np.random.Generator, parameters: PointParameters, count: np.ndarray) -> np.ndarray:
    """float64 [2, point] metres east and north: errors that fade over seconds, and of each point by itself."""
    interval = float(np.average(parameters.intervals, weights=parameters.weights))
    memory = np.exp(-interval / parameters.error_seconds)
    size = parameters.error_m * np.exp(parameters.error_sd * rng.standard_normal(len(count)))
    shown = np.arange(count.max()) < count[:, None]
    errors = []
    for _ in range(2):
        drawn = rng.standard_normal(shown.shape)
        drawn[:, 1:] *= np.sqrt(1 - memory**2)
        errors.append((size[:, None] * lfilter([1.0], [1.0, -memory], drawn, axis=1))[shown])
    own = parameters.white_m * rng.standard_normal((2, int(count.sum())))
    return np.asarray(np.stack(errors) + own)
