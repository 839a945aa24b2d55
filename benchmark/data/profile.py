"""What a city looks like at a glance: the course of its day and week, and where its places lie. Light: numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

HOURS, WEEKDAYS = 24, 7


@dataclass(frozen=True)
class Profile:
    """Means by the local clock; None where nothing was observed."""

    # a task, or what is counted
    name: str
    unit: str
    # of each hour of the day, or of each step where a step is longer than an hour
    day: tuple[float | None, ...]
    # of each weekday, Monday first
    week: tuple[float | None, ...]


@dataclass(frozen=True)
class Outline:
    """Where the nodes or the streets of a city lie; shape k has the vertices ``offsets[k]:offsets[k + 1]``, a node has one."""

    # int64 [shape + 1]
    offsets: np.ndarray
    # float64 [vertex], WGS84 degrees
    lon: np.ndarray
    lat: np.ndarray
    # one a node; none of streets
    names: tuple[str, ...]
    # float64 [shape] at least 0, and what it is in words
    weight: np.ndarray
    weighed_by: str


@dataclass(frozen=True)
class Look:
    """What the arrays of a city tell."""

    # as papers tabulate it: task, or `statistics` for the city → name → value
    statistics: Mapping[str, Mapping[str, float | str]]
    profiles: Sequence[Profile]
    # None: nobody knows where its nodes lie
    outline: Outline | None


def means(sums: np.ndarray, counts: np.ndarray, place: np.ndarray, places: int) -> tuple[float | None, ...]:
    """The pooled mean of each place: its sums by its counts; every array [entry], `place` in 0 … places - 1.

    >>> means(np.array([2.0, 4.0, 1.0]), np.array([1, 3, 1]), np.array([0, 0, 2]), 3)
    (1.5, None, 1.0)
    """
    total, count = (np.bincount(place, weights=values, minlength=places) for values in (sums, counts))
    return tuple(float(a / b) if b else None for a, b in zip(total, count, strict=True))
