"""STAEformer: a plain Transformer over steps, then over nodes, made strong by a learned vector for each step of the window at each node.

Liu, Dong, Jiang, Deng, Deng, Chen and Song, "Spatio-Temporal Adaptive Embedding Makes Vanilla Transformer SOTA for Traffic
Forecasting", CIKM 2023, https://arxiv.org/abs/2308.10425. Layer by layer the authors' model, equal to rounding: queries, keys and
values are one product, attention is the fused kernel, and slots are looked up by integer instead of by a scaled-up fraction.

DEVIATION: without what the authors' code has switched off: a table of nodes, and a read-out of time and width apart.
DEVIATION: the best epoch is chosen by the pooled validation error, as the protocol does it for every method; the authors' code averages
over batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.forecasting.channels import ChannelOptions
from baselines.layers.axis import AxisLayer
from benchmark import ForecastProblem, Inputs, NeuralForecaster, Targets, ranged

WEEKDAYS = 7


@dataclass(frozen=True, kw_only=True)
class STAEformerOptions(ChannelOptions):
    """The authors' sizes; the recipe is that of METR-LA with CMuST's milestones, so that both differ in architecture alone.

    DEVIATION: the weekday is read as a fraction of the week, as every method here is given it (`ChannelOptions`); the authors' network
    reads 0 … 6 (`inputs=paper`).
    """

    paper_channels = 3

    # channels that embed a step's inputs (paper: d_f)
    input_width: int = ranged(24, least=1)
    # channels that identify a slot of the day (paper: d_f)
    slot_width: int = ranged(24, least=1)
    # channels that identify a weekday (paper: d_f)
    weekday_width: int = ranged(24, least=1)
    # channels that identify a step of the window at a node (paper: d_a)
    adaptive_width: int = ranged(80, least=1)
    # attention layers over the steps, and then as many over the nodes (paper: 3)
    layers: int = ranged(3, least=1)
    # attention heads; they divide the sum of the widths (paper: 4)
    heads: int = ranged(4, least=1)
    # hidden channels of the feed-forward parts (authors' code)
    feed_forward_width: int = ranged(256, least=1)
    # share of each part's outputs zeroed in training (authors' code)
    dropout: float = ranged(0.1, least=0, below=1)
    # absolute error (authors' code: METR-LA, PEMS-BAY), or Huber's with delta 1 in the task's unit (PEMS03, 04, 07, 08)
    loss: Literal["mae", "huber"] = "mae"
    batch_size: int = 16
    weight_decay: float = 3e-4
    milestones: tuple[int, ...] = (30, 50)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % self.heads:
            raise ValueError(f"heads must divide the sum of the four widths, {self.width}, got heads={self.heads}.")

    @property
    def width(self) -> int:
        """Channels of all layers."""
        return self.input_width + self.slot_width + self.weekday_width + self.adaptive_width


class STAEformerNetwork(nn.Module):
    scale: Tensor

    def __init__(self, history: int, horizon: int, nodes: int, steps_per_day: int, options: STAEformerOptions) -> None:
        super().__init__()
        self.channels = options.channels
        # `Inputs` give the weekday as a fraction
        scale = torch.ones(options.channels)
        scale[2:] = WEEKDAYS if options.inputs == "paper" else 1
        self.register_buffer("scale", scale, persistent=False)
        self.input = nn.Linear(options.channels, options.input_width)
        self.slot = nn.Parameter(torch.randn(steps_per_day, options.slot_width))
        self.weekday = nn.Parameter(torch.randn(WEEKDAYS, options.weekday_width))
        self.adaptive = nn.Parameter(torch.empty(history, nodes, options.adaptive_width))
        nn.init.xavier_uniform_(self.adaptive)
        sizes = options.width, options.heads, options.feed_forward_width, options.dropout
        self.over_steps = nn.Sequential(*(AxisLayer(*sizes) for _ in range(options.layers)))
        self.over_nodes = nn.Sequential(*(AxisLayer(*sizes) for _ in range(options.layers)))
        self.readout = nn.Linear(history * options.width, horizon)

    def embed(self, inputs: Inputs) -> Tensor:
        """[batch, node, step, width]: input, slot, weekday and step at a node, side by side."""
        # The clock is read twice, as a number and as a row of a table: so does the authors' code.
        x = self.input((inputs.channels(self.channels) * self.scale).transpose(1, 2))
        batch, nodes, history, _ = x.shape
        slot = self.slot[inputs.slot[:, :history]][:, None]  # [batch, 1, step, width]
        weekday = self.weekday[inputs.weekday[:, :history]][:, None]
        tables = (slot, weekday, self.adaptive.transpose(0, 1))
        return torch.cat([x, *(table.expand(batch, nodes, history, -1) for table in tables)], dim=-1)

    def forward(self, inputs: Inputs) -> Tensor:
        x = self.over_steps(self.embed(inputs))  # [batch, node, step, width]
        x = self.over_nodes(x.transpose(1, 2).contiguous())  # [batch, step, node, width]
        return self.readout(x.transpose(1, 2).flatten(2)).transpose(1, 2)


class STAEformer(NeuralForecaster):
    """Vectors of step and node beside the embedded window, then attention over steps and over nodes."""

    Options = STAEformerOptions
    presets: ClassVar = {
        "smoke": {"input_width": 8, "slot_width": 4, "weekday_width": 4, "adaptive_width": 16, "layers": 1, "feed_forward_width": 32},
        # 960 and 6,400 steps of a narrow network with one layer an axis; docs/search.md
        "quick": {"input_width": 8, "slot_width": 8, "weekday_width": 8, "adaptive_width": 24, "layers": 1, "feed_forward_width": 64,
                  "batch_size": 8, "learning_rate": 4e-3, "milestones": (3, 5), "decay": 0.3},
        "medium": {"input_width": 8, "slot_width": 8, "weekday_width": 8, "adaptive_width": 24, "layers": 1, "feed_forward_width": 64,
                   "batch_size": 8, "learning_rate": 4e-3, "milestones": (8, 14), "decay": 0.3},
    }
    trials: ClassVar = {"quick": 3}

    def build_network(self, problem: ForecastProblem) -> nn.Module:
        task = problem.only
        return STAEformerNetwork(problem.history, problem.horizon, task.nodes, task.steps_per_day, self.options)

    def loss(self, prediction: Tensor, targets: Targets, step: int, planned: int) -> Tensor:
        if self.options.loss == "mae":
            return super().loss(prediction, targets, step, planned)
        # DEVIATION: over the targets that count under the protocol; the authors' Huber loss counts all.
        asked = torch.where(targets.counted, targets.values, prediction.detach())
        return F.huber_loss(prediction, asked, reduction="sum") / targets.counted.sum().clamp(min=1)
