"""A trajectory problem as an encoder sees it: roads without their classes, cells, unlabelled and validation trips. Never a test trip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from benchmark.trajectory.trips import Trips


@dataclass(frozen=True)
class Roads:
    """The road network without road classes, which are what `road_label` asks for."""

    # float32 [road] metres
    length: Tensor
    # bool [road]
    oneway: Tensor
    # int64 [road], 0: unknown
    lanes: Tensor
    # int64 [road + 1]; float64 [vertex] degrees: road i has the vertices offsets[i]:offsets[i + 1], in the direction of travel
    offsets: Tensor
    lon: Tensor
    lat: Tensor
    # int64 [link, 2]: one may drive from the first road straight onto the second
    links: Tensor

    def __len__(self) -> int:
        return len(self.length)


@dataclass(frozen=True)
class Cells:
    """The grid: cell = row * columns + column, rows from south to north."""

    rows: int
    columns: int
    # float64 [cell] degrees of the centres
    lon: Tensor
    lat: Tensor
    # float32 [cell, 13] points of interest by category
    poi: Tensor

    def __len__(self) -> int:
        return len(self.lon)


@dataclass(frozen=True)
class CityProblem:
    """One city of a problem."""

    city: str
    roads: Roads
    cells: Cells
    # trips of the training days to learn from, whole and with all times
    unlabelled: Trips
    # trips of the validation days, to stop by
    validation: Trips
    # int64 [road] number of the road's class among the city's, for a method that asks by its options; its road_label is then not scored
    road_class: Tensor | None = None
    # when a road that no trip drives is driven for its vector: at an unknown time, or at the mean of all known ones (protocol `paper`)
    lone_roads: Literal["unknown time", "mean time"] = "unknown time"


@dataclass(frozen=True)
class TrajectoryProblem:
    """What one fit covers: one city, or all cities of a suite."""

    cities: Mapping[str, CityProblem]

    @property
    def only(self) -> CityProblem:
        """The city of a one-city problem."""
        (city,) = self.cities.values()
        return city
