"""All tasks of a city as one network's channels: what it reads, how it is trained and chosen, which part of its answer is whose.

Loss and choice count every task alike, whatever its unit: the mean over tasks of errors in training standard deviations. Tasks stand in the
order of their names, for a kept problem forgets the suite's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from benchmark import ForecastProblem, Inputs, RunContext, Stage, Targets, TrainingOptions, Windows, planned_steps, run_stage

# windows evaluated at once; results do not depend on it
EVALUATION_BATCH = 64
# windows, which of them → [batch, task · horizon, node], task-major, z-scored
Answers = Callable[[Windows, Tensor], Tensor]


def not_aligned(problem: ForecastProblem) -> str | None:
    """Why a problem's tasks cannot be put side by side; None: they can."""
    return None if problem.aligned else "the method puts all tasks side by side, which needs equal nodes and one clock"


@dataclass(frozen=True)
class SideBySide:
    """The tasks of a problem together."""

    problem: ForecastProblem

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks in the order of channels and outputs."""
        return tuple(sorted(self.problem.tasks))

    def series(self, inputs: Inputs) -> list[Inputs]:
        """Of windows of any task with those of the others beside them: each task's, in order."""
        every = {inputs.task: inputs, **inputs.beside}
        return [every[task] for task in self.tasks]

    def channels(self, inputs: Inputs, count: int) -> Tensor:
        """[batch, history, node, task + count - 1]: the tasks' z-scored values, then the first of the time of day and the weekday."""
        values = torch.stack([one.scaled for one in self.series(inputs)], dim=-1)
        return torch.cat([values, inputs.channels(count)[..., 1:]], dim=-1)

    def pairs(self, answers: Tensor, windows: Windows, starts: Tensor) -> Iterator[tuple[Tensor, Targets]]:
        """Of each task its part of [batch, task · horizon, node] and its targets, both z-scored."""
        every = {windows.task: windows, **windows.beside}
        for task, answer in zip(self.tasks, answers.chunk(len(self.tasks), dim=1), strict=True):
            targets = every[task].targets(starts)
            yield answer, Targets(targets.scaled(every[task].scaler), targets.observed, targets.counted)

    def prediction(self, answers: Tensor, task: str) -> Tensor:
        """A task's part of the answers, in its unit."""
        part = answers.float().chunk(len(self.tasks), dim=1)[self.tasks.index(task)]
        return self.problem.tasks[task].scaler.unscale(part)

    def windows(self, run: RunContext) -> tuple[Windows, Windows]:
        """Those of the training and of the validation part, on the run's device."""
        first, *_ = self.problem.tasks.values()
        return first.train.to(run.device), first.validation.to(run.device)

    def fit(self, network: nn.Module, options: TrainingOptions, run: RunContext, windows: tuple[Windows, Windows], answers: Answers,
            loss: Callable[[Tensor, int, int], Tensor], **about: Any) -> dict[str, Any]:
        """Train the network on all tasks as one stage; what the notes of a record say of it.

        windows: as the method of that name gives them. loss: of which training windows, steps taken before, steps planned. about: of
        `Stage` and `run_stage`.
        """
        (train, validation), budget = windows, run.budget
        drawn = min(len(train), budget.epoch_windows or len(train))
        planned = planned_steps(train, options, budget)
        parameters = about.pop("parameters", None)

        def batches(order: torch.Generator) -> Iterable[Tensor]:
            return torch.randperm(len(train), generator=order, device="cpu")[:drawn].to(run.device).split(options.batch_size)

        def validate() -> float:
            network.eval()
            return float(self.errors(answers, validation, budget.validation_windows).mean())

        stage = Stage("fit all tasks", batches, lambda starts, step: loss(starts, step, planned), validate,
                      {"stage": "fit", "task": ",".join(self.tasks)}, **about)
        result = run_stage(network, stage, options, run, parameters=parameters)
        network.eval()
        errors = self.errors(answers, validation, budget.validation_windows).tolist()
        said = {"epochs": result.epochs, "best_epoch": result.best_epoch, "steps": result.steps, **result.pace()}
        return {"selected_by": result.best_loss, "stages": [
            {"task": task, "validation_mae": error * self.problem.tasks[task].scaler.std, **said}
            for task, error in zip(self.tasks, errors, strict=True)]}

    @torch.no_grad()
    def errors(self, answers: Answers, windows: Windows, limit: int | None) -> Tensor:
        """[task] float64: MAE over the targets that count, of all or so many evenly spaced windows, in training standard deviations."""
        totals = torch.zeros(2, len(self.tasks), dtype=torch.float64, device="cpu")  # errors, entries
        for starts in evenly_spaced(windows, limit).split(EVALUATION_BATCH):
            for k, (answer, targets) in enumerate(self.pairs(answers(windows, starts).float(), windows, starts)):
                error = torch.where(targets.counted, answer - targets.values, 0.0).abs()
                totals[:, k] += torch.stack([error.cpu().sum(dtype=torch.float64), targets.counted.cpu().sum().double()])
        return totals[0] / totals[1].clamp(min=1)


def evenly_spaced(windows: Windows, limit: int | None) -> Tensor:
    """int64: all windows, or so many of them."""
    count = min(len(windows), limit or len(windows))
    return torch.linspace(0, len(windows) - 1, count, dtype=torch.float64, device="cpu").round().long().to(windows.device)
