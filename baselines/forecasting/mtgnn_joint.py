"""MTGNN on all tasks of a city at once: their values are channels of one network, which forecasts all of them.

CMuST's appendix C.2 compares it so with multi-task methods: tasks aligned on one graph, features concatenated, details open.
Network, graph and curriculum are `mtgnn`'s. What is ours: K values and the clock a step, K horizons out; the loss is the mean over tasks
of the masked MAE on z-scored values; the best epoch is that of the least mean over tasks of validation MAE / training standard deviation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from baselines.forecasting.mtgnn import MTGNN, MTGNNNetwork, MTGNNOptions
from benchmark import Asks, ForecastProblem, Inputs, RunContext, Stage, Targets, Windows, planned_steps, run_stage

# windows evaluated at once; results do not depend on it
EVALUATION_BATCH = 64


@dataclass(frozen=True, kw_only=True)
class MTGNNJointOptions(MTGNNOptions):
    """As `mtgnn`; `channels` counts the values of all tasks as one."""


class JointNetwork(MTGNNNetwork):
    """The tasks' values side by side on the channel axis, then the clock; tasks in the order of their names, for a kept problem forgets
    the suite's."""

    def __init__(self, problem: ForecastProblem, options: MTGNNJointOptions) -> None:
        first, *others = problem.tasks.values()
        channels, tasks = options.channels + len(others), 1 + len(others)
        super().__init__(first.nodes, channels, problem.history, tasks * problem.horizon, options)
        self.tasks, self.clocks = tuple(sorted(problem.tasks)), options.channels - 1

    def forward(self, inputs: Inputs) -> Tensor:
        """Of windows of any task with those of the others beside them → [batch, task · horizon, node], task-major."""
        series = {inputs.task: inputs, **inputs.beside}
        values = torch.stack([series[task].scaled for task in self.tasks], dim=-1)
        return self.answer(torch.cat([values, inputs.channels(1 + self.clocks)[..., 1:]], dim=-1))


class MTGNNJoint(MTGNN):
    """Scope `city`: one fit, one network and one best epoch for all tasks."""

    Options = MTGNNJointOptions
    presets: ClassVar = MTGNN.presets  # with its trials, on a single task; not searched for itself

    @classmethod
    def asks(cls, options: MTGNNJointOptions) -> Asks:
        return Asks(beside=True)

    @classmethod
    def declines(cls, options: MTGNNJointOptions, problem: ForecastProblem) -> str | None:
        if not problem.aligned:
            return "the method puts all tasks side by side, which needs equal nodes and one clock"
        return super().declines(options, problem)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks in the order of the network's outputs."""
        return tuple(sorted(self.problem.tasks))

    def build_network(self, problem: ForecastProblem) -> nn.Module:
        return JointNetwork(problem, self.options)

    def fit(self, run: RunContext) -> None:
        run, budget, options = run.at_stage(1, 1), run.budget, self.options
        self.network.to(run.device)
        forward = torch.compile(self.network) if options.compile else self.network
        first, *_ = self.problem.tasks.values()
        train, validation = first.train.to(run.device), first.validation.to(run.device)
        drawn = min(len(train), budget.epoch_windows or len(train))
        planned = planned_steps(train, options, budget)

        def batches(order: torch.Generator) -> Iterable[Tensor]:
            return torch.randperm(len(train), generator=order, device="cpu")[:drawn].to(run.device).split(options.batch_size)

        def loss(starts: Tensor, step: int) -> Tensor:
            with torch.autocast(run.device.type, dtype=torch.bfloat16, enabled=options.amp):
                answers = forward(train.inputs(starts)).float()
            return torch.stack([self.loss(*pair, step, planned) for pair in self._pairs(answers, train, starts)]).mean()

        def validate() -> float:
            return float(self._errors(forward, validation, budget.validation_windows).mean())

        stage = Stage("fit all tasks", batches, loss, validate, {"stage": "fit", "task": ",".join(self.tasks)},
                      rate=lambda epoch: self.rate(epoch, budget.epochs), first_epochs=self.first_epochs(budget.epochs, budget.patience))
        result = run_stage(self.network, stage, options, run)
        about = {"epochs": result.epochs, "best_epoch": result.best_epoch, "steps": result.steps,
                 "steps_taught": self.steps_taught(result.steps, planned), **result.pace()}
        errors = self._errors(forward, validation, budget.validation_windows).tolist()
        run.notes["mtgnn_joint"] = {"selected_by": result.best_loss, "stages": [
            {"task": task, "validation_mae": error * self.problem.tasks[task].scaler.std, **about}
            for task, error in zip(self.tasks, errors, strict=True)]}

    @torch.no_grad()
    def predict(self, inputs: Inputs) -> Tensor:
        self.network.eval()
        answers = self.network(inputs).float().chunk(len(self.tasks), dim=1)
        return self.problem.tasks[inputs.task].scaler.unscale(answers[self.tasks.index(inputs.task)])

    def _pairs(self, answers: Tensor, windows: Windows, starts: Tensor) -> Iterator[tuple[Tensor, Targets]]:
        """Of each task its part of [batch, task · horizon, node] and its targets, both z-scored."""
        every = {windows.task: windows, **windows.beside}
        for task, answer in zip(self.tasks, answers.chunk(len(self.tasks), dim=1), strict=True):
            targets = every[task].targets(starts)
            yield answer, Targets(targets.scaled(every[task].scaler), targets.observed, targets.counted)

    @torch.no_grad()
    def _errors(self, forward: Callable[[Inputs], Tensor], windows: Windows, limit: int | None) -> Tensor:
        """[task] float64: MAE over the targets that count, of all or so many evenly spaced windows, in training standard deviations."""
        self.network.eval()
        count = min(len(windows), limit or len(windows))
        chosen = torch.linspace(0, len(windows) - 1, count, dtype=torch.float64, device="cpu").round().long().to(windows.device)
        totals = torch.zeros(2, len(self.tasks), dtype=torch.float64, device="cpu")  # errors, entries
        for starts in chosen.split(EVALUATION_BATCH):
            for k, (answer, targets) in enumerate(self._pairs(forward(windows.inputs(starts)).float(), windows, starts)):
                error = torch.where(targets.counted, answer - targets.values, 0.0).abs()
                totals[:, k] += torch.stack([error.cpu().sum(dtype=torch.float64), targets.counted.cpu().sum().double()])
        return totals[0] / totals[1].clamp(min=1)
