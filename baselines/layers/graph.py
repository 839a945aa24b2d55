"""Operators of a graph with weights W [node, node] >= 0. All are made once, in float64, and returned in W's type."""

from __future__ import annotations

import torch
from torch import Tensor


def random_walk(graph: Tensor) -> Tensor:
    """P = D^-1 W: rows sum to 1, or to 0 for a node without edges. The walk against the edges is `random_walk(graph.T)`."""
    weights = graph.double()
    degree = weights.sum(dim=1)
    return (_inverse(degree)[:, None] * weights).to(graph.dtype)


def scaled_laplacian(graph: Tensor) -> Tensor:
    """L~ = 2 L / lambda_max - I with L = I - D^-1/2 W D^-1/2 and L's true largest eigenvalue: eigenvalues in [-1, 1].

    Self loops are dropped, and a directed graph is made symmetric by the larger of both weights.
    """
    weights = torch.maximum(graph, graph.T).double().fill_diagonal_(0)
    root = _inverse(weights.sum(dim=1)).sqrt()
    identity = torch.eye(len(weights), dtype=weights.dtype, device=weights.device)
    laplacian = identity - root[:, None] * weights * root
    largest = torch.linalg.eigvalsh(laplacian)[-1]
    return (2 * laplacian / largest - identity).to(graph.dtype)


def chebyshev(operator: Tensor, order: int) -> list[Tensor]:
    """[T_1(operator), …, T_order(operator)] by T_k = 2 · operator · T_(k-1) - T_(k-2), T_0 = I."""
    exact = operator.double()
    terms = [torch.eye(len(exact), dtype=exact.dtype, device=exact.device), exact]
    while len(terms) <= order:
        terms.append(2 * exact @ terms[-1] - terms[-2])
    return [term.to(operator.dtype) for term in terms[1 : order + 1]]


def _inverse(degree: Tensor) -> Tensor:
    """1 / degree, and 0 for a node without edges."""
    return torch.where(degree > 0, 1 / degree, 0.0)
