"""The one layer of MSTI: a stream asks another stream, and the asked stream is rewritten."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from baselines.layers.dropout import Dropout


class Interaction(nn.Module):
    """Post-norm attention layer along the axis before the last: U = LN(H_b + MHA(H_a, H_b)), H_b = LN(U + FFN(U)).

    A cross layer has two different streams; a self layer has a = b. The residual is the asked stream's, not the asking one's.
    Leading axes are the batch of the attention; an axis of length 1 in one stream stands for equal entries along it.
    """

    def __init__(self, asking: int, asked: int, width: int, heads: int, feed_forward_width: int, dropout: float) -> None:
        super().__init__()
        # DEVIATION: heads that do not divide the width (16 heads in the paper's sweep) are refused by the authors' code; here the
        # width is rounded up.
        width = -(-width // heads) * heads
        self.heads = heads
        self.query = nn.Linear(asking, width)
        self.key = nn.Linear(asked, width)
        self.value = nn.Linear(asked, width)
        self.output = nn.Linear(width, asked)
        self.attention_norm = nn.LayerNorm(asked)
        self.feed_forward = nn.Sequential(
            nn.Linear(asked, feed_forward_width), nn.ReLU(), Dropout(dropout), nn.Linear(feed_forward_width, asked))
        self.feed_forward_norm = nn.LayerNorm(asked)
        self.dropout = Dropout(dropout)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """[..., length, asking], [..., length, asked] -> [..., length, asked]."""
        u = self.attention_norm(b + self.dropout(self._attend(a, b)))
        return self.feed_forward_norm(u + self.feed_forward(u))

    def _attend(self, a: Tensor, b: Tensor) -> Tensor:
        """MHA(H_a, H_b): [..., length, asked]. Shared axes are projected once and expanded only for the kernel."""
        batch = torch.broadcast_shapes(a.shape[:-2], b.shape[:-2])

        def split(projected: Tensor) -> Tensor:  # [..., length, width] -> [batch, head, length, width / heads]
            heads = projected.unflatten(-1, (self.heads, -1)).transpose(-2, -3)
            return heads.expand(*batch, -1, -1, -1).flatten(0, -4)

        # softmax(Q K^T / sqrt(width / heads)) V, no dropout on the attention weights, no mask
        mixed = scaled_dot_product_attention(split(self.query(a)), split(self.key(b)), split(self.value(b)))
        return self.output(mixed.transpose(1, 2).flatten(2).unflatten(0, batch))
