"""ASTGCN: attention over steps and over nodes that re-weights a Chebyshev graph convolution, edge by edge.

Guo, Lin, Feng, Song and Wan, "Attention Based Spatial-Temporal Graph Convolutional Networks for Traffic Flow Forecasting", AAAI 2019,
pp. 922-929. Written from the paper and from facts about the codes (no licence), none of which is copied. By default the recent component
alone, ASTGCN(r), as later comparisons run it; `days` and `weeks` add the daily and the weekly ones. Equal to the codes with less work:
one product for all steps and polynomials, V_s times the whole batch as one product, and x_hat is never made, since only two sums of it
are used.

DEVIATION: the graph convolution sees x, as both codes do; in the paper it sees x_hat, which here feeds the spatial attention alone.
DEVIATION: Chebyshev's own polynomials, as in the paper; the codes multiply number by number (`cheb=elementwise`).
DEVIATION: no ReLU behind the last layer (codes; the paper has one), and the output is z-scored, as in LargeST; the codes predict raw units.

With the authors' start, positive numbers meet positive numbers in the second block: its sigmoids are flat, and of its attention only V_s
learns. `init=torch` starts the layers as torch makes them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.forecasting.channels import ChannelOptions
from baselines.layers.graph import chebyshev
from benchmark import Asks, ForecastProblem, Inputs, NeuralForecaster, UserError, ranged

# steps that the convolution over time sees
KERNEL = 3
# days
WEEK = 7


@dataclass(frozen=True, kw_only=True)
class ASTGCNOptions(ChannelOptions):
    """The settings of the authors' code for one component.

    DEVIATION: three inputs a step, as every method here is given (`ChannelOptions`); the authors' ASTGCN(r) reads the value alone
    (`inputs=paper`).
    """

    paper_channels = 1

    # windows right before the targets in the recent component; more than one ask for days before the window (MXNet code: 3)
    recent: int = ranged(1, least=1)
    # days before, each of which gives a window of the daily component; 0: no such component (MXNet code: 1)
    days: int = ranged(0, least=0)
    # weeks before, each of which gives a window of the weekly component; 0: no such component (MXNet code: 1)
    weeks: int = ranged(0, least=0)
    # attention and convolution blocks of a component (code)
    blocks: int = ranged(2, least=1)
    # Chebyshev polynomials T_0 … T_(order - 1) (paper: K)
    order: int = ranged(3, least=1)
    # products in the recursion of the polynomials: true ones (paper), or number by number (code)
    cheb: Literal["matmul", "elementwise"] = "matmul"
    # channels of the graph convolution (paper)
    graph_width: int = ranged(64, least=1)
    # channels of the convolution over time (paper)
    time_width: int = ranged(64, least=1)
    # official: Xavier's for matrices, uniform in [0, 1] for vectors, scale and shift of the layer norms and biases too (code); torch:
    # layers as torch makes them, the attention's and the graph convolution's own numbers as official
    init: Literal["official", "torch"] = "official"
    batch_size: int = 32


class Attention(nn.Module):
    """softmax(V sigmoid(lhs rhs + b)) over the first axis, transposed: rows sum to 1, and V takes the whole batch as one product."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.b, self.v = matrix(1, rows, rows), matrix(rows, rows)

    def forward(self, lhs: Tensor, rhs: Tensor) -> Tensor:  # [batch, row, inner], [batch, inner, row] → [batch, row, row]
        transposed = torch.sigmoid(rhs.mT @ lhs.mT + self.b.mT)
        return torch.softmax(F.linear(transposed, self.v), dim=-1)


class TemporalAttention(nn.Module):
    """How much each step takes of every other: E^T [batch, step, step], rows sum to 1."""

    def __init__(self, nodes: int, channels: int, steps: int) -> None:
        super().__init__()
        self.u1, self.u2, self.u3 = vector(nodes), matrix(channels, nodes), vector(channels)
        self.attention = Attention(steps)

    def forward(self, x: Tensor) -> Tensor:  # [batch, node, step, channel]
        lhs = torch.einsum("bntc,n->btc", x, self.u1) @ self.u2  # [batch, step, node]
        weights: Tensor = self.attention(lhs, x @ self.u3)
        return weights


class SpatialAttention(nn.Module):
    """How much each node takes of every other: S^T [batch, node, node], rows sum to 1; from x_hat = x · E, which is never made."""

    def __init__(self, nodes: int, channels: int, steps: int) -> None:
        super().__init__()
        self.w1, self.w2, self.w3 = vector(steps), matrix(channels, steps), vector(channels)
        self.attention = Attention(nodes)

    def forward(self, x: Tensor, over_steps: Tensor) -> Tensor:  # [batch, node, step, channel], E^T
        of_steps = self.w1 @ over_steps  # [batch, step]: E W_1
        lhs = torch.einsum("bntc,bt->bnc", x, of_steps) @ self.w2  # [batch, node, step]
        rhs = over_steps @ (x @ self.w3).mT  # [batch, step, node]
        weights: Tensor = self.attention(lhs, rhs)
        return weights


class GraphConvolution(nn.Module):
    """ReLU(Σ_k (T_k ⊙ S)^T x Θ_k); T_0 = I needs the diagonal of S alone."""

    def __init__(self, channels: int, options: ASTGCNOptions) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.stack([matrix(channels, options.graph_width).detach() for _ in range(options.order)]))

    def forward(self, x: Tensor, attention: Tensor, polynomials: Tensor) -> Tensor:
        """[batch, node, step, channel], S^T [batch, node, node], T_1 … transposed [order - 1, node, node] → [batch, node, step, out]."""
        own = attention.diagonal(dim1=1, dim2=2)[:, :, None, None] * x
        weighted = (attention[:, None] * polynomials).flatten(1, 2)  # [batch, polynomial * node, node]
        mixed = (weighted @ x.flatten(2)).view(len(x), len(polynomials), *x.shape[1:])
        return F.relu(torch.cat([own, *mixed.unbind(1)], dim=-1) @ self.theta.flatten(0, 1))


class Block(nn.Module):
    """Attention, graph convolution, convolution over time; residual; layer norm."""

    def __init__(self, nodes: int, channels: int, steps: int, stride: int, options: ASTGCNOptions) -> None:
        super().__init__()
        self.stride = stride
        self.over_steps = TemporalAttention(nodes, channels, steps)
        self.over_nodes = SpatialAttention(nodes, channels, steps)
        self.graph = GraphConvolution(channels, options)
        self.time = nn.Linear(KERNEL * options.graph_width, options.time_width)
        self.residual = nn.Linear(channels, options.time_width)
        self.norm = nn.LayerNorm(options.time_width)
        if options.init == "official":
            as_convolution(self.time, KERNEL)
            as_convolution(self.residual)
            nn.init.uniform_(self.norm.weight)
            nn.init.uniform_(self.norm.bias)

    def forward(self, x: Tensor, polynomials: Tensor) -> Tensor:  # [batch, node, step, channel] → [batch, node, step / stride, out]
        mixed = self.graph(x, self.over_nodes(x, self.over_steps(x)), polynomials)
        padded = F.pad(mixed, (0, 0, KERNEL // 2, KERNEL // 2))
        shifted = [padded[:, :, tap : tap + x.shape[2] : self.stride] for tap in range(KERNEL)]
        return self.norm(F.relu(self.residual(x[:, :, :: self.stride]) + self.time(torch.cat(shifted, dim=-1))))


class Component(nn.Module):
    """Blocks on some windows one after the other, of which the first makes one; then one linear map of all its steps and channels."""

    def __init__(self, nodes: int, windows: int, steps: int, horizon: int, options: ASTGCNOptions) -> None:
        super().__init__()
        first = Block(nodes, options.channels, windows * steps, windows, options)
        self.blocks = nn.ModuleList([first, *(Block(nodes, options.time_width, steps, 1, options) for _ in range(options.blocks - 1))])
        self.readout = nn.Linear(steps * options.time_width, horizon)
        if options.init == "official":
            # a convolution that takes the steps as channels
            as_convolution(self.readout, options.time_width)

    def forward(self, x: Tensor, polynomials: Tensor) -> Tensor:  # [batch, node, windows * step, channel] → [batch, node, horizon]
        for block in self.blocks:
            x = block(x, polynomials)
        out: Tensor = self.readout(x.flatten(2))
        return out


class ASTGCNNetwork(nn.Module):
    """The recent component, and by options the daily and the weekly one; several are summed with learned weights a node and step."""

    def __init__(self, history: int, horizon: int, graph: Tensor, options: ASTGCNOptions) -> None:
        super().__init__()
        self.options, self.horizon = options, horizon
        nodes = len(graph)
        self.register_buffer("polynomials", polynomials_of(graph, options).mT.contiguous(), persistent=False)
        sizes = [(options.recent, history)] + [(windows, horizon) for windows in (options.days, options.weeks) if windows]
        self.components = nn.ModuleList(Component(nodes, windows, steps, horizon, options) for windows, steps in sizes)
        self.weights = nn.ParameterList(matrix(nodes, horizon) for _ in sizes if len(sizes) > 1)

    def forward(self, inputs: Inputs) -> Tensor:
        outputs = [component(part.channels(self.options.channels).transpose(1, 2), self.polynomials)
                   for component, part in zip(self.components, self.segments(inputs), strict=True)]
        if self.weights:
            outputs = [weight * output for weight, output in zip(self.weights, outputs, strict=True)]
        return torch.stack(outputs).sum(dim=0).transpose(1, 2)

    def segments(self, inputs: Inputs) -> list[Inputs]:
        """What each component is shown, the oldest step first."""
        options, history = self.options, inputs.history
        if inputs.past is None:
            return [inputs]
        day, end, device = inputs.steps_per_day, inputs.past.values.shape[1] + history, inputs.values.device
        step = torch.arange(self.horizon, device=device)
        rows = [torch.arange(end - options.recent * history, end, device=device)]
        for windows, period in ((options.days, day), (options.weeks, WEEK * day)):
            # A step of the horizon that lies further ahead than the period takes the latest whole number of periods that has been seen.
            before = [end - period * k + step % (period * k) for k in range(windows, 0, -1)]
            rows += [torch.cat(before)] if before else []
        return [shown(inputs, some) for some in rows]


class ASTGCN(NeuralForecaster):
    """Attention a sample, tied to the nodes by its weights; the graph is binary, symmetric and without self loops."""

    Options = ASTGCNOptions
    # 1,920 and 12,800 steps of a network of half the width, whose layers start as torch makes them: docs/search.md
    presets: ClassVar = {
        "smoke": {"graph_width": 8, "time_width": 8},
        "quick": {"graph_width": 32, "time_width": 32, "init": "torch", "batch_size": 4, "learning_rate": 3e-3, "milestones": (3, 5),
                  "decay": 0.3},
        "medium": {"graph_width": 32, "time_width": 32, "init": "torch", "batch_size": 4, "learning_rate": 3e-3, "milestones": (8, 14),
                   "decay": 0.3},
    }
    trials: ClassVar = {"quick": 4}
    # the paper tries one, two and three polynomials
    sweeps: ClassVar = {"order": (1, 2, 3)}

    @classmethod
    def asks(cls, options: ASTGCNOptions) -> Asks:
        return Asks(past_days=max(options.recent - 1, options.days, WEEK * options.weeks))

    def build_network(self, problem: ForecastProblem) -> nn.Module:
        options, day = self.options, problem.only.steps_per_day
        lacking = (options.recent - 1) * problem.history - self.asks(options).past_days * day
        if lacking > 0:
            raise UserError(f"ASTGCN's recent={options.recent} windows begin {lacking} steps before the days that it is shown of "
                            f"{problem.only.task}, which has {day} steps a day; take fewer windows.")
        return ASTGCNNetwork(problem.history, problem.horizon, problem.only.graph, options)


def shown(inputs: Inputs, rows: Tensor) -> Inputs:
    """These rows of past and window together, as if they were the window."""
    past, history = inputs.past, inputs.history
    assert past is not None

    def both(before: Tensor, window: Tensor) -> Tensor:
        return torch.cat([before, window[:, :history]], dim=1)[:, rows]

    return replace(inputs, past=None, values=both(past.values, inputs.values), observed=both(past.observed, inputs.observed),
                   scaled=both(past.scaled, inputs.scaled), slot=both(past.slot, inputs.slot), weekday=both(past.weekday, inputs.weekday))


def polynomials_of(graph: Tensor, options: ASTGCNOptions) -> Tensor:
    """[order - 1, node, node]: T_1 … of 2 L / lambda_max - I, L = D - A with A = 1 where two nodes are neighbours."""
    adjacency = ((graph > 0) | (graph.T > 0)).double().fill_diagonal_(0)
    identity = torch.eye(len(graph), dtype=adjacency.dtype, device=graph.device)
    laplacian = adjacency.sum(dim=1).diag() - adjacency
    largest = torch.linalg.eigvalsh(laplacian)[-1]
    scaled = torch.where(largest > 0, 2 * laplacian / largest, 0.0) - identity
    terms = [identity, scaled]
    if options.cheb == "matmul":
        terms += chebyshev(scaled, options.order - 1)[1:]
    while len(terms) < options.order:
        terms.append(2 * scaled * terms[-1] - terms[-2])
    return torch.stack(terms[: options.order])[1:].to(graph.dtype)


def vector(size: int) -> nn.Parameter:
    """Uniform in [0, 1]."""
    return nn.Parameter(torch.rand(size))


def matrix(*shape: int) -> nn.Parameter:
    """Xavier uniform."""
    return nn.Parameter(nn.init.xavier_uniform_(torch.empty(*shape)))


def as_convolution(layer: nn.Linear, kernel: int = 1) -> None:
    """Official start of a layer whose inputs are channels times places of a kernel: Xavier's fans of a convolution; bias in [0, 1]."""
    bound = (6 / (layer.in_features + layer.out_features * kernel)) ** 0.5
    nn.init.uniform_(layer.weight, -bound, bound)
    nn.init.uniform_(layer.bias)
