"""The one training loop: shuffled windows, Adam, early stopping on validation MAE, best weights restored."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from benchmark.checkpoints import random_state, restore_random_state
from benchmark.contract import Budget, Progress, RunContext
from benchmark.tasks.problem import Inputs, Targets, TaskProblem, Windows

# windows evaluated at once; results do not depend on it
EVALUATION_BATCH = 64


class Diverged(RuntimeError):
    """A loss became NaN or infinite; the run ends with an error record."""


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """Options every trained method shares; a method sets its own defaults."""

    # windows a step
    batch_size: int = 64
    # Adam's step size at the start
    learning_rate: float = 1e-3
    # coupled L2 (inside Adam)
    weight_decay: float = 0.0
    # epochs after which the learning rate is multiplied by `decay`
    milestones: tuple[int, ...] = ()
    # factor of one decay of the learning rate
    decay: float = 0.1
    # epochs between two decays of a periodic schedule, instead of milestones; 0: none
    decay_every: int = 0
    # largest global gradient norm; 0: no clipping
    clip_norm: float = 0.0
    # bfloat16 autocast in the network; the loss stays float32
    amp: bool = False
    # torch.compile the network; the first steps take longer
    compile: bool = False


@dataclass(frozen=True)
class StageResult:
    """What one call of `train` did."""

    epochs: int
    best_epoch: int
    best_loss: float
    steps: int
    seconds: float


def masked_mae(prediction: Tensor, targets: Targets) -> Tensor:
    """Mean absolute error over the targets that count, in the task's unit; 0 with zero gradients where none does."""
    error = torch.where(targets.counted, prediction - targets.values, 0.0).abs()
    return error.sum() / targets.counted.sum().clamp(min=1)


class Companion(Protocol):
    """What a stage keeps beside the network, e.g. statistics of its weights; saved and found again with it."""

    def after_epoch(self) -> None:
        """Called after each epoch's steps, before validation."""

    def state_dict(self) -> dict[str, Any]:
        """Tensors and plain values, nested as you like."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take a `state_dict`."""


@dataclass
class _Stage:
    """How far a stage has come; with the tensors beside it, all that the next epoch needs."""

    epoch: int = 0
    best_loss: float = math.inf
    best_epoch: int = 0
    # epochs in a row that were worse than the best
    worse: int = 0
    steps: int = 0
    seconds: float = 0.0
    best: dict[str, Tensor] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)

    def finished(self, budget: Budget) -> bool:
        return self.epoch >= budget.epochs or self.worse >= budget.patience


def train(
    network: nn.Module, problem: TaskProblem, options: TrainingOptions, run: RunContext, *,
    stage: str = "fit", parameters: Iterable[nn.Parameter] | None = None, companion: Companion | None = None,
    after_step: Callable[[], None] | None = None, forward: Callable[[Inputs], Tensor] | None = None,
    loss: Callable[[Tensor, Targets], Tensor] = masked_mae,
) -> StageResult:
    """Train `network` on one task and leave it with its best weights.

    With `run.checkpoints` the stage is saved after every epoch, and one that was saved goes on from there, to the same bits on CPU.

    Parameters
    ----------
    network: maps `Inputs` to [batch, horizon, node], z-scored; it lies on ``run.device``.
    stage: names the stage in progress, history, random streams and checkpoints; once a task in one fit.
    parameters: what to train; default all parameters that require a gradient.
    companion: told after each epoch, saved with the stage.
    after_step: called after each step of the optimiser, e.g. to put elements back that must not move.
    forward: what maps Inputs to predictions; default the network itself.

    Raises
    ------
    Diverged: names epoch, task and learning rate.
    """
    forward = forward or network
    if options.compile:
        torch.compiler.reset()  # a stage trains other parameters than the one before; too many variants of one graph would not compile
        forward = torch.compile(forward)
    windows, validation = problem.train.to(run.device), problem.validation.to(run.device)
    trained = [p for p in (network.parameters() if parameters is None else parameters) if p.requires_grad]
    optimiser = torch.optim.Adam(trained, lr=options.learning_rate, weight_decay=options.weight_decay)
    order = run.generator(f"order {stage} {problem.task}")
    key, budget = f"{stage} {problem.task}", run.budget
    state = _Stage()
    if run.checkpoints and (saved := run.checkpoints.load(key, run.device)):
        state = _restore(saved, network, optimiser, order, companion, run)
        run.checkpoints.resumed_seconds += state.seconds
    while not state.finished(budget):
        started = time.perf_counter()
        state.epoch += 1
        rate = _rate(options, state.epoch)
        for group in optimiser.param_groups:
            group["lr"] = rate
        total, batches = torch.zeros((), device=run.device), 0
        network.train()
        for starts in _epoch(len(windows), budget.epoch_windows, order).to(run.device).split(options.batch_size):
            optimiser.zero_grad(set_to_none=True)
            with torch.autocast(run.device.type, dtype=torch.bfloat16, enabled=options.amp):
                scaled = forward(windows.inputs(starts))
            value = loss(problem.scaler.unscale(scaled.float()), windows.targets(starts))
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
        validation_loss = evaluate(network, forward, validation, budget.validation_windows)
        if not (math.isfinite(train_loss) and math.isfinite(validation_loss)):
            raise Diverged(f"The loss became {train_loss} (validation {validation_loss}) in epoch {state.epoch} of stage '{stage}' "
                           f"on task {problem.task} at learning rate {rate:g}.")
        if validation_loss < state.best_loss:
            state.best_loss, state.best_epoch = validation_loss, state.epoch
            state.best = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
        state.worse = state.worse + 1 if validation_loss > state.best_loss else 0
        state.steps += batches
        seconds = time.perf_counter() - started
        state.seconds += seconds
        state.history.append({"stage": stage, "task": problem.task, "epoch": state.epoch, "train_loss": train_loss,
                              "validation_loss": validation_loss, "learning_rate": rate, "steps": batches, "seconds": round(seconds, 3)})
        run.history.append(state.history[-1])
        if run.checkpoints:
            run.checkpoints.save(key, _saved(state, network, optimiser, order, companion, run))
        run.progress(Progress(key, state.epoch, budget.epochs, train_loss, validation_loss))
    network.load_state_dict(state.best)
    return StageResult(state.epoch, state.best_epoch, state.best_loss, state.steps, state.seconds)


def _saved(state: _Stage, network: nn.Module, optimiser: torch.optim.Optimizer, order: torch.Generator, companion: Companion | None,
           run: RunContext) -> dict[str, Any]:
    """A stage as tensors and plain values; a finished one needs its best weights only."""
    rest = {} if state.finished(run.budget) else {"network": network.state_dict(), "optimiser": optimiser.state_dict()}
    return {"stage": vars(state), "order": order.get_state(), "random": random_state(run.device),
            "companion": companion.state_dict() if companion else None, **rest}


def _restore(saved: dict[str, Any], network: nn.Module, optimiser: torch.optim.Optimizer, order: torch.Generator,
             companion: Companion | None, run: RunContext) -> _Stage:
    """Put everything back as it was after the saved epoch."""
    state = _Stage(**saved["stage"])
    if "network" in saved:
        network.load_state_dict(saved["network"])
        optimiser.load_state_dict(saved["optimiser"])
    if companion:
        companion.load_state_dict(saved["companion"])
    order.set_state(saved["order"].cpu())
    restore_random_state(saved["random"], run.device)
    run.history.extend(state.history)
    return state


@torch.no_grad()
def evaluate(network: nn.Module, forward: Callable[[Inputs], Tensor], windows: Windows, limit: int | None = None) -> float:
    """Pooled MAE over the targets that count, of all (or `limit` evenly spaced) windows, in the task's unit."""
    network.eval()
    count = len(windows) if limit is None else min(limit, len(windows))
    chosen = torch.linspace(0, len(windows) - 1, count, dtype=torch.float64).round().long().to(windows.device)
    total, entries = torch.zeros((), dtype=torch.float64), 0
    for starts in chosen.split(EVALUATION_BATCH):
        targets = windows.targets(starts)
        prediction = windows.scaler.unscale(forward(windows.inputs(starts)).float())
        error = torch.where(targets.counted, prediction - targets.values, 0.0).abs()
        total += error.cpu().sum(dtype=torch.float64)  # on the CPU: MPS has no float64
        entries += int(targets.counted.sum())
    return float(total) / max(entries, 1)


def _rate(options: TrainingOptions, epoch: int) -> float:
    """Learning rate of an epoch (counted from 1)."""
    passed = (epoch - 1) // options.decay_every if options.decay_every else sum(epoch > m for m in options.milestones)
    return options.learning_rate * options.decay**passed


def _epoch(windows: int, limit: int | None, generator: torch.Generator) -> Tensor:
    """Window starts of one epoch in random order, all or `limit` of them."""
    return torch.randperm(windows, generator=generator)[:limit]
