"""Trip tables of JGRM's and MVTraj's archives: pickled frames, a row is a trip, a cell is a list → points, and their published matching.

    cpath_list        roads driven, complete          road_timestamp    seconds when each was entered, and the end of the trip
    opath_list        road of each point              tm_list           seconds of each point
    lng_list          longitude of each point         lat_list          latitude of each point

Rows are counted from 1, in sentences and in the ids of trips. Other columns are not used: they follow from these, or have no geometry.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from hashlib import blake2b
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.data.clock import EARLIEST, FIRST_YEAR, LAST_YEAR, LATEST
from benchmark.data.readers.restricted_pickle import read_pickled_frame
from benchmark.data.readers.trip_files import FEWEST_POINTS
from benchmark.data.trajectory.trips import MatchedTrips, RawTrips
from benchmark.errors import UserError
from benchmark.ragged import falls, offsets_of, row_at, row_of

ROADS_OF = ("cpath_list", "road_timestamp")
POINTS_OF = ("opath_list", "tm_list", "lng_list", "lat_list")


def read_archive_trips(path: Path, fid: np.ndarray, seen: set[bytes], counts: Counter[str]) -> tuple[RawTrips, MatchedTrips]:
    """The trips of one table, in their own frame, without those given before.

    Parameters
    ----------
    fid: int64 [road] the names of the roads.
    seen: digests of the trips given before; this table's are added.
    counts: what was repaired or dropped, by reason; this table's are added.

    Raises
    ------
    UserError: a column is missing, a row's lists do not fit each other, or a road is not among `fid`.
    """
    frame = read_pickled_frame(path, [*ROADS_OF, *POINTS_OF])
    values, lengths = {}, {}
    for column in (*ROADS_OF, *POINTS_OF):
        values[column], lengths[column] = _flat(frame.pop(column), f"{path.name}: column {column}")
    for column, other, more in [("road_timestamp", "cpath_list", 1), *((column, "tm_list", 0) for column in POINTS_OF)]:
        wrong = np.flatnonzero(lengths[column] != lengths[other] + more)
        if wrong.size:
            raise UserError(f"{path.name}: row {wrong[0] + 1} has {lengths[column][wrong[0]]} values in {column}, but "
                            f"{lengths[other][wrong[0]]} in {other}; {column} must be {'one longer' if more else 'as long'}.")
    count, steps = lengths["tm_list"], lengths["cpath_list"]
    offsets, path_offsets = offsets_of(count), offsets_of(steps)
    for column, begins in (("cpath_list", path_offsets), ("opath_list", offsets)):
        row = rows_of(fid, values[column])
        if (row < 0).any():
            worst = int(np.argmin(row))
            raise UserError(f"{path.name}: row {row_at(worst, begins) + 1} names road {values[column][worst]:.10g} in "
                            f"{column}, which the table of roads lacks (column fid).")
        values[column] = row
    time, lon, lat = (values[column] for column in POINTS_OF[1:])
    _check_points(path.name, time, lon, lat)
    new = _first_times(np.stack([time, lon, lat], axis=1), offsets, seen)
    counts["trips given again with the same points, dropped"] += int((~new).sum())
    # the last time of a trip is its end, and no entry
    entry = np.delete(values["road_timestamp"], np.cumsum(steps + 1) - 1) if len(steps) else values["road_timestamp"]
    ids = np.char.add(f"{path.stem}-", np.arange(1, len(count) + 1).astype(str))
    trips = RawTrips(ids, np.full(len(count), "", "U1"), offsets, time, lon, lat)
    matched = MatchedTrips(values["opath_list"], path_offsets, values["cpath_list"], entry, np.full(len(count), "", "U1"))
    trips, matched = trips.part(new), matched.part(new, trips.offsets)
    trips, matched = _clean_points(trips, matched, counts)
    return trips, _rising(matched, counts)


def _flat(cells: pd.Series, what: str) -> tuple[np.ndarray, np.ndarray]:
    """float64 [value] of all rows one after the other, and int64 [row] how many each has."""
    lists = cells.tolist()
    for row, cell in enumerate(lists, start=1):
        if not isinstance(cell, list | tuple) and not (isinstance(cell, np.ndarray) and cell.ndim == 1):
            raise UserError(f"{what} holds '{str(cell)[:40]}' in row {row}; each row must be a list of numbers.")
    lengths = np.fromiter(map(len, lists), np.int64, len(lists))
    try:
        if lists and all(isinstance(cell, np.ndarray) for cell in lists):
            return np.concatenate(lists, dtype=np.float64, casting="same_kind"), lengths
        if str in set(map(type, chain.from_iterable(lists))):  # numpy would read '1' as a number
            raise TypeError
        return np.fromiter(chain.from_iterable(lists), np.float64, int(lengths.sum())), lengths
    except (TypeError, ValueError, OverflowError):
        for row, cell in enumerate(lists, start=1):
            if not all(one is None or isinstance(one, int | float | np.number) for one in cell):
                raise UserError(f"{what} holds more than numbers in row {row}, e.g. '{str(list(cell))[:40]}'.") from None
        raise UserError(f"{what} holds values that are no numbers.") from None


def _clean_points(trips: RawTrips, matched: MatchedTrips, counts: Counter[str]) -> tuple[RawTrips, MatchedTrips]:
    """Points with a time and a place, in time order, each time once; trips of too few points are dropped."""
    number = row_of(trips.offsets)
    timed = np.isfinite(trips.time)
    placed = np.isfinite(trips.lon) & np.isfinite(trips.lat) & (np.abs(trips.lon) <= 180) & (np.abs(trips.lat) <= 90)
    unordered = np.unique(number[falls(trips.time, trips.offsets)])
    kept = np.flatnonzero(timed & placed)
    kept = kept[np.lexsort((trips.time[kept], number[kept]))]
    time, number = np.floor(trips.time[kept]).astype(np.int64), number[kept]
    repeated = np.zeros(len(kept), dtype=bool)
    repeated[1:] = (np.diff(number) == 0) & (np.diff(time) == 0)
    cut_off = int((time != trips.time[kept]).sum())
    kept, time, number = kept[~repeated], time[~repeated], number[~repeated]
    count = np.bincount(number, minlength=len(trips))
    enough = count >= FEWEST_POINTS
    counts.update({
        "points without a time, dropped": int((~timed).sum()), "points without a place on earth, dropped": int((timed & ~placed).sum()),
        "points at the time of the one before, dropped": int(repeated.sum()),
        "trips whose points were not in time order, sorted": len(unordered),
        "points whose time was cut to whole seconds": cut_off,
        f"trips of fewer than {FEWEST_POINTS} points, dropped": int((~enough).sum())})
    trips = RawTrips(trips.trip_id, trips.driver_id, offsets_of(count), time, trips.lon[kept], trips.lat[kept])
    return trips.part(enough), replace(matched, point_road=matched.point_road[kept]).part(enough, trips.offsets)


def _rising(matched: MatchedTrips, counts: Counter[str]) -> MatchedTrips:
    """Entries that fall are set to the latest before: an archive takes the time of the point nearest to the road's start."""
    entry, offsets = matched.entry.copy(), matched.path_offsets
    for trip in np.unique(row_at(falls(entry, offsets), offsets)):
        inside = slice(offsets[trip], offsets[trip + 1])
        np.maximum.accumulate(entry[inside], out=entry[inside])
    changed = (entry != matched.entry) & ~np.isnan(entry)
    counts["entries of roads before that of the road before, set to it"] += int(changed.sum())
    return replace(matched, entry=entry)


def _check_points(source: str, time: np.ndarray, lon: np.ndarray, lat: np.ndarray) -> None:
    if len(lat) and (np.abs(lat) > 90).mean() > 0.5 and not (np.abs(lon) > 90).any():
        raise UserError(f"{source}: most of lat_list is above 90 while all of lng_list is below; lon and lat are swapped.")
    wrong = (time < EARLIEST) | (time >= LATEST)
    if wrong.any():
        raise UserError(f"{source}: tm_list holds {time[np.argmax(wrong)]:g}; times must be seconds since 1970, not milliseconds, and "
                        f"lie between the years {FIRST_YEAR} and {LAST_YEAR}.")


def _first_times(points: np.ndarray, offsets: np.ndarray, seen: set[bytes]) -> np.ndarray:
    """bool [trip]: none before has the same points, bit for bit; adds the digests to `seen`."""
    new = np.zeros(len(offsets) - 1, dtype=bool)
    for trip in range(len(new)):
        digest = blake2b(points[offsets[trip]:offsets[trip + 1]].tobytes(), digest_size=16).digest()
        new[trip] = digest not in seen
        seen.add(digest)
    return new


def rows_of(ids: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """int64, in the shape of `wanted`: the row where each stands among `ids`, -1 where it does not."""
    order = np.argsort(ids)
    place = np.minimum(np.searchsorted(ids[order], wanted), len(ids) - 1)
    return np.where(ids[order][place] == wanted, order[place], -1)
