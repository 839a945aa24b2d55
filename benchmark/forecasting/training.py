"""Training a forecaster on one task: shuffled windows, masked MAE in the task's unit, the loop of `stage`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchmark.contract import BadPrediction, Budget, RunContext
from benchmark.forecasting.problem import Inputs, Targets, TaskProblem, Windows
from benchmark.options import ranged
from benchmark.training.stage import Companion, Stage, StageOptions, StageResult, run_stage

# inputs, targets, steps taken before, steps planned -> [batch, horizon, node], z-scored
TrainingForward = Callable[[Inputs, Targets, int, int], Tensor]
# prediction in the task's unit, targets, steps taken before, steps planned -> one number, differentiable
TrainingLoss = Callable[[Tensor, Targets, int, int], Tensor]


@dataclass(frozen=True, kw_only=True)
class TrainingOptions(StageOptions):
    """Options of every trained forecaster; a method sets its own defaults."""

    # epochs after which the learning rate is multiplied by `decay`
    milestones: tuple[int, ...] = ranged((), least=1)
    # factor of one decay of the learning rate
    decay: float = ranged(0.1, above=0, most=1)
    # epochs between two decays of a periodic schedule, instead of milestones; 0: none
    decay_every: int = ranged(0, least=0)
    # torch.compile the network; the first steps take longer
    compile: bool = False


def scheduled_rate(options: TrainingOptions, epoch: int) -> float:
    """Learning rate of an epoch (counted from 1)."""
    passed = (epoch - 1) // options.decay_every if options.decay_every else sum(epoch > m for m in options.milestones)
    return options.learning_rate * options.decay**passed


def masked_mae(prediction: Tensor, targets: Targets) -> Tensor:
    """Mean absolute error over the targets that count, in the task's unit; 0 with zero gradients where none does."""
    error = torch.where(targets.counted, prediction - targets.values, 0.0).abs()
    return error.sum() / targets.counted.sum().clamp(min=1)


def train(
    network: nn.Module, problem: TaskProblem, options: TrainingOptions, run: RunContext, *,
    stage: str = "fit", parameters: Iterable[nn.Parameter] | None = None, companion: Companion | None = None,
    after_step: Callable[[], None] | None = None, forward: Callable[[Inputs], Tensor] | None = None,
    training_forward: TrainingForward | None = None, loss: TrainingLoss | None = None,
    optimiser: Callable[..., torch.optim.Optimizer] = torch.optim.Adam, rate: Callable[[int], float] | None = None,
    first_epochs: int = 0,
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
    training_forward: the same in training, with targets, steps taken and steps planned (scheduled sampling); default `forward`.
    loss: of predictions in the task's unit, targets, steps taken and planned (curricula); default the masked MAE.
    optimiser, rate, first_epochs: see `Stage`; default Adam and the options' schedule.

    Raises
    ------
    Diverged: names epoch, stage, task and learning rate.
    BadPrediction: the network gives another shape than the targets have.
    """
    forward = forward or network
    if options.compile:
        torch.compiler.reset()  # a stage trains other parameters than the one before; too many variants of one graph would not compile
        forward = torch.compile(forward)
        training_forward = torch.compile(training_forward) if training_forward else None
    windows, validation = problem.train.to(run.device), problem.validation.to(run.device)
    planned = planned_steps(windows, options, run.budget)

    def batches(order: torch.Generator) -> Iterable[Tensor]:
        """Window starts of one epoch in random order, all or as many as the budget says."""
        shuffled = torch.randperm(len(windows), generator=order, device="cpu")
        return shuffled[: run.budget.epoch_windows].to(run.device).split(options.batch_size)

    def loss_of(starts: Tensor, step: int) -> Tensor:
        inputs, targets = windows.inputs(starts), windows.targets(starts)
        with torch.autocast(run.device.type, dtype=torch.bfloat16, enabled=options.amp):
            scaled = training_forward(inputs, targets, step, planned) if training_forward else forward(inputs)
        _check_shape(scaled, targets, problem.task)
        prediction = problem.scaler.unscale(scaled.float())
        return loss(prediction, targets, step, planned) if loss else masked_mae(prediction, targets)

    def validate() -> float:
        return evaluate(network, forward, validation, run.budget.validation_windows)

    made = Stage(f"{stage} {problem.task}", batches, loss_of, validate, {"stage": stage, "task": problem.task},
                 rate=rate or (lambda epoch: scheduled_rate(options, epoch)), optimiser=optimiser, first_epochs=first_epochs)
    return run_stage(network, made, options, run, parameters=parameters, companion=companion, after_step=after_step)


def planned_steps(windows: Windows, options: StageOptions, budget: Budget) -> int:
    """Steps of a stage that runs all its epochs."""
    count = min(len(windows), budget.epoch_windows or len(windows))
    return budget.epochs * -(-count // options.batch_size)


def _check_shape(prediction: Tensor, targets: Targets, task: str) -> None:
    """Raise BadPrediction for another shape than the targets', which would be broadcast in silence."""
    if prediction.shape != targets.values.shape:
        raise BadPrediction(f"Task {task}: the network gives {tuple(prediction.shape)} in training; [batch, horizon, node] is expected, "
                            f"here {tuple(targets.values.shape)}.")


@torch.no_grad()
def evaluate(network: nn.Module, forward: Callable[[Inputs], Tensor], windows: Windows, limit: int | None = None) -> float:
    """Pooled MAE over the targets that count, of all (or `limit` evenly spaced) windows, in the task's unit."""
    network.eval()
    count = len(windows) if limit is None else min(limit, len(windows))
    chosen = torch.linspace(0, len(windows) - 1, count, dtype=torch.float64, device="cpu").round().long().to(windows.device)
    total, entries = torch.zeros((), dtype=torch.float64, device="cpu"), 0
    for starts in chosen.split(windows.at_once):
        targets = windows.targets(starts)
        prediction = windows.scaler.unscale(forward(windows.inputs(starts)).float())
        error = torch.where(targets.counted, prediction - targets.values, 0.0).abs()
        total += error.cpu().sum(dtype=torch.float64)  # on the CPU: MPS has no float64
        entries += int(targets.counted.sum())
    return float(total) / max(entries, 1)
