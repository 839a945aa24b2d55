"""What a method is. The engine builds it from options and a problem, fits it once, and asks it for predictions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from benchmark.checkpoints import Checkpoints
from benchmark.days import Days
from benchmark.errors import UserError
from benchmark.families import Scenario
from benchmark.protocols import Protocol
from benchmark.spec import RunSpec

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Budget:
    """The counts of a run: the preset's, with the protocol's limits filled in. None: no limit."""

    # most epochs a stage
    epochs: int
    # epochs without improvement before a stage ends
    patience: int
    # training windows drawn an epoch
    epoch_windows: int | None = None
    # validation windows, evenly spaced
    validation_windows: int | None = None
    # trips a city that an encoder learns from, and labelled ones for its probes; what is posed keeps to them
    unlabelled_trips: int | None = None
    labelled_trips: int | None = None

    def at_most(self, epochs: int) -> Budget:
        """The same with no more epochs than these."""
        return replace(self, epochs=min(self.epochs, epochs))


@dataclass(frozen=True)
class Progress:
    """A sign of life from a fit."""

    stage: str
    epoch: int
    epochs: int
    train_loss: float
    validation_loss: float
    # which stage of how many this is, from 1; None: the method does not say
    number: int | None = None
    stages: int | None = None


@dataclass
class RunContext:
    """What the runner hands to `fit`: randomness, device, budget, and places to report to."""

    seed: int
    device: torch.device
    budget: Budget
    # called after every epoch
    progress: Callable[[Progress], None] = lambda progress: None
    # one dict an epoch; the runner keeps it beside the record
    history: list[dict[str, Any]] = field(default_factory=list)
    # facts for the record, e.g. frozen weights a stage; JSON values only
    notes: dict[str, Any] = field(default_factory=dict)
    # where `train` keeps each stage after every epoch and finds it again; None: nothing is kept
    checkpoints: Checkpoints | None = None
    # whether `arrays` lie beside the record at the end, with the fitted method (--keep)
    keeps_arrays: bool = False
    # name -> what a figure is made of, e.g. attention maps; filled only where `keeps_arrays` is true
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    # which stage of how many is at work, for progress alone
    number: int | None = None
    stages: int | None = None

    def at_stage(self, number: int, stages: int) -> RunContext:
        """The same run, which tells its watchers that this is stage `number` (from 1) of so many; nothing else changes."""
        return replace(self, number=number, stages=stages)

    def generator(self, purpose: str) -> torch.Generator:
        """A CPU generator of its own for each purpose, the same for the same seed."""
        return torch.Generator().manual_seed(self._child(purpose))

    def numpy(self, purpose: str) -> np.random.Generator:
        return np.random.default_rng(self._child(purpose))

    def _child(self, purpose: str) -> int:
        return int(np.random.SeedSequence([self.seed, *purpose.encode()]).generate_state(1, np.uint64)[0] >> 1)


class BadPrediction(RuntimeError):
    """A method predicted NaN, infinity or a wrong shape."""


@dataclass(frozen=True)
class Asks:
    """What a method needs beyond its window, or its trips. What is not asked for is not reachable."""

    # days right before each window, in the task's own clock, at fit and at predict: `Inputs.past`
    past_days: int = 0
    # the windows of the fit's other tasks over the same steps, at fit and at predict, where the tasks are aligned: `Inputs.beside`
    beside: bool = False
    # `TaskProblem.whole_day`, which shows the test part; only under a protocol that does not rank
    whole_series: bool = False
    # `CityProblem.road_class`; the road_label of such a fit is not scored
    road_class: bool = False

    def __post_init__(self) -> None:
        if self.past_days < 0:
            raise ValueError(f"past_days counts days and is not negative, got {self.past_days}.")

    def said(self) -> dict[str, Any]:
        """What is asked for, by name; empty for nothing."""
        return {key: value for key, value in asdict(self).items() if value}


class Method(ABC):
    """Something that solves the tasks of a suite."""

    # a frozen dataclass; the defaults are the paper's
    Options: type
    # preset -> option overrides for that budget; a record says that they were in force
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    # preset -> how many settings were tried, on validation errors, before these overrides were chosen; a record says so
    trials: ClassVar[Mapping[str, int]] = {}
    # ablation -> option overrides that take one part of the method away
    ablations: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    # option -> values that the paper, or its author, tries; the default is among them
    sweeps: ClassVar[Mapping[str, tuple[Any, ...]]] = {}
    # check of `stbench check` -> why the method does not pass it; it is shown as expected, with the reason
    expected_failures: ClassVar[Mapping[str, str]] = {}
    # the suite on which the paper shows its ablations
    ablation_suite: ClassVar[str | None] = None

    @classmethod  # noqa: B027  (most methods have nothing to refuse)
    def check(cls, options: Any, protocol: Protocol, tasks: tuple[str, ...]) -> None:
        """Raise ValueError, with a sentence, for options that the protocol or a fit's tasks do not allow; called before any training."""

    @classmethod
    def asks(cls, options: Any) -> Asks:
        """What these options need beyond the window."""
        return Asks()

    @classmethod
    def declines(cls, options: Any, problem: Any) -> str | None:
        """Why a method of these options has no answer to a problem, in a few words for the foot of a table; None: it has one."""
        return None

    @abstractmethod
    def fit(self, run: RunContext) -> None:
        """Learn from the problem's training and validation parts; nothing else is reachable."""

    @abstractmethod
    def state_dict(self) -> Mapping[str, torch.Tensor]:
        """Everything `predict` needs, as tensors."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take a `state_dict` of an equal method on an equal problem, or on the same one without its training and validation data."""

    def parameter_count(self) -> int:
        """Trainable numbers, for the record."""
        return 0


@dataclass(frozen=True)
class Fitted:
    """A fitted method as it is kept: its state, and its problem without training data."""

    # JSON values and tensors that make the problem again
    facts: Mapping[str, Any]
    problem: Mapping[str, torch.Tensor]
    # its `state_dict`
    state: Mapping[str, torch.Tensor]
    # name -> array: what it predicted of the test part, the truth, and its times or trips
    predictions: Mapping[str, np.ndarray] = field(default_factory=dict)
    # what it keeps for figures (`RunContext.arrays`)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass
class Measured:
    """A fitted and scored method."""

    # task -> values; task -> mask -> sum -> one number a horizon
    metrics: dict[str, dict[str, float | None]] = field(default_factory=dict)
    sums: dict[str, dict[str, dict[str, list[float]]]] = field(default_factory=dict)
    # task -> its sums by local day, or by start hour
    days: dict[str, dict[str, Any]] = field(default_factory=dict)
    # task -> floor -> values
    floors: dict[str, Mapping[str, Mapping[str, float | None]]] = field(default_factory=dict)
    # task -> sizes
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    # bulky, beside the record
    per_node: dict[str, np.ndarray] = field(default_factory=dict)
    parameters: int = 0
    fit_s: float = 0.0
    predict_s: float = 0.0
    # only where it is to be kept
    fitted: Fitted | None = None

    def add(self, task: str, sums: Mapping[str, Mapping[str, np.ndarray]], values: Mapping[str, float | None],
            days: Days | None = None) -> None:
        """The sums of a task, the metrics that were made of them, and the same sums by day."""
        self.sums[task] = {mask: {name: part.tolist() for name, part in parts.items()} for mask, parts in sums.items()}
        self.metrics[task] = dict(values)
        if days is not None:
            self.days[task] = days.to_json()


@dataclass(frozen=True)
class Workload:
    """What a method is timed on: the problem of a run, and what it is asked; none of it is of the test part."""

    problem: Any
    # what it is asked about: "windows" or "trips"
    unit: str
    # windows or trips of the validation part that may be shown
    shown: int
    # their rows (int64 [row], from 0), device → a batch of them, there
    batch: Callable[[torch.Tensor, torch.device], Any]
    # method, batch → its answers
    answer: Callable[[Any, Any], torch.Tensor]
    # a fitted method → what is kept of it
    keep: Callable[[Any], Fitted]


class Measurer(ABC):
    """How the methods of a family are measured; `families` names one object a family."""

    @abstractmethod
    def open_city(self, folder: Path) -> Any:
        """A prepared city."""

    @abstractmethod
    def check(self, cards: Sequence[Mapping[str, Any]], tasks: Sequence[str], protocol: Protocol, scenario: Scenario) -> None:
        """Raise UserError, with a sentence, for cities that the tasks cannot be posed on; called before any training."""

    def expected_bytes(self, spec: RunSpec, cards: Sequence[Mapping[str, Any]]) -> float | None:
        """What a run on cities of these cards takes in memory at its peak; None: nobody knows."""
        return None

    @abstractmethod
    def problem(self, cities: Sequence[Any], tasks: Sequence[str], protocol: Protocol, asks: Asks) -> Any:
        """What one fit of these tasks may see, without a budget's limits."""

    @abstractmethod
    def facts(self, spec: RunSpec, cities: Sequence[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The cities' cards in short, and notes for the record."""

    @abstractmethod
    def measure(self, spec: RunSpec, cities: Sequence[Any], options: Any, run: RunContext, *, keep: bool = False,
                isolated: bool = False) -> Measured:
        """Pose the problem, fit the method, score it on the test part; with `keep`, also give all that using it later needs.

        isolated: the method lives in a process of its own, which never has a target of the test part.
        """

    def rescore(self, spec: RunSpec, cities: Sequence[Any], predicted: Mapping[str, np.ndarray]) -> Measured:
        """Sums and metrics of predictions of the test part, task -> [window, horizon, node], against the cities' own truth.

        Raises UserError where the family predicts no series, BadPrediction where they are not those that the run was asked for.
        """
        raise UserError("The run is of an encoder of trips, whose answers are not scored again; leave them out.")

    @abstractmethod
    def try_out(self, spec: RunSpec, cities: Sequence[Any], options: Any, run: RunContext) -> dict[str, float]:
        """Fit the method, and say for each task how good it is on the validation part: for a search, which poses no test part.

        Raises
        ------
        UserError: the method's notes tell nothing of it.
        """

    @abstractmethod
    def workload(self, spec: RunSpec, cities: Sequence[Any], asks: Asks, task: str) -> Workload:
        """What is timed of a run; `task`: the one of its tasks whose inputs are shown."""

    @abstractmethod
    def rebuild(self, fitted: Fitted, asks: Asks) -> Any:
        """The problem of a kept method, without training and validation data: what its `__init__` takes."""

    def forecast(self, fitted: Fitted, method: Any, city: Any, tasks: Sequence[str] | None) -> pd.DataFrame:
        """The steps after the end of a city's series: a row a task, step and node.

        Raises
        ------
        UserError: the family forecasts no series, or the method was fitted to other nodes, another interval or unit, or no such task.
        """
        raise UserError("The run is of an encoder of trips, which forecasts no series; `stbench embed` gives its vectors.")

    def embed(self, fitted: Fitted, method: Any, city: Any) -> pd.DataFrame:
        """A vector for each trip of a city, by trip id.

        Raises
        ------
        UserError: the family encodes no trips, or the method was fitted to other roads or cells.
        """
        raise UserError("The run is of a forecaster, which encodes no trips; `stbench predict` gives its forecasts.")
