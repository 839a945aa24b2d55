"""Post-norm Transformer layers on sequences without padding (Vaswani et al., 2017)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.layers.dropout import Dropout
from baselines.layers.padding import Tables
from baselines.layers.ragged import Ragged


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, dropout: Dropout | None = None) -> Tensor:
    """softmax(Q K^T / sqrt(d)) V: [batch, asking, head, d], 2 × [batch, asked, head, d] -> [batch, asking, head · d].

    mask: bool [batch, 1, 1, asked], what may be asked; or what is added to the scores, [batch, 1, asking, asked]; None: all.
    The fused kernel, except with dropout of the weights on a CPU: there the fused form is no faster, and its masks are dear.
    """
    rate = dropout.rate if dropout is not None and dropout.training else 0.0
    query, key, value = (x.transpose(1, 2) for x in (query, key, value))
    if rate == 0 or dropout is None or query.device.type != "cpu":
        mixed = F.scaled_dot_product_attention(query, key, value, mask, dropout_p=rate)
    else:
        scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
        if mask is not None:
            scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask
        mixed = dropout(torch.softmax(scores, dim=-1)) @ value
    return mixed.transpose(1, 2).flatten(2)


class SelfAttention(nn.Module):
    """Multi-head attention of a sequence to itself; dropout of the attention weights."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.in_weight, self.in_bias = nn.Parameter(torch.empty(3 * width, width)), nn.Parameter(torch.zeros(3 * width))
        nn.init.xavier_uniform_(self.in_weight)  # as torch.nn.MultiheadAttention
        self.output = nn.Linear(width, width)
        nn.init.zeros_(self.output.bias)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, tables: Tables, masks: Sequence[Tensor] | None = None) -> Tensor:
        """[token, width] -> [token, width]; masks: of each table, as `attend` takes them, instead of its own."""
        mixed = []
        own = tables.masks if masks is None else masks
        for table, mask in zip(tables.pad(F.linear(x, self.in_weight, self.in_bias)), own, strict=True):
            query, key, value = table.unflatten(2, (3, self.heads, -1)).unbind(2)
            mixed.append(attend(query, key, value, mask, self.dropout))
        return self.output(tables.unpad(mixed))


class EncoderLayer(nn.Module):
    """x = LN(x + attention(x)); x = LN(x + FFN(x)), ReLU inside."""

    def __init__(self, width: int, heads: int, feed_forward_width: int, dropout: float) -> None:
        super().__init__()
        self.attention = SelfAttention(width, heads, dropout)
        self.attention_norm = nn.LayerNorm(width)
        # dropout before ReLU is dropout after it, and the backward pass keeps one wide tensor less
        self.feed_forward = nn.Sequential(
            nn.Linear(width, feed_forward_width), Dropout(dropout), nn.ReLU(inplace=True), nn.Linear(feed_forward_width, width))
        self.feed_forward_norm = nn.LayerNorm(width)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, tables: Tables) -> Tensor:
        """[token, width] -> [token, width]."""
        x = self.attention_norm(x + self.dropout(self.attention(x, tables)))
        return self.feed_forward_norm(x + self.dropout(self.feed_forward(x)))


class TransformerEncoder(nn.Module):
    """Some encoder layers."""

    def __init__(self, layers: int, width: int, heads: int, feed_forward_width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(width, heads, feed_forward_width, dropout) for _ in range(layers))

    def forward(self, x: Tensor, layout: Ragged) -> Tensor:
        """[token, width] -> [token, width]."""
        tables = Tables(layout)
        for layer in self.layers:
            x = layer(x, tables)
        return x


class Positions(nn.Module):
    """Learned vectors of places in a sequence."""

    def __init__(self, places: int, width: int) -> None:
        super().__init__()
        self.table = nn.Embedding(places, width)

    def forward(self, layout: Ragged) -> Tensor:
        """[token, width]."""
        # DEVIATION: the authors' code cuts sequences off at the table's end; here places behind it share its last row, so that the end
        # of a long trip, which destination tasks ask about, is seen.
        return self.table(layout.place.clamp(max=self.table.num_embeddings - 1))
