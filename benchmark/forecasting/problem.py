"""A forecasting problem as a method sees it: training and validation windows, scaler, graph. Never the test part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

# windows that are answered at once outside of training, and nodes of all of them: of a large city fewer fit
MOST_WINDOWS, MOST_ANSWERED = 64, 64_000


@dataclass(frozen=True)
class Scaler:
    """z = (y - mean) / std, one pair a task, from the observed entries of the training rows (float64 statistics)."""

    mean: float
    std: float

    def scale(self, values: Tensor) -> Tensor:
        return (values - self.mean) / self.std

    def unscale(self, values: Tensor) -> Tensor:
        return values * self.std + self.mean


class Past:
    """The rows of some days right before each window of a batch; gathered when read.

    Rows before the series began, and rows that a scenario withholds, are unobserved.
    """

    def __init__(self, rows: Rows, first: Tensor, steps: int, scaler: Scaler) -> None:
        # [batch] the row of `rows` on which each window begins
        self._rows, self._first, self._steps, self._scaler = rows, first, steps, scaler

    def row(self, k: int) -> Past:
        """The same of one window alone, as a copy of its rows."""
        begin, end = int(self._first[k]) - self._steps, int(self._first[k])
        return Past(Rows(*(array[begin:end].clone() for array in self._rows)), self._first[k:k + 1] - begin, self._steps, self._scaler)

    def repeated(self, times: int) -> Past:
        """That of one window, for a batch of it."""
        return Past(self._rows, self._first.expand(times), self._steps, self._scaler)

    def to(self, device: torch.device) -> Past:
        """The same there."""
        return Past(Rows(*(array.to(device) for array in self._rows)), self._first.to(device), self._steps, self._scaler)

    @cached_property
    def values(self) -> Tensor:
        """[batch, step, node] in the task's unit; 0 where unobserved."""
        return self._rows.values[self._index]

    @cached_property
    def observed(self) -> Tensor:
        """[batch, step, node] bool."""
        return self._rows.observed[self._index]

    @cached_property
    def scaled(self) -> Tensor:
        """[batch, step, node] z-scored; 0 (the training mean) where unobserved."""
        return torch.where(self.observed, self._scaler.scale(self.values), 0.0)

    @cached_property
    def slot(self) -> Tensor:
        """[batch, step] int64: slot of the day."""
        return self._rows.slot[self._index]

    @cached_property
    def weekday(self) -> Tensor:
        """[batch, step] int64: Monday 0 … Sunday 6."""
        return self._rows.weekday[self._index]

    @cached_property
    def _index(self) -> Tensor:
        return self._first[:, None] + torch.arange(-self._steps, 0, device=self._first.device)


class Rows(NamedTuple):
    """What `Past` gathers from: [row, node], [row, node], [row], [row]."""

    values: Tensor
    observed: Tensor
    slot: Tensor
    weekday: Tensor


@dataclass(frozen=True)
class Inputs:
    """A batch of input windows of one task."""

    task: str
    # [batch, history, node] in the task's unit; 0 where unobserved
    values: Tensor
    # [batch, history, node] bool
    observed: Tensor
    # [batch, history, node] z-scored; 0 (the training mean) where unobserved
    scaled: Tensor
    # [batch, history + horizon] int64: slot of the day of the steps shown and of the steps asked for
    slot: Tensor
    # [batch, history + horizon] int64: Monday 0 … Sunday 6
    weekday: Tensor
    # [batch, history, 6]: year - first year, month/12, day/31, hour/24, minute/60, second/60
    calendar: Tensor
    steps_per_day: int
    # the days before the windows, for a method that asks for them (`Asks.past_days`)
    past: Past | None = None
    # task -> the same windows of another task, for a method that asks for them (`Asks.beside`)
    beside: Mapping[str, Inputs] = field(default_factory=dict)

    @property
    def history(self) -> int:
        return self.values.shape[1]

    def row(self, k: int) -> Inputs:
        """One window alone."""
        return self._each(lambda part: part[k:k + 1].clone(), self.past and self.past.row(k), lambda other: other.row(k))

    def repeated(self, times: int) -> Inputs:
        """One window alone as a batch of itself."""
        return self._each(lambda part: part.expand(times, *part.shape[1:]), self.past and self.past.repeated(times),
                          lambda other: other.repeated(times))

    def to(self, device: torch.device) -> Inputs:
        """The same there."""
        return self._each(lambda part: part.to(device), self.past and self.past.to(device), lambda other: other.to(device))

    def _each(self, change: Callable[[Tensor], Tensor], past: Past | None, whole: Callable[[Inputs], Inputs]) -> Inputs:
        parts = ("values", "observed", "scaled", "slot", "weekday", "calendar")
        changed: dict[str, Any] = {name: change(getattr(self, name)) for name in parts}
        return replace(self, past=past, beside={task: whole(other) for task, other in self.beside.items()}, **changed)

    def time_of_day(self) -> Tensor:
        """[batch, history] in [0, 1)."""
        return self.slot[:, : self.history].to(self.scaled.dtype) / self.steps_per_day

    def channels(self, count: int = 3) -> Tensor:
        """[batch, history, node, count]: the first `count` of z-scored value, time of day in [0, 1), weekday / 7."""
        times = [self.time_of_day(), self.weekday[:, : self.history].to(self.scaled.dtype) / 7]
        return torch.stack([self.scaled, *(t[:, :, None].expand_as(self.scaled) for t in times[: count - 1])], dim=-1)


@dataclass(frozen=True)
class Targets:
    """What the windows ask for."""

    # [batch, horizon, node] in the task's unit; 0 where unobserved
    values: Tensor
    # [batch, horizon, node] bool
    observed: Tensor
    # [batch, horizon, node] bool: the observed entries that the protocol lets count in loss and selection
    counted: Tensor

    def scaled(self, scaler: Scaler) -> Tensor:
        """[batch, horizon, node] z-scored; 0 (the training mean) where unobserved."""
        return torch.where(self.observed, scaler.scale(self.values), 0.0)


@dataclass(frozen=True)
class Windows:
    """All windows of one part of a series, as index views: the series lies on the device once, windows are gathered."""

    task: str
    history: int
    horizon: int
    scaler: Scaler
    steps_per_day: int
    # [step, node] in the task's unit, and bool: the part's rows, after `past` rows before it
    values: Tensor
    observed: Tensor
    # [step], [step], [step, 6]
    slot: Tensor
    weekday: Tensor
    calendar: Tensor
    # whether a zero counts as a target
    zero_counts: bool = True
    # rows before each window that it shows as `Inputs.past`; those before the series began are unobserved
    past: int = 0
    # task -> the windows of another task over the same steps, which each window shows as `Inputs.beside`
    beside: Mapping[str, Windows] = field(default_factory=dict)

    def __len__(self) -> int:
        return max(self.values.shape[0] - self.past - self.history - self.horizon + 1, 0)

    @property
    def at_once(self) -> int:
        """How many of them are answered at once outside of training; no sum depends on it."""
        return max(min(MOST_WINDOWS, MOST_ANSWERED // self.values.shape[1]), 1)

    @property
    def device(self) -> torch.device:
        return self.values.device

    def to(self, device: torch.device) -> Windows:
        parts = ("values", "observed", "slot", "weekday", "calendar")
        beside = {task: other.to(device) for task, other in self.beside.items()}
        return replace(self, beside=beside, **{name: getattr(self, name).to(device) for name in parts})

    def inputs(self, starts: Tensor, *, apart: bool = False) -> Inputs:
        """The input side of these windows ([batch] int64, from 0).

        apart: give the past rows as a copy, from which no row after the last window's first can be reached.
        """
        first = self.past + starts
        shown = first[:, None] + torch.arange(self.history, device=self.device)
        known = first[:, None] + torch.arange(self.history + self.horizon, device=self.device)
        values, observed = self.values[shown], self.observed[shown]
        scaled = torch.where(observed, self.scaler.scale(values), 0.0)
        return Inputs(self.task, values, observed, scaled, self.slot[known], self.weekday[known], self.calendar[shown], self.steps_per_day,
                      self._past(first, apart) if self.past else None,
                      {task: other.inputs(starts, apart=apart) for task, other in self.beside.items()})

    def targets(self, starts: Tensor) -> Targets:
        """The target side of the same windows."""
        asked = self.past + starts[:, None] + torch.arange(self.history, self.history + self.horizon, device=self.device)
        values, observed = self.values[asked], self.observed[asked]
        return Targets(values, observed, self._counted(values, observed))

    def _past(self, first: Tensor, apart: bool) -> Past:
        rows, begin = Rows(self.values, self.observed, self.slot, self.weekday), 0
        if apart:
            begin = int(first.min()) - self.past
            rows = Rows(*(array[begin:int(first.max())].clone() for array in rows))
        return Past(rows, first - begin, self.past, self.scaler)

    @property
    def counted(self) -> Tensor:
        """[step, node] bool: entries that count as targets. The values are raw, so a zero is exactly 0."""
        return self._counted(self.values, self.observed)

    def _counted(self, values: Tensor, observed: Tensor) -> Tensor:
        return observed if self.zero_counts else observed & (values != 0)


@dataclass(frozen=True)
class TaskProblem:
    """One task of a problem."""

    task: str
    unit: str
    scaler: Scaler
    steps_per_day: int
    # [node] rows of the city's node table: equal numbers are equal nodes in all tasks
    node_index: Tensor
    # [node, 2] longitude, latitude in degrees
    coordinates: Tensor
    # [node, node] non-negative weights as they are held: dense, or of many nodes sparse; read as `graph` or as `links`
    weights: Tensor
    train: Windows
    validation: Windows
    # tensors that the source ships with the task, by name, e.g. "prompt"
    extras: Mapping[str, Tensor] = field(default_factory=dict)
    # [slot of the day, node] mean over the WHOLE series, test part included, in the task's unit, NaN where nothing is observed; only
    # under a protocol that is not ranked, for a method that asks
    whole_day: Tensor | None = None

    @property
    def nodes(self) -> int:
        return int(self.coordinates.shape[0])

    @property
    def graph(self) -> Tensor:
        """[node, node] non-negative weights: the city's own adjacency, else recipe G1. Of a large city made for whoever reads it."""
        return self.weights.to_dense() if self.weights.is_sparse else self.weights

    @property
    def links(self) -> Tensor:
        """The same as a sparse tensor (COO), for a method that needs no pairs without a link."""
        return self.weights if self.weights.is_sparse else self.weights.to_sparse()


# how the tasks that are asked for come: with the others, if there are any; after the others have been learnt; or without any
Arrival = Literal["together", "after", "alone"]


@dataclass(frozen=True)
class ForecastProblem:
    """What one fit may learn from, one task or all tasks of a city in the suite's order, and which of them it is asked for."""

    history: int
    horizon: int
    tasks: Mapping[str, TaskProblem]
    # the tasks that are asked for, the only ones that are ever predicted; empty: all
    targets: tuple[str, ...] = ()
    arrival: Arrival = "together"

    @property
    def asked(self) -> tuple[str, ...]:
        """The tasks that are asked for."""
        return self.targets or tuple(self.tasks)

    @property
    def others(self) -> tuple[str, ...]:
        """The tasks that are there to learn from, and never predicted."""
        return tuple(task for task in self.tasks if task not in self.asked)

    @property
    def aligned(self) -> bool:
        """Whether all tasks have the same nodes and the same clock, so that their series can be put side by side."""
        first, *rest = self.tasks.values()
        return all(one.steps_per_day == first.steps_per_day and torch.equal(one.node_index, first.node_index)
                   and torch.equal(one.train.weekday, first.train.weekday) and torch.equal(one.train.calendar, first.train.calendar)
                   for one in rest)

    @property
    def only(self) -> TaskProblem:
        """The task of a one-task problem."""
        (task,) = self.tasks.values()
        return task
