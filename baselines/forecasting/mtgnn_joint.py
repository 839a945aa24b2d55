"""MTGNN on all tasks of a city at once: their values are channels of one network, which forecasts all of them.

CMuST's appendix C.2 compares it so with multi-task methods: tasks aligned on one graph, features concatenated, details open.
Network, graph and curriculum are `mtgnn`'s. What is ours: K values and the clock a step, K horizons out; the loss is the mean over tasks
of the masked MAE on z-scored values; the best epoch is that of the least mean over tasks of validation MAE / training standard deviation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from baselines.forecasting.mtgnn import MTGNN, MTGNNNetwork, MTGNNOptions
from baselines.forecasting.side_by_side import SideBySide, not_aligned
from benchmark import Asks, ForecastProblem, Inputs, RunContext, Windows, planned_steps


@dataclass(frozen=True, kw_only=True)
class MTGNNJointOptions(MTGNNOptions):
    """As `mtgnn`; `channels` counts the values of all tasks as one."""


class JointNetwork(MTGNNNetwork):
    """The tasks' values side by side on the channel axis, then the clock."""

    def __init__(self, problem: ForecastProblem, options: MTGNNJointOptions) -> None:
        first, *others = problem.tasks.values()
        channels, tasks = options.channels + len(others), 1 + len(others)
        super().__init__(first.nodes, channels, problem.history, tasks * problem.horizon, options)
        self.together, self.clocks = SideBySide(problem), options.channels - 1

    def forward(self, inputs: Inputs) -> Tensor:
        """Of windows of any task with those of the others beside them → [batch, task · horizon, node], task-major."""
        return self.answer(self.together.channels(inputs, 1 + self.clocks))


class MTGNNJoint(MTGNN):
    """Scope `city`: one fit, one network and one best epoch for all tasks."""

    Options = MTGNNJointOptions
    presets: ClassVar = MTGNN.presets  # with its trials, on a single task; not searched for itself

    @classmethod
    def asks(cls, options: MTGNNJointOptions) -> Asks:
        return Asks(beside=True)

    @classmethod
    def declines(cls, options: MTGNNJointOptions, problem: ForecastProblem) -> str | None:
        return not_aligned(problem) or super().declines(options, problem)

    def build_network(self, problem: ForecastProblem) -> nn.Module:
        return JointNetwork(problem, self.options)

    def fit(self, run: RunContext) -> None:
        run, options, together = run.at_stage(1, 1), self.options, SideBySide(self.problem)
        self.network.to(run.device)
        forward = torch.compile(self.network) if options.compile else self.network
        train, validation = together.windows(run)

        def answers(windows: Windows, starts: Tensor) -> Tensor:
            return forward(windows.inputs(starts))

        def loss(starts: Tensor, step: int, planned: int) -> Tensor:
            with torch.autocast(run.device.type, dtype=torch.bfloat16, enabled=options.amp):
                answered = answers(train, starts).float()
            return torch.stack([self.loss(*pair, step, planned) for pair in together.pairs(answered, train, starts)]).mean()

        notes = together.fit(self.network, options, run, (train, validation), answers, loss,
                             rate=lambda epoch: self.rate(epoch, run.budget.epochs),
                             first_epochs=self.first_epochs(run.budget.epochs, run.budget.patience))
        taught = self.steps_taught(notes["stages"][0]["steps"], planned_steps(train, options, run.budget))
        run.notes["mtgnn_joint"] = {**notes, "stages": [{**stage, "steps_taught": taught} for stage in notes["stages"]]}

    @torch.no_grad()
    def predict(self, inputs: Inputs) -> Tensor:
        self.network.eval()
        return SideBySide(self.problem).prediction(self.network(inputs), inputs.task)
