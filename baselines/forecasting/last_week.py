"""Last week (weekly persistence): the value of a node at the same time one week before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from baselines.forecasting.averages import node_means
from benchmark import Asks, Forecaster, ForecastProblem, Inputs, RunContext

DAYS = 7


@dataclass(frozen=True)
class LastWeekOptions:
    """There is nothing to choose."""


class LastWeek(Forecaster):
    """What was not observed then, or lies before the series began, is the node's training mean, as in `last_value`.

    A step of the horizon that is more than a week ahead takes the latest whole number of weeks before it that the window has seen.
    """

    Options = LastWeekOptions

    @classmethod
    def asks(cls, options: LastWeekOptions) -> Asks:
        return Asks(past_days=DAYS)

    def __init__(self, options: LastWeekOptions, problem: ForecastProblem) -> None:
        super().__init__(options, problem)
        self.node_mean = torch.zeros(problem.only.nodes)

    def fit(self, run: RunContext) -> None:
        self.node_mean = node_means(self.problem.only)

    def predict(self, inputs: Inputs) -> Tensor:
        assert inputs.past is not None
        # The last step shown is row 7 · steps_per_day + history - 1 of past and window, so a week before the first step asked for is
        # row `history`; where days are short against the window, that row lies in the window itself.
        week = DAYS * inputs.steps_per_day
        row = inputs.history + torch.arange(self.problem.horizon, device=inputs.values.device) % week
        values = torch.cat([inputs.past.values, inputs.values], dim=1)[:, row]
        observed = torch.cat([inputs.past.observed, inputs.observed], dim=1)[:, row]
        return values.where(observed, self.node_mean.to(values))

    def state_dict(self) -> Mapping[str, Tensor]:
        return {"node_mean": self.node_mean}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        self.node_mean = state["node_mean"]
