"""An encoder that is a network: the author writes network and losses, the engine trains it on unlabelled trips, and fine-tunes it."""

from __future__ import annotations

import copy
import math
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor, nn

from benchmark.contract import RunContext
from benchmark.options import ranged
from benchmark.spec import born_later
from benchmark.training.stage import TIMES, Stage, StageOptions, run_stage
from benchmark.trajectory.contract import TrajectoryEncoder
from benchmark.trajectory.probes import Prober, Question, Shown, Standardised, in_batches, probing_run, vectors_of
from benchmark.trajectory.problem import TrajectoryProblem
from benchmark.trajectory.trips import Trips

# fine-tuning as the paper says (trajectory-suite §7)
FINETUNING = StageOptions(batch_size=64, learning_rate=1e-4, weight_decay=0.01)
FINETUNING_EPOCHS, WARM_UP_EPOCHS = 70, 5
# the head is fresh, the encoder is not: its step size, times the encoder's, chosen on validation trips (docs/trajectories.md)
HEAD_TIMES = 3


@dataclass(frozen=True, kw_only=True)
class EncoderOptions(StageOptions):
    """Options every trained encoder shares; a method sets its own defaults."""

    # most epochs over the unlabelled trips
    epochs: int = ranged(50, least=1)
    # whether the tasks' probes leave the encoder as it is, or train it with them
    probe: Literal["frozen", "finetune"] = "frozen"
    # a step's trips are about as long as one another: less padding, and fewer mixtures of trips
    length_buckets: bool = born_later(False, as_before=False)


class NeuralEncoder(TrajectoryEncoder):
    """One network for all cities of the problem, trained by the one loop. `Options` derives from `EncoderOptions`."""

    def __init__(self, options: Any, problem: TrajectoryProblem) -> None:
        super().__init__(options, problem)
        self.network = self.build_network(problem)

    @abstractmethod
    def build_network(self, problem: TrajectoryProblem) -> nn.Module:
        """The network; by default ``network(trips)`` gives the vectors."""

    @abstractmethod
    def losses(self, trips: Trips) -> Mapping[str, Tensor]:
        """Named terms whose sum is minimised, over a batch of one city's unlabelled trips; random masks come from torch's generator."""

    # what takes the steps, made as optimiser(parameters, lr=…, weight_decay=…): a class, or staticmethod(partial(Adam, eps=1e-3))
    optimiser: Callable[..., torch.optim.Optimizer] = torch.optim.Adam

    def rate(self, epoch: int, epochs: int) -> float:
        """Learning rate of an epoch, from 1, of so many."""
        return float(self.options.learning_rate)

    def vectors(self, trips: Trips) -> Tensor:
        """[trip, d], differentiable."""
        return self.network(trips)

    def lengths(self, trips: Trips) -> Tensor:
        """int64 [trip]: how long trips are to this encoder, which `length_buckets` goes by."""
        return trips.route.lengths()

    @torch.no_grad()
    def encode(self, trips: Trips) -> Tensor:
        self.network.eval()
        return self.vectors(trips).float()

    def fit(self, run: RunContext) -> None:
        self.network.to(run.device)
        cities = self.problem.cities
        size = self.options.batch_size
        lengths = {city: self.lengths(one.unlabelled) if self.options.length_buckets else None for city, one in cities.items()}

        def batches(order: torch.Generator) -> Iterable[Trips]:
            """Batches of one city each, the cities in turn; a city of fewer trips begins again until the largest one is through."""
            parts = {city: drawn_rows(len(one.unlabelled), size, order, lengths[city]) for city, one in cities.items()}
            for k in range(max(map(len, parts.values()))):
                for city, rows in parts.items():
                    yield cities[city].unlabelled.rows(rows[k % len(rows)]).to(run.device)

        def loss(trips: Trips, step: int = 0) -> Tensor:
            with torch.autocast(run.device.type, dtype=torch.bfloat16, enabled=self.options.amp):
                return torch.stack([term.float() for term in self.losses(trips).values()]).sum()

        def validate() -> float:
            """Mean loss a trip over the validation trips of all cities, with the same masks after every epoch."""
            with torch.random.fork_rng(devices=[run.device] if run.device.type == "cuda" else []):
                torch.manual_seed(run.seed)
                parts = [(len(rows), float(loss(one.validation.rows(rows).to(run.device))))
                         for one in cities.values() for rows in torch.arange(len(one.validation), device="cpu").split(size)]
            return sum(count * value for count, value in parts) / sum(count for count, _ in parts)

        limited = replace(run, budget=run.budget.at_most(self.options.epochs))
        stage = Stage("pretrain", batches, loss, validate, {"stage": "pretrain"},
                      rate=lambda epoch: self.rate(epoch, limited.budget.epochs), optimiser=self.optimiser)
        result = run_stage(self.network, stage, self.options, limited)
        run.notes["training"] = {"epochs": result.epochs, "best_epoch": result.best_epoch, "steps": result.steps,
                                 "validation_loss": result.best_loss, **result.pace()}

    def state_dict(self) -> Mapping[str, Tensor]:
        return self.network.state_dict()

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        self.network.load_state_dict(dict(state))

    def parameter_count(self) -> int:
        return sum(p.numel() for p in self.network.parameters())


def drawn_rows(trips: int, size: int, order: torch.Generator, lengths: Tensor | None = None) -> Sequence[Tensor]:
    """Rows of the batches of an epoch, int64 [trip] each: every trip once.

    lengths: int64 [trip], for batches of like length, in any order; which trips of a length meet is drawn anew every time.
    """
    rows = torch.randperm(trips, generator=order, device="cpu")
    if lengths is None:
        return rows.split(size)
    parts = rows[torch.argsort(lengths[rows], stable=True)].split(size)
    return [parts[k] for k in torch.randperm(len(parts), generator=order, device="cpu")]


class Finetuned(nn.ModuleDict):
    """An encoder and the head that learnt with it; gives [trip, output] of trips."""

    def __init__(self, method: NeuralEncoder, question: Question, vectors: Tensor, device: torch.device) -> None:
        """vectors: [trip, d] of the head's training trips, before the encoder learns with it."""
        copied = copy.copy(method)
        copied.network = copy.deepcopy(method.network)
        super().__init__({"encoder": copied.network, "head": Standardised(question.head(vectors.shape[1]), vectors)})
        # no part of the modules: the author's object around the network
        self._method, self._device = (copied,), device
        self.to(device)

    def outputs(self, trips: Trips) -> Tensor:
        """Differentiable, of one batch."""
        return self["head"](self._method[0].vectors(trips.to(self._device)).float())

    @torch.no_grad()
    def answers(self, trips: Shown) -> Tensor:
        """Of all trips, on the CPU."""
        assert isinstance(trips, Trips)
        self.eval()
        return in_batches(trips, self.outputs)


class FinetuningProber(Prober):
    """The encoder learns with the probe, anew for every question: AdamW, five epochs of warm-up, then a cosine.

    The probe's head takes larger steps than the encoder.
    """

    method: NeuralEncoder

    def fit(self, question: Question, train: Shown, labels: Tensor, aside: Shown, aside_labels: Tensor) -> Callable[[Shown], Tensor]:
        return self.network(question, train, labels, aside, aside_labels).answers

    def network(self, question: Question, train: Shown, labels: Tensor, aside: Shown, aside_labels: Tensor) -> Finetuned:
        """What `fit` trains."""
        assert isinstance(train, Trips)
        assert isinstance(aside, Trips)
        torch.manual_seed(self.run.seed)
        start = vectors_of(self.method, train, self.run)
        network = Finetuned(self.method, question, start, self.run.device)
        labels, aside_labels = labels.to(self.run.device), aside_labels.to(self.run.device)

        def batches(order: torch.Generator) -> Iterable[Tensor]:
            return torch.randperm(len(train), generator=order, device="cpu").split(FINETUNING.batch_size)

        def loss(rows: Tensor, step: int) -> Tensor:
            return question.loss(network.outputs(train.rows(rows)), labels[rows.to(self.run.device)])

        def optimiser(parameters: Iterable[nn.Parameter], **steps: Any) -> torch.optim.Optimizer:
            fresh = list(network["head"].parameters())
            encoder = [one for one in parameters if all(one is not other for other in fresh)]
            groups: list[dict[str, Any]] = [{"params": encoder}, {"params": fresh, TIMES: HEAD_TIMES}]
            return torch.optim.AdamW(groups, **steps)

        stage = Stage(f"{question.key} finetune", batches, loss,
                      lambda: question.error(network.answers(aside).to(self.run.device), aside_labels),
                      {"stage": "finetune", "task": question.task}, rate=finetuning_rate, optimiser=optimiser,
                      first_epochs=question.first_epochs, ties_wait=True)
        run = probing_run(question, self.run)
        run.budget = run.budget.at_most(FINETUNING_EPOCHS)
        run_stage(network, stage, FINETUNING, run)
        # for learning curves; what a probe trains is not counted as the method's
        self.run.history.extend({**epoch, "probe": True} for epoch in run.history)
        return network


def finetuning_rate(epoch: int) -> float:
    """Learning rate of an epoch (from 1): a linear rise over the warm-up, then half a cosine towards 0."""
    if epoch <= WARM_UP_EPOCHS:
        return FINETUNING.learning_rate * epoch / WARM_UP_EPOCHS
    return FINETUNING.learning_rate * (1 + math.cos(math.pi * (epoch - WARM_UP_EPOCHS) / (FINETUNING_EPOCHS - WARM_UP_EPOCHS + 1))) / 2
