"""Random: vectors without learning, the lower bound of every table.

No citation. The trajectory papers say "initialises trajectory representations randomly"; read as a random table of roads, pooled by trip
(their destination accuracy of 65 % needs it). The other reading, a random vector a trip, is the option `per_trip`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from baselines.trajectory.road_table import RoadTable
from baselines.trajectory.trip_vector import TripVectorOptions
from benchmark import CityProblem, RunContext, Trips, ranged

# odd multipliers of a hash of trips
SPREAD, MASK = 0x9E3779B1, (1 << 62) - 1


@dataclass(frozen=True, kw_only=True)
class RandomOptions(TripVectorOptions):
    """Entries are N(0, 1): probes standardise what they are given."""

    # numbers of a vector
    width: int = ranged(128, least=1)
    # a random vector for each trip instead of the mean of its roads' vectors
    per_trip: bool = False


class Random(RoadTable):
    """A fixed random table."""

    Options = RandomOptions

    def make_table(self, city: CityProblem, run: RunContext) -> Tensor:
        return torch.randn(len(city.roads), self.options.width, generator=run.generator("table"), device="cpu")

    def pooled(self, trips: Trips) -> Tensor:
        return self._per_trip(trips) if self.options.per_trip else super().pooled(trips)

    def _per_trip(self, trips: Trips) -> Tensor:
        """A vector that says nothing but which trip it is: drawn from a hash of the trip's roads and minute."""
        road, lengths = trips.route.values["road"], trips.route.lengths()
        place = torch.arange(len(road), device=road.device) - torch.repeat_interleave(trips.route.offsets[:-1], lengths)
        mixed = ((road + 1) * (2 * place + 1) * SPREAD) & MASK
        trip = torch.repeat_interleave(torch.arange(len(trips), device=road.device), lengths)
        hashed = torch.zeros(len(trips), dtype=torch.int64, device=road.device).index_add_(0, trip, mixed)
        seeds = ((hashed * 1441 + trips.minute * 7 + trips.weekday) & MASK).tolist()
        drawn = [torch.randn(self.options.width, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
        return torch.stack(drawn).to(road.device)
