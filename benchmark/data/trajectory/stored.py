"""Every promise of the trajectory format, asked of a city as it is stored; what is asked before it is written stands in `city.py`."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmark.data.stored import expect, named, refuse
from benchmark.data.trajectory.city import VIEWS, Places, TrajectoryCity, cell_path, check_trips
from benchmark.data.trajectory.splits import NO_PART, PARTS, TEST, VALIDATION
from benchmark.data.trajectory.trips import MatchedTrips, RawTrips
from benchmark.ragged import falls


def check_stored(city: TrajectoryCity) -> None:
    """Read the whole city and compare it with its card and with its format.

    Raises
    ------
    UserError: names the first file, and where it can the row, that breaks a promise.
    """
    files = city.files
    _check_roads(city)
    for view in VIEWS:
        _check_view(city, view)
    gps, route, grid = (city.view(view) for view in VIEWS)
    expect(files / "trips.id.npy", len(city.trip_ids), city.card["trips"], "the number of trips")
    expect(files / "gps.time.npy", len(gps.values["time"]), city.card["points"], "the number of points")
    cell = city.grid.locate(gps.values["lon"], gps.values["lat"])
    refuse(files / "gps.lon.npy", cell < 0, "a point lies outside the grid")
    refuse(files / "gps.cell.npy", cell != gps.values["cell"], "a cell is not the one that its point lies in")
    refuse(files / "gps.time.npy", _at(falls(gps.values["time"], gps.offsets), len(cell)), "a time lies before the one in front of it")
    trips = RawTrips(city.trip_ids, city.driver_ids, gps.offsets, *(gps.values[part] for part in ("time", "lon", "lat")))
    matched = MatchedTrips(gps.values["road"], route.offsets, route.values["road"], route.values["entry"], np.full(len(trips), ""))
    with named(files / "route.road.npy"):
        check_trips(Places(city.network, city.grid, city.poi, city.zone), trips, matched, cell)
    offsets, first = cell_path(cell, gps.offsets)
    refuse(files / "grid.offsets.npy", grid.offsets != offsets, "a trip's cells are not the runs of those of its points")
    refuse(files / "grid.cell.npy", grid.values["cell"] != cell[first], "a cell is not that of its first point")
    refuse(files / "grid.entry.npy", grid.values["entry"] != gps.values["time"][first], "a time is not that of the cell's first point")
    _check_parts(city, trips)


def _check_roads(city: TrajectoryCity) -> None:
    files, roads = city.files, city.card["roads"]
    with named(files / "roads.csv"):
        network = city.network
    links = network.links
    expect(files / "roads.csv", len(network), roads, "the number of rows")
    expect(files / "roads.links.npy", links.shape, (city.card["links"], 2), "its shape")
    repeated = np.zeros(len(links), bool)
    repeated[1:] = np.diff(links[:, 0] * roads + links[:, 1]) <= 0
    refuse(files / "roads.links.npy", repeated, "a link stands twice, or before a smaller one")
    refuse(files / "poi.npy", city.poi < 0, "a count is below 0")
    expect(files / "poi.npy", int(city.poi.sum()), city.card["poi"], "the number of points of interest")


def _check_view(city: TrajectoryCity, name: str) -> None:
    """Offsets cut the entries of all trips; roads and cells are rows of what there is."""
    path, view = city.files / f"{name}.offsets.npy", city.view(name)
    expect(path, view.offsets.shape, (city.card["trips"] + 1,), "its shape")
    falling = np.zeros(len(view.offsets), bool)
    falling[1:] = np.diff(view.offsets) <= 0
    refuse(path, falling, "an offset is not above the one before it, so that a trip is empty")
    for part, array in view.values.items():
        file = city.files / f"{name}.{part}.npy"
        expect(file, array.shape, (int(view.offsets[-1]),), "its shape")
        if part in ("road", "cell"):
            # a point may be matched to no road
            least = -1 if (name, part) == ("gps", "road") else 0
            refuse(file, (array < least) | (array >= city.card[f"{part}s"]), f"there is no {part} of this number")
        else:
            refuse(file, ~np.isfinite(array), "a number is NaN or infinite")
    expect(path, int(view.offsets[0]), 0, "the first offset")


def _check_parts(city: TrajectoryCity, trips: RawTrips) -> None:
    """Each trip has a part that there is; counts are the card's; what is learnt from ends before what is tested on begins."""
    path, parts = city.files / "trips.part.npy", city.parts
    expect(path, parts.shape, (len(trips),), "its shape")
    refuse(path, (parts < NO_PART) | (parts >= len(PARTS)), "there is no part of this number")
    split = city.card["notes"].get("split", {})
    for name, count in split.get("trips", {}).items():
        expect(path, int((parts == PARTS.index(name)).sum()), count, f"the number of {name} trips")
    if split:
        _check_order(path, parts, trips)


def _check_order(path: Path, parts: np.ndarray, trips: RawTrips) -> None:
    begin, end = trips.time[trips.offsets[:-1]], trips.time[trips.offsets[1:] - 1]
    periods = ((0, VALIDATION, "training"), (VALIDATION, TEST, "validation"), (TEST, len(PARTS), "test"))
    kept = [(name, (parts >= first) & (parts < stop)) for first, stop, name in periods]
    kept = [(name, mask) for name, mask in kept if mask.any()]
    for (before, earlier), (after, later) in pairwise(kept):
        refuse(path, earlier & (end >= begin[later].min()), f"a {before} trip has not ended when the {after} part begins")


def _at(entries: np.ndarray, length: int) -> np.ndarray:
    wrong = np.zeros(length, bool)
    wrong[entries] = True
    return wrong
