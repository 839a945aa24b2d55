"""Means of observed values, with a fallback where nothing was observed."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmark import TaskProblem


def mean_or(total: Tensor, count: Tensor, fallback: Tensor | float) -> Tensor:
    """total / count, and `fallback` (broadcast) where the count is 0."""
    return (total / count.clamp(min=1)).where(count > 0, fallback)


def node_means(task: TaskProblem) -> Tensor:
    """[node] mean of the observed training rows; of a node never observed there, that of all nodes."""
    seen = torch.where(task.train.observed, task.train.values, 0.0)
    return mean_or(seen.sum(dim=0, dtype=torch.float64), task.train.observed.sum(dim=0), task.scaler.mean).float()
