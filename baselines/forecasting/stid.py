"""STID: an MLP that knows which node, slot of the day and weekday it is forecasting; the nodes do not interact.

Shao, Zhang, Wang, Wei and Xu, "Spatial-Temporal Identity: A Simple yet Effective Baseline for Multivariate Time Series
Forecasting", CIKM 2022, https://arxiv.org/abs/2208.05233. Unlike the authors' code: linear layers on [batch, node, channel]
instead of 1x1 convolutions, and identities looked up by integer instead of by a scaled-up fraction; the numbers are equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from baselines.layers.dropout import Dropout
from benchmark import ForecastProblem, Inputs, NeuralForecaster, TrainingOptions, ranged

WEEKDAYS = 7
# windows times nodes whose hidden numbers are held for the backward pass; of more, as in a large city, they are computed again, in parts
# of so many
HELD, PART = 64_000, 16_000


@dataclass(frozen=True, kw_only=True)
class STIDOptions(TrainingOptions):
    """The authors' settings for the traffic sets."""

    # inputs a step: 1 value, 2 and time of day, 3 and weekday
    channels: int = ranged(3, least=1, most=3)
    # numbers that embed a node's window
    series_width: int = ranged(32, least=1)
    # numbers that identify a node
    node_width: int = ranged(32, least=0)
    # numbers that identify a slot of the day, and as many for a weekday
    time_width: int = ranged(32, least=0)
    # residual blocks
    blocks: int = ranged(3, least=1)
    # share of hidden numbers zeroed in training
    dropout: float = ranged(0.15, least=0, below=1)
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    milestones: tuple[int, ...] = (1, 50, 80)
    decay: float = 0.5
    clip_norm: float = 5.0


class ResidualBlock(nn.Module):
    """h + W2 · dropout(ReLU(W1 · h))."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, width), nn.ReLU(), Dropout(dropout), nn.Linear(width, width))

    def forward(self, hidden: Tensor) -> Tensor:
        return hidden + self.layers(hidden)


class STIDNetwork(nn.Module):
    def __init__(self, history: int, horizon: int, nodes: int, steps_per_day: int, options: STIDOptions) -> None:
        super().__init__()
        self.channels = options.channels
        self.series = nn.Linear(history * options.channels, options.series_width)
        self.node = nn.Parameter(torch.empty(nodes, options.node_width))
        self.slot = nn.Parameter(torch.empty(steps_per_day, options.time_width))
        self.weekday = nn.Parameter(torch.empty(WEEKDAYS, options.time_width))
        for table in (self.node, self.slot, self.weekday):
            nn.init.xavier_uniform_(table)
        width = options.series_width + options.node_width + 2 * options.time_width
        self.blocks = nn.Sequential(*(ResidualBlock(width, options.dropout) for _ in range(options.blocks)))
        self.readout = nn.Linear(width, horizon)

    def forward(self, inputs: Inputs) -> Tensor:
        window = inputs.channels(self.channels).transpose(1, 2).flatten(2)  # [batch, node, history * channel], step-major
        # The identities are those of the last step shown, one before the first step asked for.
        shown = (window, inputs.slot[:, inputs.history - 1], inputs.weekday[:, inputs.history - 1])
        batch, nodes, _ = window.shape
        if batch * nodes <= HELD:
            return self.forecast(*shown)
        some = zip(*(part.split(max(PART // nodes, 1)) for part in shown), strict=True)
        return torch.cat([checkpoint(self.forecast, *part, use_reentrant=False) for part in some])

    def forecast(self, window: Tensor, slots: Tensor, weekdays: Tensor) -> Tensor:
        """[batch, node, history * channel], [batch], [batch] → [batch, horizon, node]."""
        series = self.series(window)  # [batch, node, width]
        slot, weekday = self.slot[slots][:, None], self.weekday[weekdays][:, None]  # [batch, 1, width]
        batch, nodes, _ = series.shape
        identities = (table.expand(batch, nodes, -1) for table in (self.node, slot, weekday))
        hidden = torch.cat([series, *identities], dim=-1)  # [batch, node, 128]
        return self.readout(self.blocks(hidden)).transpose(1, 2)


class STID(NeuralForecaster):
    """Identities of node, slot and weekday beside the embedded window, then residual blocks."""

    Options = STIDOptions
    # 960 and 6,400 steps; the best of the trials in results/search on validation windows
    presets: ClassVar = {
        "quick": {"batch_size": 8, "milestones": (3, 5), "decay": 0.3, "learning_rate": 4e-3},
        "medium": {"batch_size": 8, "milestones": (8, 14), "decay": 0.3},
    }
    # docs/search.md
    trials: ClassVar = {"quick": 8, "medium": 3}

    def build_network(self, problem: ForecastProblem) -> nn.Module:
        task = problem.only
        return STIDNetwork(problem.history, problem.horizon, task.nodes, task.steps_per_day, self.options)
