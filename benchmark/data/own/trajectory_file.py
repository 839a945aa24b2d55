"""A trajectory file: the TOML that describes a user's own trajectory city. Parsed and checked here; no point is read.

    kind = "trajectories"
    name = "my-trips"                  # the city's name
    title, source, licence             # optional, in words
    root = "${MY_DATA}/folder"         # optional: where the files lie; default: beside the TOML
    zone = "Asia/Shanghai"             # of days and minutes
    box = [104.04, 30.65, 104.13, 30.73]  # optional: west, south, east, north; default: the roads and a cell around

    [roads]
    file = "city.osm"                  # .osm, .osm.pbf, .graphml, edges (.shp, .geojson, .parquet, .csv), segments (.json)

    tolerance_m = 1                    # optional, of edges without u and v: ends so near are one junction
    both_ways = false                  # optional, of edges without u and v: a row is both directions, unless its oneway says yes

    [[trips]]                          # one or more; see trip_file.py
    file = "trips.csv.gz"              # .csv, .csv.gz, .parquet: trip_id, unix_time, lon, lat and perhaps driver_id
    frame = "wgs84"                    # or "gcj02"
    layout = "table"                   # optional; or "gaia", "libcity", "polylines", "hdf"
    columns = { id = "order" }         # optional: the file's own names of id, driver, time, lon, lat, point, order
    time_unit = "s"                    # optional, of times that are numbers since 1970
    most = 10000                       # optional: most trips that are taken

    [poi]                              # optional: points of interest
    file = "city.osm"                  # .osm, .osm.pbf, or .csv, .parquet: lon, lat, category (one of the 13)
    frame = "wgs84"                    # optional, of a table

    [grid]
    cell_size_m = 100                  # optional

    [limits]                           # optional: fewest and most entries of a trip in each view
    points = [10, 256]
    roads = [10, 100]
    cells = [10, 100]

    [clean]                            # optional
    longest_gap_s = 300                # break trips where two points lie further apart in time
    outside = "drop"                   # trips that leave the box; or "clip": their longest stretch inside stays

    [split]                            # optional: first and last local day (or two local times) of each part, and the most trips of each
    train = [2018-11-01, 2018-11-12]   # for all three or for none; by = "days", "hours" or "trips" divides the time otherwise
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

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from benchmark.data.clock import check_zone
from benchmark.data.frames import FRAMES
from benchmark.data.matching.cut import CLIP, DROP, Cut
from benchmark.data.own.toml_file import check_name, read_toml, refuse_unknown, root_folder, section
from benchmark.data.own.trajectory_keys import (
    is_box,
    is_cities,
    is_count,
    is_flag,
    is_range,
    is_shares,
    is_size,
    is_span,
    is_text,
    read_key,
)
from benchmark.data.own.trip_file import TripFile, read_trip_file
from benchmark.data.readers.road_joins import LARGEST_TOLERANCE_M, RoadJoins
from benchmark.data.trajectory.periods import BY, PERIODS, TRIPS
from benchmark.data.trajectory.splits import Split
from benchmark.data.trajectory.trips import Limits
from benchmark.errors import UserError, unknown

KEYS = ("kind", "name", "root", "zone", "box", "roads", "trips", "poi", "grid", "limits", "clean", "split", "suites")
WORDS = ("title", "source", "licence")


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
    joins: RoadJoins = field(default_factory=RoadJoins)
    poi: PoiFile | None = None
    # west, south, east, north
    box: tuple[float, float, float, float] | None = None
    cell_size_m: float = 100.0
    limits: Limits = field(default_factory=Limits)
    split: Split = field(default_factory=Split)
    cut: Cut = field(default_factory=Cut)
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
    zone = read_key(content, "zone", where, is_text, 'an IANA time zone such as zone = "Asia/Shanghai"')
    check_zone(zone)
    roads = section(content, "roads", where)
    refuse_unknown(roads, {"file", "tolerance_m", "both_ways"}, f"[roads] of {where}")
    tables = content.get("trips")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise UserError(f"{where} lacks a table [[trips]] with `file` and `frame`.")
    grid, limits, clean, split = (section(content, name, where) if name in content else {} for name in ("grid", "limits", "clean", "split"))
    refuse_unknown(grid, {"cell_size_m"}, f"[grid] of {where}")
    refuse_unknown(limits, {one.name for one in fields(Limits)}, f"[limits] of {where}")
    words = {key: read_key(content, key, where, is_text, "a text") for key in WORDS if key in content}
    root = read_key({"root": ".", **content}, "root", where, is_text, "a folder")
    return TrajectoryFile(
        name=content["name"], root=root_folder(root, path), zone=zone,
        roads=read_key(roads, "file", f"[roads] of {where}", is_text, 'a file name such as file = "city.osm"'),
        joins=_joins(roads, f"[roads] of {where}"),
        trips=tuple(read_trip_file(table, f"[[trips]] of {where}") for table in tables),
        poi=_poi(section(content, "poi", where), f"[poi] of {where}") if "poi" in content else None,
        box=tuple(read_key(content, "box", where, is_box, "west, south, east, north in degrees")) if "box" in content else None,
        cell_size_m=read_key(grid, "cell_size_m", f"[grid] of {where}", is_size, "metres above 0") if grid else 100.0,
        limits=Limits(**{name: tuple(read_key(limits, name, f"[limits] of {where}", is_range, "fewest and most, such as [10, 100]"))
                         for name in limits}),
        split=_split(split, f"[split] of {where}"), cut=_cut(clean, f"[clean] of {where}"), suites=_suites(content, where),
        **{"title": content["name"], **words})


def _split(table: dict[str, Any], where: str) -> Split:
    refuse_unknown(table, {one.name for one in fields(Split)}, where)
    spans = "first and last local day, such as [2018-11-01, 2018-11-12], or two local times"
    given: dict[str, Any] = {name: tuple(read_key(table, name, where, is_span, spans)) for name in PERIODS if name in table}
    if "by" in table:
        given["by"] = read_key(table, "by", where, lambda one: one in BY, " or ".join(f'"{one}"' for one in BY))
    if "shares" in table:
        given["shares"] = tuple(read_key(table, "shares", where, is_shares, "training, validation and test, such as [7, 1, 2]"))
    if {"by", "shares"} & given.keys() and set(PERIODS) & given.keys():
        raise UserError(f"{where} declares {', '.join(PERIODS)} and how to divide the rest; take `by` and `shares` out.")
    if "shares" in given and given.get("by") != TRIPS:
        raise UserError(f'{where} has `shares` of trips; write by = "{TRIPS}" beside them.')
    sizes = {name: read_key(table, name, where, is_count, "a number of trips above 0") for name in table if name not in given}
    return Split(**given, **sizes)


def _cut(table: dict[str, Any], where: str) -> Cut:
    refuse_unknown(table, {one.name for one in fields(Cut)}, where)
    given = {}
    if "longest_gap_s" in table:
        given["longest_gap_s"] = read_key(table, "longest_gap_s", where, is_count, "a whole number of seconds above 0")
    if "outside" in table:
        given["outside"] = read_key(table, "outside", where, lambda one: one in (DROP, CLIP), f'"{DROP}" or "{CLIP}"')
    return Cut(**given)


def _joins(table: dict[str, Any], where: str) -> RoadJoins:
    given = {}
    if "tolerance_m" in table:
        given["tolerance_m"] = read_key(table, "tolerance_m", where, lambda one: is_size(one) and one <= LARGEST_TOLERANCE_M,
                                        f"metres above 0, {LARGEST_TOLERANCE_M:g} at most")
    if "both_ways" in table:
        given["both_ways"] = read_key(table, "both_ways", where, is_flag, "true or false")
    return RoadJoins(**given)


def _suites(content: dict[str, Any], where: str) -> dict[str, tuple[str, ...]]:
    table, where = content.get("suites", {}), f"[suites] of {where}"
    if not isinstance(table, dict):
        raise UserError(f"{where}: write a table such as [suites] with a line my-suite = [\"my-city\", \"another\"].")
    for name in table:
        check_name(name, where)
        cities = read_key(table, name, where, is_cities, 'two or more different cities, such as ["my-city", "another"]')
        if content["name"] not in cities:
            raise UserError(f"`{name}` in {where} lists {', '.join(cities)}; this file's own city {content['name']} must be one of them.")
    return {name: tuple(cities) for name, cities in table.items()}


def _poi(table: dict[str, Any], where: str) -> PoiFile:
    refuse_unknown(table, {"file", "frame"}, where)
    table = {"frame": "wgs84", **table}
    given = PoiFile(read_key(table, "file", where, is_text, 'a file name such as file = "city.osm"'),
                    read_key(table, "frame", where, is_text, '"wgs84" or "gcj02"'))
    if given.frame not in FRAMES:
        raise unknown(f"frame in {where}", given.frame, FRAMES)
    return given
