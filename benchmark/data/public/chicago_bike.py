"""Divvy's trips and the city's crashes → the city `chicago-bike`: bike pick-ups, drop-offs and crash risk on a grid of Chicago."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmark.data.folder import Origin, cities_home, prepare, read_card
from benchmark.data.forecasting.city import write_city
from benchmark.data.grid import CHICAGO_GRID, CHICAGO_LEAST
from benchmark.data.public import bikes
from benchmark.data.public.crashes import WEIGHTS, count_crashes, find_tables, read_people, risk_series
from benchmark.data.public.rides import cells as gridded
from benchmark.data.public.rides.cleaning import Limits
from benchmark.data.public.rides.months import files_of_months, in_words, months_of, span_of
from benchmark.data.sources import Built, command, sources
from benchmark.files import sha256
from benchmark.options import ranged

NAME, CITY, REAL = "chicago_bike", "chicago-bike", "real"
ZONE = "America/Chicago"


@dataclass(frozen=True)
class Options:
    """What becomes of the rows."""

    # year and month, such as 2021-01,2021-02; none: those of all files there
    months: tuple[str, ...] = ()
    # the table of crashes; none: the only file beside the trips whose name holds `crashes`
    crashes: Path | None = None
    # the table of the persons of crashes; none: the file whose name holds `crashes` and `people`, else what the crashes say
    people: Path | None = None
    # places of stations (id, latitude, longitude), for trips until 2019; none: the files whose names hold `stations`
    stations: Path | None = None
    # minutes of a step; divides a day
    interval_minutes: int = ranged(30, least=1, most=1440)
    # of the grid, from south to north
    rows: int = ranged(CHICAGO_GRID.rows, least=1)
    # of the grid, from west to east
    columns: int = ranged(CHICAGO_GRID.columns, least=1)
    # west, south, east, north of the grid, WGS84 degrees
    box: tuple[float, ...] = (CHICAGO_GRID.west, CHICAGO_GRID.south, CHICAGO_GRID.east, CHICAGO_GRID.north)
    # pick-ups and drop-offs of a cell that is kept, over all months
    least_trips: int = ranged(CHICAGO_LEAST, least=1)
    # a ride of fewer seconds is a false start
    least_seconds: int = ranged(bikes.LEAST_SECONDS, least=0)
    # a ride of more seconds is a bike that was not returned
    most_seconds: int = ranged(bikes.MOST_SECONDS, least=1)
    # rules of cleaning that are not applied
    without: tuple[str, ...] = ()
    # what a person counts in the risk: killed, hurt incapacitatingly, hurt otherwise, hurt without evidence, unhurt (where it is stated)
    weights: tuple[int, ...] = ranged(WEIGHTS, least=0)


def build_chicago_bike(path: Path, options: Options, replace: bool = False) -> Built:
    """Build the city from the folder of the files.

    Raises
    ------
    UserError: a file is missing or wrong, or other data are there already; nothing is written then.
    """
    destination = cities_home() / CITY / REAL
    prepare(destination, partial(_write, path, options), replace=replace, owner=f"City '{CITY}'", command=command(NAME, path, options))
    notes = read_card(destination)["notes"]
    return Built(destination, (
        f"Trips: {notes['trips']['in_words']}",
        f"Crashes: {notes['crashes']['kept']:,} of {notes['crashes']['rows']:,} lie within months and cells. Few make `risk` a check of "
        "the pipeline alone: tables rank no method by fewer than 400 in the test part.",
        f"Next: stbench run --method historical_average --suite {CITY}"))


def _write(path: Path, options: Options, destination: Path) -> None:
    grid = gridded.grid_of(NAME, options.box, options.rows, options.columns)
    found = files_of_months(path, bikes.ENDINGS, options.months, bikes.DIVVY if path.is_dir() else "")
    span = span_of(months_of(found.values(), options.months), options.interval_minutes, ZONE)
    table, people = find_tables(path if path.is_dir() else path.parent, options.crashes, options.people)
    limits = Limits(span.seconds, options.least_seconds, options.most_seconds, without=options.without)
    counted, stations = bikes.count_bikes(found, grid, span, limits, options.stations)
    cells = gridded.kept_cells(counted.tasks.values(), options.least_trips)
    risk, crashes = count_crashes(table, grid, cells, span, options.weights, read_people(people) if people else None)
    series = [*bikes.series_of(counted, cells, span), risk_series(risk[:, cells], span)]
    raw = [*found, *stations, table, *([people] if people else [])]
    notes = {"months": in_words(months_of(found.values(), options.months)), "raw_files": {one.name: sha256(one) for one in raw},
             "trips": gridded.cleaned(counted), "crashes": crashes, **gridded.in_words(grid, cells, options.least_trips)}
    write_city(destination, CITY, REAL, Origin("Chicago, bikes and crashes", "Divvy's trips and the City of Chicago's traffic crashes, the "
                                               "user's own copies", sources().info(NAME).licence, notes), grid.nodes(cells), series)
