"""Floors: what is reached without any model, on the test windows and masks of a protocol. They stand in every record of a forecast.

Three guesses at a step after the last one shown:

    last value         the node's last observed value among the steps shown; else its training mean
    time-of-week mean  its mean over the training part by weekday and slot of the day; else by slot; else its training mean
    last week          its value one week before the step asked for, or as many whole weeks as lie before the window's end; where that is
                       unobserved, its training mean

A node that is never observed in training has the mean of all nodes. The second and the third depend on the step alone, not on the window,
so that their errors are summed once a row of the series, not once a window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from benchmark import metrics
from benchmark.data.forecasting.city import ForecastingCity, Series
from benchmark.days import shortened
from benchmark.families import FORECASTING
from benchmark.forecasting.posing import Cut, cut, fit_scaler
from benchmark.forecasting.protocol import ForecastingProtocol
from benchmark.forecasting.scenarios import Change, ChangedCity

WEEKDAYS = 7
# rows scored at once
CHUNK = 256
Floors = dict[str, Mapping[str, float | None]]
# rows of the series (int64) -> float32 [row, node], in the task's unit
Guess = Callable[[np.ndarray], np.ndarray]
# mask -> sum name -> [row] or [horizon] float64
Sums = dict[str, dict[str, np.ndarray]]


def floors(city: ForecastingCity, task: str, protocol: ForecastingProtocol) -> Floors:
    """Floor → metrics of a task's test part; computed once in a process for each series and protocol."""
    change = city.change if isinstance(city, ChangedCity) and task in city.changed else Change()
    return _floors(city.files, city.fingerprint, task, protocol.cut_as(city.split), change)


@lru_cache(maxsize=256)
def _floors(folder: Path, fingerprint: str, task: str, protocol: ForecastingProtocol, change: Change) -> Floors:
    """The fingerprint stands for the folder's content."""
    series = change(ForecastingCity(folder).series(task))
    part = _TestPart(series, protocol, FORECASTING.kind(task).ranks_cells)
    mean, weekly = training_means(series, part.cut, protocol)
    last = last_observed(series, part.cut.test, protocol.history, mean)
    cell = week_cell(series)
    return {
        "last value": part.metrics(lambda step: lambda rows: last[rows - part.first - step]),
        "time-of-week mean": part.metrics(lambda step: lambda rows: weekly[cell[rows]], by_row=lambda step: 0),
        "last week": part.metrics(lambda step: lambda rows: earlier(series, rows, part.lag(step), mean), by_row=part.lag),
    }


def training_means(series: Series, parts: Cut, protocol: ForecastingProtocol) -> tuple[np.ndarray, np.ndarray]:
    """float32 [node] mean over the observed training rows, and [weekday * slot, node] over those that the protocol lets count."""
    values, observed = np.asarray(series.values[parts.train]), np.asarray(series.observed[parts.train])
    overall = fit_scaler(values, observed, protocol).mean
    node = _mean_or(np.where(observed, values, 0).sum(axis=0, dtype=np.float64), observed.sum(axis=0), overall)
    counted = observed if protocol.zero_counts else observed & (values != 0)
    slots = series.clock.steps_per_day
    total, count = np.zeros((2, WEEKDAYS * slots, values.shape[1]))
    cell = week_cell(series)[parts.train]
    np.add.at(total, cell, np.where(counted, values, 0))
    np.add.at(count, cell, counted)
    total, count = (array.reshape(WEEKDAYS, slots, -1) for array in (total, count))
    by_node = _mean_or(total.sum(axis=(0, 1)), count.sum(axis=(0, 1)), overall)
    by_slot = _mean_or(total.sum(axis=0), count.sum(axis=0), by_node)
    return node.astype(np.float32), _mean_or(total, count, by_slot).reshape(WEEKDAYS * slots, -1).astype(np.float32)


def week_cell(series: Series) -> np.ndarray:
    """int64 [step]: weekday and slot of the day as one number."""
    return series.clock.weekday(series.steps) * series.clock.steps_per_day + series.clock.slot(series.steps)


def last_observed(series: Series, rows: slice, history: int, otherwise: np.ndarray) -> np.ndarray:
    """[row - history + 1, node]: the last observed value among these rows that a window ending with each of them shows; `otherwise` [node]
    where it shows none."""
    values, observed = np.asarray(series.values[rows]), np.asarray(series.observed[rows])
    row = np.arange(len(values), dtype=np.int32)[:, None]
    seen = np.maximum.accumulate(np.where(observed, row, np.int32(-1)), axis=0)[history - 1:]
    return np.where(seen >= row[:len(seen)], np.take_along_axis(values, seen.clip(min=0), axis=0), otherwise)


def earlier(series: Series, rows: np.ndarray, lag: int, otherwise: np.ndarray) -> np.ndarray:
    """[row, node]: the values so many rows before; `otherwise` [node] where that is unobserved, or before the series began."""
    source = rows - lag
    there = source.clip(min=0)
    return np.where(series.observed[there] & (source >= 0)[:, None], series.values[there], otherwise)


class _TestPart:
    """The test windows of a task, which all floors are scored on."""

    def __init__(self, series: Series, protocol: ForecastingProtocol, ranks: bool) -> None:
        self.series, self.protocol, self.ranks = series, protocol, ranks
        self.cut = cut(series.steps, protocol)
        # the row that the first window asks for first, and the number of windows
        self.first = self.cut.test.start + protocol.history
        self.windows = self.cut.test.stop - self.cut.test.start - protocol.window + 1

    def lag(self, step: int) -> int:
        """Rows in as many whole weeks as lie between a step of the horizon (from 0) and a step shown."""
        week = WEEKDAYS * self.series.clock.steps_per_day
        return week * (step // week + 1)

    def metrics(self, guess: Callable[[int], Guess], by_row: Callable[[int], int] | None = None) -> dict[str, float | None]:
        """All metrics of a guess for each step of the horizon, as short as sums of days, since every record holds them.

        by_row: step → a number, equal for steps whose guess depends on the row alone in the same way; None: no two steps do.
        """
        steps, known = [], dict[int, Sums]()
        for step in range(self.protocol.horizon):
            if by_row is None:
                sums = self._row_sums(guess(step), self._rows(step))
            else:
                key = by_row(step)
                if key not in known:
                    known[key] = self._row_sums(guess(step), np.arange(self.first, self.cut.test.stop))
                sums = {mask: {name: part[step:step + self.windows] for name, part in parts.items()} for mask, parts in known[key].items()}
            steps.append(sums)
        found = metrics.values({mask: {name: np.array([one[mask][name].sum() for one in steps]) for name in parts}
                                for mask, parts in steps[0].items()})
        return {metric: None if value is None else shortened(value) for metric, value in found.items()}

    def _rows(self, step: int) -> np.ndarray:
        """The rows that the windows ask for at a step of the horizon."""
        return np.arange(self.first + step, self.first + step + self.windows)

    def _row_sums(self, guess: Guess, rows: np.ndarray) -> Sums:
        """[row] sums of the errors at these rows."""
        chunks = []
        for some in np.split(rows, range(CHUNK, len(rows), CHUNK)):
            truth, observed, guessed = self.series.values[some], self.series.observed[some], guess(some)
            sums = {name: metrics.error_sums(guessed, truth, mask) for name, mask in metrics.masks(truth, observed).items()}
            chunks.append(sums | ({"ranking": metrics.recall_sums(guessed, truth, observed)} if self.ranks else {}))
        return {mask: {name: np.concatenate([chunk[mask][name] for chunk in chunks]) for name in parts}
                for mask, parts in chunks[0].items()}


def _mean_or(total: np.ndarray, count: np.ndarray, fallback: np.ndarray | float) -> np.ndarray:
    """total / count, and `fallback` (broadcast) where the count is 0."""
    return np.where(count > 0, total / np.maximum(count, 1), fallback)
