"""GPS trips from files of any layout. Faults of single points and trips are repaired or dropped, and counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmark.data.frames import to_wgs84
from benchmark.data.readers.trip_hdf import read_hdf_trips
from benchmark.data.readers.trip_layouts import Points, TripLayout
from benchmark.data.readers.trip_polylines import read_polylines
from benchmark.data.readers.trip_tables import read_points
from benchmark.data.trajectory.splits import hash_order
from benchmark.data.trajectory.trips import RawTrips
from benchmark.errors import UserError

READERS: Mapping[str, Callable[[Path, TripLayout, str], Points]] = {
    "table": read_points, "gaia": read_points, "libcity": read_points, "polylines": read_polylines, "hdf": read_hdf_trips}
# a trip needs two points at least: one has no direction and takes no time
FEWEST_POINTS = 2
TABLE, GAIA = TripLayout(), TripLayout("gaia")


def read_trips(path: Path, frame: str, layout: TripLayout = TABLE, zone: str = "UTC",
               most: int | None = None) -> tuple[RawTrips, Mapping[str, int]]:
    """Trips in the order of their first rows, points in time order.

    Parameters
    ----------
    frame: the coordinates' frame, "wgs84" or "gcj02".
    zone: IANA zone of times without an offset.
    most: trips that are taken at most, those with the smallest hash of their id; None: all.

    Returns
    -------
    The trips, and how much was repaired or dropped, by reason (reasons that did not occur have 0).

    Raises
    ------
    UserError: the file is absent or damaged, lacks a column, its longitudes and latitudes are swapped, or its frame cannot be.
    """
    points = READERS[layout.layout](path, layout, zone)
    beyond = 0
    if most is not None:
        points, beyond = _some(points, most)
    lon, lat = points.lon, points.lat
    if len(lon) and (np.abs(lat) > 90).mean() > 0.5 and (np.abs(lon) <= 90).all():
        raise UserError(f"{path.name}: most latitudes are above 90 while all longitudes are below; lon and lat are swapped.")
    placed = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
    kept = placed & points.sound
    trip, time, lon, lat = _by_first_row(points.trip[kept]), points.time[kept], lon[kept], lat[kept]
    row = points.trip[kept]
    order = np.lexsort((time, trip) if points.order is None else (points.order[kept], time, trip))
    # the rows of a trip need not stand together
    rows = np.argsort(trip, kind="stable")
    unordered = np.unique(trip[rows][1:][(np.diff(trip[rows]) == 0) & (np.diff(time[rows]) < 0)])
    trip, row, time, lon, lat = (values[order] for values in (trip, row, time, lon, lat))
    first = np.ones(len(trip), dtype=bool)
    first[1:] = (trip[1:] != trip[:-1]) | (np.diff(time) != 0)
    trip, row, time, lon, lat = (values[first] for values in (trip, row, time, lon, lat))
    starts = np.flatnonzero(np.diff(trip, prepend=-1))
    lon, lat = to_wgs84(lon, lat, frame, path.name)
    trips = RawTrips(points.ids[row[starts]], points.drivers[row[starts]], np.append(starts, len(trip)), time, lon, lat)
    long_enough = np.diff(trips.offsets) >= FEWEST_POINTS
    return trips.part(long_enough), {
        **points.left_out,
        **({f"trips of {path.name} beyond {most:,}, left out": beyond} if beyond else {}),
        "points without a place on earth, dropped": int((~placed).sum()),
        "points at local times that a clock skips or shows twice, dropped": int((placed & ~points.sound).sum()),
        "points at the time of the one before, dropped": int((~first).sum()),
        "trips whose points were not in time order, sorted": len(unordered),
        f"trips of fewer than {FEWEST_POINTS} points, dropped": int((~long_enough).sum())}


def _some(points: Points, most: int) -> tuple[Points, int]:
    """The points of so many trips, and the number of the other trips."""
    trips = np.unique(points.trip)
    chosen = np.isin(points.trip, trips[hash_order(points.ids[trips])[:most]])
    order = None if points.order is None else points.order[chosen]
    return replace(points, order=order, **{name: getattr(points, name)[chosen] for name in ("trip", "time", "lon", "lat", "sound")}), max(
        len(trips) - most, 0)


def _by_first_row(numbers: np.ndarray) -> np.ndarray:
    """int64 [point]: trips numbered anew, by their first row."""
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]
