"""What attention adds to a pair of roads for the time between them (card §3, encoder)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.layers.padding import Tables

HIDDEN, SLOPE = 64, 0.2


def nearness(time: Tensor, tables: Tables) -> Tensor:
    """[token] seconds, NaN where hidden -> [pair] 1 / ln(e + seconds apart), of all pairs of all tables, one after the other.

    Pairs of which a time is hidden count as of one moment.
    """
    apart = [(table - table.transpose(1, 2)).abs().nan_to_num(0).flatten() for table in tables.pad(time[:, None])]
    return 1 / (math.e + torch.cat(apart)).log()


class TimeBias(nn.Module):
    """g = Linear(64 -> 1) ∘ LeakyReLU ∘ Linear(1 -> 64), one number for each pair.

    g is made of straight lines that meet where a hidden number is 0. The lines are worked out first, so that a pair costs a look-up
    instead of 64 numbers: same values and same gradients (tests/plain/start.py).
    """

    def __init__(self) -> None:
        super().__init__()
        self.widen, self.narrow = nn.Linear(1, HIDDEN), nn.Linear(HIDDEN, 1)

    def forward(self, near: Tensor) -> Tensor:
        """[pair], each in (0, 1] -> [pair]."""
        rise, start, weight = self.widen.weight[:, 0], self.widen.bias, self.narrow.weight[0]
        with torch.no_grad():
            # beyond (0, 1] it does not matter where
            meets = (-start / rise).nan_to_num().clamp(-1, 2).sort().values
            inside = (F.pad(meets, (1, 0), value=-2) + F.pad(meets, (0, 1), value=3)) / 2  # a place on each line
            active = torch.where(inside[:, None] * rise + start > 0, 1.0, SLOPE)
            line = torch.bucketize(near, meets)
        slope, height = active @ (weight * rise), active @ (weight * start) + self.narrow.bias
        # of all look-ups `gather` has the cheapest backward pass
        return slope.gather(0, line) * near + height.gather(0, line)

    def masks(self, near: Tensor, tables: Tables) -> Sequence[Tensor]:
        """[sequence, 1, token, token] of each table: what is added to the scores, minus infinity where there is no token."""
        parts = self(near).split([count * longest**2 for count, longest in tables.shapes])
        return [part.view(count, 1, longest, longest) if mask is None else
                part.view(count, 1, longest, longest).masked_fill(~mask, -math.inf)
                for part, (count, longest), mask in zip(parts, tables.shapes, tables.masks, strict=True)]
