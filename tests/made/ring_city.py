"""The smallest trajectory city: four one-way roads around a block, two trips."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmark.data.folder import Origin
from benchmark.data.grid import Grid
from benchmark.data.trajectory.city import Places
from benchmark.data.trajectory.roads import RoadNetwork, links_by_ends
from benchmark.data.trajectory.trips import MatchedTrips, RawTrips

ORIGIN = Origin("A ring of roads", "made for tests", "none")


def ring() -> RoadNetwork:
    """Four one-way roads around a square block of 0.01°: south, east, north, west side."""
    corners = np.array([(0.0, 0.0), (0.01, 0.0), (0.01, 0.01), (0.0, 0.01)]) + 0.001
    table = pd.DataFrame({"road_id": list("SENW"), "highway": ["primary", "secondary", "primary", "residential"], "length_m": 1113.0,
                          "oneway": True, "lanes": 1})
    ends = np.stack([corners, np.roll(corners, -1, axis=0)], axis=1).reshape(-1, 2)
    return RoadNetwork(table, np.arange(0, 10, 2), ends[:, 0], ends[:, 1], links_by_ends(np.arange(4), (np.arange(4) + 1) % 4))


def places(**changes) -> Places:
    grid = Grid(0.0, 0.02, 0.0, 0.02, 4, 4)
    return Places(**{"network": ring(), "grid": grid, "poi": np.arange(16 * 13, dtype=np.int32).reshape(16, 13), "zone": "Asia/Shanghai",
                     "facts": {"matcher": "by hand"}, **changes})


TRIPS = RawTrips(np.array(["a", "b"]), np.array(["d", ""]), np.array([0, 5, 7]), np.array([0, 10, 20, 30, 40, 100, 100]),
                 np.array([0.001, 0.006, 0.011, 0.011, 0.001, 0.001, 0.002]), np.array([0.001, 0.001, 0.001, 0.006, 0.001, 0.011, 0.011]))
MATCHED = MatchedTrips(np.array([0, 0, 1, 1, 0, 2, 2]), np.array([0, 5, 6]), np.array([0, 1, 2, 3, 0, 2]),
                       np.array([0.0, 20.0, 32.0, 36.0, 39.0, 100.0]), np.array(["", ""]))
PARTS = np.array([0, 3])
