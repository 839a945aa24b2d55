"""Divvy's trips and the city's crashes → the city `chicago-bike`: bike pick-ups, drop-offs and crash risk on a grid of Chicago."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmark.data.folder import Origin, cities_home, prepare, read_card
from benchmark.data.forecasting.city import write_city
from benchmark.data.public import bikes
from benchmark.data.public.chicago_grid import ChicagoOptions, crashes_in_words, risk_of
from benchmark.data.public.rides import cells as gridded
from benchmark.data.public.rides.cleaning import Limits
from benchmark.data.public.rides.months import files_of_months, in_words, months_of, span_of
from benchmark.data.sources import Built, command, sources
from benchmark.files import sha256
from benchmark.options import ranged

NAME, CITY, REAL = "chicago_bike", "chicago-bike", "real"
ZONE = "America/Chicago"


@dataclass(frozen=True, kw_only=True)
class Options(ChicagoOptions):
    """What becomes of the rows."""

    # year and month, such as 2021-01,2021-02; none: those of all files there
    months: tuple[str, ...] = ()
    # a ride of fewer seconds is a false start
    least_seconds: int = ranged(bikes.LEAST_SECONDS, least=0)
    # a ride of more seconds is a bike that was not returned
    most_seconds: int = ranged(bikes.MOST_SECONDS, least=1)


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
        crashes_in_words(notes),
        f"Next: stbench run --method historical_average --suite {CITY}"))


def _write(path: Path, options: Options, destination: Path) -> None:
    grid, tables = options.grid(NAME), options.tables(path)
    found = files_of_months(path, bikes.ENDINGS, options.months, bikes.DIVVY if path.is_dir() else "")
    span = span_of(months_of(found.values(), options.months), options.interval_minutes, ZONE)
    limits = Limits(span.seconds, options.least_seconds, options.most_seconds, without=options.without)
    counted, stations = bikes.count_bikes(found, grid, span, limits, options.stations)
    cells = gridded.kept_cells(counted.tasks.values(), options.least_trips)
    risk, crashes = risk_of(tables, options, grid, cells, span)
    raw = [*found, *stations, *tables]
    notes = {"months": in_words(months_of(found.values(), options.months)), "raw_files": {one.name: sha256(one) for one in raw},
             "trips": gridded.cleaned(counted), **crashes, **gridded.in_words(grid, cells, options.least_trips)}
    origin = Origin("Chicago, bikes and crashes", "Divvy's trips and the City of Chicago's traffic crashes, the user's own copies",
                    sources().info(NAME).licence, notes)
    write_city(destination, CITY, REAL, origin, grid.nodes(cells), [*bikes.series_of(counted, cells, span), risk])
