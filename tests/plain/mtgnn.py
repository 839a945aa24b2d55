"""MTGNN as the authors' code computes it, on the weights of the fast form (card mtgnn.md §3): the yardstick of its numbers.

Channels first, eight small convolutions a layer, one hop after the other, the graph normalised in each mix-hop.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from plain.baselines import pointwise
from torch import Tensor

from baselines.forecasting.mtgnn import Inception, LearnedGraph, MTGNNNetwork


def plain_graph(graph: LearnedGraph, neighbours: int) -> np.ndarray:
    """[node, node]: equations 1 to 6 row by row; of equal edges the first."""
    def embedded(table: Tensor, linear: torch.nn.Linear) -> np.ndarray:
        weight, bias, nodes = (part.detach().double().numpy() for part in (linear.weight, linear.bias, table))
        return np.tanh(graph.alpha * (nodes @ weight.T + bias))

    first, second = embedded(graph.source_table, graph.source), embedded(graph.target_table, graph.target)
    full = np.maximum(np.tanh(graph.alpha * (first @ second.T - second @ first.T)), 0)
    kept = np.zeros_like(full)
    for row, strengths in enumerate(full):
        for column in sorted(range(len(strengths)), key=lambda column: (-strengths[column], column))[:neighbours]:
            kept[row, column] = strengths[column]
    return kept


def inception(part: Inception, x: Tensor, dilation: int) -> Tensor:
    outputs = []
    for branch, kernel in zip(part.branches, (2, 3, 6, 7), strict=True):
        weight = branch.weight.view(-1, kernel, x.shape[1]).transpose(1, 2)[:, :, None]  # [out, in, 1, kernel]
        outputs.append(F.conv2d(x, weight, branch.bias, dilation=(1, dilation)))
    return torch.cat([one[..., -outputs[-1].shape[-1] :] for one in outputs], dim=1)


def mix_hop(linear: torch.nn.Linear, x: Tensor, adjacency: Tensor, hops: int, kept: float) -> Tensor:
    looped = adjacency + torch.eye(len(adjacency))
    walk = looped / looped.sum(dim=1)[:, None]
    states = [x]
    for _ in range(hops):
        states.append(kept * x + (1 - kept) * torch.einsum("ncwl,vw->ncvl", states[-1], walk))
    return pointwise(torch.cat(states, dim=1), linear.weight, linear.bias)


def whole(linear: torch.nn.Linear, x: Tensor) -> Tensor:
    """A convolution over all steps that are left: [batch, channel, node, time] → [batch, out, node, 1]."""
    return F.conv2d(x, linear.weight.view(-1, x.shape[-1], x.shape[1]).transpose(1, 2)[:, :, None], linear.bias)


def plain_mtgnn(network: MTGNNNetwork, x: Tensor, adjacency: Tensor, kept: float = 0.05) -> Tensor:
    """[batch, channel, node, time] and the learned graph → [batch, output, node], without dropout."""
    x = F.pad(x, (network.steps - x.shape[-1], 0))
    skip = whole(network.first_skip, x)
    x = pointwise(x, network.start.weight, network.start.bias)
    for layer in network.layers:
        residual = x
        x = torch.tanh(inception(layer.filter, x, layer.dilation)) * torch.sigmoid(inception(layer.gate, x, layer.dilation))
        skip = skip + whole(layer.skip, x)
        x = mix_hop(layer.mix.forth, x, adjacency, network.hops, kept) + mix_hop(layer.mix.back, x, adjacency.T, network.hops, kept)
        x = x + residual[..., -x.shape[-1] :]
        weight, bias = (part[:, 0].permute(2, 0, 1) for part in (layer.norm.weight, layer.norm.bias))
        x = F.layer_norm(x, x.shape[1:], weight, bias, 1e-5)
    skip = F.relu(skip + whole(network.last_skip, x))
    first, second = network.readout[1], network.readout[3]
    return pointwise(F.relu(pointwise(skip, first.weight, first.bias)), second.weight, second.bias)[..., 0]
