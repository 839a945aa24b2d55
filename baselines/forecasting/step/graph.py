"""The graph: edges drawn by what the whole training series say of two nodes, guided by which nodes TSFormer finds alike."""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.forecasting.gwnet import stack_powers
from baselines.forecasting.step.options import STEPOptions

# of the two convolutions over the series
KERNEL, FILTERS = 10, (8, 16)
# steps that they need
SHORTEST = 2 * KERNEL - 1
# of the one draw of evaluation_graph=sample
SEED = 0


class Feature(nn.Module):
    """A node's feature from its whole training series; in the norms the nodes are the batch."""

    def __init__(self, tasks: int, steps: int, width: int) -> None:
        super().__init__()
        first, second = FILTERS
        self.convolutions = nn.ModuleList([nn.Conv1d(tasks, first, KERNEL), nn.Conv1d(first, second, KERNEL)])
        self.norms = nn.ModuleList([nn.BatchNorm1d(first), nn.BatchNorm1d(second)])
        self.linear, self.norm = nn.Linear(second * (steps - 2 * (KERNEL - 1)), width), nn.BatchNorm1d(width)

    def forward(self, series: Tensor) -> Tensor:
        """[node, task, step] → [node, width]."""
        x = series
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = norm(F.relu(convolution(x)))
        return cast(Tensor, self.norm(F.relu(self.linear(x.flatten(1)))))


class LearnedGraph(nn.Module):
    """θ: how likely each edge is, one for all windows.

    DEVIATION: a pair's feature is made of the whole series alone, as in the authors' code; the paper adds TSFormer's states, and the
    authors say that it was unstable and no better.
    """

    def __init__(self, tasks: int, steps: int, options: STEPOptions) -> None:
        super().__init__()
        self.temperature, self.at_rest = options.temperature, options.evaluation_graph
        self.feature = Feature(tasks, steps, options.edge_width)
        self.pair = nn.Linear(2 * options.edge_width, options.edge_width)  # of sender, then receiver
        self.edge = nn.Linear(options.edge_width, 2)  # logarithms: edge, no edge

    def forward(self, series: Tensor) -> Tensor:
        """[node, task, step] → by how much an edge is likelier than none, [receiver, sender], as a difference of logarithms."""
        feature = self.feature(series)
        # The linear map of a pair is a sum of two over nodes: N products instead of N²
        of_sender, of_receiver = self.pair.weight.chunk(2, dim=1)
        pairs = F.relu((feature @ of_sender.T)[None] + F.linear(feature, of_receiver, self.pair.bias)[:, None])
        edge, none = self.edge(pairs).unbind(-1)
        return cast(Tensor, edge - none)

    def graphs(self, logits: Tensor, windows: int) -> Tensor:
        """[window, receiver, sender] 0 or 1, drawn for each window, in training; else one graph [receiver, sender]. No node is its own.

        The difference of two Gumbel numbers is logistic, so that one number an edge is drawn. Gradients go straight through the draw.
        """
        own = torch.eye(len(logits), device=logits.device)
        if self.training:
            soft = torch.sigmoid((logits + _logistic(torch.rand(windows, *logits.shape, device=logits.device))) / self.temperature)
            return ((soft > 0.5).to(soft.dtype) - soft.detach() + soft) * (1 - own)
        if self.at_rest == "expectation":
            return torch.sigmoid(logits) * (1 - own)
        if self.at_rest == "sample":
            uniform = torch.rand(logits.shape, generator=torch.Generator().manual_seed(SEED), device="cpu").to(logits.device)
            logits = logits + _logistic(uniform)
        return (logits > 0).to(logits.dtype) * (1 - own)


def walks(graphs: Tensor) -> Tensor:
    """[…, walk · node, node]: one and two steps along the edges, and against them, each node with a loop."""
    looped = graphs + torch.eye(graphs.shape[-1], device=graphs.device)
    return stack_powers(*(weights / weights.sum(-1, keepdim=True) for weights in (looped, looped.mT)))


def alike(states: Tensor, neighbours: int) -> Tensor:
    """bool [window, node, node]: the k · N pairs of largest cosine similarity of the states [window, node, channel]. No node is its own.

    DEVIATION: k · N of all pairs, a node with itself among them before it is taken out, as in the authors' code; in the paper each node has
    k neighbours.
    """
    windows, nodes, _ = states.shape
    direction = F.normalize(states, dim=-1)
    similarity = (direction @ direction.mT).flatten(1)
    nearest = similarity.topk(min(neighbours * nodes, nodes * nodes), dim=1).indices
    found = torch.zeros_like(similarity, dtype=torch.bool).scatter_(1, nearest, True).view(windows, nodes, nodes)
    return found & ~torch.eye(nodes, dtype=torch.bool, device=states.device)


def guidance(logits: Tensor, prior: Tensor) -> Tensor:
    """Cross entropy of θ against the graphs of alike nodes [window, node, node], averaged over windows and pairs.

    It is linear in these, and θ is one for all: so is their mean.
    """
    return F.binary_cross_entropy_with_logits(logits, prior.to(logits.dtype).mean(dim=0))


def _logistic(uniform: Tensor) -> Tensor:
    return torch.logit(uniform, eps=1e-6)
