"""Which targets of a test part count, by their local time, their size and their place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from benchmark.errors import UserError

# days of the week, Monday is 0
PARTS_OF_THE_WEEK = {"weekdays": (0, 1, 2, 3, 4), "weekend": (5, 6)}


@dataclass(frozen=True)
class Selection:
    """Of each question None: all count."""

    # weekdays, weekend, or the first and the last day: 2016-03-14:2016-03-20
    days: str | None = None
    # of the day, from the first to before the second; several with commas: 7-9,16-19; over midnight: 22-2
    hours: str | None = None
    # the least truth, in the task's unit
    at_least: float | None = None
    # ids of nodes
    nodes: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.days is not None and self.days not in PARTS_OF_THE_WEEK:
            _first_and_last(self.days)
        if self.hours is not None:
            _spans(self.hours)

    def __bool__(self) -> bool:
        return self != Selection()

    def takes(self, moments: np.ndarray) -> np.ndarray:
        """Which of these local times (datetime64) lie on the days and in the hours; bool of the same shape."""
        day = moments.astype("datetime64[D]")
        taken = np.ones(moments.shape, dtype=bool)
        if self.days in PARTS_OF_THE_WEEK:
            weekday = (day.astype(np.int64) + 3) % 7  # day 0 is Thursday, 1 January 1970
            taken = np.isin(weekday, PARTS_OF_THE_WEEK[self.days])
        elif self.days is not None:
            first, last = (np.datetime64(one) for one in _first_and_last(self.days))
            taken = (first <= day) & (day <= last)
        if self.hours is not None:
            hour = (moments.astype("datetime64[h]") - day).astype(np.int64)
            taken &= np.any([(hour - first) % 24 < (end - first) % 24 for first, end in _spans(self.hours)], axis=0)
        return taken

    @property
    def words(self) -> str:
        """``weekend, hours 7-9, y≥5, 2 nodes``."""
        nodes = () if self.nodes is None else (f"node {self.nodes[0]}" if len(self.nodes) == 1 else f"{len(self.nodes)} nodes",)
        return ", ".join([*filter(None, [self.days]), *([f"hours {self.hours}"] if self.hours else []),
                          *([f"y≥{self.at_least:g}"] if self.at_least is not None else []), *nodes])

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value is not None}


def _first_and_last(text: str) -> tuple[date, date]:
    try:
        first, last = (date.fromisoformat(part) for part in (text.split(":") if ":" in text else (text, text)))
    except ValueError:
        raise UserError(f"--days takes weekdays, weekend, a day (2016-03-14), or the first and the last one (2016-03-14:2016-03-20), got "
                        f"'{text}'.") from None
    if last < first:
        raise UserError(f"--days '{text}' ends before it begins; write {last}:{first}.")
    return first, last


def _spans(text: str) -> list[tuple[int, int]]:
    try:
        spans = [(int(first), int(end)) for first, end in (part.split("-") for part in text.split(","))]
    except ValueError:
        spans = []
    if not spans or not all(0 <= first < 24 and 0 <= end <= 24 and first != end % 24 for first, end in spans):
        raise UserError(f"--hours takes hours of the day, from the first to before the second (7-9 or 7-9,16-19), got '{text}'.")
    return spans
