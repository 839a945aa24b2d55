"""Transformer layers as BERT has them (Devlin et al., NAACL 2019): GELU, norms with an epsilon of 1e-12, first weights N(0, 0.02)."""

from __future__ import annotations

from torch import nn

from baselines.layers.attention import EncoderLayer, SelfAttention, TransformerEncoder

EPSILON, DEVIATION = 1e-12, 0.02


class BertLayer(EncoderLayer):
    """x = LN(x + attention(x)); x = LN(x + FFN(x)), GELU inside and no dropout there."""

    def __init__(self, width: int, heads: int, feed_forward_width: int, dropout: float) -> None:
        super().__init__(width, heads, feed_forward_width, dropout)
        self.attention_norm, self.feed_forward_norm = nn.LayerNorm(width, EPSILON), nn.LayerNorm(width, EPSILON)
        self.feed_forward = nn.Sequential(nn.Linear(width, feed_forward_width), nn.GELU(), nn.Linear(feed_forward_width, width))


class BertEncoder(TransformerEncoder):
    """Some such layers."""

    def __init__(self, layers: int, width: int, heads: int, feed_forward_width: int, dropout: float) -> None:
        super().__init__(0, width, heads, feed_forward_width, dropout)
        self.layers.extend(BertLayer(width, heads, feed_forward_width, dropout) for _ in range(layers))


def start_normal(network: nn.Module) -> None:
    """Weights of linear maps and embeddings N(0, 0.02), biases 0; norms stay."""
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=DEVIATION)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
        if isinstance(module, SelfAttention):
            nn.init.normal_(module.in_weight, std=DEVIATION)
