"""DCRNN as its authors' code computes it, on the weights of the fast form: walk after walk, step after step (card dcrnn.md §3).

Features lie feature-major beside their terms, and the weights are brought to that order; every convolution walks anew.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from baselines.forecasting.dcrnn import Cell, DCRNNNetwork


def transposed_walks(graph: Tensor) -> list[Tensor]:
    """(D_out^-1 W)^T and (D_in^-1 W^T)^T: a node receives what the others send."""
    def walk(weights: NDArray[np.float64]) -> Tensor:
        degree = weights.sum(axis=1)
        inverse = np.divide(1, degree, out=np.zeros_like(degree), where=degree > 0)
        return torch.from_numpy((np.diag(inverse) @ weights).T).float()

    weights = graph.numpy().astype(np.float64)
    return [walk(weights), walk(weights.T)]


def walked(z: Tensor, walks: list[Tensor], steps: int, chain: str) -> Tensor:
    """[batch, node, feature] → [batch, node, feature, term]."""
    terms, zeroth = [z], z
    for walk in walks:
        if chain == "reset":
            zeroth = z
        if steps == 0:
            continue
        first = walk @ zeroth
        terms.append(first)
        for _ in range(2, steps + 1):
            second = 2 * (walk @ first) - zeroth
            terms.append(second)
            first, zeroth = second, first
    return torch.stack(terms, dim=-1)


def convolution(z: Tensor, weight: Tensor, bias: Tensor, walks: list[Tensor], steps: int, chain: str) -> Tensor:
    feature_major = weight.permute(1, 0, 2).flatten(0, 1)  # [feature * terms + term, out]
    return walked(z, walks, steps, chain).flatten(2) @ feature_major + bias


def plain_dcrnn(network: DCRNNNetwork, x: Tensor, graph: Tensor, steps: int, chain: str, truth: Tensor | None = None,
                shown: Tensor | None = None) -> Tensor:
    """[batch, time, node, channel], truth [batch, horizon, node] → [batch, horizon, node]."""
    walks = transposed_walks(graph)

    def step(cell: Cell, x: Tensor, h: Tensor) -> Tensor:
        gates = torch.sigmoid(convolution(torch.cat([x, h], -1), cell.gates, cell.gates_bias, walks, steps, chain))
        r, u = gates.split(network.width, dim=-1)
        c = torch.tanh(convolution(torch.cat([x, r * h], -1), cell.candidate, cell.candidate_bias, walks, steps, chain))
        return u * h + (1 - u) * c

    states = [x.new_zeros(*x[:, 0].shape[:2], network.width) for _ in network.encoder]
    for now in x.unbind(1):
        for layer, cell in enumerate(network.encoder):
            now = states[layer] = step(cell, now, states[layer])
    predicted = []
    given = x.new_zeros(*x[:, 0].shape[:2], 1)
    for number in range(network.horizon):
        now = given
        for layer, cell in enumerate(network.decoder):
            now = states[layer] = step(cell, now, states[layer])
        given = now @ network.readout
        predicted.append(given[..., 0])
        if truth is not None and shown is not None and shown[number]:
            given = truth[:, number, :, None]
    return torch.stack(predicted, dim=1)
