"""What a method is. The engine builds it from options and a problem, fits it once, and asks it for predictions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from benchmark.checkpoints import Checkpoints
from benchmark.protocols import Protocol
from benchmark.tasks.encoding import TrajectoryProblem
from benchmark.tasks.problem import ForecastProblem, Inputs
from benchmark.tasks.trips import Trips


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

    def generator(self, purpose: str) -> torch.Generator:
        """A CPU generator of its own for each purpose, the same for the same seed."""
        return torch.Generator().manual_seed(self._child(purpose))

    def numpy(self, purpose: str) -> np.random.Generator:
        return np.random.default_rng(self._child(purpose))

    def _child(self, purpose: str) -> int:
        return int(np.random.SeedSequence([self.seed, *purpose.encode()]).generate_state(1, np.uint64)[0] >> 1)


class Method(ABC):
    """Something that solves the tasks of a suite."""

    # a frozen dataclass; the defaults are the paper's
    Options: type

    @classmethod  # noqa: B027  (most methods have nothing to refuse)
    def check(cls, options: Any, protocol: Protocol, tasks: tuple[str, ...]) -> None:
        """Raise ValueError, with a sentence, for options that the protocol or a fit's tasks do not allow; called before any training."""

    @classmethod
    def reads_whole_series(cls, options: Any) -> bool:
        """Whether these options need `TaskProblem.whole_day`, which shows the test part; `check` must refuse them where it is ranked."""
        return False

    @abstractmethod
    def fit(self, run: RunContext) -> None:
        """Learn from the problem's training and validation parts; nothing else is reachable."""

    @abstractmethod
    def state_dict(self) -> Mapping[str, torch.Tensor]:
        """Everything `predict` needs, as tensors."""

    @abstractmethod
    def load_state_dict(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take a `state_dict` of an equal method on an equal problem."""

    def parameter_count(self) -> int:
        """Trainable numbers, for the record."""
        return 0


class Forecaster(Method):
    """A method that maps input windows to the next steps of a task."""

    def __init__(self, options: Any, problem: ForecastProblem) -> None:
        self.options = options
        self.problem = problem

    @abstractmethod
    def predict(self, inputs: Inputs) -> torch.Tensor:
        """[batch, horizon, node] in the unit of `inputs.task`."""


class TrajectoryEncoder(Method):
    """A method that maps trips, and the roads of a city, to vectors; the tasks' probes on top are the engine's."""

    def __init__(self, options: Any, problem: TrajectoryProblem) -> None:
        self.options = options
        self.problem = problem

    @classmethod
    def reads_road_class(cls, options: Any) -> bool:
        """Whether these options need `CityProblem.road_class`; the road_label of such a fit is not scored (✕)."""
        return False

    @classmethod
    def views(cls, options: Any, declared: tuple[str, ...]) -> tuple[str, ...]:
        """The views that these options read, of those that the method declares."""
        return declared

    @abstractmethod
    def encode(self, trips: Trips) -> torch.Tensor:
        """[trip, d] vectors of trips as a task shows them; one trip's vector does not depend on the others."""

    def roads(self, city: str, trips: Trips) -> torch.Tensor:
        """[road, d] vectors of a city's roads; `trips`: all training trips, whole and on the CPU, for a method whose vectors
        depend on the context.

        Only methods that read the view `route` offer it.
        """
        raise NotImplementedError(f"{type(self).__name__} reads routes but offers no vectors of roads")
