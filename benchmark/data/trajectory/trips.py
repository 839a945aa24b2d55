"""Raw trips of a trajectory city: points of all trips one after the other, and where each trip begins. Light: numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.ragged import some_rows, spread


@dataclass(frozen=True)
class RawTrips:
    """GPS trips.

    Parameters
    ----------
    trip_id: text [trip], different for each. driver_id: text [trip], empty where unknown.
    offsets: int64 [trip + 1]: trip k has the points ``offsets[k]:offsets[k + 1]``, in time order.
    time: int64 [point] seconds since 1970, UTC. lon, lat: float64 [point] WGS84 degrees.
    """

    trip_id: np.ndarray
    driver_id: np.ndarray
    offsets: np.ndarray
    time: np.ndarray
    lon: np.ndarray
    lat: np.ndarray

    def __len__(self) -> int:
        return len(self.trip_id)

    def part(self, kept: np.ndarray) -> RawTrips:
        """The trips where `kept` (bool [trip]) is true."""
        offsets, point = some_rows(kept, self.offsets)
        return RawTrips(self.trip_id[kept], self.driver_id[kept], offsets, self.time[point], self.lon[point], self.lat[point])


@dataclass(frozen=True)
class MatchedTrips:
    """Where a map matcher put trips on a road network.

    Parameters
    ----------
    point_road: int64 [point] row of the road of each point, -1 where a trip has none.
    path_offsets: int64 [trip + 1]; path: int64 [step] rows of the roads driven, complete and connected by links.
    entry: float64 [step] seconds since 1970 when a road was entered, never falling within a trip.
    reason: text [trip], empty for a matched trip, else why there is none, e.g. "no candidate road", "no connected path".
    """

    point_road: np.ndarray
    path_offsets: np.ndarray
    path: np.ndarray
    entry: np.ndarray
    reason: np.ndarray

    def part(self, kept: np.ndarray, points: np.ndarray) -> MatchedTrips:
        """The trips where `kept` (bool [trip]) is true; `points`: int64 [trip + 1], the offsets of their points."""
        offsets, step = some_rows(kept, self.path_offsets)
        return MatchedTrips(self.point_road[spread(kept, points)], offsets, self.path[step], self.entry[step], self.reason[kept])


@dataclass(frozen=True)
class Limits:
    """Fewest and most entries of a trip in each view; the paper's."""

    points: tuple[int, int] = (10, 256)
    roads: tuple[int, int] = (10, 100)
    cells: tuple[int, int] = (10, 100)
