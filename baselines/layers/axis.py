"""Transformer layers along one axis of a dense tensor, e.g. over all nodes at each step, or over all steps of each node."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from baselines.layers.dropout import Dropout

# heads are zero-padded to a multiple of this: the fused kernel of a GPU wants it, and that of a CPU is no slower
MULTIPLE = 8


class AxisAttention(nn.Module):
    """softmax(Q K^T / sqrt(d_h)) V between all places of the axis before the last, then the output layer; other axes are batch.

    The fused kernel, which keeps no length × length weights for the backward pass.
    """

    def __init__(self, width: int, heads: int, *, bias: bool = True, causal: bool = False) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.scale = (width // heads) ** -0.5
        # rows: queries of all heads, keys, values
        self.joined = nn.Linear(width, 3 * width, bias=bias)
        self.output = nn.Linear(width, width)

    def forward(self, x: Tensor, first: int = 0) -> Tensor:
        """[..., length, width] → the same from place `first` on (-1: the last place alone), which ask all places."""
        padding = -(x.shape[-1] // self.heads) % MULTIPLE
        # zero channels change no score and no value; they are added to the small weights, not to the large outputs
        weight = F.pad(self.joined.weight.unflatten(0, (3 * self.heads, -1)), (0, 0, 0, padding)).flatten(0, 1)
        bias: Tensor | None = self.joined.bias
        if bias is not None:
            bias = F.pad(bias.unflatten(0, (3 * self.heads, -1)), (0, padding)).flatten()
        parts = F.linear(x, weight, bias).flatten(0, -3).unflatten(-1, (3, self.heads, -1))  # [batch, length, 3, head, padded]
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind()  # each [batch, head, length, padded]
        mixed = self.mix(query[:, :, first:], key, value).transpose(1, 2).flatten(2)
        out = F.pad(self.output.weight.unflatten(1, (self.heads, -1)), (0, padding)).flatten(1)
        return F.linear(mixed.unflatten(0, x.shape[:-2]), out, self.output.bias)

    def mix(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """[batch, head, asking, d], 2 × [batch, head, length, d] → [batch, head, asking, d]."""
        return F.scaled_dot_product_attention(query, key, value, scale=self.scale, is_causal=self.causal)


class AxisLayer(nn.Module):
    """x = LN(x + dropout(attention(x))); x = LN(x + dropout(FFN(x))), ReLU inside; nothing is dropped of the attention's weights."""

    def __init__(self, width: int, heads: int, feed_forward_width: int, dropout: float) -> None:
        super().__init__()
        self.attention = AxisAttention(width, heads)
        self.attention_norm = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, feed_forward_width), nn.ReLU(inplace=True), nn.Linear(feed_forward_width, width))
        self.feed_forward_norm = nn.LayerNorm(width)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, first: int = 0) -> Tensor:
        """[..., length, width] → the same from place `first` on (-1: the last place alone)."""
        x = self.attention_norm(x[..., first:, :] + self.dropout(self.attention(x, first)))
        return self.feed_forward_norm(x + self.dropout(self.feed_forward(x)))
