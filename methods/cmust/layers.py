"""The one layer of MSTI: a stream asks another stream, and the asked stream is rewritten."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.layers.dropout import Dropout

# Heads are zero-padded to a multiple of this for the fused kernel. CUDA's wants 8. A CPU's is fastest on vectors of 16, where sequences
# are long: attention with projections, forward and backward, one core, 4 samples of 206 nodes, 6 channels a head: 113 ms as they are,
# 105 with 8, 77 with 16; along 12 steps 20, 19 and 24.
MULTIPLE, CPU_MULTIPLE = 8, 16
# shorter sequences are not padded on a CPU
LONG = 32


class Interaction(nn.Module):
    """Post-norm attention layer along the axis before the last: U = LN(H_b + MHA(H_a, H_b)), H_b = LN(U + FFN(U)).

    A cross layer has two different streams; a self layer has a = b. The residual is the asked stream's, not the asking one's.
    Leading axes are the batch of the attention; an axis of length 1 in one stream stands for equal entries along it.
    """

    def __init__(self, asking: int, asked: int, width: int, heads: int, feed_forward_width: int, dropout: float,
                 scale: Literal["head", "width"] = "head") -> None:
        super().__init__()
        # DEVIATION: heads that do not divide the width (16 heads in the paper's sweep) are refused by the authors' code; here the
        # width is rounded up.
        width = -(-width // heads) * heads
        self.heads = heads
        # factor of the scores before the softmax; never that of a padded head
        self.scale = (width if scale == "width" else width // heads) ** -0.5
        self.query = nn.Linear(asking, width)
        self.key = nn.Linear(asked, width)
        self.value = nn.Linear(asked, width)
        self.output = nn.Linear(width, asked)
        self.attention_norm = nn.LayerNorm(asked)
        # dropout before ReLU is dropout after it, and the backward pass keeps one wide tensor less
        self.feed_forward = nn.Sequential(
            nn.Linear(asked, feed_forward_width), Dropout(dropout), nn.ReLU(inplace=True), nn.Linear(feed_forward_width, asked))
        self.feed_forward_norm = nn.LayerNorm(asked)
        self.dropout = Dropout(dropout)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """[..., length, asking], [..., length, asked] -> [..., length, asked]."""
        u = self.attention_norm(b + self.dropout(self._attend(a, b)))
        return self.feed_forward_norm(u + self.feed_forward(u))

    def maps(self, a: Tensor, b: Tensor) -> Tensor:
        """What the attention of `forward` weighs with: [..., head, length, length], rows sum to 1."""
        q, k, _ = (part.transpose(-2, -3) for part in self._project(a, b))
        return torch.softmax((q @ k.transpose(-1, -2)).float() * self.scale, dim=-1)

    def _attend(self, a: Tensor, b: Tensor) -> Tensor:
        """MHA(H_a, H_b): [..., length, asked]. Shared axes are projected once and expanded only for the kernel."""
        batch = torch.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        # softmax(scale · Q K^T) V, no dropout on the attention weights, no mask
        q, k, v = (part.transpose(-2, -3).expand(*batch, -1, -1, -1).flatten(0, -4) for part in self._project(a, b))
        mixed = F.scaled_dot_product_attention(q, k, v, scale=self.scale)  # [batch, head, length, padded width]
        weight = F.pad(self.output.weight.unflatten(1, (self.heads, -1)), (0, self._padding(a))).flatten(1)
        return F.linear(mixed.transpose(1, 2).flatten(2).unflatten(0, batch), weight, self.output.bias)

    def _project(self, a: Tensor, b: Tensor) -> tuple[Tensor, ...]:
        """Q, K, V with padded heads, each [..., length, head, padded width]; one product for each different stream."""
        if a is b:
            return self._joined(a, self.query, self.key, self.value)
        return *self._joined(a, self.query), *self._joined(b, self.key, self.value)

    def _joined(self, stream: Tensor, *linears: nn.Linear) -> tuple[Tensor, ...]:
        """Several linear maps of a stream as one. The zeros are added to the small weights, not to the large outputs."""
        padding, heads = self._padding(stream), self.heads
        weight = torch.stack([linear.weight.unflatten(0, (heads, -1)) for linear in linears])  # [map, head, width, stream]
        bias = torch.stack([linear.bias.unflatten(0, (heads, -1)) for linear in linears])
        joined = F.linear(stream, F.pad(weight, (0, 0, 0, padding)).flatten(0, 2), F.pad(bias, (0, padding)).flatten())
        return joined.unflatten(-1, (len(linears), heads, -1)).unbind(-3)

    def _padding(self, stream: Tensor) -> int:
        """Zero channels added to each head."""
        if stream.device.type != "cpu":
            return -(self.query.out_features // self.heads) % MULTIPLE
        return -(self.query.out_features // self.heads) % CPU_MULTIPLE if stream.shape[-2] >= LONG else 0
