"""AGCRN step by step, on the weights of the fast form: graph and node weights are made anew by every convolution (card agcrn.md)."""

from __future__ import annotations

import torch
from torch import Tensor

from baselines.forecasting.agcrn import AGCRNNetwork, NodeWeights


def supports_of(embeddings: Tensor, order: int) -> list[Tensor]:
    """I, A, 2 A A - I, … with A = softmax over the row of ReLU(E E^T)."""
    exponentials = torch.exp(torch.clamp(embeddings @ embeddings.T, min=0))
    adjacency = exponentials / exponentials.sum(dim=1, keepdim=True)
    supports = [torch.eye(len(embeddings)), adjacency]
    while len(supports) < order:
        supports.append(2 * adjacency @ supports[-1] - supports[-2])
    return supports[:order]


def convolution(x: Tensor, embeddings: Tensor, pool: NodeWeights) -> Tensor:
    """[batch, node, channel] → [batch, node, out]."""
    weights = torch.einsum("nd,dkio->nkio", embeddings, pool.weight)
    spread = torch.einsum("knm,bmi->bnki", torch.stack(supports_of(embeddings, pool.weight.shape[1])), x)
    return torch.einsum("bnki,nkio->bno", spread, weights) + embeddings @ pool.bias


def plain_agcrn(network: AGCRNNetwork, x: Tensor) -> Tensor:
    """[batch, time, node, channel] → what the read-out gives, [batch, horizon, node]."""
    embeddings = network.nodes
    for layer in network.layers:
        state = x.new_zeros(*x.shape[:1], x.shape[2], layer.width)
        states = []
        for step in range(x.shape[1]):
            now = x[:, step]
            z, r = torch.sigmoid(convolution(torch.cat([now, state], -1), embeddings, layer.gates)).split(layer.width, -1)
            new = torch.tanh(convolution(torch.cat([now, z * state], -1), embeddings, layer.candidate))
            state = r * state + (1 - r) * new
            states.append(state)
        x = torch.stack(states, dim=1)
    return torch.einsum("bnu,hu->bhn", x[:, -1], network.readout.weight) + network.readout.bias[:, None]
