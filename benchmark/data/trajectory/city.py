"""The canonical trajectory city: one folder with roads, cells and the trips of three views, joined by the trip's row.

    <folder>/card.json        what it is, where from, how it was matched, SHA-256 of every file, fingerprint
    <folder>/roads.csv        road_id, highway, length_m, oneway, lanes; row = road
    <folder>/roads.*.npy      offsets [road + 1], lon, lat [vertex], links [link, 2]
    <folder>/poi.npy          int32 [cell, 13]: points of interest by category
    <folder>/trips.*.npy      id, driver: text [trip]; part: int8 [trip], see splits
    <folder>/gps.*.npy        offsets [trip + 1]; time, lon, lat, road, cell [point]
    <folder>/route.*.npy      offsets [trip + 1]; road, entry [step]
    <folder>/grid.*.npy       offsets [trip + 1]; cell, entry [step]

A view is values + offsets: trip k has the entries offsets[k] … offsets[k + 1] - 1 of each of its arrays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.data.folder import CARD, Origin, opened, seal
from benchmark.data.grid import Grid
from benchmark.data.stored import load_array
from benchmark.data.trajectory.roads import RoadNetwork
from benchmark.data.trajectory.trips import MatchedTrips, RawTrips
from benchmark.errors import UserError, unknown
from benchmark.files import disk_errors
from benchmark.folders import new_folder
from benchmark.ragged import falls, offsets_kept, row_at

# the papers' order
POI_CATEGORIES = ("dining", "scenery", "public facilities", "shopping", "transportation", "education", "finance", "residential",
                  "life services", "sports", "healthcare", "government", "accommodation")
# view -> its arrays beside `offsets`
VIEWS: Mapping[str, tuple[str, ...]] = {
    "gps": ("time", "lon", "lat", "road", "cell"), "route": ("road", "entry"), "grid": ("cell", "entry")}


@dataclass(frozen=True)
class View:
    """One view of all trips."""

    # int64 [trip + 1]
    offsets: np.ndarray
    # name -> [entry]: road, cell int32 rows; time int64, entry float64 seconds since 1970; lon, lat float64 degrees
    values: Mapping[str, np.ndarray]

    def lengths(self) -> np.ndarray:
        """Entries of each trip, int64."""
        return np.diff(self.offsets)

    def trip(self, k: int) -> dict[str, np.ndarray]:
        """The arrays of one trip."""
        return {name: array[self.offsets[k]:self.offsets[k + 1]] for name, array in self.values.items()}


@dataclass(frozen=True)
class Places:
    """What a trajectory city knows besides its trips."""

    network: RoadNetwork
    grid: Grid
    # int32 [cell, 13]
    poi: np.ndarray
    # IANA zone of days and minutes
    zone: str
    # facts for the card: matcher and settings, counts of dropped points and trips by reason
    facts: Mapping[str, Any] = field(default_factory=dict)
    # file -> SHA-256 of what it was read from: for the card alone, since the same city may be written down in other bytes
    raw_files: Mapping[str, str] = field(default_factory=dict)


class TrajectoryCity:
    """A city on disk, opened without reading its trips."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # where its files lie, now and for as long as this is open
        self.files, self.card = opened(folder)
        if self.card["kind"] != "trajectory":
            raise UserError(f"{folder} holds a {self.card['kind']} city, not a trajectory one.")
        self.name: str = self.card["name"]
        self.edition: str = self.card["edition"]
        self.fingerprint: str = self.card["fingerprint"]
        self.zone: str = self.card["zone"]
        self.grid = Grid(**self.card["grid"])

    @cached_property
    def network(self) -> RoadNetwork:
        with disk_errors(self.files / "roads.csv", "read"):
            table = pd.read_csv(self.files / "roads.csv", dtype={"road_id": str, "highway": str}, keep_default_na=False)
        return RoadNetwork(table, *(np.asarray(self._load(f"roads.{part}")) for part in ("offsets", "lon", "lat", "links")))

    @cached_property
    def poi(self) -> np.ndarray:
        """int32 [cell, 13] counts in the order of `POI_CATEGORIES`."""
        return self._load("poi")

    @cached_property
    def trip_ids(self) -> np.ndarray:
        """Text [trip]."""
        return np.asarray(self._load("trips.id"))

    @cached_property
    def driver_ids(self) -> np.ndarray:
        """Text [trip], empty where unknown."""
        return np.asarray(self._load("trips.driver"))

    @cached_property
    def parts(self) -> np.ndarray:
        """int8 [trip]: the number in `splits.PARTS` of what a trip is used for, -1 for none."""
        return np.asarray(self._load("trips.part"))

    def view(self, name: str) -> View:
        """One view, memory-mapped.

        Raises
        ------
        UserError: there is no such view.
        """
        if name not in VIEWS:
            raise unknown("view", name, VIEWS)
        return View(np.asarray(self._load(f"{name}.offsets")), {part: self._load(f"{name}.{part}") for part in VIEWS[name]})

    def _load(self, name: str) -> np.ndarray:
        return load_array(self.files / f"{name}.npy", mapped=True)


def write_trajectory_city(destination: Path, name: str, edition: str, origin: Origin, places: Places, trips: RawTrips,
                          matched: MatchedTrips, parts: np.ndarray) -> TrajectoryCity:
    """Join points, roads and cells, write them as one folder (all or nothing), and open it; `parts` is int8 [trip], see splits.

    Every trip must be matched and lie inside the grid; a builder drops the others before, and counts them.

    Raises
    ------
    UserError: if the parts do not fit each other; nothing is written then.
    """
    cell = places.grid.locate(trips.lon, trips.lat)
    check_trips(places, trips, matched, cell)
    grid_offsets, first = cell_path(cell, trips.offsets)
    arrays = {
        "roads.offsets": places.network.offsets, "roads.lon": places.network.lon, "roads.lat": places.network.lat,
        "roads.links": places.network.links, "poi": places.poi.astype(np.int32), "trips.id": trips.trip_id.astype(str),
        "trips.driver": trips.driver_id.astype(str), "trips.part": parts.astype(np.int8),
        "gps.offsets": trips.offsets, "gps.time": trips.time, "gps.lon": trips.lon, "gps.lat": trips.lat,
        "gps.road": matched.point_road.astype(np.int32), "gps.cell": cell.astype(np.int32),
        "route.offsets": matched.path_offsets, "route.road": matched.path.astype(np.int32), "route.entry": matched.entry.astype(np.float64),
        "grid.offsets": grid_offsets, "grid.cell": cell[first].astype(np.int32), "grid.entry": trips.time[first].astype(np.float64),
    }
    facts = {"trips": len(trips), "points": len(trips.time), "roads": len(places.network), "links": len(places.network.links),
             "cells": places.grid.cells, "zone": places.zone, "grid": asdict(places.grid), "poi": int(places.poi.sum())}
    files = {"raw_files": dict(places.raw_files)} if places.raw_files else {}
    with new_folder(destination, CARD) as folder:
        places.network.table.to_csv(folder / "roads.csv", index=False, lineterminator="\n")
        for part, array in arrays.items():
            np.save(folder / f"{part}.npy", np.ascontiguousarray(array))
        seal(folder, {"kind": "trajectory", "name": name, "edition": edition, "title": origin.title, "source": origin.source,
                      "licence": origin.licence, "notes": {**origin.notes, **places.facts, **files}, **facts},
             content=json.dumps([facts, dict(places.facts)], sort_keys=True, default=str))
    return TrajectoryCity(destination)


def cell_path(cell: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The runs of equal cells of each trip: a cell that is left and entered again stands again.

    Parameters
    ----------
    cell: [point]. offsets: [trip + 1].

    Returns
    -------
    int64 [trip + 1] offsets of the runs, and int64 [run] the first point of each.
    """
    begins = np.zeros(len(cell), dtype=bool)
    begins[1:] = cell[1:] != cell[:-1]
    begins[offsets[:-1][np.diff(offsets) > 0]] = True
    return offsets_kept(begins, offsets), np.flatnonzero(begins)


def check_trips(places: Places, trips: RawTrips, matched: MatchedTrips, cell: np.ndarray) -> None:
    """Refuse trips that do not fit their roads, their cells ([point]) or the clock."""
    if not len(trips):
        raise UserError("No trip is left; see the counts by reason.")
    repeated = pd.Series(trips.trip_id)[pd.Series(trips.trip_id).duplicated()]
    if len(repeated):
        raise UserError(f"Trip '{repeated.iloc[0]}' stands twice; every trip needs its own id.")
    if places.poi.shape != (places.grid.cells, len(POI_CATEGORIES)):
        raise UserError(f"The counts of points of interest are {places.poi.shape}, but {places.grid.cells} cells and "
                        f"{len(POI_CATEGORIES)} categories need ({places.grid.cells}, {len(POI_CATEGORIES)}).")
    for wrong, what in ((np.flatnonzero(matched.reason != ""), "is not matched to roads"),
                        (_trips_of(np.flatnonzero(cell < 0), trips.offsets), "leaves the grid"),
                        (_trips_of(falls(trips.time, trips.offsets), trips.offsets), "has a time before the one in front of it"),
                        (_trips_of(falls(matched.entry, matched.path_offsets), matched.path_offsets), "enters a road before the last one"),
                        (_trips_of(_jumps(places.network, matched), matched.path_offsets), "drives between roads that no link joins")):
        if wrong.size:
            raise UserError(f"Trip '{trips.trip_id[wrong[0]]}' {what} ({wrong.size} trips do); drop such trips before.")


def _jumps(network: RoadNetwork, matched: MatchedTrips) -> np.ndarray:
    """Steps of a path that no link joins to the step before them."""
    key = matched.path[:-1].astype(np.int64) * len(network) + matched.path[1:]
    jumps = np.flatnonzero(~np.isin(key, network.links[:, 0] * len(network) + network.links[:, 1])) + 1
    return jumps[~np.isin(jumps, matched.path_offsets)]


def _trips_of(entries: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The trips that hold these entries, each once."""
    return np.unique(row_at(entries, offsets))
