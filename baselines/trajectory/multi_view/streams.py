"""The four streams of a multi-view trajectory encoder, and what is known of each (SMARTraj2 card §2 and §3.7)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from baselines.layers.ragged import Ragged
from baselines.trajectory.trip_vector import Kind, trip_vectors

View = Literal["gps", "route", "grid"]
# in the order of the pooled vectors; the first two are the GPS points by road and by cell
GPS_ROAD, GPS_GRID, ROUTE, GRID = STREAMS = ("gps_road", "gps_grid", "route", "grid")
# the order in which they follow one another in the joint sequence, and the row of each in the table of types
JOINT_ORDER = (GPS_ROAD, ROUTE, GPS_GRID, GRID)
TYPE_ROWS = {ROUTE: 0, GPS_ROAD: 1, GRID: 2, GPS_GRID: 3}
# the view whose units each stream's tokens are, and the views without which it is not there
UNITS: dict[str, Literal["route", "grid"]] = {GPS_ROAD: "route", ROUTE: "route", GPS_GRID: "grid", GRID: "grid"}
NEEDS = {GPS_ROAD: {"gps", "route"}, GPS_GRID: {"gps", "grid"}, ROUTE: {"route"}, GRID: {"grid"}}
# streams whose pooled vectors are matched
PAIRS = ((GPS_ROAD, ROUTE), (GPS_GRID, GRID), (GPS_ROAD, GPS_GRID))


@dataclass(frozen=True)
class Stream:
    """One view of some trips, encoded."""

    # [trip, width]
    pooled: Tensor
    # [unit, width]
    tokens: Tensor
    layout: Ragged

    @property
    def last(self) -> Tensor:
        """[trip, width]: the token of the last unit; zeros for a trip without units."""
        return self.layout.last(self.tokens)


def streams_of(views: Collection[str]) -> tuple[str, ...]:
    """The streams that some views give (card §6, row 25)."""
    return tuple(stream for stream in STREAMS if set(views) >= NEEDS[stream])


def concatenated(streams: Mapping[str, Stream]) -> Tensor:
    """[trip, streams · width]: the pooled vectors side by side."""
    return torch.cat([streams[stream].pooled for stream in STREAMS if stream in streams], dim=1)


def vectors_of(versions: Sequence[Mapping[str, Stream]], kind: Kind) -> Tensor:
    """[trip, versions · streams · width], twice that for both kinds: of every version the pooled vectors, or the last tokens."""
    pooled = torch.cat([concatenated(version) for version in versions], dim=1)
    last = torch.cat([version[stream].last for version in versions for stream in STREAMS if stream in version], dim=1)
    return trip_vectors(kind, pooled, last)
