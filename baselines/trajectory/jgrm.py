"""JGRM: the GPS points and the roads of a trip, each encoded, then made one by self-attention over both.

Ma, Tu, Chen, Zhang, Xia, Zhou, Chen, Zheng, Gong, "More Than Routing: Joint GPS and Route Modeling for Refine Trajectory Representation
Learning", WWW 2024, https://arxiv.org/abs/2402.16915. Own code from a description; https://github.com/mamazi0131/JGRM has no licence.
Against that code: no negative is the positive, the softmax over interval bins is over the bins, GRUs never see padding, a road's vector
is the mean of its GPS and its route tokens (the code takes the GPS tokens twice), skip-gram vectors of roads are kept where they are asked
for, and the rate falls after its warm-up. MVTraj and SMARTraj2 are built of the same parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from baselines.layers.ragged import Ragged
from baselines.trajectory.initialisation import initialise
from baselines.trajectory.masking import masked_blocks
from baselines.trajectory.multi_view.encoder import HALF_STREAMS, NARROW_STREAMS, TINY_STREAMS, StreamEncoder, StreamOptions
from baselines.trajectory.multi_view.gps_encoder import GpsEncoder
from baselines.trajectory.multi_view.joint_extractor import JointExtractor
from baselines.trajectory.multi_view.matching import PairMatching
from baselines.trajectory.multi_view.road_graph import RoadGraph
from baselines.trajectory.multi_view.streams import GPS_ROAD, ROUTE, Stream, vectors_of
from baselines.trajectory.multi_view.time_embedding import TimeEmbedding
from baselines.trajectory.multi_view.trip_features import PointScaler, Units, times_hidden, unit_of_point, units_of
from baselines.trajectory.multi_view.unit_recovery import UnitRecovery
from baselines.trajectory.multi_view.view_encoder import ViewEncoder
from baselines.trajectory.multi_view.views import road_tokens
from baselines.trajectory.pretraining import SMALL_STEPS
from benchmark import CityProblem, TrajectoryProblem, Trips

BOTH = (GPS_ROAD, ROUTE)
# layers of graph attention
GRAPH_LAYERS = 2
# weight of the matching loss, and what the whole is divided by
PAIR, DIVISOR = 2, 3


@dataclass(frozen=True, kw_only=True)
class JGRMOptions(StreamOptions):
    """6.5 million numbers at Xi'an's 4,996 roads."""

    epochs: int = 20


class JGRMNetwork(nn.Module):
    """The route encoder and the GPS encoder of one city, and a Transformer over both (card §3)."""

    def __init__(self, options: JGRMOptions, city: CityProblem) -> None:
        super().__init__()
        o = options
        self.time = TimeEmbedding(o.embedding_width, o.interval_bins)
        self.roads = RoadGraph(len(city.roads), city.roads.links, o.embedding_width, GRAPH_LAYERS, o.edge_dropout)
        self.route = ViewEncoder(o.embedding_width, o.width, o.places, o.view_layers, o.view_heads, o.feed_forward_width, o.dropout)
        self.scaler = PointScaler(city.unlabelled)
        self.gps = GpsEncoder(o.embedding_width, o.width, o.intra_direction)
        self.types = nn.Embedding(len(BOTH), o.width)
        self.joint = JointExtractor(BOTH, o.width, None, o.places, o.joint_layers, o.joint_heads, o.feed_forward_width, o.dropout)
        self.recovery = UnitRecovery(BOTH, o.width, {"route": len(city.roads)})
        self.matching = PairMatching(BOTH, o.width, "match", o.temperature)
        self.trip_vector, self.lone_at_mean_time = o.trip_vector, city.lone_roads == "mean time"
        initialise(self)

    def forward(self, trips: Trips) -> Tensor:
        """[trip, 2 · width], twice that for both kinds of vector: GPS and route after the joint Transformer.

        Of a trip whose times are hidden, zeros and the route encoder's vector: its GPS points are hidden or not its own, and the authors
        ask the route encoder alone for a travel time. Zeros tell a probe nothing.
        """
        units = units_of(trips, "route")
        route, hidden = self.route_stream(units), times_hidden(trips, "route")
        silent = Stream(torch.zeros_like(route.pooled), torch.zeros_like(route.tokens), route.layout)
        alone = vectors_of([{GPS_ROAD: silent, ROUTE: route}], self.trip_vector)
        if hidden.all():
            return alone
        joined = self.joined({GPS_ROAD: self.gps_stream(trips, units), ROUTE: route})
        return torch.where(hidden[:, None], alone, vectors_of([joined], self.trip_vector))

    def route_stream(self, units: Units, masked: Tensor | None = None) -> Stream:
        """The route encoder; bool [unit] masked: roads whose vectors are zero."""
        vectors = self.roads().index_select(0, units.number)
        if masked is not None:
            vectors = vectors.masked_fill(masked[:, None], 0)
        return self.route(vectors + self.time(units), units.layout)

    def gps_stream(self, trips: Trips, units: Units, masked: Tensor | None = None) -> Stream:
        """The GPS encoder; bool [unit] masked: roads whose points are zero."""
        return self.gps(self.scaler(trips), unit_of_point(trips, "route"), units.layout, masked)

    def joined(self, streams: Mapping[str, Stream]) -> dict[str, Stream]:
        """Both streams after they attended to each other."""
        return self.joint(streams, self.types.weight)

    def road_tokens(self, trips: Trips) -> Tensor:
        """[road unit, width]: the mean of the GPS and the route token after the joint Transformer."""
        units = units_of(trips, "route")
        return road_tokens([self.joined({GPS_ROAD: self.gps_stream(trips, units), ROUTE: self.route_stream(units)})])

    def lone_roads(self, city: str, roads: Tensor) -> Tensor:
        """int64 [k] -> [k, width], by the route encoder alone, each road a trip of its own."""
        unknown = torch.zeros_like(roads)
        units = Units(Ragged.of_lengths(torch.ones_like(roads)), roads, unknown, unknown, unknown - 1.0)
        if not self.lone_at_mean_time:
            return self.route_stream(units).tokens
        # DEVIATION: the authors' code adds the mean minute once more in the place of the mean interval (card §6).
        return self.route(self.roads()[roads] + self.time.mean_time(), units.layout).tokens


class JGRM(StreamEncoder):
    """Scope `city`."""

    Options = JGRMOptions
    presets: ClassVar = {
        "smoke": {**TINY_STREAMS, "epochs": 1, "warm_up_epochs": 1},
        "quick": {**NARROW_STREAMS, **SMALL_STEPS},
        # the step size of MVTraj at this width
        "medium": {**HALF_STREAMS, **SMALL_STEPS, "learning_rate": 3e-4},
    }
    options: JGRMOptions
    network: JGRMNetwork

    def build_network(self, problem: TrajectoryProblem) -> nn.Module:
        return JGRMNetwork(self.options, problem.only)

    def road_tables(self) -> Mapping[str, Tensor]:
        return {self.problem.only.city: self.network.roads.table.weight}

    def losses(self, trips: Trips) -> Mapping[str, Tensor]:
        """Recovery of masked roads, the same in both streams, from the joint tokens; matching of the pooled vectors before these."""
        network, o = self.network, self.options
        units = units_of(trips, "route")
        masked = masked_blocks(units.layout, o.mask_length, o.mask_probability)
        streams = {GPS_ROAD: network.gps_stream(trips, units, masked), ROUTE: network.route_stream(units, masked)}
        tokens = {name: stream.tokens for name, stream in network.joined(streams).items()}
        (recovery,) = network.recovery([tokens], {"route": units.number}, {"route": masked})
        pair = network.matching({name: stream.pooled for name, stream in streams.items()})
        return {**{f"recover {name}": loss / DIVISOR for name, loss in recovery.items()}, "pair": PAIR * pair / DIVISOR}
