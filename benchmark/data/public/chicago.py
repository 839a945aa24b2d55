"""Chicago's taxi trips and crashes, exports of the city's portal → pick-ups, drop-offs and risk of a grid's cells: the city `chicago`.

With files of Divvy beside the trips, the grid has the bikes' pick-ups and drop-offs too, and is the city `chicago-taxi-bike`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.built_in import SERIES
from benchmark.data.folder import Origin, cities_home, prepare, read_card
from benchmark.data.forecasting.city import write_city
from benchmark.data.grid import Grid
from benchmark.data.public import bikes
from benchmark.data.public.chicago_grid import ChicagoOptions, crashes_in_words, risk_of
from benchmark.data.public.rides import cells as gridded
from benchmark.data.public.rides.batches import NO_TIME, NUMBER, TEXT, TIME, Column
from benchmark.data.public.rides.cleaning import Cleaning, Limits, Rows
from benchmark.data.public.rides.count import Ends, count_rides, counted_series
from benchmark.data.public.rides.months import Span, check_months, files_named, in_words, span_of
from benchmark.data.sources import Built, command, sources
from benchmark.errors import UserError
from benchmark.files import sha256
from benchmark.options import ranged

NAME, EDITION = "chicago", "grid"
ENDINGS = (".csv", ".csv.gz", ".zip")
TASKS = {"taxi_pick": Ends("pick"), "taxi_drop": Ends("drop")}
# the portal's two releases, 2013–2023 and 2024 on, by their heads or by those of its interface; and samples of them. Places are centroids
# of census tracts or community areas, times are rounded to 15 minutes
TRIPS = (Column("trip", TEXT, ("Trip ID",), needed=False),
         Column("pick_time", TIME, ("Trip Start Timestamp",)), Column("drop_time", TIME, ("Trip End Timestamp",), needed=False),
         Column("seconds", NUMBER, ("Trip Seconds",)), Column("miles", NUMBER, ("Trip Miles",)),
         Column("pick_lat", NUMBER, ("Pickup Centroid Latitude", "pickup_latitude")),
         Column("pick_lon", NUMBER, ("Pickup Centroid Longitude", "pickup_longitude")),
         Column("drop_lat", NUMBER, ("Dropoff Centroid Latitude", "dropoff_latitude")),
         Column("drop_lon", NUMBER, ("Dropoff Centroid Longitude", "dropoff_longitude")),
         # a text: some exports write a dollar sign
         Column("fare", TEXT, ("Fare",), needed=False))
# cells of CMuST's Chicago, whose box is not published
PUBLISHED_CELLS = 220


@dataclass(frozen=True, kw_only=True)
class Options(ChicagoOptions):
    """What becomes of the rows."""

    # year and month; the default is CMuST's
    months: tuple[str, ...] = ("2023-06", "2023-07", "2023-08", "2023-09", "2023-10", "2023-11", "2023-12")
    # a taxi trip of fewer seconds is none
    least_seconds: int = ranged(60, least=0)
    # a taxi trip of more seconds is a meter that was left on
    most_seconds: int = ranged(21_600, least=1)
    # a taxi trip of more miles is an error
    most_miles: float = ranged(100.0, above=0)
    # a taxi trip that is faster is an error
    most_miles_per_hour: float = ranged(100.0, above=0)


def build_chicago(path: Path, options: Options, replace: bool = False) -> Built:
    """Build the city from the folder of the exports.

    Raises
    ------
    UserError: a file is missing or wrong, or other data are there already; nothing is written then.
    """
    rides = bikes.bike_files(path, bikes.DIVVY, options.months)
    city = "chicago-taxi-bike" if rides else NAME
    destination = cities_home() / city / EDITION
    prepare(destination, partial(_write, path, options, city, list(rides)), replace=replace, owner=f"City '{city}'",
            command=command(NAME, path, options))
    card = read_card(destination)
    notes = card["notes"]
    return Built(destination, (
        f"Trips: {notes['trips']['in_words']}",
        *([f"Bikes: {notes['bikes']['in_words']}"] if rides else []),
        crashes_in_words(notes),
        f"Kept are {card['nodes']:,} cells; CMuST's Chicago has {PUBLISHED_CELLS}, of a box that is not published.",
        f"Next: stbench run --method historical_average --suite {city} --data {EDITION}"))


def _write(path: Path, options: Options, city: str, rides: list[Path], destination: Path) -> None:
    grid, tables = options.grid(NAME), options.tables(path)
    found = _trips(path, options.months)
    span = span_of(options.months, options.interval_minutes, SERIES[NAME].zone)
    limits = Limits(span.seconds, options.least_seconds, options.most_seconds, options.most_miles, options.most_miles_per_hour,
                    without=options.without)
    counted = count_rides(found, TRIPS, partial(rows_of, grid=grid), TASKS, grid.cells, span, Cleaning(limits))
    _check_covered(counted.tasks["taxi_pick"], options.months, span)
    cells = gridded.kept_cells(counted.tasks.values(), options.least_trips)
    series = [counted_series(task, counts[:, cells], span, f"trips per {options.interval_minutes} min")
              for task, counts in counted.tasks.items()]
    notes: dict[str, Any] = {"trips": gridded.cleaned(counted), "miles": "0 is taken as not stated",
                             **gridded.in_words(grid, cells, options.least_trips)}
    stations: list[Path] = []
    if rides:
        ridden, stations = bikes.count_bikes(rides, grid, span, bikes.limits(span, options.without), options.stations)
        series += bikes.series_of(ridden, cells, span)
        notes["bikes"] = gridded.cleaned(ridden)
    risk, crashes = risk_of(tables, options, grid, cells, span)
    raw = [*found, *rides, *stations, *tables]
    notes = {"months": in_words(options.months), "raw_files": {one.name: sha256(one) for one in raw}, **notes, **crashes}
    provider = f"City of Chicago, taxi trips and traffic crashes{', and trips of Divvy' if rides else ''}, the user's own copies"
    write_city(destination, city, EDITION, Origin(SERIES[NAME].title, provider, sources().info(NAME).licence, notes), grid.nodes(cells),
               [*series, risk])


def rows_of(batch: Mapping[str, np.ndarray], grid: Grid) -> Rows:
    """The portal's rows as rides between cells. Without an end, a trip ends when its seconds are over; many meters write 0 miles."""
    begun, seconds = batch["pick_time"], batch["seconds"]
    ends = batch.get("drop_time")
    if ends is None:
        known = (begun != NO_TIME) & np.isfinite(seconds) & (np.abs(seconds) < 1e9)
        ends = np.where(known, begun + np.where(known, seconds, 0).astype(np.int64), NO_TIME)
    return gridded.between({**batch, "drop_time": ends}, grid, TRIPS, took=seconds,
                           miles=np.where(batch["miles"] == 0, np.nan, batch["miles"]))


def _trips(path: Path, months: tuple[str, ...]) -> list[Path]:
    """The files of taxi trips; an export holds any months."""
    check_months(months)
    if not months:
        raise UserError(f"Source {NAME} needs months, since the portal's exports do not say theirs: --set months=2023-06,2023-07.")
    if not path.exists():
        raise UserError(f"{path} does not exist; correct --from.")
    found = [path] if path.is_file() else files_named(path, "taxi", ENDINGS)
    if not found:
        raise UserError(f"{path} has no file of taxi trips, whose name holds `taxi` ({', '.join(ENDINGS)}).")
    return found


def _check_covered(counts: np.ndarray, months: tuple[str, ...], span: Span) -> None:
    """Zeros of a month that the exports lack would be no counts."""
    for month in sorted(set(months)):
        own = span_of([month], span.clock.interval_minutes, span.clock.zone).seconds
        first, behind = ((one - span.seconds[0]) // (span.clock.interval_minutes * 60) for one in own)
        if not counts[first:behind].any():
            raise UserError(f"No taxi trip begins in {month} and a cell; get an export with this month, or choose others: "
                            "--set months=2023-06,2023-07.")
