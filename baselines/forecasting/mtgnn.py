"""MTGNN: inception convolutions in time and mix-hop propagation over a sparse directed graph that is learned, taught step by step.

Wu, Pan, Long, Jiang, Chang and Zhang, "Connecting the Dots: Multivariate Time Series Forecasting with Graph Neural Networks",
KDD 2020, https://arxiv.org/abs/2005.11650. Layer by layer the authors' model, computed with less work and equal to rounding: the
four kernels of both inceptions are one matrix product, the graph is normalised once, and all hops are one product over nodes.

DEVIATION: without the 3,168 weights (at width 32) that the authors' code creates and never uses: 1x1 residual convolutions.
DEVIATION: without their sampling of nodes. Their default trains all nodes in every step, in an order that changes only rounding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.forecasting.channels import ChannelOptions
from baselines.layers.dropout import Dropout
from benchmark import ForecastProblem, Inputs, NeuralForecaster, RunContext, Targets, planned_steps, ranged

KERNELS = (2, 3, 6, 7)
LONGEST = max(KERNELS)
# by how much the noise may lift an edge when the strongest are chosen
NOISE = 0.01


@dataclass(frozen=True, kw_only=True)
class MTGNNOptions(ChannelOptions):
    """The authors' settings for 12 steps in and 12 out, but for the inputs.

    DEVIATION: three inputs a step, as every method here is given (`ChannelOptions`); the authors' network reads two, value and time of
    day (`inputs=paper`).
    """

    paper_channels = 2

    # channels of each of an inception's four kernels; layers have four times as many
    branch_width: int = ranged(8, least=1)
    # channels of the skip connections
    skip_width: int = ranged(64, least=1)
    # hidden channels of the read-out
    readout_width: int = ranged(128, least=1)
    # pairs of temporal and graph convolution
    layers: int = ranged(3, least=1, most=16)
    # by which the dilation grows from layer to layer, from 1
    dilation_growth: int = ranged(1, least=1, most=4)
    # K: hops of a mix-hop propagation
    hops: int = ranged(2, least=1)
    # β: share of its input that each hop keeps
    kept_share: float = ranged(0.05, least=0, most=1)
    # numbers that embed a node, once as source and once as target of the learned graph
    embedding: int = ranged(40, least=1)
    # α: how fast the tanh of the learned graph saturates
    saturation: float = ranged(3.0, above=0)
    # k: the strongest edges that a node keeps; all where there are fewer nodes
    neighbours: int = ranged(20, least=1)
    # when noise chooses among edges of nearly one strength. DEVIATION: training; the authors' code draws it in evaluation too (always),
    # where two passes over one window then see other graphs and give other forecasts. The paper has no noise.
    graph_noise: Literal["training", "always"] = "training"
    # share of the planned steps after which the loss sees the whole horizon; it starts at one step and grows evenly; 0: whole from the
    # start. DEVIATION: the authors' code counts 2,500 steps for each further one, which is this share of their 37,500 steps (METR-LA), and
    # on a smaller set never gets beyond the first few.
    curriculum: float = ranged(11 / 15, least=0, most=0.75)
    # share of a gated convolution's outputs, and of the inputs on their way to the skip connection, zeroed in training
    dropout: float = ranged(0.3, least=0, below=1)
    weight_decay: float = 1e-4
    clip_norm: float = 5.0

    @property
    def width(self) -> int:
        """Channels between layers."""
        return len(KERNELS) * self.branch_width


class LearnedGraph(nn.Module):
    """A = ReLU(tanh(α (M1 M2^T - M2 M1^T))), of which each row keeps its k largest entries (equations 1 to 6).

    Of A_ij and A_ji at most one is positive: the graph is directed.
    """

    def __init__(self, nodes: int, options: MTGNNOptions) -> None:
        super().__init__()
        self.alpha, self.always = options.saturation, options.graph_noise == "always"
        self.neighbours = min(options.neighbours, nodes)
        self.source_table = nn.Parameter(torch.randn(nodes, options.embedding))
        self.target_table = nn.Parameter(torch.randn(nodes, options.embedding))
        self.source = nn.Linear(options.embedding, options.embedding)
        self.target = nn.Linear(options.embedding, options.embedding)

    def forward(self) -> Tensor:  # [node, node]
        source = torch.tanh(self.alpha * self.source(self.source_table))
        target = torch.tanh(self.alpha * self.target(self.target_table))
        forth = source @ target.T
        graph = F.relu(torch.tanh(self.alpha * (forth - forth.T)))
        return graph * self._strongest(graph.detach())

    def _strongest(self, graph: Tensor) -> Tensor:
        """[node, node]: 1 for the k strongest edges of each row, else 0.

        tanh saturates, so that many edges tie: in training the noise chooses, anew in every step, and in evaluation the smallest index.
        """
        noisy = self.training or self.always
        strength = graph + NOISE * torch.rand_like(graph) if noisy else graph
        order = torch.argsort(strength, dim=1, descending=True, stable=True)
        return torch.zeros_like(graph).scatter_(1, order[:, : self.neighbours], 1.0)


class Inception(nn.Module):
    """The weights of four convolutions in time, of kernels 2, 3, 6 and 7, whose outputs lie side by side."""

    def __init__(self, channels_in: int, branch_width: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Linear(kernel * channels_in, branch_width) for kernel in KERNELS)

    def dense(self) -> tuple[Tensor, Tensor]:
        """All four as one convolution of kernel 7 [4 · branch, 7 · in] and its bias: they end on one step, so zeros stand in front."""
        weights, biases = zip(*(branch.parameters() for branch in self.branches), strict=True)
        longest = weights[-1].shape[1]
        return torch.cat([F.pad(one, (longest - one.shape[1], 0)) for one in weights]), torch.cat(biases)


class MixHop(nn.Module):
    """Σ_k h_k W_k + b with h_0 = x, h_k = β x + (1 - β) A~ h_(k-1) (equations 7 and 8), along the edges and, by weights of its own,
    against them.

    Each h_k is a sum of powers A~^j x, so that no hop waits for the one before, and what multiplies A~^j x is one matrix.
    """

    def __init__(self, options: MTGNNOptions) -> None:
        super().__init__()
        self.width, self.hops = options.width, options.hops
        terms = (options.hops + 1) * options.width
        self.forth, self.back = nn.Linear(terms, options.width), nn.Linear(terms, options.width)
        self.register_buffer("shares", _hop_shares(options.hops, options.kept_share), persistent=False)

    def forward(self, x: Tensor, walks: Tensor) -> Tensor:  # [node, …, channel], [2 · hop · node, node]
        walked = (walks @ x.flatten(1)).view(2, self.hops, -1, self.width)
        forth, back = self._weights(self.forth), self._weights(self.back)
        out = torch.addmm(self.forth.bias + self.back.bias, x.reshape(-1, self.width), forth[0] + back[0])
        for terms, weights in zip(walked, (forth, back), strict=True):
            for term, weight in zip(terms, weights[1:], strict=True):
                out = torch.addmm(out, term, weight)
        return out.view(x.shape)

    def _weights(self, linear: nn.Linear) -> Tensor:
        """[hop + 1, in, out]: what multiplies A~^j x."""
        each = linear.weight.view(self.width, self.hops + 1, self.width)  # [out, hop, in]
        return torch.einsum("jk,oki->jio", self.shares, each)


class SampleNorm(nn.Module):
    """Layer norm of each window jointly over nodes, steps and channels, with a scale and a shift for each entry."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        node, time, channel = shape
        self.weight, self.bias = nn.Parameter(torch.ones(node, 1, time, channel)), nn.Parameter(torch.zeros(node, 1, time, channel))

    def forward(self, x: Tensor) -> Tensor:  # [node, batch, time, channel]
        variance, mean = torch.var_mean(x, dim=(0, 2, 3), correction=0, keepdim=True)
        return torch.addcmul(self.bias, (x - mean) * torch.rsqrt(variance + 1e-5), self.weight)


class Layer(nn.Module):
    """A gated inception with its way to the skip connection, then mix-hop propagation, residual and norm."""

    def __init__(self, nodes: int, dilation: int, left: int, options: MTGNNOptions) -> None:
        """left: steps of the output."""
        super().__init__()
        self.dilation, self.left, width = dilation, left, options.width
        self.filter, self.gate = Inception(width, options.branch_width), Inception(width, options.branch_width)
        self.dropout = Dropout(options.dropout)
        self.skip = nn.Linear(left * width, options.skip_width)
        self.mix = MixHop(options)
        self.norm = SampleNorm(nodes, left, width)

    def forward(self, x: Tensor, walks: Tensor) -> tuple[Tensor, Tensor]:
        """[node, batch, time, channel] → skip [node, batch, skip], and the next layer's input (fewer steps)."""
        shifts = [self.dilation * tap for tap in range(LONGEST)]
        taps = torch.cat([x[:, :, shift : shift + self.left] for shift in shifts], dim=-1)
        (filter_weight, filter_bias), (gate_weight, gate_bias) = self.filter.dense(), self.gate.dense()
        both = F.linear(taps, torch.cat([filter_weight, gate_weight]), torch.cat([filter_bias, gate_bias]))
        values, gate = both.chunk(2, dim=-1)
        gated = self.dropout(torch.tanh(values) * torch.sigmoid(gate))
        return self.skip(gated.flatten(2)), self.norm(self.mix(gated, walks) + x[:, :, -self.left :])


class MTGNNNetwork(nn.Module):
    """Time shrinks layer by layer, from the receptive field (19 steps, zeros in front of the window) to one step."""

    def __init__(self, nodes: int, channels: int, history: int, outputs: int, options: MTGNNOptions) -> None:
        super().__init__()
        self.channels, self.hops = channels, options.hops
        dilations = [options.dilation_growth**layer for layer in range(options.layers)]
        self.steps = max(history, 1 + (LONGEST - 1) * sum(dilations))
        left = [self.steps - (LONGEST - 1) * sum(dilations[: layer + 1]) for layer in range(options.layers)]
        self.graph = LearnedGraph(nodes, options)
        self.start = nn.Linear(channels, options.width)
        self.dropout = Dropout(options.dropout)
        self.first_skip = nn.Linear(self.steps * channels, options.skip_width)
        self.layers = nn.ModuleList(Layer(nodes, *each, options) for each in zip(dilations, left, strict=True))
        self.last_skip = nn.Linear(left[-1] * options.width, options.skip_width)
        self.readout = nn.Sequential(
            nn.ReLU(), nn.Linear(options.skip_width, options.readout_width), nn.ReLU(), nn.Linear(options.readout_width, outputs))

    def forward(self, inputs: Inputs) -> Tensor:
        return self.answer(inputs.channels(self.channels))

    def answer(self, x: Tensor) -> Tensor:
        """[batch, time, node, channel] → [batch, output, node]."""
        x = F.pad(x.permute(2, 0, 1, 3), (0, 0, self.steps - x.shape[1], 0))  # [node, batch, time, channel]
        walks = both_ways(self.graph(), self.hops)
        skip = self.first_skip(self.dropout(x).flatten(2))
        x = self.start(x)
        for layer in self.layers:
            step, x = layer(x, walks)
            skip = skip + step  # [node, batch, skip]
        return self.readout(skip + self.last_skip(x.flatten(2))).permute(1, 2, 0)


class MTGNN(NeuralForecaster):
    """The graph is learned only; the loss begins with the first step of the horizon."""

    Options = MTGNNOptions
    presets: ClassVar = {
        "smoke": {"branch_width": 2, "skip_width": 8, "readout_width": 16, "embedding": 8, "batch_size": 16},
        # 960 steps of a network of half the width: the best of five trials on validation windows of the simulated New York, taxi_pick, seed
        # 0 (MAE 8.17). The others, each with the one before: own rates and curriculum 8.71, larger step size 8.60, shorter curriculum
        # 8.56, less dropout 8.53
        "quick": {"branch_width": 4, "skip_width": 32, "readout_width": 64, "batch_size": 8, "learning_rate": 3e-3, "curriculum": 0.33,
                  "dropout": 0.1, "milestones": (4, 5), "decay": 0.3},
    }
    trials: ClassVar = {"quick": 5}

    def build_network(self, problem: ForecastProblem) -> nn.Module:
        return MTGNNNetwork(problem.only.nodes, self.options.channels, problem.history, problem.horizon, self.options)

    def loss(self, prediction: Tensor, targets: Targets, step: int, planned: int) -> Tensor:
        shown = level(step, planned, self.problem.horizon, self.options.curriculum)
        first = Targets(*(part[:, :shown] for part in (targets.values, targets.observed, targets.counted)))
        return super().loss(prediction[:, :shown], first, step, planned)

    def first_epochs(self, epochs: int, patience: int) -> int:
        """Patience counts from when the loss sees the whole horizon: before, the fit would stop half taught."""
        return math.ceil(self.options.curriculum * epochs) + patience - 1 if self.options.curriculum else 0

    def fit(self, run: RunContext) -> None:
        super().fit(run)
        training = run.notes["training"]
        training["steps_taught"] = self.steps_taught(training["steps"], planned_steps(self.problem.only.train, self.options, run.budget))

    def steps_taught(self, steps: int, planned: int) -> int:
        """Steps of the horizon that the loss saw at the end of a fit; fewer than all are an error."""
        horizon = self.problem.horizon
        if (taught := level(steps - 1, planned, horizon, self.options.curriculum)) < horizon:
            raise RuntimeError(f"The fit ended with {taught} of {horizon} steps of the horizon taught.")
        return taught


def level(step: int, planned: int, horizon: int, share: float) -> int:
    """Steps of the horizon that the loss sees in a step (from 0) of so many: 1 at first, all after this share of them."""
    taught, step = share * planned, step + 1  # the authors count the present step
    return horizon if step >= taught else 1 + int(step * (horizon - 1) / taught + 1e-9)


def both_ways(graph: Tensor, hops: int) -> Tensor:
    """[2 · hop · node, node]: A~, A~², … of the graph, then of the graph reversed; A~ = D^-1 (A + I) by row sums.

    Rows average over neighbours: the product is A~ x, where GWNET's has the transpose.
    """
    walks = []
    for weights in (graph, graph.T):
        looped = weights + torch.eye(len(graph), device=graph.device)
        walk = looped / looped.sum(dim=1, keepdim=True)
        walks += [torch.linalg.matrix_power(walk, power) for power in range(1, hops + 1)]
    return torch.cat(walks)


def _hop_shares(hops: int, kept: float) -> Tensor:
    """[hop + 1, hop + 1]: the share of A~^j x (row) in h_k (column)."""
    shares = torch.zeros(hops + 1, hops + 1)
    shares[0, 0] = 1
    for k in range(1, hops + 1):
        shares[1:, k] = (1 - kept) * shares[:-1, k - 1]
        shares[0, k] += kept
    return shares
