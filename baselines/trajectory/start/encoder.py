"""START's Transformer: post-norm blocks with a bias for time, whose branches are skipped at random in training (card §3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from baselines.layers.attention import SelfAttention
from baselines.layers.dropout import Dropout
from baselines.layers.padding import Tables
from baselines.layers.ragged import Ragged
from baselines.trajectory.start.time_bias import TimeBias, nearness


class SkippedBranch(nn.Module):
    """Stochastic depth: a sequence's branch is zero with some probability, else made larger by as much."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor, layout: Ragged) -> Tensor:
        """[token, width]; torch's generator."""
        if not self.training or self.rate == 0:
            return x
        kept = torch.rand(len(layout.lengths), device=x.device) >= self.rate
        return x * (kept / (1 - self.rate))[layout.sequence, None]


class Block(nn.Module):
    """x = LN(x + attention(x)); x = LN(x + FFN(x)), GELU inside."""

    def __init__(self, width: int, heads: int, feed_forward_width: int, dropout: float, skipped: float) -> None:
        super().__init__()
        self.time = TimeBias()
        self.attention = SelfAttention(width, heads, dropout)
        self.attention_norm = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(nn.Linear(width, feed_forward_width), nn.GELU(), Dropout(dropout),
                                          nn.Linear(feed_forward_width, width))
        self.feed_forward_norm = nn.LayerNorm(width)
        self.dropout, self.skip = Dropout(dropout), SkippedBranch(skipped)

    def forward(self, x: Tensor, near: Tensor, layout: Ragged, tables: Tables) -> Tensor:
        """[token, width], [pair] -> [token, width]."""
        told = self.attention(x, tables, self.time.masks(near, tables))
        x = self.attention_norm(x + self.skip(self.dropout(told), layout))
        return self.feed_forward_norm(x + self.skip(self.dropout(self.feed_forward(x)), layout))


class TimeAwareEncoder(nn.Module):
    """Some blocks; in training each skips more than the one before."""

    def __init__(self, layers: int, width: int, heads: int, feed_forward_width: int, dropout: float, skipped: float) -> None:
        super().__init__()
        rates = torch.linspace(0, skipped, layers, device="cpu").tolist()
        self.blocks = nn.ModuleList(Block(width, heads, feed_forward_width, dropout, rate) for rate in rates)

    def forward(self, x: Tensor, time: Tensor, layout: Ragged) -> Tensor:
        """[token, width], [token] seconds, NaN where hidden -> [token, width]."""
        tables = Tables(layout)
        near = nearness(time, tables)
        for block in self.blocks:
            x = block(x, near, layout, tables)
        return x
