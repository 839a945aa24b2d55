"""The prompt network: what a forecast's tokens are told of space, of the steps right before, and of the same hours of earlier days."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.forecasting.unist.options import UniSTOptions
from baselines.layers.axis import AxisLayer

# heads and dropout of the two layers over time
HEADS = 4
DROPOUT = 0.1


class Memory(nn.Module):
    """softmax(tanh(W x) K^T) V, unscaled, over learned keys and values; the fused kernel keeps no weights of all asked."""

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.keys, self.values = nn.Parameter(torch.empty(size, width)), nn.Parameter(torch.empty(size, width))
        for table in (self.keys, self.values):
            nn.init.trunc_normal_(table, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        """[..., width] → the same."""
        query = torch.tanh(self.query(x)).flatten(0, -2)[None, None]
        keys, values = self.keys.to(query.dtype)[None, None], self.values.to(query.dtype)[None, None]
        return F.scaled_dot_product_attention(query, keys, values, scale=1.0).view(x.shape)


class Prompts(nn.Module):
    """The sum of the chosen prompts; a part that is not chosen has no weights."""

    def __init__(self, history: int, options: UniSTOptions) -> None:
        super().__init__()
        width, self.parts = options.width, options.prompts
        if "space" in self.parts:
            # kernels 1, 3, 5, …
            self.scales = nn.ModuleList(nn.Conv2d(history, width, 2 * k + 1, padding=k) for k in range(options.scales))
            self.space_memory = Memory(width, options.space_memory)
            self.pool = nn.Conv2d(width, width, options.patch, options.patch)
        if {"closeness", "period"} & set(self.parts):
            self.time_memory = Memory(width, options.time_memory)
        # DEVIATION: dropout on the outputs of attention and feed-forward; torch's layer also drops attention weights, which the fused
        # kernel of a CPU cannot, and numbers behind the ReLU.
        if "closeness" in self.parts:
            self.over_frames = AxisLayer(width, HEADS, width, DROPOUT)
        if "period" in self.parts:
            self.over_days = AxisLayer(width, HEADS, width, DROPOUT)

    def forward(self, shown: Tensor, tokens: Tensor, where: Tensor, days: Tensor | None) -> Tensor:
        """What is added to the tokens of the forecast's frames, [batch, frame of the forecast, place, width].

        shown: [batch, history, row, column]; tokens: [batch, frame, place, width], the decoder's, those of the forecast hidden;
        where: positions and times of the forecast's frames; days: [batch, day, frame of the forecast, place, width] of earlier days.
        """
        prompt = torch.zeros_like(where)
        if "space" in self.parts:
            prompt = prompt + self.space(shown)
        if "closeness" in self.parts:
            prompt = prompt + self.closeness(tokens) + where
        if days is not None:
            prompt = prompt + self.period(days)
        return prompt

    def space(self, shown: Tensor) -> Tensor:
        """Convolutions of several sizes, each pixel asks the memory: [batch, 1, place, width]."""
        maps = torch.stack([scale(shown) for scale in self.scales]).movedim(2, -1)  # [scale, batch, row, column, width]
        # the mean before the last convolution, which is linear, instead of behind it
        found = self.space_memory(maps).mean(dim=0).movedim(-1, 1)
        return self.pool(found).flatten(2).mT[:, None]

    def closeness(self, tokens: Tensor) -> Tensor:
        """All frames of each place, [batch, 1, place, width]."""
        return self.time_memory(self.over_frames(tokens.transpose(1, 2)).mean(dim=2))[:, None]

    def period(self, days: Tensor) -> Tensor:
        """The earlier days of each token, [batch, frame of the forecast, place, width]."""
        return self.time_memory(self.over_days(days.movedim(1, 3)).mean(dim=3))
