"""A trajectory file: the TOML that describes a user's own trajectory city. Parsed and checked here; no point is read.

    kind = "trajectories"
    name = "my-trips"                  # the city's name
    title, source, licence             # optional, in words
    root = "${MY_DATA}/folder"         # optional: where the files lie; default: beside the TOML
    zone = "Asia/Shanghai"             # of days and minutes
    box = [104.04, 30.65, 104.13, 30.73]  # optional: west, south, east, north; default: the roads and a cell around

    [roads]
    file = "city.osm"                  # .osm, .osm.pbf, .graphml, edges (.shp, .geojson, .parquet, .csv), segments (.json)

    [[trips]]                          # one or more
    file = "trips.csv.gz"              # .csv, .csv.gz, .parquet: trip_id, unix_time, lon, lat and perhaps driver_id
    frame = "wgs84"                    # or "gcj02"
    layout = "table"                   # optional; "gaia": rows driver, order, unix seconds, lon, lat without a head

    [poi]                              # optional: points of interest
    file = "city.osm"                  # .osm, .osm.pbf, or .csv, .parquet: lon, lat, category (one of the 13)
    frame = "wgs84"                    # optional, of a table

    [grid]
    cell_size_m = 100                  # optional

    [limits]                           # optional: fewest and most entries of a trip in each view
    points = [10, 256]
    roads = [10, 100]
    cells = [10, 100]

    [split]                            # optional: first and last local day of each part, and the most trips of each
    train = [2018-11-01, 2018-11-12]   # days for all three or for none; default: the last fifteenth of the days is tested on
    validation = [2018-11-13, 2018-11-13]
    test = [2018-11-14, 2018-11-15]
    unlabelled_trips = 50000           # of the training days
    labelled_trips = 12000             # of the training days as well
    validation_trips = 5000
    test_trips = 10000

    [suites]                           # optional: suites of several cities, this one and others imported before
    chengdu-xian-2018 = ["chengdu-2018", "xian-2018"]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

from benchmark.data.bounds import shown
from benchmark.data.clock import Clock
from benchmark.data.frames import FRAMES
from benchmark.data.own.city_file import check_name, read_toml, refuse_unknown, root_folder, section
from benchmark.data.trajectory.splits import Split
from benchmark.data.trajectory.trips import Limits
from benchmark.errors import UserError, unknown
from benchmark.shapes import LARGEST_WHOLE

LAYOUTS = ("table", "gaia")
KEYS = ("kind", "name", "root", "zone", "box", "roads", "trips", "poi", "grid", "limits", "split", "suites")
WORDS = ("title", "source", "licence")


@dataclass(frozen=True)
class TripFile:
    """[[trips]]: one file of GPS points."""

    file: str
    frame: str
    layout: str = "table"


@dataclass(frozen=True)
class PoiFile:
    """[poi]: points of interest."""

    file: str
    frame: str = "wgs84"


@dataclass(frozen=True)
class TrajectoryFile:
    """A whole description."""

    name: str
    # folder that `file` entries are relative to
    root: Path
    zone: str
    roads: str
    trips: tuple[TripFile, ...]
    poi: PoiFile | None = None
    # west, south, east, north
    box: tuple[float, float, float, float] | None = None
    cell_size_m: float = 100.0
    limits: Limits = field(default_factory=Limits)
    split: Split = field(default_factory=Split)
    # suite -> its cities
    suites: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    title: str = "not stated"
    source: str = "not stated"
    licence: str = "not stated"


def read_trajectory_file(path: Path) -> TrajectoryFile:
    """Parse and check a trajectory file.

    Raises
    ------
    UserError: names the key that is unknown, absent or of the wrong type, and what is allowed.
    """
    content, where = read_toml(path), path.name
    refuse_unknown(content, {*KEYS, *WORDS}, where)
    check_name(content.get("name"), where)
    zone = _read(content, "zone", where, _is_text, 'an IANA time zone such as zone = "Asia/Shanghai"')
    Clock("2000-01-01T00:00:00", 60, zone)  # an unknown zone is an error
    roads = section(content, "roads", where)
    refuse_unknown(roads, {"file"}, f"[roads] of {where}")
    tables = content.get("trips")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise UserError(f"{where} lacks a table [[trips]] with `file` and `frame`.")
    grid, limits, split = (section(content, name, where) if name in content else {} for name in ("grid", "limits", "split"))
    refuse_unknown(grid, {"cell_size_m"}, f"[grid] of {where}")
    refuse_unknown(limits, {one.name for one in fields(Limits)}, f"[limits] of {where}")
    words = {key: _read(content, key, where, _is_text, "a text") for key in WORDS if key in content}
    root = _read({"root": ".", **content}, "root", where, _is_text, "a folder")
    return TrajectoryFile(
        name=content["name"], root=root_folder(root, path), zone=zone,
        roads=_read(roads, "file", f"[roads] of {where}", _is_text, 'a file name such as file = "city.osm"'),
        trips=tuple(_trips(table, f"[[trips]] of {where}") for table in tables),
        poi=_poi(section(content, "poi", where), f"[poi] of {where}") if "poi" in content else None,
        box=tuple(_read(content, "box", where, _is_box, "west, south, east, north in degrees")) if "box" in content else None,
        cell_size_m=_read(grid, "cell_size_m", f"[grid] of {where}", _is_size, "metres above 0") if grid else 100.0,
        limits=Limits(**{name: tuple(_read(limits, name, f"[limits] of {where}", _is_range, "fewest and most, such as [10, 100]"))
                         for name in limits}),
        split=_split(split, f"[split] of {where}"), suites=_suites(content, where),
        **{"title": content["name"], **words})


def _split(table: dict[str, Any], where: str) -> Split:
    refuse_unknown(table, {one.name for one in fields(Split)}, where)
    days: dict[str, Any] = {name: tuple(_read(table, name, where, _is_days, "first and last local day, such as [2018-11-01, 2018-11-12]"))
            for name in ("train", "validation", "test") if name in table}
    sizes = {name: _read(table, name, where, _is_count, "a number of trips above 0") for name in table if name not in days}
    return Split(**days, **sizes)


def _suites(content: dict[str, Any], where: str) -> dict[str, tuple[str, ...]]:
    table, where = content.get("suites", {}), f"[suites] of {where}"
    if not isinstance(table, dict):
        raise UserError(f"{where}: write a table such as [suites] with a line my-suite = [\"my-city\", \"another\"].")
    for name in table:
        check_name(name, where)
        cities = _read(table, name, where, _is_cities, 'two or more different cities, such as ["my-city", "another"]')
        if content["name"] not in cities:
            raise UserError(f"`{name}` in {where} lists {', '.join(cities)}; this file's own city {content['name']} must be one of them.")
    return {name: tuple(cities) for name, cities in table.items()}


def _poi(table: dict[str, Any], where: str) -> PoiFile:
    refuse_unknown(table, {"file", "frame"}, where)
    table = {"frame": "wgs84", **table}
    given = PoiFile(_read(table, "file", where, _is_text, 'a file name such as file = "city.osm"'),
                    _read(table, "frame", where, _is_text, '"wgs84" or "gcj02"'))
    if given.frame not in FRAMES:
        raise unknown(f"frame in {where}", given.frame, FRAMES)
    return given


def _trips(table: dict[str, Any], where: str) -> TripFile:
    refuse_unknown(table, {"file", "frame", "layout"}, where)
    table = {"layout": "table", **table}
    given = TripFile(_read(table, "file", where, _is_text, 'a file name such as file = "trips.csv"'),
                     _read(table, "frame", where, _is_text, '"wgs84" or "gcj02"'),
                     _read(table, "layout", where, _is_text, '"table" or "gaia"'))
    if given.frame not in FRAMES:
        raise unknown(f"frame in {where}", given.frame, FRAMES)
    if given.layout not in LAYOUTS:
        raise unknown(f"layout in {where}", given.layout, LAYOUTS)
    return given


def _read(table: Mapping[str, Any], key: str, where: str, allowed: Callable[[Any], bool], expected: str) -> Any:
    if key not in table:
        raise UserError(f"{where} lacks `{key}`; write {expected}.")
    if not allowed(table[key]):
        raise UserError(f"`{key}` in {where} is {shown(table[key])}; write {expected}.")
    return table[key]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST_WHOLE


def _is_size(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_box(value: Any) -> bool:
    return (isinstance(value, list) and len(value) == 4 and all(map(_is_number, value)) and -180 <= value[0] < value[2] <= 180
            and -90 <= value[1] < value[3] <= 90)


def _is_range(value: Any) -> bool:
    return (isinstance(value, list) and len(value) == 2 and all(isinstance(v, int) and not isinstance(v, bool) for v in value)
            and value[1] <= LARGEST_WHOLE and 1 <= value[0] <= value[1])


def _is_days(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(day, date) and not isinstance(day, datetime) for day in value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LARGEST_WHOLE


def _is_cities(value: Any) -> bool:
    return isinstance(value, list) and len(value) >= 2 and all(map(_is_text, value)) and len(set(value)) == len(value)
