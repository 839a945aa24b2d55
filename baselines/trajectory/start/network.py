"""START's network: roads by graph attention, trips by a time-aware Transformer (card §3)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from baselines.layers.dropout import Dropout
from baselines.trajectory.start.city_facts import CLS, SPECIAL, mean_seconds, road_features, transfer_shares
from baselines.trajectory.start.encoder import TimeAwareEncoder
from baselines.trajectory.start.options import StartOptions
from baselines.trajectory.start.transfer_graph import TransferGraph
from baselines.trajectory.start.visits import Visits
from baselines.trajectory.trip_vector import trip_vectors
from benchmark import CityProblem, Trips

MINUTES, WEEKDAYS = 1440, 7


class StartNetwork(nn.Module):
    """Road + place + minute + weekday -> Transformer, with a token in front that stands for the trip."""

    def __init__(self, options: StartOptions, city: CityProblem) -> None:
        super().__init__()
        o, roads = options, len(city.roads)
        links = city.roads.links[city.roads.links[:, 0] != city.roads.links[:, 1]]
        shares = transfer_shares(city.unlabelled, links, roads, o.transfer)
        self.roads = TransferGraph(road_features(city, road_class=o.road_class), links + SPECIAL, shares, o.graph_heads, o.graph_width,
                                   o.width, o.dropout)
        self.places = nn.Buffer(sinusoids(o.places, o.width), persistent=False)
        self.minute = nn.Embedding(MINUTES + 1, o.width, padding_idx=0)
        self.weekday = nn.Embedding(WEEKDAYS + 1, o.width, padding_idx=0)
        self.dropout = Dropout(o.dropout)
        self.encoder = TimeAwareEncoder(o.layers, o.width, o.heads, o.feed_forward_width, o.dropout, o.depth_dropout)
        self.recover = nn.Linear(o.width, SPECIAL + roads)
        self.pool = nn.Sequential(nn.Linear(o.width, o.width), nn.Tanh())
        # [road] seconds that training trips stay on it
        self.usual = nn.Buffer(mean_seconds(city.unlabelled, roads))
        self.trip_vector = o.trip_vector
        self.lone_at_mean_time = city.lone_roads == "mean time"

    def forward(self, trips: Trips) -> Tensor:
        """[trip, width], or twice that for both kinds of vector."""
        visits = Visits.of(trips)
        pooled, tokens = self.encoded(visits)
        return trip_vectors(self.trip_vector, pooled, visits.layout.last(tokens))

    def encoded(self, visits: Visits, when: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """(the token in front [trip, width], tokens of roads [visit, width]); when: a vector of time for all instead of their own."""
        # DEVIATION: the authors' code cuts trips off at 128 roads; here places behind the table's end share its last row.
        roads, trips = self.roads(), len(visits.layout.lengths)
        when = self.minute(visits.minute) + self.weekday(visits.weekday) if when is None else when
        layout = visits.layout.with_head()
        x = torch.cat([roads[CLS].expand(trips, -1), roads.index_select(0, visits.row) + when])
        x = self.dropout(x + self.places[layout.place.clamp(max=len(self.places) - 1)])
        tokens = self.encoder(x, torch.cat([visits.start, visits.time]), layout)
        return tokens[:trips], tokens[trips:]

    def road_tokens(self, trips: Trips) -> Tensor:
        """[road visit, width]."""
        return self.encoded(Visits.of(trips))[1]

    def lone_roads(self, city: str, roads: Tensor) -> Tensor:
        """int64 [k] -> [k, width]: each road as a trip of its own, at an unknown or at the mean time."""
        mean = self.minute.weight[1:].mean(dim=0) + self.weekday.weight[1:].mean(dim=0) if self.lone_at_mean_time else None
        return self.encoded(Visits.of_lone(roads), mean)[1]


def sinusoids(places: int, width: int) -> Tensor:
    """float32 [place, width]: sines and cosines in turn (Vaswani et al., 2017)."""
    rate = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000) / width))
    angle = torch.arange(places)[:, None] * rate
    return torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1)[:, :width]
