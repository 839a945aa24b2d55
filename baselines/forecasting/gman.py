"""GMAN: attention over nodes and over steps side by side, joined by a gate; one attention turns the past steps into the future ones.

Zheng, Fan, Wang and Qi, "GMAN: A Graph Multi-Attention Network for Traffic Prediction", AAAI 2020, https://arxiv.org/abs/1911.08415.
Written from the paper and from facts about the authors' code, none of which is copied. Equal to it with less work: attention is fused, so
that no map of node pairs is kept; the six projections of a block are one product; and since the embedding of node and step is a sum,
what is linear in it is computed on nodes and on steps alone.

DEVIATION: all nodes attend to all. The paper's attention within and between random groups of nodes is not in the authors' code, and
below a thousand nodes all pairs are affordable. The batch norm before every ReLU, which the paper does not mention, is the code's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.forecasting.channels import ChannelOptions
from baselines.layers.dropout import Dropout
from baselines.layers.graph import scaled_laplacian
from baselines.layers.skip_gram import SkipGramOptions, skip_gram
from baselines.layers.walks import biased_walks
from benchmark import ForecastProblem, Inputs, NeuralForecaster, RunContext, UserError, ranged

WEEKDAYS = 7
# numbers of a node's fixed vector; node2vec's weights of going back and of going far, and its context (the authors' settings)
NODE_WIDTH = 64
P, Q, CONTEXT = 2.0, 1.0, 10
# under the root of the batch norms; how much of their averages a step keeps at most, and loses in the first epochs
EPSILON = 1e-3
MOST_KEPT = 0.99
FIRST_LOST = 0.5


@dataclass(frozen=True, kw_only=True)
class GMANOptions(ChannelOptions):
    """The paper's sizes, the training of the authors' code.

    DEVIATION: three inputs a step, as every method here is given (`ChannelOptions`); the authors' network reads the value alone
    (`inputs=paper`). Both know weekday and slot of the day of all steps, shown and asked for.
    DEVIATION: ten passes of skip-gram instead of a thousand, which would be hours of work before training begins.
    """

    paper_channels = 1

    # attention blocks before and as many behind the transform attention; paper 3, code 5 (METR-LA) and 1 (PEMS-BAY)
    blocks: int = ranged(3, least=1)
    # attention heads (paper)
    heads: int = ranged(8, least=1)
    # channels of a head (paper); the network has heads times so many
    head_width: int = ranged(8, least=1)
    # no step attends to later ones, neither of the past nor of the future (code for METR-LA); else all steps of a half see each other
    causal: bool = False
    # share of the numbers before each of the last two layers zeroed in training (code for METR-LA)
    dropout: float = ranged(0.1, least=0, below=1)
    # fixed vectors of the nodes: node2vec on the graph (paper), or the lowest eigenvectors of its Laplacian, which need no walks
    se: Literal["node2vec", "laplacian"] = "node2vec"
    # walks that begin at each node (code)
    walks: int = ranged(100, least=1)
    # nodes of a walk (code)
    walk_length: int = ranged(80, least=2)
    # passes of skip-gram over the walks (ours; the code makes 1,000)
    passes: int = ranged(10, least=1)
    batch_size: int = 16
    # epochs after which the rate is multiplied by `decay` (code)
    decay_every: int = 5
    decay: float = 0.7
    # the rate falls no lower (code)
    least_rate: float = ranged(1e-5, least=0)
    # epochs after which the batch norms forget half as fast (code)
    norm_every: int = ranged(5, least=1)


class Active(nn.Module):
    """FC(out; ReLU): linear map, batch norm over all axes but the channels, ReLU."""

    def __init__(self, channels_in: int, channels_out: int, together: int = 1) -> None:
        """together: so many layers in one, each with an equal share of the channels; they start as they would alone."""
        super().__init__()
        self.linear = linear(channels_in, channels_out, together)
        # DEVIATION: the running variance starts at 1, torch's, not at 0: after 30 steps that forget half it is the same.
        self.norm = nn.BatchNorm1d(channels_out, eps=EPSILON, momentum=FIRST_LOST)

    def forward(self, x: Tensor) -> Tensor:
        return self.activate(self.linear(x))

    def activate(self, x: Tensor) -> Tensor:
        """What comes behind the linear map."""
        return F.relu(self.norm(x.flatten(0, -2)), inplace=True).view(x.shape)


class Place(NamedTuple):
    """The embedding S_n + T_t of nodes and steps, its two terms apart."""

    # [node, width]
    space: Tensor
    # [batch, step, width]
    time: Tensor

    def map(self, weight: Tensor, bias: Tensor) -> Tensor:
        """[batch, step, node, out]: W (S_n + T_t) + b."""
        return F.linear(self.time, weight)[:, :, None] + F.linear(self.space, weight, bias)


class Block(nn.Module):
    """Spatial and temporal attention of [x; S + T], gated fusion, residual (§ST-Attention block)."""

    def __init__(self, options: GMANOptions) -> None:
        super().__init__()
        self.heads, self.causal = options.heads, options.causal
        width = options.heads * options.head_width
        # query, key, value of the spatial attention, then of the temporal one
        self.project = Active(2 * width, 6 * width, together=6)
        self.spatial, self.temporal, self.output = (two_layers(width, width) for _ in range(3))
        self.gate_spatial, self.gate_temporal = linear(width, width, bias=False), linear(width, width)

    def forward(self, x: Tensor, place: Place) -> Tensor:  # [batch, step, node, width]
        batch, steps, nodes, width = x.shape
        weight, bias = self.project.linear.weight, self.project.linear.bias
        summed = torch.addmm(place.map(weight[:, width:], bias).flatten(0, 2), x.flatten(0, 2), weight[:, :width].T)
        parts = self.project.activate(summed).view(batch, steps, nodes, 6, self.heads, -1)
        over_nodes = parts[..., :3, :, :].flatten(0, 1)  # [batch * step, node, 3, head, d]
        h_s = self.spatial(attend(*over_nodes.unbind(2)).view(x.shape))
        over_steps = parts[..., 3:, :, :].transpose(1, 2).flatten(0, 1)  # [batch * node, step, 3, head, d]
        attended = attend(*over_steps.unbind(2), causal=self.causal).view(batch, nodes, steps, width).transpose(1, 2)
        h_t = self.temporal(attended)
        z = torch.sigmoid(self.gate_spatial(h_s) + self.gate_temporal(h_t))
        return x + self.output(torch.lerp(h_t, h_s, z))  # z h_s + (1 - z) h_t


class Transform(nn.Module):
    """Each future step asks the past ones, by their places alone, for what they hold."""

    def __init__(self, options: GMANOptions) -> None:
        super().__init__()
        self.heads = options.heads
        width = options.heads * options.head_width
        self.query, self.key, self.value = (Active(width, width) for _ in range(3))
        self.output = two_layers(width, width)

    def forward(self, x: Tensor, past: Place, future: Place) -> Tensor:  # [batch, history, node, width] → [batch, horizon, node, width]
        query, key = (layer.activate(place.map(layer.linear.weight, layer.linear.bias))
                      for layer, place in ((self.query, future), (self.key, past)))
        by_node = (part.transpose(1, 2).flatten(0, 1).unflatten(-1, (self.heads, -1)) for part in (query, key, self.value(x)))
        attended = attend(*by_node).view(x.shape[0], x.shape[2], -1, x.shape[3])  # [batch, node, horizon, width]
        return self.output(attended.transpose(1, 2))


class GMANNetwork(nn.Module):
    """Encoder blocks on the past, transform attention, decoder blocks on the future."""

    # [node, NODE_WIDTH] SE, set by `fit`
    nodes: Tensor

    def __init__(self, nodes: int, steps_per_day: int, options: GMANOptions) -> None:
        super().__init__()
        self.channels = options.channels
        width = options.heads * options.head_width
        self.register_buffer("nodes", torch.zeros(nodes, NODE_WIDTH))
        self.value, self.space = two_layers(options.channels, width), two_layers(NODE_WIDTH, width)
        # two_layers on one-hot weekday and slot, whose product with them is a look-up
        self.calendar, self.time = Active(WEEKDAYS + steps_per_day, width), linear(width, width)
        self.encoder = nn.ModuleList(Block(options) for _ in range(options.blocks))
        self.transform = Transform(options)
        self.decoder = nn.ModuleList(Block(options) for _ in range(options.blocks))
        self.readout = nn.Sequential(Dropout(options.dropout), Active(width, width), Dropout(options.dropout), linear(width, 1))

    def places(self, inputs: Inputs) -> tuple[Place, Place]:
        """The embeddings of the steps shown, and of those asked for."""
        space, table = self.space(self.nodes), self.calendar.linear.weight.T
        known = table[inputs.weekday] + table[WEEKDAYS + inputs.slot] + self.calendar.linear.bias
        time = self.time(self.calendar.activate(known))  # [batch, history + horizon, width]
        return Place(space, time[:, : inputs.history]), Place(space, time[:, inputs.history :])

    def encode(self, inputs: Inputs, past: Place) -> Tensor:
        """[batch, history, node, width]."""
        x: Tensor = self.value(inputs.channels(self.channels))
        for block in self.encoder:
            x = block(x, past)
        return x

    def forward(self, inputs: Inputs) -> Tensor:
        past, future = self.places(inputs)
        x = self.transform(self.encode(inputs, past), past, future)
        for block in self.decoder:
            x = block(x, future)
        return self.readout(x)[..., 0]

    def forget(self, share: float) -> None:
        """Each step of training replaces so much of the running averages of the batch norms."""
        for module in self.modules():
            if isinstance(module, nn.BatchNorm1d):
                module.momentum = share


class GMAN(NeuralForecaster):
    """Attention over all nodes and over all steps; the graph enters through the nodes' fixed vectors."""

    Options = GMANOptions
    network: GMANNetwork
    # narrower and one block: the whole recipe takes an hour a task at 60 nodes on one core; 960 and 6,400 steps, docs/search.md
    presets: ClassVar = {
        "smoke": {"blocks": 1, "heads": 2, "walks": 4, "walk_length": 20, "passes": 2},
        "quick": {"blocks": 1, "heads": 2, "head_width": 16, "walks": 20, "batch_size": 8, "learning_rate": 4e-3, "decay": 0.3},
        "medium": {"blocks": 1, "heads": 2, "head_width": 16, "walks": 20, "batch_size": 8, "learning_rate": 4e-3, "decay_every": 7,
                   "decay": 0.3},
    }
    trials: ClassVar = {"quick": 4}

    def build_network(self, problem: ForecastProblem) -> nn.Module:
        if problem.only.nodes < 2:
            raise UserError(f"GMAN attends over the nodes of a city and needs at least two, {problem.only.task} has one; use stid.")
        return GMANNetwork(problem.only.nodes, problem.only.steps_per_day, self.options)

    def fit(self, run: RunContext) -> None:
        self.network.nodes.copy_(node_vectors(self.problem.only.graph, self.options, run))
        super().fit(run)

    def rate(self, epoch: int, epochs: int) -> float:
        """The options' schedule down to `least_rate`; the batch norms' is counted in epochs as well, and set here."""
        self.network.forget(max(1 - MOST_KEPT, FIRST_LOST ** (1 + (epoch - 1) // self.options.norm_every)))
        return max(super().rate(epoch, epochs), self.options.least_rate)


def linear(channels_in: int, channels_out: int, together: int = 1, bias: bool = True) -> nn.Linear:
    """Glorot uniform, zero bias; `together` layers in one start as each would alone."""
    layer = nn.Linear(channels_in, channels_out, bias=bias)
    bound = (6 / (channels_in + channels_out // together)) ** 0.5
    nn.init.uniform_(layer.weight, -bound, bound)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


def two_layers(channels_in: int, width: int) -> nn.Sequential:
    """FC(width; ReLU), FC(width; none)."""
    return nn.Sequential(Active(channels_in, width), linear(width, width))


def attend(query: Tensor, key: Tensor, value: Tensor, *, causal: bool = False) -> Tensor:
    """softmax(Q K^T / sqrt(d)) V: [row, asking, head, d], 2 × [row, asked, head, d] → [row, asking, head * d]; fused."""
    mixed = F.scaled_dot_product_attention(query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2), is_causal=causal)
    return mixed.transpose(1, 2).flatten(2)


def node_vectors(graph: Tensor, options: GMANOptions, run: RunContext) -> Tensor:
    """SE [node, NODE_WIDTH] of a graph [node, node] of weights; the same for the same seed."""
    if options.se == "laplacian":
        return eigenvectors(graph)
    links, nodes = graph.nonzero().numpy(), len(graph)
    weights = graph.numpy()[links[:, 0], links[:, 1]]
    rng = run.numpy("walks")
    start = rng.permutation(np.repeat(np.arange(nodes), options.walks))
    walks = biased_walks(links, nodes, start, options.walk_length, P, Q, rng, weights)
    settings = SkipGramOptions(width=NODE_WIDTH, window=CONTEXT, epochs=options.passes)
    return skip_gram([walk[walk >= 0].tolist() for walk in walks], nodes, settings, run)[0]


def eigenvectors(graph: Tensor) -> Tensor:
    """The eigenvectors of the lowest eigenvalues of the symmetric Laplacian but the first, each with standard deviation 1 and its largest
    entry positive; zeros where there are fewer than NODE_WIDTH."""
    _, vectors = torch.linalg.eigh(scaled_laplacian(graph.double()))  # its eigenvalues are in the Laplacian's order
    lowest = vectors[:, 1 : 1 + NODE_WIDTH]
    largest = lowest.gather(0, lowest.abs().argmax(dim=0, keepdim=True))
    lowest = lowest * largest.sign() / lowest.std(dim=0, correction=0).clamp(min=1e-6)
    return F.pad(lowest, (0, NODE_WIDTH - lowest.shape[1])).to(graph.dtype)
