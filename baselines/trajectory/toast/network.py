"""The two networks of Toast: the skip-gram of stage 1, and the Transformer of stage 2 that begins with its road vectors."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from baselines.layers.attention import Positions
from baselines.layers.bert import EPSILON, BertEncoder, start_normal
from baselines.layers.dropout import Dropout
from baselines.layers.ragged import Ragged
from baselines.trajectory.toast.options import ToastOptions
from baselines.trajectory.toast.traffic_context import ROADS, TrafficSkipGram, indicator_count
from baselines.trajectory.trip_vector import trip_vectors
from benchmark import CityProblem, Trips


class ToastNetwork(nn.Module):
    """Road table + places -> norm -> linear -> post-norm encoder -> mean of the tokens, or the last one; two heads."""

    def __init__(self, options: ToastOptions, city: CityProblem) -> None:
        super().__init__()
        o, rows = options, ROADS + len(city.roads)
        self.table = nn.Embedding(rows, o.width)
        self.positions = Positions(o.places, o.width)
        self.norm = nn.LayerNorm(o.width, EPSILON)
        self.dropout = Dropout(o.dropout)
        self.enter = nn.Linear(o.width, o.width)
        self.encoder = BertEncoder(o.layers, o.width, o.heads, o.feed_forward_width, o.dropout)
        self.recover = nn.Sequential(nn.Linear(o.width, o.width), nn.GELU(), nn.LayerNorm(o.width, EPSILON), nn.Linear(o.width, rows))
        # from the mean token: a walk, or a trip
        self.discriminate = nn.Sequential(nn.Linear(o.width, o.width), nn.Tanh(), nn.Linear(o.width, 2))
        self.trip_vector = o.trip_vector
        start_normal(self)
        self.skip_gram = TrafficSkipGram(rows, o.width, indicator_count(city))

    @torch.no_grad()
    def begin_with_walks(self) -> None:
        """The road table of stage 2 is what stage 1 learnt."""
        self.table.weight.copy_(self.skip_gram.road.weight)

    def forward(self, trips: Trips) -> Tensor:
        """[trip, width], or twice that for both kinds of vector."""
        layout = Ragged.of(trips.route.offsets)
        tokens = self.tokens(ROADS + trips.route.values["road"], layout)
        return trip_vectors(self.trip_vector, layout.mean(tokens), layout.last(tokens))

    def tokens(self, rows: Tensor, layout: Ragged) -> Tensor:
        """int64 [unit] rows of the table -> [unit, width]."""
        x = self.dropout(self.norm(self.table(rows) + self.positions(layout)))
        return self.encoder(self.enter(x), layout)
