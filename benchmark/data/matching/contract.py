"""What the builder of a trajectory city asks of a map matcher."""

from __future__ import annotations

from typing import Protocol

from benchmark.data.trajectory.roads import RoadNetwork
from benchmark.data.trajectory.trips import MatchedTrips, RawTrips


class Matcher(Protocol):
    """Puts GPS trips on roads; a trip's result depends on that trip and the network only."""

    def settings(self) -> dict[str, str | int | float]:
        """Name, version and options: all that a result depends on, for the fingerprint of a city."""
        ...

    def match(self, network: RoadNetwork, trips: RawTrips) -> MatchedTrips:
        """The path of each trip, or the reason why there is none."""
        ...
