"""The archives of JGRM and MVTraj: one city's edge tables, pickled trips, and the map matching published with them.

    edge_features.csv         fid, highway, length (metres), perhaps oneway and lanes; a row is a directed road
    edge_geometry.csv         geometry, WKT LINESTRING of lon lat, WGS84; fid, or the rows in the order of edge_features.csv
    line_graph_edge_idx.npy   [2, link] fids: one may drive from the upper straight onto the lower
    *.pkl                     pickled frames, a row is a trip, see `trajectory_archive_trips`

Nothing else in the folder is read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.data.archives.jgrm.trips import read_archive_trips, rows_of
from benchmark.data.frames import to_wgs84
from benchmark.data.readers.road_rows import RoadRow, build_network, first_int, first_value, truth
from benchmark.data.readers.tables import load_array, numbers, read_frame
from benchmark.data.trajectory.roads import RoadNetwork
from benchmark.data.trajectory.trips import MatchedTrips, RawTrips
from benchmark.errors import UserError
from benchmark.ragged import joined, offsets_of, ranges, spread

FEATURES, GEOMETRY, LINKS = "edge_features.csv", "edge_geometry.csv", "line_graph_edge_idx.npy"
LINESTRING = re.compile(r"\s*LINESTRING\s*Z?\s*\(([^()]+)\)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class TrajectoryArchive:
    """One city of an archive."""

    network: RoadNetwork
    trips: RawTrips
    # where the archive itself puts the same trips, in the same order
    published: MatchedTrips
    # how much was repaired or dropped, by reason
    repaired: Mapping[str, int]
    # what was read
    files: Sequence[Path]


def read_trajectory_archive(folder: Path, frame: str = "wgs84") -> TrajectoryArchive:
    """Read a city's folder.

    Parameters
    ----------
    frame: of the points, "wgs84" or "gcj02"; the roads are WGS84.

    Raises
    ------
    UserError: a file or column is missing, a row's lists do not fit each other, or a road is not in the table.
    """
    tables = sorted(folder.glob("*.pkl"))
    absent = [name for name in (FEATURES, GEOMETRY, LINKS) if not (folder / name).is_file()] + ([] if tables else ["*.pkl (trips)"])
    if absent:
        raise UserError(f"{folder} lacks {', '.join(absent)}; the archive of a city is one folder with {FEATURES}, {GEOMETRY}, {LINKS} and "
                        "its trips as .pkl.")
    network, fid = _read_roads(folder)
    counts, seen = Counter[str](), set[bytes]()
    trips, published = _join([read_archive_trips(path, fid, seen, counts) for path in tables])
    if not len(trips):
        dropped = "; ".join(f"{count} {reason}" for reason, count in counts.items() if count)
        raise UserError(f"No trip of {', '.join(path.name for path in tables)} is left ({dropped or 'the tables are empty'}).")
    lon, lat = to_wgs84(trips.lon, trips.lat, frame)
    files = [folder / FEATURES, folder / GEOMETRY, folder / LINKS, *tables]
    return TrajectoryArchive(network, replace(trips, lon=lon, lat=lat), published, dict(counts), files)


class PublishedMatching:
    """The matching that came with trips, as a matcher: it looks trips up by their id."""

    def __init__(self, trips: RawTrips, published: MatchedTrips) -> None:
        self.offsets, self.published = trips.offsets, published
        self._row = pd.Index(trips.trip_id)

    def settings(self) -> dict[str, str | int | float]:
        """Name and version."""
        return {"matcher": "published", "version": 1}

    def match(self, network: RoadNetwork, trips: RawTrips) -> MatchedTrips:
        """The published paths; a trip has none where it is unknown, a time is missing, or no link joins two roads in a row."""
        row = self._row.get_indexer(pd.Index(trips.trip_id))
        count, found = np.diff(trips.offsets), self.published
        known = (row >= 0) & (np.diff(self.offsets)[row] == count)
        row = np.where(known, row, 0)
        steps = np.where(known, np.diff(found.path_offsets)[row], 0)
        trip, step = ranges(found.path_offsets[row], found.path_offsets[row] + steps)
        path, entry = found.path[step], found.entry[step]
        link = np.isin(path[:-1] * len(network) + path[1:], network.links[:, 0] * len(network) + network.links[:, 1])
        torn = np.bincount(trip[1:][~link & (trip[1:] == trip[:-1])], minlength=len(row)) > 0
        timeless = np.bincount(trip[~np.isfinite(entry)], minlength=len(row)) > 0
        reason = np.select([~known, torn | (steps == 0), timeless], ["no published path", "no connected path", "no entry time"], "")
        good = reason == ""
        point_road = np.full(int(count.sum()), -1, np.int64)
        point_road[spread(good, trips.offsets)] = found.point_road[ranges(self.offsets[row[good]], self.offsets[row[good] + 1])[1]]
        kept = good[trip]
        return MatchedTrips(point_road, offsets_of(np.where(good, steps, 0)), path[kept], entry[kept], reason)


def _read_roads(folder: Path) -> tuple[RoadNetwork, np.ndarray]:
    """The network, and the fid of each of its roads."""
    edges, shapes = read_frame(folder / FEATURES), read_frame(folder / GEOMETRY)
    for frame, name, needed in ((edges, FEATURES, ("fid", "highway", "length")), (shapes, GEOMETRY, ("geometry",))):
        absent = [column for column in needed if column not in frame]
        if absent:
            raise UserError(f"{name} has no column {', '.join(absent)}; it has {', '.join(map(str, frame.columns))}.")
    fid, length = _ids(edges, FEATURES), numbers(edges[["length"]], FEATURES)[:, 0].astype(float)
    if "fid" in shapes:
        order = rows_of(_ids(shapes, GEOMETRY), fid)
        if (order < 0).any():
            raise UserError(f"{GEOMETRY} has no line for road {fid[np.argmin(order)]} of {FEATURES}.")
        shapes = shapes.iloc[order]
    if len(shapes) != len(edges):
        raise UserError(f"{GEOMETRY} has {len(shapes)} lines, but {FEATURES} has {len(edges)} roads; without a column fid their rows must "
                        "be the same roads.")
    rows = []
    for row, (edge, text) in enumerate(zip(edges.to_dict("records"), shapes["geometry"], strict=True)):
        line = _line(text, f"{GEOMETRY}: the line of road {fid[row]}")
        rows.append(RoadRow(str(fid[row]), first_value(edge["highway"]) or "unclassified", line, tuple(line[0]), tuple(line[-1]),
                            None if np.isnan(length[row]) else float(length[row]), truth(edge.get("oneway")), first_int(edge.get("lanes"))))
    ends = load_array(folder / LINKS)
    if ends.ndim != 2 or len(ends) != 2:
        raise UserError(f"{LINKS} has shape {ends.shape}; it must be [2, link]: the roads that links lead from, and those they lead to.")
    links = rows_of(fid, ends.astype(np.float64))
    if (links < 0).any():
        raise UserError(f"{LINKS} names road {ends.ravel()[np.argmin(links.ravel())]}, which {FEATURES} lacks (column fid).")
    return replace(build_network(rows, GEOMETRY, u_turns=True), links=np.unique(links.T, axis=0)), fid


def _join(parts: Sequence[tuple[RawTrips, MatchedTrips]]) -> tuple[RawTrips, MatchedTrips]:
    def all_of(which: int, name: str) -> np.ndarray:
        return np.concatenate([getattr(part[which], name) for part in parts])

    offsets, path_offsets = joined([trips.offsets for trips, _ in parts]), joined([matched.path_offsets for _, matched in parts])
    return (RawTrips(all_of(0, "trip_id"), all_of(0, "driver_id"), offsets, all_of(0, "time"), all_of(0, "lon"), all_of(0, "lat")),
            MatchedTrips(all_of(1, "point_road"), path_offsets, all_of(1, "path"), all_of(1, "entry"), all_of(1, "reason")))


def _line(text: object, what: str) -> np.ndarray:
    """float64 [vertex, 2] of a WKT LINESTRING; heights are left out."""
    found = LINESTRING.fullmatch(str(text))
    try:
        line = np.array([point.split()[:2] for point in found.group(1).split(",")] if found else [], dtype=np.float64)
    except ValueError:
        line = np.empty(0)
    if line.ndim != 2 or line.shape[1] != 2 or not np.isfinite(line).all():
        raise UserError(f"{what} is '{str(text)[:40]}'; only WKT such as LINESTRING (104.1 30.6, 104.2 30.6) is a road.")
    return line


def _ids(frame: pd.DataFrame, name: str) -> np.ndarray:
    """int64 [row] of the column fid, each once."""
    given = numbers(frame[["fid"]], name)[:, 0]
    if not (np.isfinite(given) & (given == np.floor(given))).all():
        raise UserError(f"{name} has a fid that is no whole number.")
    repeated = pd.Series(given)[pd.Series(given).duplicated()]
    if len(repeated):
        raise UserError(f"{name} has road {int(repeated.iloc[0])} twice in column fid; every road needs its own.")
    return given.astype(np.int64)
