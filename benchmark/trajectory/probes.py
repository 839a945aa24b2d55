"""Probes: small networks on top of an encoder's vectors, the same for every method (trajectory-suite §5 and §7)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.contract import BadPrediction, Budget, RunContext
from benchmark.training.stage import Stage, StageOptions, run_stage
from benchmark.trajectory.contract import TrajectoryEncoder
from benchmark.trajectory.trips import Trips

# trips encoded, and vectors probed, at once
ENCODING_BATCH, PROBING_BATCH = 256, 4096
HIDDEN = 256
# a number of the vectors that varies by less than rounding is constant
SMALLEST_SPREAD = 1e-6


@dataclass(frozen=True)
class Question:
    """What a probe is asked."""

    # names it in progress and random streams
    key: str
    # outputs, labels → differentiable loss; and the error that stops the probe, lower is better
    loss: Callable[[Tensor, Tensor], Tensor]
    error: Callable[[Tensor, Tensor], float]
    # width of the vectors → the probe
    head: Callable[[int], nn.Module]
    options: StageOptions = StageOptions(batch_size=128, learning_rate=1e-3)  # noqa: RUF009 (frozen)
    epochs: int = 100
    patience: int = 10
    # epochs before patience counts
    first_epochs: int = 0

    @property
    def task(self) -> str:
        """``probe xian travel_time`` → ``xian.travel_time``, for the history of a fit."""
        return self.key.removeprefix("probe ").replace(" ", ".", 1)


def which(key: str, head: Callable[[int], nn.Module], **changes: Any) -> Question:
    """Which of the classes? Cross-entropy; stopped by the share of wrong answers."""
    return Question(key, nn.functional.cross_entropy, _wrong, head, **changes)


def how_many(key: str, head: Callable[[int], nn.Module], mean: float, std: float, **changes: Any) -> Question:
    """How many seconds? Squared error of standardised labels; stopped by the mean absolute error in seconds."""
    return Question(key, partial(_squared, mean=mean, std=std), partial(_seconds, mean=mean, std=std), head, **changes)


def linear(outputs: int) -> Callable[[int], nn.Module]:
    """A head of one layer. These are partials of functions, so that a question can be sent to a process."""
    return partial(_linear, outputs=outputs)


def two_layers(outputs: int) -> Callable[[int], nn.Module]:
    """A head of two layers."""
    return partial(_two_layers, outputs=outputs)


def _wrong(outputs: Tensor, labels: Tensor) -> float:
    return float((outputs.argmax(dim=1) != labels).double().mean())


def _squared(outputs: Tensor, labels: Tensor, mean: float, std: float) -> Tensor:
    return nn.functional.mse_loss(outputs[:, 0], ((labels - mean) / std).float())


def _seconds(outputs: Tensor, labels: Tensor, mean: float, std: float) -> float:
    return float((outputs[:, 0].double() * std + mean - labels).abs().mean())


def _linear(width: int, outputs: int) -> nn.Module:
    return nn.Linear(width, outputs)


def _two_layers(width: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(width, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, outputs))


class Standardised(nn.Module):
    """A head on vectors that are standardised by those of its training trips; a constant number is only centred."""

    def __init__(self, head: nn.Module, vectors: Tensor) -> None:
        super().__init__()
        std, mean = torch.std_mean(vectors, dim=0, correction=0)
        self.mean, self.std = nn.Buffer(mean), nn.Buffer(torch.where(std > SMALLEST_SPREAD * mean.abs(), std, 1.0))
        self.head = head

    def forward(self, vectors: Tensor) -> Tensor:
        return self.head((vectors - self.mean) / self.std)


def fit_probe(question: Question, vectors: Tensor, labels: Tensor, aside: Tensor, aside_labels: Tensor, run: RunContext, *,
              standardise: bool = True) -> nn.Module:
    """Train a probe; `aside` is what stops it and chooses its epoch. Returns it on the run's device.

    vectors, aside: float32 [example, d]. labels, aside_labels: [example].
    """
    torch.manual_seed(run.seed)  # the probe's seed is the run's, whatever was drawn before
    head = question.head(vectors.shape[1])
    probe = (Standardised(head, vectors) if standardise else head).to(run.device)
    vectors, labels, aside, aside_labels = (tensor.to(run.device) for tensor in (vectors, labels, aside, aside_labels))

    def batches(order: torch.Generator) -> Iterable[Tensor]:
        return torch.randperm(len(vectors), generator=order, device="cpu").to(run.device).split(question.options.batch_size)

    def loss(rows: Tensor, step: int) -> Tensor:
        return question.loss(probe(vectors[rows]), labels[rows])

    stage = Stage(question.key, batches, loss, lambda: question.error(outputs(probe, aside), aside_labels), {"stage": question.key},
                  first_epochs=question.first_epochs, ties_wait=True)
    run_stage(probe, stage, question.options, probing_run(question, run))
    return probe


def probing_run(question: Question, run: RunContext) -> RunContext:
    """A probe's own budget and history; it is quick, so nothing is kept for resuming."""
    return replace(run, budget=Budget(question.epochs, question.patience), history=[], checkpoints=None)


@torch.no_grad()
def outputs(probe: nn.Module, vectors: Tensor) -> Tensor:
    """[example, output] of all vectors, in batches."""
    probe.eval()
    device = next(probe.parameters()).device
    return torch.cat([probe(part.to(device)) for part in vectors.split(PROBING_BATCH)])


@dataclass(frozen=True)
class Encoded:
    """Trips that were encoded once, for several questions."""

    # float32 [trip, d] on the CPU
    vectors: Tensor

    def __len__(self) -> int:
        return len(self.vectors)

    def rows(self, index: Tensor) -> Encoded:
        """The trips of these rows (int64 [trip]), in this order."""
        return Encoded(self.vectors[index])


Shown = Trips | Encoded


class Prober(ABC):
    """Answers questions about trips with a method's vectors."""

    def __init__(self, method: TrajectoryEncoder, run: RunContext) -> None:
        self.method, self.run = method, run

    def prepared(self, trips: Trips) -> Shown:
        """The same trips, with as much done as serves every question about them."""
        return trips

    @abstractmethod
    def fit(self, question: Question, train: Shown, labels: Tensor, aside: Shown, aside_labels: Tensor) -> Callable[[Shown], Tensor]:
        """Learn to answer; returns what maps trips to [trip, output]."""


class FrozenProber(Prober):
    """The method stays as it is; a probe learns from its vectors, standardised by those of its training trips unless said otherwise."""

    def __init__(self, method: TrajectoryEncoder, run: RunContext, *, standardise: bool = True) -> None:
        super().__init__(method, run)
        self.standardise = standardise

    def prepared(self, trips: Trips) -> Shown:
        return Encoded(vectors_of(self.method, trips, self.run))

    def fit(self, question: Question, train: Shown, labels: Tensor, aside: Shown, aside_labels: Tensor) -> Callable[[Shown], Tensor]:
        probe = fit_probe(question, self._vectors(train), labels, self._vectors(aside), aside_labels, self.run,
                          standardise=self.standardise)
        return lambda trips: outputs(probe, self._vectors(trips)).cpu()

    def _vectors(self, trips: Shown) -> Tensor:
        return trips.vectors if isinstance(trips, Encoded) else vectors_of(self.method, trips, self.run)


def in_batches(trips: Trips, answer: Callable[[Trips], Tensor]) -> Tensor:
    """[trip, output] on the CPU of what is answered batch by batch."""
    found: Tensor | None = None
    for rows, batch in trips.batches(ENCODING_BATCH):
        given = answer(batch).cpu()
        found = torch.empty(len(trips), given.shape[1], device="cpu") if found is None else found
        found[rows] = given
    assert found is not None
    return found


@torch.no_grad()
def vectors_of(method: TrajectoryEncoder, trips: Trips, run: RunContext) -> Tensor:
    """float32 [trip, d] on the CPU.

    Raises
    ------
    BadPrediction: wrong shape, NaN or infinity.
    """
    found: Tensor | None = None
    for rows, batch in trips.batches(ENCODING_BATCH):
        vectors = method.encode(batch.to(run.device)).float().cpu()
        check_vectors(vectors, len(rows), f"{len(rows)} trips of {trips.city}")
        if found is None:
            found = torch.empty(len(trips), vectors.shape[1], device="cpu")
        if vectors.shape[1] != found.shape[1]:
            raise BadPrediction(f"The vectors of trips of {trips.city} are {found.shape[1]} numbers wide in one batch and "
                                f"{vectors.shape[1]} in another; every trip needs the same width.")
        found[rows] = vectors
    assert found is not None
    return found


def check_vectors(vectors: Tensor, count: int, what: str) -> None:
    """Raise BadPrediction unless these are `count` finite vectors."""
    if vectors.ndim != 2 or len(vectors) != count:
        raise BadPrediction(f"The vectors of {what} have shape {tuple(vectors.shape)}, expected ({count}, d).")
    if not torch.isfinite(vectors).all():
        raise BadPrediction(f"A vector of {what} holds NaN or infinity.")
