"""GPS trips from files: a table with a head (trip_id, unix_time, lon, lat and perhaps driver_id), or GAIA rows without one.

A GAIA row is driver, order, unix seconds, longitude, latitude. Faults of single points and trips are repaired or dropped, and counted.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

from benchmark.data.bounds import LONGEST_ID, Bounded, reading
from benchmark.data.clock import EARLIEST, FIRST_YEAR, LAST_YEAR, LATEST
from benchmark.data.frames import to_wgs84
from benchmark.data.readers.tables import read_parquet
from benchmark.data.trajectory.trips import RawTrips
from benchmark.errors import UserError

GAIA = ("driver_id", "trip_id", "unix_time", "lon", "lat")
TYPES = {"trip_id": pa.string(), "driver_id": pa.string(), "unix_time": pa.int64(), "lon": pa.float64(), "lat": pa.float64()}
NEEDED = ("trip_id", "unix_time", "lon", "lat")
# a trip needs two points at least: one has no direction and takes no time
FEWEST_POINTS = 2


def read_trips(path: Path, frame: str, *, gaia: bool = False) -> tuple[RawTrips, Mapping[str, int]]:
    """Trips in the order of their first rows, points in time order.

    Parameters
    ----------
    path: .csv, .csv.gz or .parquet.
    frame: the coordinates' frame, "wgs84" or "gcj02".
    gaia: the file holds GAIA rows without a head.

    Returns
    -------
    The trips, and how much was repaired or dropped, by reason (reasons that did not occur have 0).

    Raises
    ------
    UserError: the file is absent or damaged, lacks a column, its longitudes and latitudes are swapped, or its frame cannot be.
    """
    columns = _columns(path, gaia)
    place = np.stack([columns["lon"], columns["lat"]], axis=1)
    if len(place) and (np.abs(place[:, 1]) > 90).mean() > 0.5 and (np.abs(place[:, 0]) <= 90).all():
        raise UserError(f"{path.name}: most latitudes are above 90 while all longitudes are below; lon and lat are swapped.")
    sound = np.isfinite(place).all(axis=1) & (np.abs(place[:, 0]) <= 180) & (np.abs(place[:, 1]) <= 90)
    columns = {name: values[sound] for name, values in columns.items()}
    trip = _number(columns["trip_id"])
    order = np.lexsort((columns["unix_time"], trip))
    rows = np.argsort(trip, kind="stable")  # the rows of a trip need not stand together
    falls = (np.diff(trip[rows]) == 0) & (np.diff(columns["unix_time"][rows]) < 0)
    unordered = np.unique(trip[rows][1:][falls])
    columns, trip = {name: values[order] for name, values in columns.items()}, trip[order]
    repeated = np.zeros(len(trip), dtype=bool)
    repeated[1:] = (trip[1:] == trip[:-1]) & (np.diff(columns["unix_time"]) == 0)
    columns, trip = {name: values[~repeated] for name, values in columns.items()}, trip[~repeated]
    lon, lat = to_wgs84(columns["lon"], columns["lat"], frame, path.name)
    starts = np.flatnonzero(np.diff(trip, prepend=-1))
    trips = RawTrips(columns["trip_id"][starts], columns["driver_id"][starts], np.append(starts, len(trip)), columns["unix_time"],
                     lon, lat)
    long_enough = np.diff(trips.offsets) >= FEWEST_POINTS
    return trips.part(long_enough), {
        "points without a place on earth, dropped": int((~sound).sum()),
        "points at the time of the one before, dropped": int(repeated.sum()),
        "trips whose points were not in time order, sorted": len(unordered),
        f"trips of fewer than {FEWEST_POINTS} points, dropped": int((~long_enough).sum())}


def _number(ids: np.ndarray) -> np.ndarray:
    """int64 [point]: trips numbered by their first row."""
    _, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def _columns(path: Path, gaia: bool) -> dict[str, np.ndarray]:
    """The five columns as arrays; an absent driver_id is empty text."""
    with reading(path, "no table of trips", again="write it again"):
        table = read_parquet(path) if path.suffix == ".parquet" else _read_csv(path, gaia)
        absent = [name for name in NEEDED if name not in table.column_names]
        if absent:
            raise UserError(f"{path.name} lacks the column{'s' * (len(absent) > 1)} {', '.join(absent)}; a table of trips has "
                            f"{', '.join(NEEDED)} and perhaps driver_id (GAIA rows have no head: say layout = \"gaia\").")
        found = {name: table[name].cast(kind) for name, kind in TYPES.items() if name in table.column_names}
    for name in ("trip_id", "unix_time"):
        if found[name].null_count:
            raise UserError(f"{path.name} has {found[name].null_count} rows without {name}; every point needs one.")
    if not table.num_rows:
        raise UserError(f"{path.name} holds no point.")
    _check_cells(found, path.name)
    arrays: dict[str, np.ndarray] = {"driver_id": np.full(table.num_rows, "", dtype="U1")}
    for name, column in found.items():
        text = name in ("trip_id", "driver_id")
        arrays[name] = np.asarray(column.fill_null("").to_pylist(), dtype=str) if text else column.to_numpy()
    return arrays


def _check_cells(found: Mapping[str, pa.ChunkedArray], name: str) -> None:
    """Ids of a length that all may have, for numpy gives all of them the room of the longest; times on the clocks of cities."""
    for column in ("trip_id", "driver_id"):
        longest = pa.compute.max(pa.compute.utf8_length(found[column])).as_py() or 0 if column in found else 0
        if longest > LONGEST_ID:
            raise UserError(f"{name} has a {column} of {longest:,} characters; {LONGEST_ID} are allowed.")
    time = found["unix_time"].to_numpy()
    wrong = (time < EARLIEST) | (time >= LATEST)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise UserError(f"{name}: row {row + 1} has unix_time {time[row]}; times are seconds since 1970 (not milliseconds) "
                        f"between the years {FIRST_YEAR} and {LAST_YEAR}.")


def _read_csv(path: Path, gaia: bool) -> pa.Table:
    read = pa.csv.ReadOptions(column_names=list(GAIA)) if gaia else pa.csv.ReadOptions()
    # times as they are written: as numbers, 0x10 would be 16
    convert = pa.csv.ConvertOptions(column_types={**TYPES, "unix_time": pa.string()})
    if path.suffix != ".gz":
        table = pa.csv.read_csv(path, read_options=read, convert_options=convert)
    else:
        with gzip.open(path, "rb") as file:
            table = pa.csv.read_csv(Bounded(file, path), read_options=read, convert_options=convert)
    if "unix_time" not in table.column_names:
        return table
    seconds = _seconds(table["unix_time"], convert.null_values, path.name)
    return table.set_column(table.column_names.index("unix_time"), "unix_time", seconds)


def _seconds(written: pa.ChunkedArray, absent: list[str], name: str) -> pa.ChunkedArray:
    """Times as whole numbers; what CSV takes for no value is none."""
    text = pa.compute.utf8_trim_whitespace(written)
    text = pa.compute.if_else(pa.compute.is_in(text, pa.array(absent)), pa.scalar(None, pa.string()), text)
    wrong = pa.compute.invert(pa.compute.match_substring_regex(text, r"^-?[0-9]{1,19}$")).fill_null(False).to_numpy()
    if wrong.any():
        row = int(np.argmax(wrong))
        raise UserError(f"{name}: row {row + 1} has unix_time '{str(text[row])[:LONGEST_ID]}'; times are whole seconds since 1970.")
    return text.cast(pa.int64())
