"""Roads of a trajectory city: directed polylines, joined where one begins at the end of another. Light: numpy and pandas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.errors import UserError
from benchmark.ragged import ranges, row_at, some_rows

ROAD_COLUMNS = ["road_id", "highway", "length_m", "oneway", "lanes"]


@dataclass(frozen=True)
class RoadNetwork:
    """All directed roads of a city; a two-way street is two roads. A road is named by its row from here on.

    Parameters
    ----------
    table: columns road_id (the source's own name, text, different for each road), highway (OSM class, text), length_m (metres > 0),
        oneway (bool), lanes (int, 0: unknown).
    offsets: int64 [road + 1]: road i has the vertices ``lon[offsets[i]:offsets[i + 1]]``, at least two, in the direction of travel.
    lon, lat: float64 [vertex], WGS84 degrees.
    links: int64 [link, 2], each once, in lexicographic order: one may drive from road ``links[k, 0]`` straight onto ``links[k, 1]``.
    """

    table: pd.DataFrame
    offsets: np.ndarray
    lon: np.ndarray
    lat: np.ndarray
    links: np.ndarray

    def __post_init__(self) -> None:
        _check(self)

    def __len__(self) -> int:
        return len(self.table)

    @property
    def streets(self) -> np.ndarray:
        """int64 [road]: number of each road's street; roads between the same two ends are one, whichever way they are driven."""
        first, last = self.offsets[:-1], self.offsets[1:] - 1
        ends = np.stack([self.lon[first], self.lat[first], self.lon[last], self.lat[last]], axis=1)
        backwards = (ends[:, 0] > ends[:, 2]) | ((ends[:, 0] == ends[:, 2]) & (ends[:, 1] > ends[:, 3]))
        ends[backwards] = ends[backwards][:, [2, 3, 0, 1]]
        return np.unique(ends, axis=0, return_inverse=True)[1].reshape(-1)

    @property
    def largest_connected(self) -> int:
        """How many roads the largest part has in which one may drive from every road to every other."""
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        graph = coo_matrix((np.ones(len(self.links), dtype=bool), (self.links[:, 0], self.links[:, 1])), shape=(len(self), len(self)))
        return int(np.bincount(connected_components(graph, directed=True, connection="strong")[1]).max())

    def part(self, kept: np.ndarray) -> RoadNetwork:
        """The roads where `kept` (bool [road]) is true, renumbered in order, with the links among them."""
        number = np.cumsum(kept) - 1
        offsets, vertex = some_rows(kept, self.offsets)
        both = kept[self.links].all(axis=1)
        return RoadNetwork(self.table[kept].reset_index(drop=True), offsets, self.lon[vertex], self.lat[vertex], number[self.links[both]])


def links_by_ends(start: np.ndarray, end: np.ndarray, reverse: np.ndarray | None = None) -> np.ndarray:
    """The directed line graph of roads given by the junctions they begin and end at.

    Parameters
    ----------
    start, end: [road] junction of each road's first and last vertex, any sortable values.
    reverse: [road] row of the same street driven the other way, -1 where there is none; a U-turn onto it is no link.

    Returns
    -------
    int64 [link, 2] in lexicographic order.
    """
    order = np.argsort(start, kind="stable")
    first = np.searchsorted(start[order], end, side="left")
    source, place = ranges(first, np.searchsorted(start[order], end, side="right"))
    links = np.stack([source, order[place]], axis=1).astype(np.int64)
    if reverse is not None:
        links = links[reverse[links[:, 0]] != links[:, 1]]
    return links[np.lexsort((links[:, 1], links[:, 0]))]


def _check(network: RoadNetwork) -> None:
    table, offsets = network.table, network.offsets
    absent = [column for column in ROAD_COLUMNS if column not in table]
    if absent:
        raise UserError(f"The road table lacks {', '.join(absent)}; it needs {', '.join(ROAD_COLUMNS)}.")
    repeated = table["road_id"][table["road_id"].duplicated()]
    if len(repeated):
        raise UserError(f"Road '{repeated.iloc[0]}' stands twice in the road table; every road needs its own id.")
    if len(offsets) != len(table) + 1 or offsets[0] != 0 or offsets[-1] != len(network.lon) or len(network.lon) != len(network.lat):
        raise UserError(f"The geometry of {len(table)} roads needs {len(table) + 1} offsets that end at its {len(network.lon)} vertices.")
    short = np.flatnonzero(np.diff(offsets) < 2)
    if short.size:
        raise UserError(f"Road '{table['road_id'].iloc[short[0]]}' has fewer than two vertices.")
    flat = np.flatnonzero(~(table["length_m"].to_numpy(float) > 0))
    if flat.size:
        raise UserError(f"Road '{table['road_id'].iloc[flat[0]]}' has length {table['length_m'].iloc[flat[0]]} m; lengths are above 0.")
    outside = ~((np.abs(network.lon) <= 180) & (np.abs(network.lat) <= 90))
    if outside.any():
        road = int(row_at(int(np.argmax(outside)), offsets))
        raise UserError(f"Road '{table['road_id'].iloc[road]}' has a vertex outside WGS84 degrees (lon, lat swapped?).")
    if network.links.size and not ((network.links >= 0) & (network.links < len(table))).all():
        raise UserError(f"A link names a road outside the table of {len(table)}.")
