"""Files of rides → counts by step and place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.data.forecasting.city import Series
from benchmark.data.grid import Tally
from benchmark.data.public.rides.batches import Column, batches
from benchmark.data.public.rides.cleaning import Cleaning, Rows
from benchmark.data.public.rides.months import Span
from benchmark.errors import UserError

REPEATED = "the hour that autumn repeats"


@dataclass(frozen=True)
class Ends:
    """A task: which end of a ride it counts."""

    # "pick" or "drop"
    end: str
    # whether it counts persons instead of rides; a ride that does not state them adds none
    persons: bool = False


@dataclass(frozen=True)
class Counts:
    """What a pass over the files gives."""

    # task → int64 [step, place]
    tasks: Mapping[str, np.ndarray]
    cleaning: Cleaning
    # rides that count but do not state their passengers
    unstated_passengers: int


def count_rides(paths: Iterable[Path], columns: Sequence[Column], rows_of: Callable[[Mapping[str, np.ndarray]], Rows],
                tasks: Mapping[str, Ends], places: int, span: Span, cleaning: Cleaning) -> Counts:
    """One pass over the files.

    Parameters
    ----------
    rows_of: a batch as its provider writes it → rides at places 0 … `places` − 1.

    Raises
    ------
    UserError: as `batches`; or no row is left.
    """
    tallies = {task: Tally(span.steps, places, span.clock.interval_minutes * 60) for task in tasks}
    first, unstated = span.seconds[0], 0
    for path in paths:
        for batch in batches(path, columns):
            rows = rows_of(batch)
            kept = cleaning.keep(rows)
            ends = {"pick": (rows.pick_time[kept] - first, rows.origin[kept]),
                    "drop": (rows.drop_time[kept] - first, rows.destination[kept])}
            persons = None if rows.passengers is None else rows.passengers[kept]
            unstated += int(kept.sum()) if persons is None else int(np.isnan(persons).sum())
            for task, about in tasks.items():
                if about.persons:
                    if persons is not None:
                        tallies[task].add(*ends[about.end], np.nan_to_num(persons))
                else:
                    tallies[task].add(*ends[about.end])
    if not cleaning.kept:
        raise UserError(f"No ride is left: {cleaning.in_words()}")
    return Counts({task: tally.counts for task, tally in tallies.items()}, cleaning, unstated)


def counted_series(task: str, counts: np.ndarray, span: Span, unit: str) -> Series:
    """A series of counts [step, node]; where autumn repeats an hour, a step holds twice as much and is unobserved."""
    once = ~span.clock.repeated(span.steps)
    observed = np.broadcast_to(once[:, None], counts.shape).copy()
    return Series(task, counts.astype(np.float32), observed, np.arange(counts.shape[1]), span.clock, unit,
                  missing="nothing is marked" if once.all() else f"{REPEATED} is unobserved")
