"""[[trips]] of a trajectory file: one file of GPS points, in any layout that `readers/trip_files.py` reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from benchmark.data.frames import FRAMES
from benchmark.data.own.toml_file import refuse_unknown
from benchmark.data.own.trajectory_keys import is_count, is_text, read_key
from benchmark.data.readers.times import PER_SECOND
from benchmark.data.readers.trip_layouts import MORE, NAMES, TripLayout
from benchmark.errors import UserError, unknown

# layout → its keys beside file, frame, layout and most
KEYS: Mapping[str, tuple[str, ...]] = {
    "table": ("columns", "header", "time_unit"), "gaia": ("time_unit",), "libcity": ("columns", "time_unit"),
    "polylines": ("columns", "interval_s", "time_unit"), "hdf": ("start",)}
# key → its check, and what it may be in words
CHECKS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "columns": (lambda given: isinstance(given, dict) and all(map(is_text, given.values())),
                'the file\'s names of columns, such as columns = { id = "order_id", time = "gps_time" }'),
    "header": (lambda given: isinstance(given, bool), "true or false"),
    "time_unit": (lambda given: is_text(given) and given in PER_SECOND, f"of numbers since 1970 (UTC), one of {', '.join(PER_SECOND)}"),
    "interval_s": (is_count, "the seconds from one point to the next, such as interval_s = 15"),
    "start": (lambda given: (isinstance(given, datetime) and given.tzinfo is None) or type(given) is date,
              "the local time that a 0 stands for, such as start = 2013-07-01T00:00:00")}


@dataclass(frozen=True)
class TripFile:
    """One file of GPS points."""

    file: str
    frame: str
    layout: TripLayout = field(default_factory=TripLayout)
    # most trips that are taken, those with the smallest hash of their id; None: all
    most: int | None = None


def read_trip_file(table: Mapping[str, Any], where: str) -> TripFile:
    """A table [[trips]].

    Raises
    ------
    UserError: names the key that is unknown, absent, in vain or of the wrong type, and what is allowed.
    """
    table = {"layout": "table", **table}
    layout = read_key(table, "layout", where, is_text, " or ".join(f'"{name}"' for name in NAMES))
    if layout not in NAMES:
        raise unknown(f"layout in {where}", layout, NAMES)
    others = {key for keys in KEYS.values() for key in keys} - set(KEYS[layout])
    if vain := [key for key in table if key in others]:
        raise UserError(f"`{vain[0]}` in {where} has no meaning for layout \"{layout}\"; take it out.")
    refuse_unknown(table, {"file", "frame", "layout", "most", *KEYS[layout]}, where)
    frame = read_key(table, "frame", where, is_text, '"wgs84" or "gcj02"')
    if frame not in FRAMES:
        raise unknown(f"frame in {where}", frame, FRAMES)
    given = {key: read_key(table, key, where, *CHECKS[key]) for key in KEYS[layout] if key in table}
    if "columns" in given:
        refuse_unknown(given["columns"], {*NAMES[layout], *(MORE if layout == "table" else ())}, f"`columns` in {where}")
        if "point" in given["columns"] and {"lon", "lat"} & given["columns"].keys():
            raise UserError(f"`columns` in {where} has `point` beside `lon` or `lat`; name either the one or both of the others.")
    if "start" in given:
        given["start"] = given["start"].isoformat()
    return TripFile(read_key(table, "file", where, is_text, 'a file name such as file = "trips.csv"'), frame, TripLayout(layout, **given),
                    read_key(table, "most", where, is_count, "a number of trips above 0") if "most" in table else None)
