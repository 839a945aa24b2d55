"""MVTraj: GPS, route and grid views of a trip, each encoded, then made one by cross-attention.

Qian, Li, Chen, Cong, Sun, Wang, Xu, "Context-Enhanced Multi-View Trajectory Representation Learning: Bridging the Gap through
Self-Supervised Models", 2024, https://arxiv.org/abs/2410.13196. Own code from a description. Against the authors' code: no negative is
the positive, the softmax over interval bins is over the bins, padding is never seen, cells learn, and the schedule is SMARTraj2's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from baselines.trajectory.initialisation import initialise
from baselines.trajectory.multi_view.encoder import HALF_VIEWS, NARROW_VIEWS, TINY_VIEWS, MultiViewEncoder, MultiViewOptions
from baselines.trajectory.multi_view.joint_extractor import JointExtractor
from baselines.trajectory.multi_view.matching import PairMatching
from baselines.trajectory.multi_view.streams import TYPE_ROWS, vectors_of
from baselines.trajectory.multi_view.unit_recovery import UnitRecovery
from baselines.trajectory.multi_view.views import CityViews, SharedViews, road_tokens
from baselines.trajectory.pretraining import SMALL_STEPS
from benchmark import CityProblem, TrajectoryProblem, Trips

# weight of a recovery loss, and what the whole is divided by
RECOVERY, DIVISOR = 2, 7


@dataclass(frozen=True, kw_only=True)
class MVTrajOptions(MultiViewOptions):
    """18.3 million numbers at Xi'an's 4,996 roads and 10,098 cells, without the authors' second table of types, which is not used."""


class MVTrajNetwork(nn.Module):
    """The views of one city and one joint extractor."""

    def __init__(self, options: MVTrajOptions, city: CityProblem) -> None:
        super().__init__()
        o = options
        self.views = CityViews(o, city)
        self.shared = SharedViews(o, city.cells.poi.shape[1])
        streams = self.views.streams
        self.types = nn.Embedding(len(TYPE_ROWS), o.width)
        self.extractor = JointExtractor(streams, o.width, o.cross_heads, o.places, o.joint_layers, o.joint_heads, o.feed_forward_width,
                                        o.dropout)
        self.recovery = UnitRecovery(streams, o.width, {"route": len(city.roads), "grid": len(city.cells)})
        self.matching = PairMatching(streams, o.width, o.pair_loss, o.temperature)
        self.trip_vector = o.trip_vector
        initialise(self)

    def forward(self, trips: Trips) -> Tensor:
        """[trip, 4 · width], twice that for both kinds of vector: of each stream after the joint extractor."""
        return vectors_of([self.extractor(self.views(trips, self.shared).streams, self.types.weight)], self.trip_vector)

    def road_tokens(self, trips: Trips) -> Tensor:
        """[road unit, width]: mean of the gps|road and the route token after the joint extractor."""
        return road_tokens([self.extractor(self.views(trips, self.shared).streams, self.types.weight)])

    def lone_roads(self, city: str, roads: Tensor) -> Tensor:
        """int64 [k] -> [k, width], by the route encoder alone."""
        return self.views.lone_roads(roads, self.shared)


class MVTraj(MultiViewEncoder):
    """Scope `city`."""

    Options = MVTrajOptions
    presets: ClassVar = {
        "smoke": {**TINY_VIEWS, "epochs": 1, "warm_up_epochs": 1},
        "quick": {**NARROW_VIEWS, **SMALL_STEPS},
        # at this width the larger step does not learn: its validation loss stays at 6 (docs/search.md)
        "medium": {**HALF_VIEWS, **SMALL_STEPS, "learning_rate": 3e-4},
    }
    # docs/search.md
    trials: ClassVar = {"quick": 2, "medium": 2}
    options: MVTrajOptions
    network: MVTrajNetwork

    def build_network(self, problem: TrajectoryProblem) -> nn.Module:
        return MVTrajNetwork(self.options, problem.only)

    def road_tables(self) -> Mapping[str, Tensor]:
        roads = self.network.views.roads
        return {} if roads is None else {self.problem.only.city: roads.table.weight}

    def losses(self, trips: Trips) -> Mapping[str, Tensor]:
        """Recovery of masked units from the joint tokens, and matching of the pooled vectors before the joint extractor."""
        network = self.network
        encoded = network.views(trips, network.shared, masking=True)
        joint = network.extractor(encoded.streams, network.types.weight)
        (recovery,) = network.recovery([{name: stream.tokens for name, stream in joint.items()}], encoded.numbers(), encoded.masked)
        pairs = network.matching({name: stream.pooled for name, stream in encoded.streams.items()})
        return {**{f"recover {name}": RECOVERY * loss / DIVISOR for name, loss in recovery.items()}, "pair": pairs / DIVISOR}
