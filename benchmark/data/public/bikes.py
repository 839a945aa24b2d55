"""Trips of Citi Bike and Divvy, of both their schemas → rides between the cells of a grid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.data.forecasting.city import Series
from benchmark.data.grid import Grid
from benchmark.data.public.rides.batches import NUMBER, TEXT, TIME, Column, batches
from benchmark.data.public.rides.cells import between
from benchmark.data.public.rides.cleaning import Cleaning, Limits, Rows
from benchmark.data.public.rides.count import Counts, Ends, count_rides, counted_series
from benchmark.data.public.rides.months import Span, files_named, files_of_months
from benchmark.errors import UserError

ENDINGS = (".zip", ".csv", ".csv.gz")
# what the names of the files hold; those of stations hold no `trip`
CITI_BIKE, DIVVY = "citi-?bike.*trip", "divvy.*trip"
TASKS = {"bike_pick": Ends("pick"), "bike_drop": Ends("drop")}
# since 2020 or 2021; before, Citi Bike's with the places of stations and Divvy's without; and Divvy's of 2018 Q1 and 2019 Q2
TRIPS = (Column("ride", TEXT, ("ride_id", "trip_id", "01 - Rental Details Rental ID"), needed=False),
         Column("bike", TEXT, ("bikeid", "01 - Rental Details Bike ID"), needed=False),
         Column("pick_time", TIME, ("started_at", "starttime", "01 - Rental Details Local Start Time")),
         Column("drop_time", TIME, ("ended_at", "stoptime", "end_time", "01 - Rental Details Local End Time")),
         Column("pick_lat", NUMBER, ("start_lat", "start station latitude"), needed=False),
         Column("pick_lon", NUMBER, ("start_lng", "start station longitude"), needed=False),
         Column("drop_lat", NUMBER, ("end_lat", "end station latitude"), needed=False),
         Column("drop_lon", NUMBER, ("end_lng", "end station longitude"), needed=False),
         Column("origin", TEXT, ("start_station_id", "from_station_id", "03 - Rental Start Station ID"), needed=False),
         Column("destination", TEXT, ("end_station_id", "to_station_id", "02 - Rental End Station ID"), needed=False))
STATIONS = (Column("id", TEXT, ("id", "station_id")), Column("lat", NUMBER, ("latitude", "lat")),
            Column("lon", NUMBER, ("longitude", "lon", "lng")))

# a ride of fewer seconds is a false start, one of more a bike that was not returned
LEAST_SECONDS, MOST_SECONDS = 60, 86_400


def limits(span: Span, without: tuple[str, ...]) -> Limits:
    """The usual thresholds of the rules."""
    return Limits(span.seconds, LEAST_SECONDS, MOST_SECONDS, without=without)


def series_of(counted: Counts, cells: np.ndarray, span: Span) -> list[Series]:
    """The series of both tasks at some cells."""
    unit = f"trips per {span.clock.interval_minutes} min"
    return [counted_series(task, counts[:, cells], span, unit) for task, counts in counted.tasks.items()]


def bike_files(path: Path, pattern: str, months: Sequence[str]) -> dict[Path, tuple[str, ...]]:
    """Files of bikes in a folder, each with its months; none where it has none.

    Raises
    ------
    UserError: there are some, but of one of the months there is none.
    """
    return files_of_months(path, ENDINGS, months, pattern) if path.is_dir() and files_named(path, pattern, ENDINGS) else {}


def count_bikes(found: Iterable[Path], grid: Grid, span: Span, limits: Limits, stations: Path | None) -> tuple[Counts, list[Path]]:
    """Pick-ups and drop-offs [step, cell], and the tables of stations that were read.

    Raises
    ------
    UserError: a file is wrong, or one names stations that nothing places.
    """
    paths = list(found)
    tables = [stations] if stations else [one for folder in {path.parent for path in paths}
                                          for one in files_named(folder, "station", ENDINGS) if "trip" not in one.name.lower()]
    places = place_stations(tables)
    return count_rides(paths, TRIPS, partial(rows_of, grid=grid, places=places), TASKS, grid.cells, span, Cleaning(limits)), tables


def place_stations(tables: Iterable[Path]) -> dict[str, pd.Series]:
    """``lon`` and ``lat`` by the stations' ids; later tables overrule."""
    parts = [pd.DataFrame(batch) for table in tables for batch in batches(table, STATIONS)]
    if not parts:
        return {}
    frame = pd.concat(parts).dropna(subset="id").drop_duplicates("id", keep="last").set_index("id")
    return {name: frame[name] for name in ("lon", "lat")}


def rows_of(batch: Mapping[str, np.ndarray], grid: Grid, places: Mapping[str, pd.Series]) -> Rows:
    """Rows of either schema as rides between cells."""
    own = {"pick_lat", "pick_lon", "drop_lat", "drop_lon"} <= batch.keys()
    return between(batch if own else {**batch, **_placed(batch, places)}, grid, TRIPS)


def _placed(batch: Mapping[str, np.ndarray], places: Mapping[str, pd.Series]) -> dict[str, np.ndarray]:
    if not places or not {"origin", "destination"} <= batch.keys():
        raise UserError("These trips of bikes do not say where they begin and end, as Divvy's until 2019 name only stations. Put Divvy's "
                        "table of stations beside them (id, latitude, longitude; its name holds `stations`), or name it: "
                        "--set stations=FILE.")
    return {f"{end}_{axis}": pd.Series(batch[name], dtype=object).map(places[axis]).to_numpy(np.float64)
            for end, name in (("pick", "origin"), ("drop", "destination")) for axis in ("lon", "lat")}
