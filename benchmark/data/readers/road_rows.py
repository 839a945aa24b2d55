"""What every reader of roads ends with: road rows → a checked network. Light: numpy and pandas."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.data.bounds import LARGEST_EXTENT_M, shown
from benchmark.data.frames import METRES_PER_DEGREE, great_circle_m
from benchmark.data.trajectory.roads import RoadNetwork, links_by_ends
from benchmark.errors import UserError
from benchmark.ragged import offsets_of

# a road between two nodes at one place keeps its junctions joined, and lengths are above 0
SHORTEST_M = 0.1
# west, south, east, north, WGS84 degrees
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class RoadRow:
    """One directed road as a file tells it."""

    road_id: str
    # OSM class
    highway: str
    # float [vertex, 2], lon and lat in the direction of travel
    line: np.ndarray
    # names of the junctions at both ends
    start: Hashable
    end: Hashable
    # metres; None: the great circles along the line
    length_m: float | None = None
    # None: one-way where no other road is this one driven backwards
    oneway: bool | None = None
    # 0: unknown
    lanes: int = 0


def build_network(rows: Sequence[RoadRow], source: str, u_turns: bool, box: Box | None = None) -> RoadNetwork:
    """The network of `rows`, in their order, linked by shared junctions.

    Parameters
    ----------
    source: the file's name, for errors.
    u_turns: whether a road links to the same street driven backwards, and a road that ends where it begins to itself.
    box: keep the roads that have one end inside; its edges belong to it.
    """
    _check_degrees(rows, source)
    if box is not None:
        rows = [row for row in rows if _inside(row.line[0], box) or _inside(row.line[-1], box)]
    if not rows:
        where = "" if box is None else " inside the box (west, south, east, north)"
        raise UserError(f"{source} has no roads{where}; check that it holds located streets with a highway class.")
    _check_extent(rows, source)
    offsets = offsets_of([len(row.line) for row in rows])
    vertex = np.concatenate([row.line for row in rows]).astype(np.float64)
    drawn = _lengths(vertex, offsets)
    length = np.array([drawn[k] if row.length_m is None else row.length_m for k, row in enumerate(rows)])
    number: dict[Hashable, int] = {}
    start = np.array([number.setdefault(row.start, len(number)) for row in rows], dtype=np.int64)
    end = np.array([number.setdefault(row.end, len(number)) for row in rows], dtype=np.int64)
    reverse = _reverse(rows)
    table = pd.DataFrame({
        "road_id": [row.road_id for row in rows], "highway": [row.highway for row in rows], "length_m": length,
        "oneway": [bool(reverse[k] < 0) if row.oneway is None else row.oneway for k, row in enumerate(rows)],
        "lanes": np.array([row.lanes for row in rows], dtype=np.int64)})
    links = links_by_ends(start, end, None if u_turns else reverse)
    if not u_turns:
        links = links[links[:, 0] != links[:, 1]]
    return RoadNetwork(table, offsets, vertex[:, 0].copy(), vertex[:, 1].copy(), links)


def first_value(cell: object) -> str:
    """The first of several values, written "a", "['a', 'b']" or "a;b"; empty for none."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, list | tuple | np.ndarray):
        return first_value(cell[0]) if len(cell) else ""
    found = re.match(r"""[\[('"\s]*([^'",;\])]*)""", str(cell))
    return found.group(1).strip() if found else ""


def first_int(cell: object) -> int:
    """The first whole number of a cell such as "2", 2.0 or "['3', '2']"; 0 for none."""
    found = re.match(r"\d+", first_value(cell))
    return int(found.group()) if found else 0


def truth(cell: object) -> bool | None:
    """The yes or no of a cell, None where it says neither."""
    word = first_value(cell).lower()
    if word in ("yes", "true", "1", "1.0", "-1", "reverse"):
        return True
    return False if word in ("no", "false", "0", "0.0") else None


def _lengths(vertex: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    step = great_circle_m(vertex[:-1, 0], vertex[:-1, 1], vertex[1:, 0], vertex[1:, 1])
    step[offsets[1:-1] - 1] = 0  # from the last vertex of a road to the first of the next
    return np.maximum(np.add.reduceat(step, offsets[:-1]), SHORTEST_M)


def _reverse(rows: Sequence[RoadRow]) -> np.ndarray:
    """[road] row with the same line and ends the other way round, -1 where there is none."""
    way = {(row.start, row.end, row.line.tobytes()): k for k, row in enumerate(rows)}
    return np.array([way.get((row.end, row.start, row.line[::-1].tobytes()), -1) for row in rows], dtype=np.int64)


def _check_degrees(rows: Sequence[RoadRow], source: str) -> None:
    for row in rows:
        if len(row.line) < 2:
            raise UserError(f"{source}: road '{row.road_id}' has fewer than two vertices.")
        lon, lat = np.abs(row.line).max(axis=0)
        if not (lon <= 180 and lat <= 90):
            swapped = lat <= 180 and lon <= 90
            raise UserError(f"{source}: road '{row.road_id}' starts at lon {row.line[0, 0]}, lat {row.line[0, 1]}; " + (
                "lon and lat are swapped, write lon first." if swapped else "only WGS84 degrees are allowed, save it as EPSG:4326."))


def _check_extent(rows: Sequence[RoadRow], source: str) -> None:
    """A city fits local metres: one road with a wrong vertex would stretch it over the globe."""
    low, high = np.array([row.line.min(axis=0) for row in rows]), np.array([row.line.max(axis=0) for row in rows])
    middle = np.median((low + high) / 2, axis=0)
    metres = METRES_PER_DEGREE * np.array([np.cos(np.radians(middle[1])), 1.0])
    if ((high.max(axis=0) - low.min(axis=0)) * metres).max() <= LARGEST_EXTENT_M:
        return
    away = (np.maximum(high - middle, middle - low) * metres).max(axis=1)
    farthest = int(np.argmax(away))
    raise UserError(f"{source}: road {shown(rows[farthest].road_id)} reaches {away[farthest] / 1000:,.0f} km away from the middle of the "
                    f"roads; a city is {LARGEST_EXTENT_M / 1000:,.0f} km wide or high at most. Correct the road, or declare a box.")


def _inside(point: np.ndarray, box: Box) -> bool:
    west, south, east, north = box
    return bool(west <= point[0] <= east and south <= point[1] <= north)
