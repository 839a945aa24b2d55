"""Training a forecaster on one task: shuffled windows, masked MAE in the task's unit, the loop of `stage`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from benchmark.contract import RunContext
from benchmark.forecasting.problem import Inputs, Targets, TaskProblem, Windows
from benchmark.training.stage import Companion, Stage, StageResult, TrainingOptions, run_stage

# windows evaluated at once; results do not depend on it
EVALUATION_BATCH = 64


def masked_mae(prediction: Tensor, targets: Targets) -> Tensor:
    """Mean absolute error over the targets that count, in the task's unit; 0 with zero gradients where none does."""
    error = torch.where(targets.counted, prediction - targets.values, 0.0).abs()
    return error.sum() / targets.counted.sum().clamp(min=1)


def train(
    network: nn.Module, problem: TaskProblem, options: TrainingOptions, run: RunContext, *,
    stage: str = "fit", parameters: Iterable[nn.Parameter] | None = None, companion: Companion | None = None,
    after_step: Callable[[], None] | None = None, forward: Callable[[Inputs], Tensor] | None = None,
    loss: Callable[[Tensor, Targets], Tensor] = masked_mae,
) -> StageResult:
    """Train `network` on one task and leave it with its best weights; see `run_stage`.

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
    Diverged: names epoch, stage, task and learning rate.
    """
    forward = forward or network
    if options.compile:
        torch.compiler.reset()  # a stage trains other parameters than the one before; too many variants of one graph would not compile
        forward = torch.compile(forward)
    windows, validation = problem.train.to(run.device), problem.validation.to(run.device)

    def batches(order: torch.Generator) -> Iterable[Tensor]:
        """Window starts of one epoch in random order, all or as many as the budget says."""
        return torch.randperm(len(windows), generator=order)[: run.budget.epoch_windows].to(run.device).split(options.batch_size)

    def loss_of(starts: Tensor) -> Tensor:
        with torch.autocast(run.device.type, dtype=torch.bfloat16, enabled=options.amp):
            scaled = forward(windows.inputs(starts))
        return loss(problem.scaler.unscale(scaled.float()), windows.targets(starts))

    def validate() -> float:
        return evaluate(network, forward, validation, run.budget.validation_windows)

    made = Stage(f"{stage} {problem.task}", batches, loss_of, validate, {"stage": stage, "task": problem.task})
    return run_stage(network, made, options, run, parameters=parameters, companion=companion, after_step=after_step)


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
