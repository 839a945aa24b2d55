"""How files write trips, as plain data: the layouts, what their columns hold, and the rows that every reader of them gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

# layout → what its columns hold → their names in the file, where no others are declared
NAMES: Mapping[str, Mapping[str, str]] = {
    "table": {"id": "trip_id", "driver": "driver_id", "time": "unix_time", "lon": "lon", "lat": "lat"},
    # as first published: driver, order, unix seconds, lon, lat
    "gaia": {"driver": "0", "id": "1", "time": "2", "lon": "3", "lat": "4"},
    "libcity": {"id": "traj_id", "driver": "entity_id", "time": "time", "point": "coordinates"},
    "polylines": {"id": "TRIP_ID", "driver": "TAXI_ID", "time": "TIMESTAMP", "missing": "MISSING_DATA", "polyline": "POLYLINE"},
    "hdf": {},
}
# what a table may hold beside: the number of a point in its trip, and both degrees in one cell "[lon, lat]"
MORE = ("order", "point")


@dataclass(frozen=True)
class TripLayout:
    """How one file writes its trips."""

    # one of NAMES
    layout: str = "table"
    # what a column holds → its name in the file; what is left out is called as in NAMES
    columns: Mapping[str, str] = field(default_factory=dict)
    # whether a .csv's first row holds names; without them columns are called "0", "1", …
    header: bool = True
    # of times that are numbers since 1970: s, ms, us or ns
    time_unit: str = "s"
    # polylines: seconds from one point to the next
    interval_s: int = 15
    # hdf: the local time that a time of 0 is; None: its times count from 1970, UTC
    start: str | None = None

    @property
    def names(self) -> dict[str, str]:
        """What a column holds → its name in the file."""
        given = {"lon", "lat"} if "point" in self.columns else {"point"} if {"lon", "lat"} & self.columns.keys() else set()
        return {**{what: name for what, name in NAMES[self.layout].items() if what not in given}, **self.columns}


@dataclass(frozen=True)
class Points:
    """The points of a file in the order of its rows; those of a trip need not stand together.

    Parameters
    ----------
    trip: int64 [point] row of `ids`. time: int64 [point] seconds since 1970, UTC. lon, lat: float64 [point] in the file's frame.
    sound: bool [point], false where a local time does not tell the moment.
    ids, drivers: text [trip]; a driver who is not known is empty.
    order: float64 [point] number in the trip, which tells points of one time apart; None: the row.
    left_out: trips that the reader left out, by reason.
    """

    trip: np.ndarray
    time: np.ndarray
    lon: np.ndarray
    lat: np.ndarray
    sound: np.ndarray
    ids: np.ndarray
    drivers: np.ndarray
    order: np.ndarray | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
