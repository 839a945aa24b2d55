"""The network of PromptST: attention over the steps of each node, then over the nodes; and what is tuned of it for one task.

Equal to the authors' network to rounding, with less work: attention is fused, the tasks of a step of pre-training are one batch, and the
last layer over the steps computes the one step that is read. Prompts stand before what they prompt, not behind it, which attention does
not tell apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.forecasting.promptst.options import PromptSTOptions
from baselines.layers.axis import AxisLayer
from benchmark import ForecastProblem, Inputs

# base of the sinusoids' periods
PERIODS = 10_000
STARTS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "xavier_normal": nn.init.xavier_normal_,
    "xavier_uniform": lambda tokens: nn.init.xavier_uniform_(tokens, gain=nn.init.calculate_gain("relu")),
    "kaiming": nn.init.kaiming_normal_,
    "uniform": nn.init.uniform_,
    "normal": nn.init.normal_,
    "ones": nn.init.ones_,
}


class Tuned(nn.Module):
    """Prompts and head of one task."""

    def __init__(self, nodes: int, horizon: int, options: PromptSTOptions) -> None:
        super().__init__()
        layers, width, start = options.layers, options.width, STARTS[options.prompt_init]
        shapes = {"st": (layers, options.st_tokens, nodes, width), "temporal": (layers, options.temporal_tokens, width),
                  "spatial": (layers, options.spatial_tokens, width)}
        # families without tokens are left out
        self.tokens = nn.ParameterDict({family: start(torch.empty(shape)) for family, shape in shapes.items() if shape[1]})
        self.head = nn.Linear(width, horizon)
        nn.init.xavier_normal_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def beside_steps(self, x: Tensor, layer: int) -> Tensor:
        """[batch, node, step, width] → the same with the layer's prompts before the first step."""
        batch, nodes, _, _ = x.shape
        own, shared = self.tokens.get("st"), self.tokens.get("temporal")
        families = [] if own is None else [own[layer].transpose(0, 1).expand(batch, -1, -1, -1)]
        if shared is not None:
            families.append(shared[layer].expand(batch, nodes, -1, -1))
        return torch.cat([*families, x], dim=2) if families else x

    def beside_nodes(self, x: Tensor, layer: int) -> Tensor:
        """[batch, node, width] → the same with the layer's prompts before the first node, each place normalised; as it is without any."""
        if "spatial" not in self.tokens:
            return x
        return self.even(torch.cat([self.tokens["spatial"][layer].expand(len(x), -1, -1), x], dim=1))

    def even(self, x: Tensor) -> Tensor:
        """The norm that prompts among the nodes bring with them, which has no weights; nothing without such prompts."""
        return F.layer_norm(x, x.shape[-1:]) if "spatial" in self.tokens else x


class Backbone(nn.Module):
    """What all tasks share; a task's values are a series of their own, and tasks never meet."""

    steps: Tensor
    nodes: Tensor
    waves: Tensor

    def __init__(self, horizon: int, options: PromptSTOptions) -> None:
        super().__init__()
        width = options.width
        self.input = nn.Linear(options.channels, width)
        for name, rows in (("steps", options.step_rows), ("nodes", options.node_rows)):
            table = torch.randn(rows, width)
            if options.learn_positions:
                self.register_parameter(name, nn.Parameter(table))
            else:
                self.register_buffer(name, table)
        self.register_buffer("waves", sinusoids(options.node_rows, width), persistent=False)
        sizes = options.expansion * width, options.dropout
        self.over_steps = nn.ModuleList(AxisLayer(width, options.step_heads, *sizes) for _ in range(options.layers))
        self.over_nodes = nn.ModuleList(AxisLayer(width, options.node_heads, *sizes) for _ in range(options.layers))
        self.head = nn.Linear(width, horizon)
        for layer in (*self.over_steps, *self.over_nodes):  # as torch.nn.TransformerEncoderLayer
            nn.init.xavier_uniform_(layer.attention.joined.weight)
            nn.init.zeros_(layer.attention.joined.bias)
            nn.init.zeros_(layer.attention.output.bias)

    def forward(self, x: Tensor, places: Tensor, tuned: Tuned | None = None) -> Tensor:
        """[batch, step, node, channel], and the nodes' rows of the tables ([node]) → [batch, horizon, node], z-scored."""
        x = self.input(x).transpose(1, 2)  # [batch, node, step, width]
        steps, last = x.shape[2], len(self.over_steps) - 1
        x = x + self.steps[:steps]
        for k, layer in enumerate(self.over_steps):
            x = tuned.beside_steps(x, k) if tuned else x
            x = layer(x, -1 if k == last else x.shape[2] - steps)
        x = x.squeeze(2) + self.waves[places] + self.nodes[places]  # the last step: [batch, node, width]
        for k, layer in enumerate(self.over_nodes):
            x = tuned.beside_nodes(x, k) if tuned else x
            x = layer(x, x.shape[1] - len(places))
        if tuned:
            return tuned.head(tuned.even(x)).transpose(1, 2)
        return self.head(x).transpose(1, 2)


class PromptSTNetwork(nn.Module):
    """The backbone and, by task, what is tuned of those that are asked for; one state answers all of them."""

    def __init__(self, problem: ForecastProblem, options: PromptSTOptions) -> None:
        super().__init__()
        self.channels = options.channels
        self.backbone = Backbone(problem.horizon, options)
        asked = problem.asked if options.mode == "prompt" else ()
        self.tuned = nn.ModuleDict({key(task): Tuned(problem.tasks[task].nodes, problem.horizon, options) for task in asked})
        every = torch.cat([one.node_index for one in problem.tasks.values()]).unique()
        for task, one in problem.tasks.items():  # a node has one row, whichever of its neighbours a task has
            self.register_buffer(key(task), torch.searchsorted(every, one.node_index), persistent=False)

    def forward(self, inputs: Inputs) -> Tensor:
        """Inputs of any task → [batch, horizon, node], z-scored; by the task's prompts and head, if it has any."""
        tuned = self.own(inputs.task) if key(inputs.task) in self.tuned else None
        answers: Tensor = self.backbone(inputs.channels(self.channels), self.places(inputs.task), tuned)
        return answers

    def own(self, task: str) -> Tuned:
        """What is tuned for a task."""
        return cast(Tuned, self.tuned[key(task)])

    def places(self, task: str) -> Tensor:
        """[node] rows of the tables of positions."""
        return self.get_buffer(key(task))


def key(task: str) -> str:
    """A name by which a module may hold what is a task's own."""
    return f"task_{task}"


def sinusoids(rows: int, width: int) -> Tensor:
    """[row, width]: sine and cosine in turn, of periods that grow from 2π towards 10,000 · 2π (Vaswani et al., 2017)."""
    angle = torch.arange(rows)[:, None] * torch.exp(torch.arange(0, width, 2) * (-math.log(PERIODS) / width))
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)[:, :width]
