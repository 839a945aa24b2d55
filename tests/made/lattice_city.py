"""A tiny city for imports: a square lattice of streets, trips driven along them with a few metres of noise, points of interest."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

TRIPS, DAY = 160, 86_400
# a square lattice of two-way streets around Chengdu, 0.002 degrees apart
SIZE, PITCH, WEST, SOUTH = 6, 0.002, 104.0, 30.0
TOML = """
kind = "trajectories"
name = "lattice"
zone = "Asia/Shanghai"
[roads]
file = "edges.geojson"
[[trips]]
file = "trips.csv"
frame = "wgs84"
[poi]
file = "poi.csv"
[limits]
points = [4, 200]
roads = [2, 20]
cells = [2, 60]
"""


def place(node):
    return WEST + PITCH * (node % SIZE), SOUTH + PITCH * (node // SIZE)


def edges():
    """GeoJSON of every street in both directions."""
    pairs = [(a, b) for a in range(SIZE**2) for b in (a + 1, a + SIZE) if b < SIZE**2 and (b != a + 1 or b % SIZE)]
    features = [{"type": "Feature", "geometry": {"type": "LineString", "coordinates": [place(u), place(v)]},
                 "properties": {"u": u, "v": v, "highway": "primary" if u // SIZE == v // SIZE else "residential", "length": 200.0}}
                for a, b in pairs for u, v in ((a, b), (b, a))]
    return {"type": "FeatureCollection", "features": features}


def drive(nodes, start, rng):
    """Points every five seconds along a way through junctions, with a few metres of noise."""
    corners = np.array([place(node) for node in nodes])
    along = np.arange(0, len(nodes) - 1 + 1e-9, 0.125)
    points = np.stack([np.interp(along, np.arange(len(nodes)), corners[:, axis]) for axis in (0, 1)], axis=1)
    return start + 5 * np.arange(len(points)), points + rng.normal(0, 3e-5, points.shape)


def write_lattice(folder: Path) -> None:
    """The description of a city and its raw files: sixteen trips a day over 120 streets, and two that are of no use."""
    rng = np.random.default_rng(0)
    (folder / "lattice.toml").write_text(TOML)
    (folder / "edges.geojson").write_text(json.dumps(edges()))
    ways = [[0, 1, 2, 8, 14], [35, 34, 33, 27, 21, 15], [6, 7, 8, 9, 15, 21], [30, 24, 18, 12, 6, 0]]
    rows = ["trip_id,driver_id,unix_time,lon,lat"]
    for k in range(TRIPS):  # sixteen a day
        times, points = drive(ways[k % 4], 1_540_000_000 + DAY * (k // 16) + 1000 * (k % 16), rng)
        rows += [f"t{k},d,{time},{lon:.6f},{lat:.6f}" for time, (lon, lat) in zip(times, points, strict=True)]
    rows += ["away,d,1540000000,110.0,30.0", "away,d,1540000005,110.1,30.0", "one,d,1,104.0,30.0"]
    (folder / "trips.csv").write_text("\n".join(rows) + "\n")
    points = ["lon,lat,category", "104.0001,30.0001,dining", "104.0002,30.0001,dining", "104.0099,30.0099,sports", "1,1,sports"]
    (folder / "poi.csv").write_text("\n".join(points) + "\n")
