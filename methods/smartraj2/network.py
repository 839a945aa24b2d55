"""SMARTraj2's network: view encoders, gates, and two joint extractors, one shared by all cities and one of each city (card §3)."""

from __future__ import annotations

from torch import Tensor, nn

from baselines.trajectory.initialisation import initialise
from baselines.trajectory.multi_view.joint_extractor import JointExtractor
from baselines.trajectory.multi_view.matching import PairMatching
from baselines.trajectory.multi_view.streams import TYPE_ROWS, Stream, streams_of, vectors_of
from baselines.trajectory.multi_view.unit_recovery import UnitRecovery
from baselines.trajectory.multi_view.views import CityViews, Encoded, SharedViews, road_tokens
from benchmark import TrajectoryProblem, Trips
from methods.smartraj2.city_features import city_features
from methods.smartraj2.gates import Gates
from methods.smartraj2.options import SMARTraj2Options

# H^s, H^i, and what stands for them where there is neither
Versions = dict[str, dict[str, Stream]]


class SMARTraj2Network(nn.Module):
    """Any number of cities; a batch is of one."""

    def __init__(self, options: SMARTraj2Options, problem: TrajectoryProblem) -> None:
        super().__init__()
        o, cities = options, problem.cities
        streams = streams_of(o.views)

        def extractor() -> JointExtractor:
            return JointExtractor(streams, o.width, o.cross_heads, o.places, o.joint_layers, o.joint_heads, o.feed_forward_width, o.dropout)

        self.shared = SharedViews(o, next(iter(cities.values())).cells.poi.shape[1])
        self.views = nn.ModuleDict({name: CityViews(o, city) for name, city in cities.items()})
        self.gates = Gates(o, streams, city_features(problem))
        self.types = nn.Embedding(len(TYPE_ROWS), o.width)
        self.invariant = extractor() if o.use_invariant else None
        self.specific = nn.ModuleDict({name: extractor() for name in cities}) if o.use_specific else None
        self.recovery = nn.ModuleDict({name: UnitRecovery(streams, o.width, {"route": len(city.roads), "grid": len(city.cells)})
                                       for name, city in cities.items()})
        self.matching = PairMatching(streams, o.width, o.pair_loss, o.temperature)
        self.trip_vector = o.trip_vector
        initialise(self)

    def encode(self, trips: Trips, *, masking: bool = False) -> tuple[Encoded, dict[str, Stream], Versions]:
        """The views, the gated streams, and what the extractors make of these."""
        encoded: Encoded = self.city(trips.city)(trips, self.shared, masking=masking)
        gated = self.gates(encoded.streams, trips.city, encoded.ends)
        versions: Versions = {}
        if self.specific is not None:
            versions["specific"] = self.specific[trips.city](gated, self.types.weight)
        if self.invariant is not None:
            versions["invariant"] = self.invariant(gated, self.types.weight)
        return encoded, gated, versions or {"gated": gated}

    def forward(self, trips: Trips) -> Tensor:
        """[trip, 2048], twice that for both kinds of vector: of each stream of H^s, then of H^i."""
        return vectors_of(list(self.encode(trips)[2].values()), self.trip_vector)

    def road_tokens(self, trips: Trips) -> Tensor:
        """[road unit, width]: mean of the gps|road and route tokens of both extractors."""
        return road_tokens(list(self.encode(trips)[2].values()))

    def lone_roads(self, city: str, roads: Tensor) -> Tensor:
        """int64 [k] -> [k, width], by the route encoder alone."""
        return self.city(city).lone_roads(roads, self.shared)

    def of(self, city: str) -> SMARTraj2Network:
        """The network that encodes a city's trips."""
        return self

    def city(self, name: str) -> CityViews:
        """What is a city's own before the extractors."""
        views = self.views[name]
        assert isinstance(views, CityViews)
        return views


class CitiesApart(nn.Module):
    """A network for each city, none of which ever sees another city: SMARTraj2 on single cities, in one fit, which has one best epoch."""

    def __init__(self, options: SMARTraj2Options, problem: TrajectoryProblem) -> None:
        super().__init__()
        self.networks = nn.ModuleDict({name: SMARTraj2Network(options, TrajectoryProblem({name: city}))
                                       for name, city in problem.cities.items()})

    def of(self, city: str) -> SMARTraj2Network:
        """The network that encodes a city's trips."""
        network = self.networks[city]
        assert isinstance(network, SMARTraj2Network)
        return network

    def forward(self, trips: Trips) -> Tensor:
        """[trip, 2048]."""
        return self.of(trips.city)(trips)

    def road_tokens(self, trips: Trips) -> Tensor:
        """[road unit, width]."""
        return self.of(trips.city).road_tokens(trips)

    def lone_roads(self, city: str, roads: Tensor) -> Tensor:
        """int64 [k] -> [k, width]."""
        return self.of(city).lone_roads(city, roads)
