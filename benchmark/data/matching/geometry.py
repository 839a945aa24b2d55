"""Roads as straight segments in local metres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.data.frames import Projection
from benchmark.data.trajectory.roads import RoadNetwork
from benchmark.ragged import row_of, spread


def projection_of(network: RoadNetwork) -> Projection:
    """Local metres around the middle of a network's bounding box."""
    return Projection(float(network.lon.min() + network.lon.max()) / 2, float(network.lat.min() + network.lat.max()) / 2)


@dataclass(frozen=True)
class Segments:
    """Segments of all roads, in order of road and travel.

    Parameters
    ----------
    road: int64 [segment]. x, y: start. east, north: unit direction (0, 0 for a repeated vertex). length, start: metres; start is the
        distance driven on the road before the segment.
    road_length: float64 [road], the length of the drawn line: offsets on a road are measured on it.
    """

    road: np.ndarray
    x: np.ndarray
    y: np.ndarray
    east: np.ndarray
    north: np.ndarray
    length: np.ndarray
    start: np.ndarray
    road_length: np.ndarray

    def project(self, segment: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(distance to the segment, offset of its nearest place along the road) of points (x, y), one segment each."""
        dx, dy = x - self.x[segment], y - self.y[segment]
        east, north = self.east[segment], self.north[segment]
        along = np.clip(dx * east + dy * north, 0.0, self.length[segment])
        dx, dy = dx - along * east, dy - along * north
        return np.sqrt(dx * dx + dy * dy), self.start[segment] + along


def segments_of(network: RoadNetwork, projection: Projection) -> Segments:
    """All segments of a network."""
    x, y = projection.to_metres(network.lon, network.lat)
    begins = np.ones(len(x), dtype=bool)
    begins[network.offsets[1:] - 1] = False
    vertex = np.flatnonzero(begins)
    offsets = network.offsets - np.arange(len(network.offsets))  # [road + 1] of the segments: one fewer than vertices in each road
    dx, dy = x[vertex + 1] - x[vertex], y[vertex + 1] - y[vertex]
    length = np.sqrt(dx * dx + dy * dy)
    before = np.cumsum(length) - length
    scale = np.where(length > 0, length, 1.0)
    return Segments(row_of(offsets), x[vertex], y[vertex], dx / scale, dy / scale, length, before - spread(before[offsets[:-1]], offsets),
                    np.add.reduceat(length, offsets[:-1]))
