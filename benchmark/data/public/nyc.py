"""Yellow-taxi trips of New York's TLC → pick-ups, drop-offs and persons of taxi zones (city `nyc-zones`) or of a grid's cells (`nyc`).

With files of Citi Bike beside the trips, the grid has the bikes' pick-ups and drop-offs too, and is the city `nyc-taxi-bike`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.data.built_in import SERIES
from benchmark.data.folder import Origin, cities_home, prepare, read_card
from benchmark.data.forecasting.city import Series, write_city
from benchmark.data.frames import FRAMES
from benchmark.data.grid import NYC_GRID, NYC_LEAST
from benchmark.data.public import bikes
from benchmark.data.public.rides import cells as gridded
from benchmark.data.public.rides.cleaning import Cleaning, Limits
from benchmark.data.public.rides.count import count_rides, counted_series
from benchmark.data.public.rides.months import Span, files_named, files_of_months, in_words, months_of, span_of
from benchmark.data.public.taxi_zones import zone_table, zones_beside
from benchmark.data.public.tlc import BY_PLACE, BY_ZONE, LARGEST_ID, MANHATTAN, TASKS, cell_rows, zone_rows
from benchmark.data.sources import Built, command, pick, sources
from benchmark.errors import UserError, unknown
from benchmark.files import sha256
from benchmark.options import ranged

NAME = "nyc"
# edition → endings of its files
EDITIONS = {"zones": (".parquet",), "grid": (".csv", ".csv.gz", ".zip", ".parquet")}
# edition → the options that only it has
OWN_OPTIONS = {"zones": ("zones", "locations"), "grid": ("box", "rows", "columns", "least_trips", "frame")}
# cells of CMuST's New York, whose box is not published
PUBLISHED_CELLS = 206


@dataclass(frozen=True)
class Options:
    """What becomes of the rows."""

    # zones: of files with LocationIDs; grid: of files with coordinates
    edition: str = "zones"
    # taxi_zones.shp of TLC, or a .csv of LocationID, lon, lat (centroids, WGS84 degrees) and perhaps zone; none: that beside the trips
    zones: Path | None = None
    # year and month, such as 2019-01,2019-02; none: those of all files there
    months: tuple[str, ...] = ()
    # LocationIDs of the nodes; the default is Manhattan
    locations: tuple[int, ...] = ranged(MANHATTAN, least=1, most=263)
    # west, south, east, north of the grid, WGS84 degrees
    box: tuple[float, ...] = (NYC_GRID.west, NYC_GRID.south, NYC_GRID.east, NYC_GRID.north)
    # of the grid, from south to north
    rows: int = ranged(NYC_GRID.rows, least=1)
    # of the grid, from west to east
    columns: int = ranged(NYC_GRID.columns, least=1)
    # taxi pick-ups and drop-offs of a cell that is kept, over all months
    least_trips: int = ranged(NYC_LEAST, least=1)
    # of the coordinates: wgs84, or epsg3857 (metres of Web Mercator)
    frame: str = "wgs84"
    # minutes of a step; divides a day
    interval_minutes: int = ranged(30, least=1, most=1440)
    # a taxi trip of fewer seconds is none
    least_seconds: int = ranged(60, least=0)
    # a taxi trip of more seconds is a meter that was left on
    most_seconds: int = ranged(21_600, least=1)
    # a taxi trip of more miles is an error
    most_miles: float = ranged(100.0, above=0)
    # a taxi trip that is faster is an error
    most_miles_per_hour: float = ranged(100.0, above=0)
    # a taxi trip of more persons is an error
    most_passengers: int = ranged(9, least=1)
    # rules of cleaning that are not applied
    without: tuple[str, ...] = ()


def build_nyc(path: Path, options: Options, replace: bool = False) -> Built:
    """Build the city from a folder of months, or from one.

    Raises
    ------
    UserError: a file is missing or wrong, or other data are there already; nothing is written then.
    """
    _check(options)
    by_zone = options.edition == "zones"
    with_bikes = not by_zone and path.is_dir() and bool(files_named(path, bikes.CITI_BIKE, bikes.ENDINGS))
    city, edition = ("nyc-zones", "real") if by_zone else ("nyc-taxi-bike" if with_bikes else "nyc", "grid")
    destination = cities_home() / city / edition
    prepare(destination, partial(_write, path, options, city, edition), replace=replace, owner=f"City '{city}'",
            command=command(NAME, path, options))
    card = read_card(destination)
    notes = card["notes"]
    return Built(destination, (
        f"Trips: {notes['trips']['in_words']} {notes['unstated_passengers']:,} of them do not state their passengers and add no person.",
        *([f"Bikes: {notes['bikes']['in_words']}"] if "bikes" in notes else []),
        "Its nodes are taxi zones: never compare it with CMuST's table on cells of a grid." if by_zone else
        f"Kept are {card['nodes']:,} cells; CMuST's New York has {PUBLISHED_CELLS}, of a box that is not published.",
        f"Next: stbench run --method historical_average --suite {city}" + ("" if by_zone else f" --data {edition}")))


def _check(options: Options) -> None:
    pick(NAME, "edition", options.edition, EDITIONS)
    if options.frame not in FRAMES:
        raise unknown("frame", options.frame, FRAMES)
    defaults = {field.name: field.default for field in fields(options)}
    other = "grid" if options.edition == "zones" else "zones"
    if in_vain := [name for name in OWN_OPTIONS[other] if getattr(options, name) != defaults[name]]:
        raise UserError(f"Option {in_vain[0]} of source {NAME} belongs to edition {other}; add --set edition={other}, or take it out.")


def _write(path: Path, options: Options, city: str, edition: str, destination: Path) -> None:
    named = "yellow" if options.edition == "grid" and path.is_dir() else ""
    found = files_of_months(path, EDITIONS[options.edition], options.months, named)
    _check_twice(found)
    months = months_of(found.values(), options.months)
    span = span_of(months, options.interval_minutes, SERIES[NAME].zone)
    nodes, series, raw, notes = (_zones if options.edition == "zones" else _cells)(path, found, span, months, options)
    notes = {"months": in_words(months), "raw_files": {one.name: sha256(one) for one in (*found, *raw)}, **notes}
    title = "New York, taxi zones" if options.edition == "zones" else SERIES[NAME].title
    bikes_too = ", and trips of Citi Bike" if "bikes" in notes else ""
    provider = f"NYC Taxi and Limousine Commission, yellow-taxi trip records{bikes_too}, the user's own copies"
    write_city(destination, city, edition, Origin(title, provider, sources().info(NAME).licence, notes), nodes, series)


def _zones(path: Path, found: Mapping[Path, Any], span: Span, months: tuple[str, ...], options: Options) -> _Made:
    table = options.zones or zones_beside(path)
    nodes = zone_table(table, options.locations)
    columns = np.full(LARGEST_ID + 1, -1)
    columns[[int(one) for one in nodes["node_id"]]] = np.arange(len(nodes))
    counted = count_rides(found, BY_ZONE, partial(zone_rows, columns=columns), TASKS, len(nodes), span, Cleaning(_limits(options, span)))
    notes = {"trips": gridded.cleaned(counted), "unstated_passengers": counted.unstated_passengers,
             "ends": "each end of a trip counts by itself, in the step and the zone in which it lies; crowds weigh it by its passengers"}
    parts = [one for suffix in (".dbf", ".prj") if table.suffix == ".shp" and (one := table.with_suffix(suffix)).exists()]
    return nodes, _series(counted.tasks, span, options), [table, *parts], notes


def _cells(path: Path, found: Mapping[Path, Any], span: Span, months: tuple[str, ...], options: Options) -> _Made:
    grid = gridded.grid_of(NAME, options.box, options.rows, options.columns)
    rides = bikes.bike_files(path, bikes.CITI_BIKE, months)
    counted = count_rides(found, BY_PLACE, partial(cell_rows, grid=grid, frame=options.frame), TASKS, grid.cells, span,
                          Cleaning(_limits(options, span)))
    kept = gridded.kept_cells((counted.tasks["taxi_pick"], counted.tasks["taxi_drop"]), options.least_trips)
    series = _series({task: counts[:, kept] for task, counts in counted.tasks.items()}, span, options)
    notes = {"trips": gridded.cleaned(counted), "unstated_passengers": counted.unstated_passengers, "frame": options.frame,
             **gridded.in_words(grid, kept, options.least_trips), "crowds": "ends of taxi trips, weighed by their passengers"}
    if rides:
        ridden, _ = bikes.count_bikes(rides, grid, span, bikes.limits(span, options.without), None)
        series += bikes.series_of(ridden, kept, span)
        notes["bikes"] = gridded.cleaned(ridden)
    return grid.nodes(kept), series, list(rides), notes


# nodes, series, files that were read besides the trips, and notes for the card
_Made = tuple[pd.DataFrame, list[Series], list[Path], dict[str, Any]]


def _limits(options: Options, span: Span) -> Limits:
    return Limits(span.seconds, options.least_seconds, options.most_seconds, options.most_miles, options.most_miles_per_hour,
                  options.most_passengers, options.without)


def _series(counts: Mapping[str, np.ndarray], span: Span, options: Options) -> list[Series]:
    return [counted_series(task, counts[task], span, f"{unit.split()[0]} per {options.interval_minutes} min")
            for task, unit in SERIES[NAME].units.items()]


def _check_twice(found: Mapping[Path, Any]) -> None:
    """Two files of one name but for their endings hold the same trips."""
    names: dict[str, Path] = {}
    for path in found:
        if (other := names.setdefault(path.name.partition(".")[0], path)) != path:
            raise UserError(f"{other.name} and {path.name} hold the same trips; take one out of the folder.")
