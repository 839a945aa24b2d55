"""Last value (persistence): the window's last observed value of a node stays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from baselines.forecasting.averages import node_means
from benchmark import Forecaster, ForecastProblem, Inputs, RunContext


@dataclass(frozen=True)
class LastValueOptions:
    """There is nothing to choose."""


class LastValue(Forecaster):
    """A node not observed in the window gets its training mean; one never observed in training, the mean of all nodes."""

    Options = LastValueOptions

    def __init__(self, options: LastValueOptions, problem: ForecastProblem) -> None:
        super().__init__(options, problem)
        self.node_mean = torch.zeros(problem.only.nodes)

    def fit(self, run: RunContext) -> None:
        self.node_mean = node_means(self.problem.only)

    def predict(self, inputs: Inputs) -> Tensor:
        steps = torch.arange(inputs.history, device=inputs.values.device)[:, None]
        last = torch.where(inputs.observed, steps, -1).amax(dim=1, keepdim=True)  # [batch, 1, node], -1: none observed
        value = inputs.values.gather(1, last.clamp(min=0)).where(last >= 0, self.node_mean.to(inputs.values))
        return value.expand(-1, self.problem.horizon, -1)

    def state_dict(self) -> Mapping[str, Tensor]:
        return {"node_mean": self.node_mean}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        self.node_mean = state["node_mean"]
