"""Sums by stretches of local time: what intervals are drawn from. Light: numpy only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

# significant digits of a sum of days in a record: they add up to 1e-9 of the total, and take half the text of whole float64
DIGITS = 10


@dataclass(frozen=True)
class Days:
    """Sums of one task by consecutive stretches of local time, those without any entry included.

    The days of the targets in a forecast, counted by the task's own clock; of trips, the hours in which they begin.
    """

    # local time at which the first stretch begins, ISO format: 2016-02-19T00:00
    first: str
    # hours of a stretch: 24 for days
    hours: int
    # mask -> sum name -> [stretch] float64
    sums: Mapping[str, Mapping[str, np.ndarray]]

    def to_json(self) -> dict[str, Any]:
        """As a record holds it, in `DIGITS` significant digits; counts are whole numbers."""
        return {"first": self.first, "hours": self.hours,
                "sums": {mask: {name: [_text(value) for value in part.tolist()] for name, part in parts.items()}
                         for mask, parts in self.sums.items()}}


def add_each(total: np.ndarray, at: np.ndarray, parts: np.ndarray) -> None:
    """total[at[0]] += parts[0], then total[at[1]] += parts[1], …, one by one, so that sums do not depend on the batch size.

    total: [stretch] float64, changed in place. at: whole numbers and parts: float64, of one shape.
    """
    np.add.at(total, at.ravel(), parts.ravel())


def shortened(value: float) -> float:
    """A number in `DIGITS` significant digits."""
    return float(f"{value:.{DIGITS}g}")


def _text(value: float) -> float | int:
    short = shortened(value)
    return int(short) if short.is_integer() else short
