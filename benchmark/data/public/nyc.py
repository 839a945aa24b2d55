"""Yellow-taxi trips of New York's TLC → the city `nyc-zones`: pick-ups, drop-offs and persons of taxi zones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.data.built_in import SERIES
from benchmark.data.folder import Origin, cities_home, prepare, read_card
from benchmark.data.forecasting.city import write_city
from benchmark.data.public.rides.batches import NUMBER, TEXT, TIME, Column, find_heads
from benchmark.data.public.rides.cleaning import Cleaning, Limits, Rows, keys_of
from benchmark.data.public.rides.count import Ends, count_rides, counted_series
from benchmark.data.public.rides.months import files_of_months, in_words, months_of, span_of
from benchmark.data.readers.tables import numbers, read_frame
from benchmark.data.sources import Built, command, sources
from benchmark.errors import UserError
from benchmark.files import sha256
from benchmark.options import ranged

NAME, CITY, REAL = "nyc", "nyc-zones", "real"
TASKS = {"crowd_in": Ends("drop", persons=True), "crowd_out": Ends("pick", persons=True),
         "taxi_pick": Ends("pick"), "taxi_drop": Ends("drop")}
# LocationIDs of the borough's taxi zones; 103, 104 and 105 are islands
MANHATTAN = (4, 12, 13, 24, 41, 42, 43, 45, 48, 50, 68, 74, 75, 79, 87, 88, 90, 100, 103, 104, 105, 107, 113, 114, 116, 120, 125, 127, 128,
             137, 140, 141, 142, 143, 144, 148, 151, 152, 153, 158, 161, 162, 163, 164, 166, 170, 186, 194, 202, 209, 211, 224, 229, 230,
             231, 232, 233, 234, 236, 237, 238, 239, 243, 244, 246, 249, 261, 262, 263)
LARGEST_ID, UNKNOWN_ID = 265, 264
# names of the columns in all releases; the Parquet files of 2009 and 2010 have coordinates instead of zones, and are refused
TRIPS = (Column("pick_time", TIME, ("tpep_pickup_datetime", "Trip_Pickup_DateTime", "pickup_datetime")),
         Column("drop_time", TIME, ("tpep_dropoff_datetime", "Trip_Dropoff_DateTime", "dropoff_datetime")),
         Column("origin", NUMBER, ("PULocationID",)), Column("destination", NUMBER, ("DOLocationID",)),
         Column("miles", NUMBER, ("trip_distance",)), Column("passengers", NUMBER, ("passenger_count",)),
         # they tell trips apart
         Column("vendor", TEXT, ("VendorID", "vendor_id", "vendor_name"), needed=False),
         Column("paid", NUMBER, ("total_amount", "Total_Amt"), needed=False))
ZONES = (Column("id", NUMBER, ("LocationID", "zone_id", "location_id")), Column("lon", NUMBER, ("lon", "longitude")),
         Column("lat", NUMBER, ("lat", "latitude")), Column("name", TEXT, ("zone", "zone_name", "name"), needed=False))


@dataclass(frozen=True)
class Options:
    """What becomes of the rows."""

    # a .csv of LocationID, lon, lat (centroids, WGS84 degrees) and perhaps zone; none: taxi_zones.csv or zones.csv beside the trips
    zones: Path | None = None
    # year and month, such as 2019-01,2019-02; none: those of all files there
    months: tuple[str, ...] = ()
    # LocationIDs of the nodes; the default is Manhattan
    locations: tuple[int, ...] = ranged(MANHATTAN, least=1, most=263)
    # minutes of a step; divides a day
    interval_minutes: int = ranged(30, least=1, most=1440)
    # a trip of fewer seconds is none
    least_seconds: int = ranged(60, least=0)
    # a trip of more seconds is a meter that was left on
    most_seconds: int = ranged(21_600, least=1)
    # a trip of more miles is an error
    most_miles: float = ranged(100.0, above=0)
    # a trip that is faster is an error
    most_miles_per_hour: float = ranged(100.0, above=0)
    # a trip of more persons is an error
    most_passengers: int = ranged(9, least=1)
    # rules of cleaning that are not applied
    without: tuple[str, ...] = ()


def build_nyc(path: Path, options: Options, replace: bool = False) -> Built:
    """Build the city from a folder of months, or from one.

    Raises
    ------
    UserError: a file is missing or wrong, or other data are there already; nothing is written then.
    """
    destination = cities_home() / CITY / REAL
    prepare(destination, partial(_write, path, options), replace=replace, owner=f"City '{CITY}'", command=command(NAME, path, options))
    notes = read_card(destination)["notes"]
    return Built(destination, (
        f"Trips: {notes['trips']['in_words']} {notes['unstated_passengers']:,} of them do not state their passengers and add no person.",
        "Its nodes are taxi zones: never compare it with CMuST's table on cells of a grid.",
        f"Next: stbench run --method historical_average --suite {CITY}"))


def _write(path: Path, options: Options, destination: Path) -> None:
    found = files_of_months(path, (".parquet",), options.months)
    table = options.zones or _beside(path)
    nodes = zone_table(table, options.locations)
    span = span_of(months_of(found.values(), options.months), options.interval_minutes, SERIES[NAME].zone)
    cleaning = Cleaning(Limits(span.seconds, options.least_seconds, options.most_seconds, options.most_miles, options.most_miles_per_hour,
                               options.most_passengers, options.without))
    columns = np.full(LARGEST_ID + 1, -1)
    columns[[int(one) for one in nodes["node_id"]]] = np.arange(len(nodes))
    counted = count_rides(found, TRIPS, partial(rows_of, columns=columns), TASKS, len(nodes), span, cleaning)
    series = [counted_series(task, counted.tasks[task], span, f"{unit.split()[0]} per {options.interval_minutes} min")
              for task, unit in SERIES[NAME].units.items()]
    notes = {"months": in_words(months_of(found.values(), options.months)), "raw_files": {one.name: sha256(one) for one in (*found, table)},
             "trips": {**cleaning.notes(), "in_words": cleaning.in_words()}, "unstated_passengers": counted.unstated_passengers,
             "ends": "each end of a trip counts by itself, in the step and the zone in which it lies; crowds weigh it by its passengers"}
    write_city(destination, CITY, REAL, Origin("New York, taxi zones", "NYC Taxi and Limousine Commission, yellow-taxi trip records, the "
                                               "user's own copies", sources().info(NAME).licence, notes), nodes, series)


def rows_of(batch: Mapping[str, np.ndarray], columns: np.ndarray) -> Rows:
    """TLC's rows as rides between zones. columns: [LocationID] node; −1: none."""
    ends = [batch[end] for end in ("origin", "destination")]
    known = [(end >= 1) & (end <= LARGEST_ID) & (end != UNKNOWN_ID) for end in ends]
    places = [np.where(one, columns[np.where(one, end, 0).astype(np.int64)], -1) for end, one in zip(ends, known, strict=True)]
    return Rows(batch["pick_time"], batch["drop_time"], places[0], places[1], known[0] & known[1],
                keys_of(batch, [column.name for column in TRIPS]), batch["miles"], batch["passengers"])


def zone_table(table: Path, locations: tuple[int, ...]) -> pd.DataFrame:
    """node_id, name, lon, lat of the zones, by LocationID.

    Raises
    ------
    UserError: there is no such table, or it lacks a column or a zone.
    """
    frame = read_frame(table)
    heads = find_heads([str(head) for head in frame], ZONES, table.name)
    if "name" in heads:
        frame[heads["name"]] = frame[heads["name"]].astype(str)
    places = numbers(frame[[heads[name] for name in ("id", "lon", "lat")]], table.name).astype(float)
    first = {row[0]: number for number, row in reversed(list(enumerate(places)))}
    lacking = sorted(one for one in locations if one not in first)
    if lacking:
        raise UserError(f"{table.name} lacks the zone {lacking[0]}; give a table of all zones, or other locations.")
    rows = [first[one] for one in sorted(set(locations))]
    if not rows:
        raise UserError(f"Source {NAME} needs at least one LocationID; take out --set locations, or write some.")
    names = frame[heads["name"]].to_numpy()[rows] if "name" in heads else [f"zone {places[row, 0]:g}" for row in rows]
    nowhere = [places[row, 0] for row in rows if np.isnan(places[row]).any()]
    if nowhere:
        raise UserError(f"{table.name} lacks the place of zone {nowhere[0]:g}; fill in its lon and lat.")
    return pd.DataFrame({"node_id": [f"{places[row, 0]:g}" for row in rows], "name": names, "lon": places[rows, 1],
                         "lat": places[rows, 2]})


def _beside(path: Path) -> Path:
    """The table of zones that lies beside the trips."""
    folder = path if path.is_dir() else path.parent
    for name in ("taxi_zones.csv", "zones.csv"):
        if (folder / name).is_file():
            return folder / name
    raise UserError("TLC's trips name zones without saying where they lie. Put taxi_zones.csv beside them, or name it: --set zones=FILE, "
                    "a table of LocationID, lon and lat (centroids of TLC's taxi_zones, WGS84 degrees).")
