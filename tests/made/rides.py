"""Rides that wind through the lattice of `lattice_city`, long enough for the papers' limits, moved to another place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from made.lattice_city import SIZE, SOUTH, WEST, drive, edges

# a snake through three rows of the lattice, and another from the other side
SNAKES = [[*range(SIZE), *range(2 * SIZE - 1, SIZE - 1, -1), *range(2 * SIZE, 3 * SIZE)],
          [*range(SIZE * SIZE - 1, SIZE * (SIZE - 1) - 1, -1), *range(SIZE * (SIZE - 2), SIZE * (SIZE - 1)),
           *range(SIZE * (SIZE - 2) - 1, SIZE * (SIZE - 3) - 1, -1)]]


def rides(count: int, starts: list[int], west: float, south: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """(unix seconds, [point, 2] degrees) of each ride; the lattice's corner is moved to west and south."""
    rng = np.random.default_rng(0)
    found = [drive(SNAKES[k % 2], start, rng) for k, start in zip(range(count), starts, strict=True)]
    return [(times, points + np.array((west - WEST, south - SOUTH))) for times, points in found]


def write_osm(path: Path, west: float, south: float) -> None:
    """The streets of the lattice, and a café at every junction."""
    made = edges()["features"]
    ends = {one["properties"][end]: one["geometry"]["coordinates"][k] for one in made for k, end in enumerate("uv")}
    nodes = "".join(f'<node id="{node + 1}" version="1" lon="{lon - WEST + west:.7f}" lat="{lat - SOUTH + south:.7f}">'
                    f'<tag k="amenity" v="cafe"/></node>' for node, (lon, lat) in ends.items())
    ways = "".join(f'<way id="{k + 1}" version="1"><nd ref="{one["properties"]["u"] + 1}"/><nd ref="{one["properties"]["v"] + 1}"/>'
                   f'<tag k="highway" v="{one["properties"]["highway"]}"/></way>' for k, one in enumerate(made[::2]))
    path.write_text(f'<osm version="0.6">{nodes}{ways}</osm>', encoding="utf-8")
