"""The one training loop: shuffled windows, Adam, early stopping on validation MAE, best weights restored."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchmark.contract import Progress, RunContext
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


@dataclass(frozen=True)
class StageResult:
    """What one call of `train` did."""

    epochs: int
    best_epoch: int
    best_loss: float
    steps: int
    seconds: float


def masked_mae(prediction: Tensor, targets: Targets) -> Tensor:
    """Mean absolute error over observed targets, in the task's unit; 0 with zero gradients where none is observed."""
    error = torch.where(targets.observed, prediction - targets.values, 0.0).abs()
    return error.sum() / targets.observed.sum().clamp(min=1)


def train(
    network: nn.Module, problem: TaskProblem, options: TrainingOptions, run: RunContext, *,
    stage: str = "fit", parameters: Iterable[nn.Parameter] | None = None, after_epoch: Callable[[], None] | None = None,
    forward: Callable[[Inputs], Tensor] | None = None, loss: Callable[[Tensor, Targets], Tensor] = masked_mae,
) -> StageResult:
    """Train `network` on one task and leave it with its best weights.

    Parameters
    ----------
    network: maps `Inputs` to [batch, horizon, node], z-scored; it lies on ``run.device``.
    stage: names the stage in progress, history and random streams.
    parameters: what to train; default all parameters that require a gradient.
    after_epoch: called after each epoch's steps, before validation.
    forward: what maps Inputs to predictions; default the network itself.

    Raises
    ------
    Diverged: names epoch, task and learning rate.
    """
    forward = forward or network
    windows, validation = problem.train.to(run.device), problem.validation.to(run.device)
    trained = [p for p in (network.parameters() if parameters is None else parameters) if p.requires_grad]
    optimiser = torch.optim.Adam(trained, lr=options.learning_rate, weight_decay=options.weight_decay)
    order = run.generator(f"order {stage} {problem.task}")
    epochs, patience = run.budget.epochs, run.budget.patience
    best_loss, best_epoch, worse, steps = math.inf, 0, 0, 0
    best: dict[str, Tensor] = {}
    began = time.perf_counter()
    for epoch in range(1, epochs + 1):
        rate = _rate(options, epoch)
        for group in optimiser.param_groups:
            group["lr"] = rate
        started = time.perf_counter()
        total, batches = torch.zeros((), device=run.device), 0
        network.train()
        for starts in _epoch(len(windows), run.budget.epoch_windows, order).to(run.device).split(options.batch_size):
            optimiser.zero_grad(set_to_none=True)
            with torch.autocast(run.device.type, dtype=torch.bfloat16, enabled=options.amp):
                scaled = forward(windows.inputs(starts))
            value = loss(problem.scaler.unscale(scaled.float()), windows.targets(starts))
            value.backward()
            if options.clip_norm:
                torch.nn.utils.clip_grad_norm_(trained, options.clip_norm)
            optimiser.step()
            total += value.detach()
            batches += 1
        steps += batches
        if after_epoch:
            after_epoch()
        train_loss = float(total) / max(batches, 1)
        validation_loss = evaluate(network, forward, validation, run.budget.validation_windows)
        if not (math.isfinite(train_loss) and math.isfinite(validation_loss)):
            raise Diverged(f"The loss became {train_loss} (validation {validation_loss}) in epoch {epoch} of stage '{stage}' "
                           f"on task {problem.task} at learning rate {rate:g}.")
        run.history.append({"stage": stage, "task": problem.task, "epoch": epoch, "train_loss": train_loss,
                            "validation_loss": validation_loss, "learning_rate": rate, "steps": batches,
                            "seconds": round(time.perf_counter() - started, 3)})
        run.progress(Progress(f"{stage} {problem.task}", epoch, epochs, train_loss, validation_loss))
        if validation_loss < best_loss:
            best_loss, best_epoch = validation_loss, epoch
            best = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
        worse = worse + 1 if validation_loss > best_loss else 0
        if worse >= patience:
            break
    network.load_state_dict(best)
    return StageResult(epoch, best_epoch, best_loss, steps, time.perf_counter() - began)


@torch.no_grad()
def evaluate(network: nn.Module, forward: Callable[[Inputs], Tensor], windows: Windows, limit: int | None = None) -> float:
    """Pooled MAE over the observed targets of all (or `limit` evenly spaced) windows, in the task's unit."""
    network.eval()
    count = len(windows) if limit is None else min(limit, len(windows))
    chosen = torch.linspace(0, len(windows) - 1, count, dtype=torch.float64).round().long().to(windows.device)
    total, entries = torch.zeros((), dtype=torch.float64), 0
    for starts in chosen.split(EVALUATION_BATCH):
        targets = windows.targets(starts)
        prediction = windows.scaler.unscale(forward(windows.inputs(starts)).float())
        error = torch.where(targets.observed, prediction - targets.values, 0.0).abs()
        total += error.cpu().sum(dtype=torch.float64)  # on the CPU: MPS has no float64
        entries += int(targets.observed.sum())
    return float(total) / max(entries, 1)


def _rate(options: TrainingOptions, epoch: int) -> float:
    """Learning rate of an epoch (counted from 1)."""
    passed = (epoch - 1) // options.decay_every if options.decay_every else sum(epoch > m for m in options.milestones)
    return options.learning_rate * options.decay**passed


def _epoch(windows: int, limit: int | None, generator: torch.Generator) -> Tensor:
    """Window starts of one epoch in random order, all or `limit` of them."""
    return torch.randperm(windows, generator=generator)[:limit]
