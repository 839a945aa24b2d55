"""Graph WaveNet: dilated gated convolutions in time, mixed over random walks on the graph and on a learned one.

Wu, Pan, Long, Jiang and Zhang, "Graph WaveNet for Deep Spatial-Temporal Graph Modeling", IJCAI 2019,
https://arxiv.org/abs/1906.00121. Layer by layer the authors' model, computed with less work and equal to rounding: powers
of the walks are made once, the skip convolutions see only the step that survives, filter and gate are one product, and
nodes lead the layout so that all walks on the given graph are one matrix product.

DEVIATION: without the 15,712 weights (at width 32) that the authors' code creates but never trains: the unused residual
convolutions, and the last layer's graph convolution and batch norm, which feed nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.forecasting.channels import ChannelOptions
from baselines.layers.dropout import Dropout
from baselines.layers.graph import random_walk
from baselines.layers.temporal import TemporalConvolution
from benchmark import ForecastProblem, Inputs, NeuralForecaster, ranged

KERNEL = 2
# walks of one and of two steps
ORDER = 2


@dataclass(frozen=True, kw_only=True)
class GWNETOptions(ChannelOptions):
    """The authors' settings, but for the inputs.

    DEVIATION: three inputs a step, as every method here is given (`ChannelOptions`); the authors' network reads two, value and time of
    day (`inputs=paper`).
    """

    paper_channels = 2

    # channels of the dilated and of the graph convolutions
    width: int = ranged(32, least=1)
    # channels of the skip connections
    skip_width: int = ranged(256, least=1)
    # hidden channels of the read-out
    readout_width: int = ranged(512, least=1)
    # blocks; in each, the dilation starts again at 1
    blocks: int = ranged(4, least=1)
    # layers a block, with dilations 1, 2, 4, …
    layers: int = ranged(2, least=1)
    # numbers that embed a node, once as source and once as target of the learned graph
    embedding: int = ranged(10, least=1)
    # share of the graph convolution's outputs zeroed in training
    dropout: float = ranged(0.3, least=0, below=1)
    weight_decay: float = 1e-4
    clip_norm: float = 5.0


class GraphConvolution(nn.Module):
    """Σ_k S_k^T x Θ_k + b over x itself and all walks S_k (given forth, given back, learned), then dropout."""

    def __init__(self, width: int, walks: int, dropout: float) -> None:
        super().__init__()
        self.theta = nn.Linear((1 + walks) * width, width)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, given: Tensor, learned: Tensor) -> Tensor:  # [node, …, channel], two times […, walk * node, node]
        forth_and_back = _walk(given, x)  # by itself, because the given graph's walks need no gradient
        if len(forth_and_back) == ORDER:  # a symmetric graph: both directions are one walk
            forth_and_back *= 2
        terms = [x.flatten(0, -2), *forth_and_back, *_walk(learned, x)]
        out: Tensor = self.theta.bias
        for term, theta in zip(terms, self.theta.weight.T.split(x.shape[-1]), strict=True):
            out = torch.addmm(out, term, theta)
        return self.dropout(out).view(x.shape)


class Layer(nn.Module):
    """One gated convolution with its way to the skip connection and, but for the last layer, to the next layer."""

    def __init__(self, dilation: int, last: bool, options: GWNETOptions) -> None:
        super().__init__()
        self.convolution = TemporalConvolution(options.width, 2 * options.width, KERNEL, dilation)
        self.skip = nn.Linear(options.width, options.skip_width)
        self.graph = None if last else GraphConvolution(options.width, 3 * ORDER, options.dropout)
        self.norm = None if last else nn.BatchNorm1d(options.width)

    def forward(self, x: Tensor, given: Tensor, learned: Tensor) -> tuple[Tensor, Tensor]:
        """[node, time, batch, channel] → the last step's skip [node, batch, skip], and the next layer's input (fewer steps)."""
        values, gate = self.convolution(x).chunk(2, dim=-1)
        gated = torch.tanh(values) * torch.sigmoid(gate)
        skip = self.skip(gated[:, -1])
        if self.graph is None or self.norm is None:
            return skip, gated
        out = self.graph(gated, given, learned) + x[:, -gated.shape[1] :]
        return skip, self.norm(out.flatten(0, -2)).view(out.shape)


class WaveNet(nn.Module):
    """The layers of a graph WaveNet, on any channels and any given walks; one that differs from window to window is a walk as well."""

    def __init__(self, nodes: int, channels: int, outputs: int, options: GWNETOptions) -> None:
        super().__init__()
        self.source = nn.Parameter(torch.randn(nodes, options.embedding))
        self.target = nn.Parameter(torch.randn(options.embedding, nodes))
        dilations = [2**layer for layer in range(options.layers)] * options.blocks
        self.receptive = 1 + (KERNEL - 1) * sum(dilations)
        self.start = nn.Linear(channels, options.width)
        depth = len(dilations)
        self.layers = nn.ModuleList(Layer(dilation, i == depth - 1, options) for i, dilation in enumerate(dilations))
        self.readout = nn.Sequential(
            nn.ReLU(), nn.Linear(options.skip_width, options.readout_width), nn.ReLU(), nn.Linear(options.readout_width, outputs))

    def adjacency(self) -> Tensor:
        """The learned graph A = softmax(ReLU(E1 E2)): rows sum to 1."""
        return torch.softmax(F.relu(self.source @ self.target), dim=1)

    def answer(self, x: Tensor, given: Tensor, context: Tensor | None = None) -> Tensor:
        """[batch, time, node, channel], `stack_powers` of the given walks → [batch, output, node].

        context: [node, batch, skip], added to what the layers skip to the read-out.
        """
        x = x.permute(2, 1, 0, 3)  # [node, time, batch, channel]
        x = F.pad(x, (0, 0, 0, 0, max(self.receptive - x.shape[1], 0), 0))  # zero steps before the window
        x = self.start(x)
        learned = stack_powers(self.adjacency())
        skip: Tensor | float = 0.0 if context is None else context
        for layer in self.layers:
            step, x = layer(x, given, learned)
            skip = skip + step  # [node, batch, channel]
        return self.readout(skip).permute(1, 2, 0)


class GWNETNetwork(WaveNet):
    """On the given graph's walks."""

    given: Tensor

    def __init__(self, horizon: int, graph: Tensor, options: GWNETOptions) -> None:
        super().__init__(len(graph), options.channels, horizon, options)
        self.channels = options.channels
        weights = torch.where(torch.eye(len(graph), dtype=torch.bool) & (graph == 0), 1.0, graph)
        walks = [random_walk(weights)] if torch.equal(weights, weights.T) else [random_walk(weights), random_walk(weights.T)]
        self.register_buffer("given", stack_powers(*walks), persistent=False)

    def forward(self, inputs: Inputs) -> Tensor:
        return self.answer(inputs.channels(self.channels), self.given)


class GWNET(NeuralForecaster):
    """Walks on the given graph (self loops added where it has none) and on a learned one."""

    Options = GWNETOptions

    def build_network(self, problem: ForecastProblem) -> nn.Module:
        return GWNETNetwork(problem.horizon, problem.only.graph, self.options)


def stack_powers(*walks: Tensor) -> Tensor:
    """[…, walk * ORDER * node, node]: S^T and (S²)^T of each walk […, node, node].

    The authors' code sums over sources: out_w = Σ_v S_vw x_v.
    """
    return torch.cat([torch.linalg.matrix_power(walk, power).mT for walk in walks for power in range(1, ORDER + 1)], dim=-2)


def _walk(walks: Tensor, x: Tensor) -> tuple[Tensor, ...]:
    """Each S^T x of [node, time, batch, channel] as [node * …, channel]: one product for all walks, or one a window where these have
    walks of their own."""
    if walks.dim() == 2:
        product = (walks @ x.flatten(1)).view(-1, *x.shape)
    else:
        nodes, time, batch, channels = x.shape
        by_window = walks @ x.permute(2, 0, 1, 3).flatten(2)  # [batch, walk * node, time * channel]
        product = by_window.view(batch, -1, nodes, time, channels).permute(1, 2, 3, 0, 4)
    return product.flatten(1, -2).unbind()
