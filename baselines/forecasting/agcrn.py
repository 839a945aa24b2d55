"""AGCRN: a recurrent encoder whose nodes learn the graph between them, and weights of their own, from one embedding each.

Bai, Yao, Li, Wang and Wang, "Adaptive Graph Convolutional Recurrent Network for Traffic Forecasting", NeurIPS 2020,
https://arxiv.org/abs/2007.02842. Where the paper has one weight for (I + A) x, the authors' code has one for x and one for A x: so it is
here. What does not change from step to step is made once a pass: graph, weights, and all that the inputs add to gates and candidate.

DEVIATION: the network gives z-scored values, as the later benchmarks have it; the authors' gives the task's unit (`output=raw`), from
which it has to grow by itself.
DEVIATION: mean and deviation of the series are those of the training rows; the authors take them from the whole series, test part included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.forecasting.channels import ChannelOptions
from benchmark import ForecastProblem, Inputs, NeuralForecaster, ranged


@dataclass(frozen=True, kw_only=True)
class AGCRNOptions(ChannelOptions):
    """The authors' settings for PEMSD4, but for the inputs.

    DEVIATION: three inputs a step, as every method here is given (`ChannelOptions`); the authors' network reads the value alone
    (`inputs=paper`).
    """

    paper_channels = 1

    # numbers of a node's embedding (paper: 10, and 2 on PEMSD8)
    embedding: int = ranged(10, least=1)
    # numbers of a node's state (paper and code)
    width: int = ranged(64, least=1)
    # recurrent layers, one on top of the other (paper and code)
    layers: int = ranged(2, least=1)
    # Chebyshev polynomials of the learned graph, T_0 = I among them (code: 2, which are I and A)
    order: int = ranged(2, least=1)
    # what the network gives: z-scored values (ours), or the task's unit itself (code)
    output: Literal["scaled", "raw"] = "scaled"
    learning_rate: float = 3e-3


class NodeWeights(nn.Module):
    """W_n = Σ_d E_nd W_d and b_n = Σ_d E_nd b_d (equation 4): what a graph convolution of [input, state] multiplies with at each node."""

    def __init__(self, channels: int, out: int, options: AGCRNOptions) -> None:
        super().__init__()
        self.channels = channels
        self.weight = nn.Parameter(torch.empty(options.embedding, options.order, channels + options.width, out))
        self.bias = nn.Parameter(torch.empty(options.embedding, out))

    def forward(self, nodes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[node, embedding] → for inputs [node, order * channel, out], for states [node, order * width, out], bias [node, 1, out]."""
        parts = self.weight[:, :, : self.channels], self.weight[:, :, self.channels :]
        inputs, states = ((nodes @ part.flatten(1)).view(len(nodes), -1, part.shape[-1]) for part in parts)
        return inputs, states, (nodes @ self.bias)[:, None]


class Layer(nn.Module):
    """A GRU whose products are graph convolutions (equation 7)."""

    def __init__(self, channels: int, options: AGCRNOptions) -> None:
        super().__init__()
        self.width = options.width
        self.gates = NodeWeights(channels, 2 * options.width, options)
        self.candidate = NodeWeights(channels, options.width, options)

    def forward(self, x: Tensor, nodes: Tensor, graph: Tensor) -> Tensor:
        """[node, time, batch, channel], [node, embedding], [(order - 1) * node, node] → states [node, time, batch, width]."""
        of_inputs, of_states, bias = zip(self.gates(nodes), self.candidate(nodes), strict=True)
        entering = torch.baddbmm(torch.cat(bias, dim=-1), spread(x.flatten(1, 2), graph), torch.cat(of_inputs, dim=-1))
        to_gates, to_candidate = entering.view(*x.shape[:3], -1).split([2 * self.width, self.width], dim=-1)
        state = entering.new_zeros(len(nodes), x.shape[2], self.width)
        states = []
        for gates, candidate in zip(to_gates.unbind(1), to_candidate.unbind(1), strict=True):
            # The code's names: z resets, r updates; in the paper they are the other way round.
            z, r = torch.sigmoid(torch.baddbmm(gates, spread(state, graph), of_states[0])).chunk(2, dim=-1)
            new = torch.tanh(torch.baddbmm(candidate, spread(z * state, graph), of_states[1]))
            state = torch.lerp(new, state, r)  # r h + (1 - r) c
            states.append(state)
        return torch.stack(states, dim=1)


class AGCRNNetwork(nn.Module):
    def __init__(self, problem: ForecastProblem, options: AGCRNOptions) -> None:
        super().__init__()
        self.channels, self.order = options.channels, options.order
        self.scaler = problem.only.scaler if options.output == "raw" else None
        self.nodes = nn.Parameter(torch.empty(problem.only.nodes, options.embedding))
        self.layers = nn.ModuleList(Layer(options.width if i else options.channels, options) for i in range(options.layers))
        # one map for all nodes, to all steps at once
        self.readout = nn.Linear(options.width, problem.horizon)
        for tensor in self.parameters():
            if tensor.dim() > 1:
                nn.init.xavier_uniform_(tensor)
        # The authors' read-out is a convolution with a kernel as wide as the state, which widens the fan-out as well.
        nn.init.xavier_uniform_(self.readout.weight[:, None, None])
        nn.init.uniform_(self.readout.bias)

    def adjacency(self) -> Tensor:
        """The learned graph A = softmax(ReLU(E E^T)) (equation 5): rows sum to 1."""
        return torch.softmax(F.relu(self.nodes @ self.nodes.T), dim=1)

    def graph(self) -> Tensor:
        """[(order - 1) * node, node]: T_1(A), T_2(A), …; T_0 is the identity."""
        adjacency = self.adjacency()
        terms = [torch.eye(len(adjacency), device=adjacency.device), adjacency]
        while len(terms) < self.order:
            terms.append(2 * adjacency @ terms[-1] - terms[-2])
        return torch.cat(terms)[len(adjacency) : self.order * len(adjacency)]

    def forward(self, inputs: Inputs) -> Tensor:
        x = inputs.channels(self.channels).permute(2, 1, 0, 3)  # [node, time, batch, channel]
        graph = self.graph()
        for layer in self.layers:
            x = layer(x, self.nodes, graph)
        out: Tensor = self.readout(x[:, -1]).permute(1, 2, 0)  # [batch, horizon, node]
        return self.scaler.scale(out) if self.scaler else out


class AGCRN(NeuralForecaster):
    """No graph is given: which node matters to which is learned, as are weights for each node."""

    Options = AGCRNOptions
    # quick: a narrower state, and 1,920 steps: docs/search.md
    presets: ClassVar = {
        "smoke": {"width": 8, "embedding": 4},
        "quick": {"width": 32, "batch_size": 4, "learning_rate": 6e-3, "milestones": (3, 5), "decay": 0.3},
    }
    trials: ClassVar = {"quick": 4}

    def build_network(self, problem: ForecastProblem) -> nn.Module:
        return AGCRNNetwork(problem, self.options)


def spread(x: Tensor, graph: Tensor) -> Tensor:
    """[node, row, channel] → [node, row, order * channel]: x beside what each polynomial of the graph brings from the other nodes."""
    arrived = (graph @ x.flatten(1)).view(-1, *x.shape)
    return torch.cat([x, *arrived.unbind()], dim=-1)
