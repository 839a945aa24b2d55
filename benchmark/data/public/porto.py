"""A year of 442 taxis of Porto, as the UCI Machine Learning Repository and Kaggle give it away, on the roads of an OSM extract."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmark.data.matching.cut import Cut
from benchmark.data.own.trajectory_file import PoiFile, TrajectoryFile
from benchmark.data.own.trip_file import TripFile
from benchmark.data.public.on_roads import build, folder_of, one_of, roads_in
from benchmark.data.readers.roads_files import OSM_FILES
from benchmark.data.readers.trip_layouts import TripLayout
from benchmark.data.sources import Built, sources
from benchmark.errors import UserError
from benchmark.options import ranged

NAME = "porto"
# seconds between two points
INTERVAL_S = 15


@dataclass(frozen=True)
class Options:
    """Which trips become the city, and where."""

    # the .csv or .csv.gz of trips; none: the only one in the folder
    trips: Path | None = None
    # the roads; none: the only file of roads in the folder
    roads: Path | None = None
    # west, south, east, north in degrees: the inner city, as other studies of these taxis cut it
    box: tuple[float, ...] = (-8.7005, 41.1001, -8.5192, 41.2086)
    # most trips that are matched, those with the smallest hash of their id; a suite uses 77,000 at most
    most: int = ranged(120_000, least=1)
    # what becomes of trips that leave the box: drop, or clip to their longest stretch inside
    outside: Literal["drop", "clip"] = "drop"
    # metres
    cell_size_m: float = ranged(100.0, above=0)


def build_porto(path: Path, options: Options, replace: bool = False) -> Built:
    """Build the city `porto`.

    Raises
    ------
    UserError: a file is missing or wrong, or other data are there already; nothing is written then.
    """
    folder = folder_of(path)
    if len(options.box) != 4 or not (options.box[0] < options.box[2] and options.box[1] < options.box[3]):
        raise UserError("The box is west, south, east, north in degrees; write e.g. --set box=-8.70,41.10,-8.52,41.21.")
    trips = one_of(folder, options.trips, "trips", [one for one in sorted(folder.iterdir()) if one.name.endswith((".csv", ".csv.gz"))],
                   "train.csv, with the columns TRIP_ID, TIMESTAMP, MISSING_DATA and POLYLINE")
    roads = roads_in(folder, options.roads)
    west, south, east, north = options.box
    return build(NAME, path, options, TrajectoryFile(
        NAME, folder, "Europe/Lisbon", roads,
        trips=(TripFile(trips, "wgs84", TripLayout("polylines", interval_s=INTERVAL_S), options.most),),
        poi=PoiFile(roads) if roads.lower().endswith(tuple(OSM_FILES)) else None, box=(west, south, east, north),
        cell_size_m=options.cell_size_m, cut=Cut(outside=options.outside), title="Taxi trips of Porto, July 2013 to June 2014",
        source="Taxi Service Trajectory – Prediction Challenge, ECML PKDD 2015 (UCI 339), the user's own copy; roads: "
               "OpenStreetMap contributors", licence=sources().info(NAME).licence), replace)
