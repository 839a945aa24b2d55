"""Whether points are declared in the right coordinate frame: in the wrong one they lie tens of metres beside the roads."""

from __future__ import annotations

import numpy as np

from benchmark.data.frames import gcj02_to_wgs84, wgs84_to_gcj02
from benchmark.data.matching.candidates import RoadIndex
from benchmark.data.matching.geometry import projection_of, segments_of
from benchmark.data.trajectory.roads import RoadNetwork
from benchmark.data.trajectory.trips import RawTrips

# points looked at, evenly spread
SAMPLE = 5000
# metres within which a road is looked for; farther points are no evidence
RADIUS_M = 150.0
# the right frame gives 3-4 m, the wrong one 30-110 m: the other frame is believed if it halves a distance of more than this
SUSPICIOUS_M = 10.0


def median_road_distance(network: RoadNetwork, lon: np.ndarray, lat: np.ndarray) -> float:
    """Median distance in metres to the nearest road, of the points (WGS84) that have one near; infinite if most have none."""
    chosen = np.unique(np.linspace(0, len(lon) - 1, min(SAMPLE, len(lon))).astype(np.int64))
    projection = projection_of(network)
    index = RoadIndex(segments_of(network, projection), 1, RADIUS_M)
    distance = index.nearest(*projection.to_metres(lon[chosen], lat[chosen])).distance[:, 0]
    near = distance[np.isfinite(distance)]
    return float(np.median(near)) if len(near) else float("inf")


def wrong_frame(network: RoadNetwork, trips: RawTrips, frame: str) -> tuple[float, str | None]:
    """The median distance in the declared frame, and the other frame's name if it fits the roads far better.

    trips: already moved from `frame` to WGS84.
    """
    declared = median_road_distance(network, trips.lon, trips.lat)
    move, other = (gcj02_to_wgs84, "gcj02") if frame == "wgs84" else (wgs84_to_gcj02, "wgs84")
    if declared > SUSPICIOUS_M and median_road_distance(network, *move(trips.lon, trips.lat)) < declared / 2:
        return declared, other
    return declared, None
