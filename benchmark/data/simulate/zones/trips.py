"""Single trips from expected ones: who leaves where and when, and how long the way takes. A day at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmark.data.clock import Clock
from benchmark.data.simulate.parameters import generator
from benchmark.data.simulate.zones.demand import Demand


@dataclass(frozen=True)
class TravelParameters:
    """How long trips take."""

    # way / straight line
    detour: float
    # km/h on empty streets
    free_speed: float
    # slowing: speed = free_speed / (1 + congestion × load), load = the city's intensity relative to its mean
    congestion: float
    # log standard deviation between trips of one kind
    spread: float
    # getting in, out and paying, seconds
    stop_seconds: float


@dataclass(frozen=True)
class Departures:
    """A day's trips as they start; arrays [trip]."""

    day: int
    # zone
    origin: np.ndarray
    destination: np.ndarray
    # whole seconds since step 0, and the step they lie in
    seconds: np.ndarray
    step: np.ndarray
    # [step of the day, zone]: expected departures + arrivals, what fills the zone's streets
    traffic: np.ndarray


def departures_by_day(seed: int, city: str, demand: Demand, clock: Clock, days: int) -> Iterator[Departures]:
    """Draw the trips of each day: Poisson counts of every origin, destination and step, spread evenly within the step."""
    slots, zones = clock.steps_per_day, len(demand.zones)
    step_seconds = clock.interval_minutes * 60
    for day in range(days):
        rng = generator(seed, city, "departures", day)
        rate = demand.rate(day * slots, (day + 1) * slots)
        counts = rng.poisson(rate).ravel()
        busy = np.flatnonzero(counts)
        index = np.repeat(busy, counts[busy])
        step, pair = np.divmod(index, zones * zones)
        step += day * slots
        origin, destination = np.divmod(pair, zones)
        seconds = step * step_seconds + rng.integers(0, step_seconds, len(step))
        yield Departures(day, origin, destination, seconds, step, rate.sum(axis=2) + rate.sum(axis=1))


def speed_kmh(travel: TravelParameters, load: np.ndarray) -> np.ndarray:
    """City speed under a load (1: mean): it falls as the streets fill."""
    return travel.free_speed / (1 + travel.congestion * load)


def travel_seconds(rng: np.random.Generator, travel: TravelParameters, km: np.ndarray, load: np.ndarray) -> np.ndarray:
    """[trip] whole seconds for straight distances of `km` that start under `load`."""
    driving = travel.detour * km / speed_kmh(travel, load) * 3600
    return (travel.stop_seconds + driving * np.exp(travel.spread * rng.standard_normal(len(km)))).astype(np.int64)


def wall_clock(clock: Clock, steps: int, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """`end` on the wall clock: a trip that rides into the hour skipped in spring arrives after it.

    The hour that autumn repeats is simulated once.
    """
    skipped = np.flatnonzero(~clock.exists(steps))
    if not skipped.size:
        return end
    step_seconds = clock.interval_minutes * 60
    gap = skipped[0] * step_seconds
    return np.where((start < gap) & (end >= gap), end + len(skipped) * step_seconds, end)
