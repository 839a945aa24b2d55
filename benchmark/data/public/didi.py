"""GAIA's taxi trips of Chengdu or Xi'an, a file a day as DiDi first published them, on the roads of an OSM extract."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmark.data.built_in import TRIPS
from benchmark.data.matching.cut import Cut
from benchmark.data.own.trajectory_file import PoiFile, TrajectoryFile
from benchmark.data.own.trip_file import TripFile
from benchmark.data.public.on_roads import build, folder_of, roads_in
from benchmark.data.readers.roads_files import OSM_FILES
from benchmark.data.readers.trip_layouts import TripLayout
from benchmark.data.sources import Built, pick, sources
from benchmark.errors import UserError
from benchmark.options import ranged

NAME = "didi"
# west, south, east, north: the papers' boxes (trajectory suite §1)
BOXES = {"chengdu": (104.0397, 30.6554, 104.127, 30.73), "xian": (108.906, 34.206, 108.995, 34.282)}
# gps_20161101, perhaps with the city before it and an ending; no archive of them
A_DAY = re.compile(r"gps_\d{8}(?!.*\.(?:zip|7z|tar|tgz|tar\.gz)$)")


@dataclass(frozen=True)
class Options:
    """Which city, and how many of its trips."""

    # chengdu or xian; it must be given
    city: str | None = None
    # the roads; none: the only file of roads in the folder
    roads: Path | None = None
    # most trips of a file, those with the smallest hash of their order; a suite uses 62,000 of thirteen days and 10,000 of the last
    a_day: int = ranged(11_000, least=1)
    # what becomes of trips that leave the box: drop, or clip to their longest stretch inside
    outside: Literal["drop", "clip"] = "drop"
    # metres; none: what fits the published numbers of cells in a trip
    cell_size_m: float | None = ranged(None, above=0)


def build_didi(path: Path, options: Options, replace: bool = False) -> Built:
    """Build a suite's edition `real` from GAIA rows: driver, order, unix seconds, lon, lat in GCJ-02.

    Raises
    ------
    UserError: a file is missing or wrong, or other data are there already; nothing is written then.
    """
    city = pick(NAME, "city", options.city, BOXES)
    folder, about = folder_of(path), TRIPS[city]
    others = tuple(one for one in BOXES if one != city)
    days = [one.name for one in sorted(folder.iterdir()) if A_DAY.search(one.name) and not one.name.lower().startswith(others)]
    if not days:
        raise UserError(f"{folder} has no file of a day of {city}, such as gps_20161101 or {city}_gps_20161101.csv; unpack the archives.")
    roads = roads_in(folder, options.roads)
    return build(NAME, path, options, TrajectoryFile(
        city, folder, about.zone, roads, trips=tuple(TripFile(day, "gcj02", TripLayout("gaia"), options.a_day) for day in days),
        poi=PoiFile(roads) if roads.lower().endswith(tuple(OSM_FILES)) else None, box=BOXES[city],
        cell_size_m=about.cell_size_m if options.cell_size_m is None else options.cell_size_m, cut=Cut(outside=options.outside),
        title=f"{about.title}, DiDi GAIA", source="DiDi GAIA, the user's own copy; roads: OpenStreetMap contributors",
        licence=sources().info(NAME).licence), replace)
