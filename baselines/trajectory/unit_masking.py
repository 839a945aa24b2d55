"""Which roads or cells of a trip are masked: blocks of consecutive units (SMARTraj2 card §4)."""

from __future__ import annotations

import torch
from torch import Tensor

from baselines.layers.ragged import Ragged


def masked_blocks(layout: Ragged, block: int, probability: float) -> Tensor:
    """bool [unit]: each block of `block` units of a trip, counted from its first, is masked with this probability; torch's generator."""
    drawn = torch.rand(len(layout.lengths), -(-layout.longest // block), device=layout.lengths.device) < probability
    return drawn[layout.sequence, layout.place // block]
