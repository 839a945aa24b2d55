"""Historical average: the training mean of a node at the same weekday and slot of the day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from baselines.forecasting.averages import mean_or
from benchmark import Forecaster, ForecastProblem, Inputs, RunContext

WEEKDAYS = 7
# rows added at once, in their order
ROWS = 1024


@dataclass(frozen=True)
class HistoricalAverageOptions:
    """There is nothing to choose."""


class HistoricalAverage(Forecaster):
    """A cell (weekday, slot, node) never observed falls back on (slot, node), then on the node, then on all nodes."""

    Options = HistoricalAverageOptions

    def __init__(self, options: HistoricalAverageOptions, problem: ForecastProblem) -> None:
        super().__init__(options, problem)
        # [weekday * slot, node]
        self.table = torch.zeros(WEEKDAYS * problem.only.steps_per_day, problem.only.nodes)

    def fit(self, run: RunContext) -> None:
        task, train = self.problem.only, self.problem.only.train
        cell = train.weekday * task.steps_per_day + train.slot
        total, count = torch.zeros(2, *self.table.shape, dtype=torch.float64)
        for cells, values, counted in zip(*(part.split(ROWS) for part in (cell, train.values, train.counted)), strict=True):
            total.index_add_(0, cells, torch.where(counted, values, 0.0).double())
            count.index_add_(0, cells, counted.double())
        by_weekday = (WEEKDAYS, task.steps_per_day, task.nodes)
        node = mean_or(total.sum(dim=0), count.sum(dim=0), task.scaler.mean)
        slot = mean_or(total.view(by_weekday).sum(dim=0), count.view(by_weekday).sum(dim=0), node)
        self.table = mean_or(total.view(by_weekday), count.view(by_weekday), slot).flatten(0, 1).float()

    def predict(self, inputs: Inputs) -> Tensor:
        asked = slice(inputs.history, None)
        cell = inputs.weekday[:, asked] * inputs.steps_per_day + inputs.slot[:, asked]
        return self.table.to(inputs.values.device)[cell]

    def state_dict(self) -> Mapping[str, Tensor]:
        return {"table": self.table}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        self.table = state["table"]
