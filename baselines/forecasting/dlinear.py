"""DLinear: the window is split into trend and remainder, and each is mapped to the horizon by a linear layer.

Zeng, Chen, Zhang and Xu, "Are Transformers Effective for Time Series Forecasting?", AAAI 2023,
https://arxiv.org/abs/2205.13504. Unlike the authors' code: the benchmark's loss (masked MAE in the task's unit, theirs is
the MSE of scaled values), a learning rate of 1e-3 for every data set (theirs: 1e-4 to 5e-2), layers shared by all nodes.

One map of twelve steps and no clock: it stays behind the time-of-week mean. Taxi pick-ups of 24 zones of Manhattan (real, seed 0): test
MAE 54.7 under `quick`, 46.5 under `medium`, whose validation error falls from 73.1 to 50.2 and hardly any more (65, 59, 56, 54, 53, 52.5,
52.0 after the epochs 2 to 8); the closed form of a linear map, `linear`, has 47.7, the mean 22.3, the last value 56.8.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from benchmark import ForecastProblem, Inputs, NeuralForecaster, TrainingOptions, ranged


@dataclass(frozen=True, kw_only=True)
class DLinearOptions(TrainingOptions):
    """The paper's kernel; with 12 steps it is wider than the window and mixes in the repeated ends."""

    # steps the moving average spans; odd
    kernel: int = ranged(25, least=1)

    def __post_init__(self) -> None:
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise ValueError(f"kernel = {self.kernel} is no odd positive number; use e.g. 3, 5 or 25.")


class DLinearNetwork(nn.Module):
    def __init__(self, history: int, horizon: int, kernel: int) -> None:
        super().__init__()
        self.kernel = kernel
        self.trend = nn.Linear(history, horizon)
        self.remainder = nn.Linear(history, horizon)

    def forward(self, inputs: Inputs) -> Tensor:
        series = inputs.scaled.transpose(1, 2)  # [batch, node, history]
        padded = F.pad(series, (self.kernel // 2, self.kernel // 2), mode="replicate")
        trend = F.avg_pool1d(padded, self.kernel, stride=1)  # [batch, node, history]
        return (self.trend(trend) + self.remainder(series - trend)).transpose(1, 2)


class DLinear(NeuralForecaster):
    """Trend + remainder, 312 weights at 12 → 12."""

    Options = DLinearOptions

    def build_network(self, problem: ForecastProblem) -> nn.Module:
        return DLinearNetwork(problem.history, problem.horizon, self.options.kernel)
