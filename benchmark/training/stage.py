"""A stage of training, whatever is trained: epochs of steps, early stopping on a validation loss, best weights restored, checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypedDict, TypeVar

import torch
from torch import Tensor, nn

from benchmark.checkpoints import random_state, restore_random_state
from benchmark.contract import Budget, Progress, RunContext
from benchmark.options import ranged

Batch = TypeVar("Batch")
# a group of an optimiser's parameters may hold under this key how many times the stage's rate its own is
TIMES = "times"


class Diverged(RuntimeError):
    """A loss became NaN or infinite; the run ends with an error record."""


@dataclass(frozen=True, kw_only=True)
class StageOptions:
    """Options of every trained method, whatever its family; a method sets its own defaults."""

    # windows or trips a step
    batch_size: int = ranged(64, least=1)
    # the optimiser's step size at the start
    learning_rate: float = ranged(1e-3, above=0)
    # coupled L2 (inside Adam)
    weight_decay: float = ranged(0.0, least=0)
    # largest global gradient norm; 0: no clipping
    clip_norm: float = ranged(0.0, least=0)
    # bfloat16 autocast in the network; the loss stays float32
    amp: bool = False


class Pace(TypedDict):
    """Wall seconds of a stage as notes say them."""

    seconds: float
    best_seconds: float


@dataclass(frozen=True)
class StageResult:
    """What one stage did."""

    epochs: int
    best_epoch: int
    best_loss: float
    steps: int
    # from the first step to the end of the last epoch, and to the end of the best one, validation included; what was resumed counts
    seconds: float
    best_seconds: float

    def pace(self) -> Pace:
        """The seconds, for the notes of a record."""
        return {"seconds": round(self.seconds, 3), "best_seconds": round(self.best_seconds, 3)}


class Companion(Protocol):
    """What a stage keeps beside the network, e.g. statistics of its weights; saved and found again with it."""

    def after_epoch(self) -> None:
        """Called after each epoch's steps, before validation."""

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values, nested as you like."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take a `state_dict`."""


@dataclass(frozen=True)
class Stage(Generic[Batch]):
    """What is trained, and on what."""

    # names it in progress, random streams and checkpoints; once in one fit
    key: str
    # the batches of one epoch, in the order that a generator gives
    batches: Callable[[torch.Generator], Iterable[Batch]]
    # of a batch, and of the number of steps that the stage has taken before (a resumed one goes on counting), differentiable
    loss: Callable[[Batch, int], Tensor]
    # after an epoch, without gradients; lower is better
    validate: Callable[[], float]
    # facts for the history
    labels: Mapping[str, str] = field(default_factory=dict)
    # epoch (from 1) -> learning rate; None: always the options'
    rate: Callable[[int], float] | None = None
    # a class, or anything that takes (parameters, lr=…, weight_decay=…) and makes an optimiser, e.g. functools.partial(Adam, eps=1e-3)
    optimiser: Callable[..., torch.optim.Optimizer] = torch.optim.Adam
    # epochs before the budget's patience may end the stage
    first_epochs: int = 0
    # an epoch that is only as good as the best one counts against the patience: shares of errors lie on plateaus
    ties_wait: bool = False


@dataclass
class _State:
    """How far a stage has come; with the tensors beside it, all that the next epoch needs."""

    epoch: int = 0
    best_loss: float = math.inf
    best_epoch: int = 0
    # epochs in a row that were no better than the best
    worse: int = 0
    steps: int = 0
    seconds: float = 0.0
    best_seconds: float = 0.0
    best: dict[str, Tensor] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)

    def finished(self, budget: Budget, first_epochs: int) -> bool:
        return self.epoch >= budget.epochs or (self.worse >= budget.patience and self.epoch > first_epochs)


def run_stage(network: nn.Module, stage: Stage[Batch], options: StageOptions, run: RunContext, *,
              parameters: Iterable[nn.Parameter] | None = None, companion: Companion | None = None,
              after_step: Callable[[], None] | None = None) -> StageResult:
    """Train a network and leave it with its best weights.

    With `run.checkpoints` the stage is saved after every epoch, and one that was saved goes on from there, to the same bits on CPU.

    Parameters
    ----------
    parameters: what to train; default all parameters that require a gradient.
    companion: told after each epoch, saved with the stage.
    after_step: called after each step of the optimiser.

    Raises
    ------
    Diverged: names epoch, stage and learning rate.
    """
    trained = [p for p in (network.parameters() if parameters is None else parameters) if p.requires_grad]
    optimiser = stage.optimiser(trained, lr=options.learning_rate, weight_decay=options.weight_decay)
    order, budget = run.generator(f"order {stage.key}"), run.budget
    state = _State()
    if run.checkpoints and (saved := run.checkpoints.load(stage.key, run.device)):
        state = _restore(saved, network, optimiser, order, companion, run)
        run.checkpoints.resumed_seconds += state.seconds
    while not state.finished(budget, stage.first_epochs):
        started = time.perf_counter()
        state.epoch += 1
        rate = stage.rate(state.epoch) if stage.rate else options.learning_rate
        for group in optimiser.param_groups:
            group["lr"] = rate * group.get(TIMES, 1)
        total, batches = torch.zeros((), device=run.device), 0
        network.train()
        for batch in stage.batches(order):
            optimiser.zero_grad(set_to_none=True)
            value = stage.loss(batch, state.steps + batches)
            value.backward()
            if options.clip_norm:
                torch.nn.utils.clip_grad_norm_(trained, options.clip_norm)
            optimiser.step()
            if after_step:
                after_step()
            total += value.detach()
            batches += 1
        if companion:
            companion.after_epoch()
        train_loss = float(total) / max(batches, 1)
        network.eval()
        with torch.no_grad():
            validation_loss = stage.validate()
        if not (math.isfinite(train_loss) and math.isfinite(validation_loss)):
            raise Diverged(f"The loss became {train_loss} (validation {validation_loss}) in epoch {state.epoch} of stage '{stage.key}' "
                           f"at learning rate {rate:g}.")
        if validation_loss < state.best_loss:
            state.best_loss, state.best_epoch = validation_loss, state.epoch
            state.best = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
        waits = validation_loss > state.best_loss or (stage.ties_wait and state.best_epoch < state.epoch)
        state.worse = state.worse + 1 if waits else 0
        state.steps += batches
        seconds = time.perf_counter() - started
        state.seconds += seconds
        if state.best_epoch == state.epoch:
            state.best_seconds = state.seconds
        state.history.append({**stage.labels, "epoch": state.epoch, "train_loss": train_loss, "validation_loss": validation_loss,
                              "learning_rate": rate, "steps": batches, "seconds": round(seconds, 3)})
        run.history.append(state.history[-1])
        if run.checkpoints:
            over = state.finished(budget, stage.first_epochs)
            run.checkpoints.save(stage.key, _saved(state, over, network, optimiser, order, companion, run))
        run.progress(Progress(stage.key, state.epoch, budget.epochs, train_loss, validation_loss, run.number, run.stages))
    network.load_state_dict(state.best)
    return StageResult(state.epoch, state.best_epoch, state.best_loss, state.steps, state.seconds, state.best_seconds)


def _saved(state: _State, over: bool, network: nn.Module, optimiser: torch.optim.Optimizer, order: torch.Generator,
           companion: Companion | None, run: RunContext) -> dict[str, Any]:
    """A stage as tensors and plain values; one that is over needs its best weights only."""
    rest = {} if over else {"network": network.state_dict(), "optimiser": optimiser.state_dict()}
    return {"stage": vars(state), "order": order.get_state(), "random": random_state(run.device),
            "companion": companion.state_dict() if companion else None, **rest}


def _restore(saved: dict[str, Any], network: nn.Module, optimiser: torch.optim.Optimizer, order: torch.Generator,
             companion: Companion | None, run: RunContext) -> _State:
    """Put everything back as it was after the saved epoch."""
    state = _State(**saved["stage"])
    if "network" in saved:
        network.load_state_dict(saved["network"])
        optimiser.load_state_dict(saved["optimiser"])
    if companion:
        companion.load_state_dict(saved["companion"])
    order.set_state(saved["order"].cpu())
    restore_random_state(saved["random"], run.device)
    run.history.extend(state.history)
    return state
