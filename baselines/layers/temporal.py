"""Convolution over time as one matrix product."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class TemporalConvolution(nn.Module):
    """[·, time, ·, in] → [·, time - dilation · (kernel - 1), ·, out]: no padding, so the last step stays the last step.

    The shifted copies lie side by side on the channel axis; values and default initialisation are those of nn.Conv2d.
    """

    def __init__(self, channels_in: int, channels_out: int, kernel: int, dilation: int = 1) -> None:
        super().__init__()
        self.shifts = [dilation * tap for tap in range(kernel)]
        self.linear = nn.Linear(kernel * channels_in, channels_out)

    def forward(self, x: Tensor) -> Tensor:
        length = x.shape[1] - self.shifts[-1]
        return self.linear(torch.cat([x[:, shift : shift + length] for shift in self.shifts], dim=-1))
