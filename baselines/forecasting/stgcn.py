"""STGCN: two sandwiches of gated temporal convolutions around a Chebyshev graph convolution, no recurrence.

Yu, Yin and Zhu, "Spatio-Temporal Graph Convolutional Networks: A Deep Learning Framework for Traffic Forecasting",
IJCAI 2018, https://arxiv.org/abs/1709.04875. Written from the paper and from facts about the codes, none of which is copied.

DEVIATION: all steps of the horizon at once. Paper and authors' code predict one step and roll it forward; the form with a
two-layer read-out of all steps is what the later benchmarks (LargeST, BasicTS) call STGCN. With it come the 64-16-64
channels of the paper in both blocks, the gate in both temporal layers (authors' code: ReLU in the second), and dropout.
DEVIATION: 1x1 alignment convolutions exist only where channels shrink; the other codes create unused ones too (14,784
weights at one input channel).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.forecasting.channels import ChannelOptions
from baselines.layers.dropout import Dropout
from baselines.layers.graph import chebyshev, scaled_laplacian
from baselines.layers.temporal import TemporalConvolution
from benchmark import ForecastProblem, Inputs, NeuralForecaster, UserError, ranged

BLOCKS = 2
# K_t: steps a temporal convolution sees; K_s: Chebyshev polynomials T_0 … T_2
TEMPORAL_KERNEL = 3
SPATIAL_KERNEL = 3


@dataclass(frozen=True, kw_only=True)
class STGCNOptions(ChannelOptions):
    """The paper's channels between layers, LargeST's training.

    DEVIATION: three inputs a step, as every method here is given (`ChannelOptions`); the authors' network reads the value alone
    (`inputs=paper`).
    """

    paper_channels = 1

    # channels between the blocks; the read-out has twice as many
    width: int = ranged(64, least=1)
    # channels of the graph convolution, the sandwich's bottleneck
    graph_width: int = ranged(16, least=1)
    # share of a block's outputs zeroed in training
    dropout: float = ranged(0.5, least=0, below=1)
    weight_decay: float = 5e-4
    decay_every: int = 10
    decay: float = 0.95


class GatedConvolution(nn.Module):
    """(P + x) ⊙ sigmoid(Q) with [P Q] = Γ * x, the paper's gated linear unit; x is cut to the last steps and padded with zero channels."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int) -> None:
        super().__init__()
        self.pad = (0, channels_out - channels_in)
        self.convolution = TemporalConvolution(channels_in, 2 * channels_out, kernel)

    def forward(self, x: Tensor) -> Tensor:  # [batch, time, node, in] → [batch, time - kernel + 1, node, out]
        p, q = self.convolution(x).chunk(2, dim=-1)
        return (p + F.pad(x[:, -p.shape[1] :], self.pad)) * torch.sigmoid(q)


class GraphConvolution(nn.Module):
    """ReLU(Σ_k T_k(L~) z Θ_k + b + z) with z = x W, which brings x to fewer channels; the shortcut + z is the authors' code's."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.align = nn.Linear(channels_in, channels_out)
        self.theta = nn.Linear(SPATIAL_KERNEL * channels_out, channels_out)
        # The other codes take the fan-in from a tensor [K_s, in, out]: in · out.
        bound = 1 / channels_out
        nn.init.uniform_(self.theta.weight, -bound, bound)
        nn.init.uniform_(self.theta.bias, -bound, bound)

    def forward(self, x: Tensor, polynomials: Tensor) -> Tensor:  # [batch, time, node, in], [K_s - 1, node, node]
        z = self.align(x)
        terms = torch.cat([z, *(polynomial @ z for polynomial in polynomials)], dim=-1)
        return F.relu(self.theta(terms) + z)


class Block(nn.Module):
    """Gated convolution, graph convolution, gated convolution; layer norm over nodes and channels together; dropout."""

    def __init__(self, channels_in: int, nodes: int, options: STGCNOptions) -> None:
        super().__init__()
        self.first = GatedConvolution(channels_in, options.width, TEMPORAL_KERNEL)
        self.graph = GraphConvolution(options.width, options.graph_width)
        self.second = GatedConvolution(options.graph_width, options.width, TEMPORAL_KERNEL)
        # DEVIATION: 1e-5 under the root, the framework's, as in LargeST and BasicTS, whose form of STGCN this is; the authors' code has
        # 1e-6, hazdzz/STGCN 1e-12. The axes are theirs: nodes and channels of a step together, with scale and shift for each of both.
        self.norm = nn.LayerNorm((nodes, options.width))
        # DEVIATION: as in LargeST and BasicTS; the authors' script feeds a probability of 1 to keep, so that nothing is dropped.
        self.dropout = Dropout(options.dropout)

    def forward(self, x: Tensor, polynomials: Tensor) -> Tensor:
        return self.dropout(self.norm(self.second(self.graph(self.first(x), polynomials))))


class STGCNNetwork(nn.Module):
    """12 steps → 10 → 8 (first block) → 6 → 4 (second block) → 1 (read-out)."""

    def __init__(self, history: int, horizon: int, graph: Tensor, options: STGCNOptions) -> None:
        super().__init__()
        self.channels = options.channels
        left = history - BLOCKS * 2 * (TEMPORAL_KERNEL - 1)
        if left < 1:
            raise UserError(f"STGCN's convolutions need at least {history - left + 1} input steps, got {history}; use a longer history.")
        nodes, width = len(graph), options.width
        # T_1 … of the scaled Laplacian [K_s - 1, node, node]; T_0 is the identity
        polynomials = torch.stack(chebyshev(scaled_laplacian(graph), SPATIAL_KERNEL - 1))
        self.register_buffer("polynomials", polynomials, persistent=False)
        self.blocks = nn.ModuleList(Block(options.channels if i == 0 else width, nodes, options) for i in range(BLOCKS))
        self.gate = GatedConvolution(width, 2 * width, left)
        self.norm = nn.LayerNorm((nodes, 2 * width))
        # DEVIATION: nothing is dropped in the read-out, as in LargeST and BasicTS; hazdzz/STGCN drops half behind its first layer, and the
        # authors' read-out is another one (a sigmoid layer, then one step with a bias for each node).
        self.readout = nn.Sequential(nn.Linear(2 * width, 2 * width), nn.ReLU(), nn.Linear(2 * width, horizon))

    def forward(self, inputs: Inputs) -> Tensor:
        x = inputs.channels(self.channels)  # [batch, time, node, channel]
        for block in self.blocks:
            x = block(x, self.polynomials)
        x = self.norm(self.gate(x))  # [batch, 1, node, channel]
        return self.readout(x[:, 0]).transpose(1, 2)


class STGCN(NeuralForecaster):
    """Convolutions in time and on the symmetric graph without self loops."""

    Options = STGCNOptions

    def build_network(self, problem: ForecastProblem) -> nn.Module:
        return STGCNNetwork(problem.history, problem.horizon, problem.only.graph, self.options)
