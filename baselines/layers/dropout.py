"""Dropout with cheap masks on the CPU."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# a mask entry is decided by 16 random bits
LEVELS = 2**16


class Dropout(nn.Module):
    """nn.Dropout whose CPU masks take one random 64-bit word for four entries; the rate is rounded to 1 / 65,536.

    torch draws one Bernoulli number an entry, which on a CPU is up to a quarter of a training step. A GPU and compiled code keep
    torch's own.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        dropped = round(self.rate * LEVELS)
        if not self.training or dropped == 0:
            return x
        if x.device.type != "cpu" or dropped == LEVELS or torch.compiler.is_compiling():  # random_ would break a compiled graph
            return F.dropout(x, self.rate)
        words = torch.empty(-(-x.numel() // 4), dtype=torch.int64, device=x.device).random_(-(2**63), None)
        keep = words.view(torch.int16)[: x.numel()].view(x.shape) >= dropped - LEVELS // 2
        return (x * keep.view(torch.uint8)).mul_(LEVELS / (LEVELS - dropped))
