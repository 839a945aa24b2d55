"""Edges that name no junctions: ends so near that they are one, and rows that stand for both directions. Light: numpy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmark.data.bounds import shown
from benchmark.data.frames import Projection
from benchmark.data.readers.road_rows import RoadRow, first_value
from benchmark.errors import UserError

# metres within which two ends are one junction
TOLERANCE_M = 1.0
# a larger one would join the two sides of a street
LARGEST_TOLERANCE_M = 50.0
# pairs of ends that are joined
MOST_PAIRS = 20_000_000
FORWARDS, BACKWARDS, BOTH = ("yes", "true", "1", "1.0"), ("-1", "-1.0", "reverse"), ("no", "false", "0", "0.0", "")


@dataclass(frozen=True)
class RoadJoins:
    """What a table of edges does not say itself."""

    # metres within which ends are one junction, where no columns u and v name them; None: TOLERANCE_M
    tolerance_m: float | None = None
    # a row is both directions, unless its `oneway` says yes
    both_ways: bool = False


def junctions_of(lines: Sequence[np.ndarray], tolerance_m: float, source: str) -> tuple[np.ndarray, np.ndarray]:
    """int64 [road] number of the junction that each line begins at, and ends at; ends within the tolerance of each other are one.

    Parameters
    ----------
    lines: [vertex, 2] WGS84 degrees each.

    Raises
    ------
    UserError: so many ends lie within the tolerance that it joins the whole network.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    ends = np.array([line[k] for k in (0, -1) for line in lines])
    places, number = np.unique(ends, axis=0, return_inverse=True)
    east, north = Projection(*places.mean(axis=0)).to_metres(places[:, 0], places[:, 1])
    tree = cKDTree(np.stack([east, north], axis=1))
    if tree.count_neighbors(tree, tolerance_m) > MOST_PAIRS:
        raise UserError(f"{source}: within {tolerance_m:g} m of each other lie more than {MOST_PAIRS:,} pairs of ends of roads; declare a "
                        "smaller tolerance_m under [roads].")
    pairs = tree.query_pairs(tolerance_m, output_type="ndarray")
    near = coo_matrix((np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(len(places), len(places)))
    junction = connected_components(near, directed=False)[1].astype(np.int64)[number.reshape(-1)]
    return junction[:len(lines)], junction[len(lines):]


def in_both_ways(rows: Iterable[tuple[RoadRow, object]], source: str) -> Iterator[RoadRow]:
    """Every road, and after it the same street driven backwards, called ``<id>r``, unless its `oneway` cell says otherwise.

    Raises
    ------
    UserError: a cell says neither yes nor no.
    """
    for row, cell in rows:
        word = first_value(cell).lower()
        if word not in FORWARDS + BACKWARDS + BOTH:
            raise UserError(f"{source}: oneway of road '{row.road_id}' is {shown(cell)}; write yes, no or -1 (only against the drawing).")
        oneway = word not in BOTH
        if word not in BACKWARDS:
            yield replace(row, oneway=oneway)
        if word not in FORWARDS:
            yield replace(row, road_id=f"{row.road_id}r", line=row.line[::-1].copy(), start=row.end, end=row.start, oneway=oneway)
