"""What is only true of counts: they are never negative, and the hour that daylight saving repeats holds twice as many.

A count adds up what happened within a step (trips, vehicles); anything else is a level (a speed, a temperature) and may be negative.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmark.data.clock import Clock
from benchmark.data.own.city_file import TaskFile

# a unit that begins with one of these is of a count
COUNTED = frozenset((
    "accidents", "arrivals", "bicycles", "bikes", "boardings", "buses", "calls", "cars", "count", "counts", "cyclists",
    "departures", "deliveries", "events", "flights", "incidents", "journeys", "orders", "parcels", "passengers", "pedestrians",
    "people", "persons", "requests", "riders", "rides", "scooters", "tickets", "trips", "trucks", "vehicles", "visitors", "visits"))


def is_count(task: TaskFile) -> bool:
    """As the task says itself, else by the first word of its unit."""
    return task.count if task.count is not None else task.unit.split()[0].lower() in COUNTED


def without_repeated_hour(
    values: np.ndarray, observed: np.ndarray, task: TaskFile, clock: Clock
) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Values and observed, both [step, node], as the task declares for the rows that hold a repeated local time; and these rows, for
    the card.

    By default they are unobserved in a count: a file that merged the two hours holds twice its neighbours, one that kept the first does
    not, and no test on the values tells which. A level is kept: a mean over two hours is still a mean.
    """
    twice = clock.repeated(len(values)) & observed.any(axis=1)
    if not twice.any():
        return values, observed, {}
    treatment = task.repeated_hour or ("unobserved" if is_count(task) else "keep")
    if treatment == "halve":
        values = np.where(twice[:, None], values / np.float32(2), values)
    elif treatment == "unobserved":
        observed = observed & ~twice[:, None]
    times = [clock.time(int(step)).isoformat() for step in np.flatnonzero(twice)]
    return values, observed, {"treatment": treatment, "rows": len(times), "times": times}
