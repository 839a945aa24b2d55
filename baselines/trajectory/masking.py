"""Masked units, roads or cells: which of a trip are masked, and how badly they are recovered (SMARTraj2 card §4)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.layers.ragged import Ragged


def masked_blocks(layout: Ragged, block: int, probability: float) -> Tensor:
    """bool [unit]: each block of `block` units of a trip, counted from its first, is masked with this probability; torch's generator."""
    drawn = torch.rand(len(layout.lengths), -(-layout.longest // block), device=layout.lengths.device) < probability
    return drawn[layout.sequence, layout.place // block]


def masked_mean(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy; 0, not NaN, where nothing is masked."""
    return F.cross_entropy(logits, labels, reduction="sum") / max(len(labels), 1)
