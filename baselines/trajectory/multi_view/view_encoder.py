"""Encoder of a view whose units have numbers: roads or cells (SMARTraj2 card §3.2, §3.3)."""

from __future__ import annotations

from torch import Tensor, nn

from baselines.layers.attention import Positions, TransformerEncoder
from baselines.layers.ragged import Ragged
from baselines.trajectory.multi_view.streams import Stream


class ViewEncoder(nn.Module):
    """Token vectors + position -> Linear -> post-norm Transformer; pooled by the mean, masked units included."""

    def __init__(self, embedding_width: int, width: int, places: int, layers: int, heads: int, feed_forward_width: int,
                 dropout: float) -> None:
        super().__init__()
        self.positions = Positions(places, embedding_width)
        self.widen = nn.Linear(embedding_width, width)
        self.encoder = TransformerEncoder(layers, width, heads, feed_forward_width, dropout)

    def forward(self, x: Tensor, layout: Ragged) -> Stream:
        """[unit, embedding width] -> pooled [trip, width], tokens [unit, width]."""
        tokens = self.encoder(self.widen(x + self.positions(layout)), layout)
        return Stream(layout.mean(tokens), tokens, layout)
