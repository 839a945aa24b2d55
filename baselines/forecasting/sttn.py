"""STTN: blocks of attention over nodes, beside a fixed graph convolution, and of attention over steps; read from the last step.

Xu, Dai, Liu, Gao, Lin, Qi and Xiong, "Spatial-Temporal Transformer Networks for Traffic Flow Forecasting", 2020,
https://arxiv.org/abs/2001.02908. No public implementation is faithful to it, so there are two forms (`form`):

    P  the paper's structure, with its gate (equations 7 and 8), at the sizes of the authors' code: the default
    L  the model that LargeST, and papers that follow it, table under this name: causal along the steps, no gate, no Chebyshev polynomials

Equal to rounding to the obvious form, with less work: position tables are never tiled and stored beside x (`Beside`), attention is the
fused kernel, and the last block of form P asks for the last step alone.

DEVIATION: all steps of the horizon at once, as in the paper. The authors' code predicts one step and rolls it forward, adds 0.1 times the
graph convolution instead of gating, starts all position tables at 0 (stored under one name, read under another), and drops in evaluation.
DEVIATION: each attention is in one post-norm layer, as in the authors' code; the preprint's feed-forward part may be another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.forecasting.channels import ChannelOptions
from baselines.layers.axis import AxisAttention, AxisLayer
from baselines.layers.dropout import Dropout
from baselines.layers.graph import chebyshev, random_walk, scaled_laplacian
from benchmark import ForecastProblem, Inputs, NeuralForecaster, ranged

# Chebyshev polynomials T_0 … T_2 (form P), walks of one and of two steps (form L)
ORDER = 2
# standard deviation of the matrices of form P's attention layers at the start
INITIAL = 0.02


@dataclass(frozen=True, kw_only=True)
class STTNOptions(ChannelOptions):
    """The sizes of the authors' code (form P), or LargeST's (form L); both with LargeST's training.

    DEVIATION: three inputs a step, as every method here is given (`ChannelOptions`); the authors' network reads the value alone
    (`inputs=paper`).
    """

    paper_channels = 1
    # form → its own sizes
    sizes: ClassVar[dict[str, dict[str, int]]] = {
        "P": {"width": 64, "heads": 1, "feed_forward_width": 128, "blocks": 3},
        "L": {"width": 32, "heads": 4, "feed_forward_width": 64, "blocks": 2},
    }

    # P: the paper's structure; L: LargeST's model of the same name
    form: Literal["P", "L"] = "P"
    # channels of all layers; 0: the form's own, 64 or 32
    width: int = ranged(0, least=0)
    # attention heads, which divide the width; 0: the form's own, 1 or 4
    heads: int = ranged(0, least=0)
    # hidden channels of the feed-forward parts; 0: the form's own, 128 or 64
    feed_forward_width: int = ranged(0, least=0)
    # blocks; 0: the form's own, 3 or 2
    blocks: int = ranged(0, least=0)
    # hidden channels of the read-out
    readout_width: int = ranged(512, least=1)
    # share of the outputs of attention and feed-forward parts zeroed in training
    dropout: float = ranged(0.1, least=0, below=1)
    # form L as released: softmax twice along the steps, so that every step sees all steps, nearly evenly
    softmax_twice: bool = False
    batch_size: int = 32
    weight_decay: float = 1e-4
    clip_norm: float = 5.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, size in self.sizes[self.form].items():
            object.__setattr__(self, name, getattr(self, name) or size)
        if self.width % self.heads:
            raise ValueError(f"heads must divide width={self.width}, got heads={self.heads}.")
        if self.softmax_twice and self.form != "L":
            raise ValueError("softmax_twice is an option of form L; add form=L, or leave it out.")


class Beside(nn.Module):
    """W [x ; tables] + b, with the rows of tables beside x: what a table adds is small, and made once for the whole batch."""

    def __init__(self, width: int, *tables: Tensor) -> None:
        super().__init__()
        self.tables = nn.ParameterList(nn.Parameter(table.clone()) for table in tables)
        self.linear = nn.Linear(width + sum(table.shape[1] for table in tables), width)

    def forward(self, x: Tensor) -> Tensor:
        """[..., width] → [..., width]: the rows of a single table lie along the axis before the last, those of two span both before it."""
        first, *rest = self.linear.weight.split([x.shape[-1], *(table.shape[1] for table in self.tables)], dim=1)
        added = [F.linear(table, weight) for table, weight in zip(self.tables, rest, strict=True)]
        places = added[0] if len(added) == 1 else added[0][:, None] + added[1]
        return F.linear(x, first, self.linear.bias) + places


class GraphConvolution(nn.Module):
    """Σ_k S_k x Θ_k + b over x itself and all operators S_k."""

    def __init__(self, width: int, operators: int) -> None:
        super().__init__()
        self.theta = nn.Linear((1 + operators) * width, width)

    def forward(self, x: Tensor, operators: Tensor) -> Tensor:  # [..., node, width], [operator, node, node] → [..., node, width]
        applied = (operators.flatten(0, 1) @ x).unflatten(-2, (len(operators), -1))  # [..., operator, node, width]
        return self.theta(torch.cat([x, *applied.unbind(-3)], dim=-1))


class BlockP(nn.Module):
    """x := x + the gated sum of attention over nodes and of the graph convolution; x := x + attention over steps."""

    def __init__(self, history: int, graph: Tensor, options: STTNOptions) -> None:
        super().__init__()
        width = options.width
        sizes = width, options.heads, options.feed_forward_width, options.dropout
        steps = torch.eye(history)
        self.embed_both = Beside(width, steps, graph)  # D_T and D_S
        self.graph = GraphConvolution(width, ORDER)
        self.over_nodes = AxisLayer(*sizes)
        self.gate_u = nn.Linear(width, width)
        self.gate_g = nn.Linear(width, width)
        self.embed_steps = Beside(width, steps)
        self.over_steps = AxisLayer(*sizes)

    def forward(self, x: Tensor, polynomials: Tensor, first: int) -> Tensor:
        """[batch, step, node, width] → the same from step `first` on (-1: the last step alone)."""
        e = self.embed_both(x)
        g, u = self.graph(e, polynomials), self.over_nodes(e)
        z = torch.sigmoid(self.gate_u(u) + self.gate_g(g))  # equation 7
        x = x + torch.lerp(g, u, z)  # equation 8: z u + (1 - z) g
        return x[:, first:] + self.over_steps(self.embed_steps(x.transpose(1, 2)), first).transpose(1, 2)


class NetworkP(nn.Module):
    def __init__(self, history: int, horizon: int, graph: Tensor, options: STTNOptions) -> None:
        super().__init__()
        self.channels = options.channels
        self.register_buffer("polynomials", torch.stack(chebyshev(scaled_laplacian(graph), ORDER)), persistent=False)
        self.start = nn.Linear(options.channels, options.width)
        self.blocks = nn.ModuleList(BlockP(history, graph, options) for _ in range(options.blocks))
        self.readout = _readout(horizon, options)
        for linear in (module for module in self.modules() if isinstance(module, nn.Linear)):
            nn.init.xavier_uniform_(linear.weight)
            nn.init.zeros_(linear.bias)
        for layer in (module for module in self.modules() if isinstance(module, AxisLayer)):
            for matrix in (parameter for parameter in layer.parameters() if parameter.dim() == 2):
                nn.init.trunc_normal_(matrix, std=INITIAL, a=-2 * INITIAL, b=2 * INITIAL)

    def forward(self, inputs: Inputs) -> Tensor:
        x = self.start(inputs.channels(self.channels))  # [batch, step, node, width]
        for number, block in enumerate(self.blocks, start=1):
            x = block(x, self.polynomials, -1 if number == len(self.blocks) else 0)
        return self.readout(x[:, -1]).transpose(1, 2)


class TwiceSoftmax(AxisAttention):
    """As released: the masked weights are taken for scores of an unmasked softmax, and masked places come back."""

    def mix(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        scores = (query @ key.transpose(-1, -2)) * self.scale
        later = torch.ones_like(scores, dtype=torch.bool).triu(1)
        weights = torch.softmax(scores.masked_fill(later, -torch.inf), dim=-1)
        return torch.softmax(weights, dim=-1) @ value


class LayerL(nn.Module):
    """x + table, x + attention(x), x + FFN(LN(x)) with GELU, along the axis before the last."""

    def __init__(self, table: Tensor, attention: AxisAttention, options: STTNOptions) -> None:
        super().__init__()
        width, hidden = options.width, options.feed_forward_width
        self.table = nn.Parameter(table)
        self.attention = attention
        # DEVIATION: nothing is dropped of the attention's weights, so that the fused kernel keeps none of them.
        self.dropout = Dropout(options.dropout)
        self.feed_forward = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, hidden), nn.GELU(), Dropout(options.dropout),
                                          nn.Linear(hidden, width), Dropout(options.dropout))

    def forward(self, x: Tensor) -> Tensor:  # [..., place, width] → the same
        x = x + self.table
        x = x + self.dropout(self.attention(x))
        return x + self.feed_forward(x)


class BlockL(nn.Module):
    """x := x + BN(over steps(over nodes(x) + graph convolution(x)))."""

    def __init__(self, history: int, nodes: int, options: STTNOptions) -> None:
        super().__init__()
        width, heads = options.width, options.heads
        # DEVIATION: one softmax, so that no step sees a later one, as the mask intends; `softmax_twice` is the released form.
        along_steps = TwiceSoftmax if options.softmax_twice else AxisAttention
        self.over_nodes = LayerL(torch.randn(nodes, width), AxisAttention(width, heads, bias=False), options)
        self.graph = GraphConvolution(width, 2 * ORDER)
        self.dropout = Dropout(options.dropout)
        self.over_steps = LayerL(torch.randn(history, width), along_steps(width, heads, bias=False, causal=True), options)
        self.norm = nn.BatchNorm1d(width)

    def forward(self, x: Tensor, walks: Tensor) -> Tensor:  # [batch, step, node, width] → the same
        out = self.over_nodes(x) + self.dropout(self.graph(x, walks))
        out = self.over_steps(out.transpose(1, 2)).transpose(1, 2)
        return x + self.norm(out.flatten(0, -2)).view(x.shape)


class NetworkL(nn.Module):
    def __init__(self, history: int, horizon: int, graph: Tensor, options: STTNOptions) -> None:
        super().__init__()
        self.channels = options.channels
        # transposed, since the sum goes over the sources of edges, as in Graph WaveNet
        walks = [torch.linalg.matrix_power(walk, power).T for walk in (random_walk(graph), random_walk(graph.T))
                 for power in range(1, ORDER + 1)]
        self.register_buffer("walks", torch.stack(walks), persistent=False)
        self.start = nn.Linear(options.channels, options.width)
        self.blocks = nn.ModuleList(BlockL(history, len(graph), options) for _ in range(options.blocks))
        self.readout = _readout(horizon, options)

    def forward(self, inputs: Inputs) -> Tensor:
        x = self.start(inputs.channels(self.channels))  # [batch, step, node, width]
        for block in self.blocks:
            x = block(x, self.walks)
        return self.readout(x[:, -1]).transpose(1, 2)


class STTN(NeuralForecaster):
    """Attention over nodes and over steps on the given graph; the paper's structure, or LargeST's."""

    Options = STTNOptions
    presets: ClassVar = {
        "smoke": {"width": 16, "feed_forward_width": 32, "blocks": 1, "readout_width": 32},
        # 960 and 6,400 steps of two narrow blocks; docs/search.md
        "quick": {"width": 32, "feed_forward_width": 64, "blocks": 2, "readout_width": 128,
                  "batch_size": 8, "learning_rate": 2e-3, "milestones": (3, 5), "decay": 0.3},
        "medium": {"width": 32, "feed_forward_width": 64, "blocks": 2, "readout_width": 128,
                   "batch_size": 8, "learning_rate": 2e-3, "milestones": (8, 14), "decay": 0.3},
    }
    trials: ClassVar = {"quick": 3}

    def build_network(self, problem: ForecastProblem) -> nn.Module:
        network = NetworkP if self.options.form == "P" else NetworkL
        return network(problem.history, problem.horizon, problem.only.graph, self.options)


def _readout(horizon: int, options: STTNOptions) -> nn.Sequential:
    """[..., width] of the last step → [..., horizon]."""
    return nn.Sequential(nn.Linear(options.width, options.readout_width), nn.ReLU(), nn.Linear(options.readout_width, horizon))
