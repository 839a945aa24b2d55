"""Divvy's trips and the city's crashes → the city `chicago-bike`: bike pick-ups, drop-offs and crash risk on a grid of Chicago."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace as changed
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.folder import Origin, cities_home, prepare, read_card
from benchmark.data.forecasting.city import Series, write_city
from benchmark.data.grid import CHICAGO_GRID, CHICAGO_LEAST, Grid, Tally, enough_trips
from benchmark.data.public.rides.batches import NO_TIME, NUMBER, TEXT, TIME, Column, batches
from benchmark.data.public.rides.cleaning import Cleaning, Limits, Rows, Seen, keys_of
from benchmark.data.public.rides.count import Ends, count_rides, counted_series
from benchmark.data.public.rides.months import Span, files_of_months, in_words, span_of
from benchmark.data.sources import Built, command, sources
from benchmark.errors import UserError
from benchmark.files import sha256
from benchmark.options import ranged

NAME, CITY, REAL = "chicago_bike", "chicago-bike", "real"
ZONE = "America/Chicago"
ENDINGS = ("tripdata.zip", "tripdata.csv", "tripdata.csv.gz")
TASKS = {"bike_pick": Ends("pick"), "bike_drop": Ends("drop")}
# since the spring of 2020; before, trips name stations and have no places
TRIPS = (Column("ride", TEXT, ("ride_id",)), Column("pick_time", TIME, ("started_at",)), Column("drop_time", TIME, ("ended_at",)),
         Column("pick_lat", NUMBER, ("start_lat",)), Column("pick_lon", NUMBER, ("start_lng",)),
         Column("drop_lat", NUMBER, ("end_lat",)), Column("drop_lon", NUMBER, ("end_lng",)))
# the city's export, and lists made of it
CRASHES = (Column("crash", TEXT, ("CRASH_RECORD_ID", "crash_id")), Column("time", TIME, ("CRASH_DATE", "crash_time_local")),
           Column("lat", NUMBER, ("LATITUDE", "lat")), Column("lon", NUMBER, ("LONGITUDE", "lon")),
           Column("fatal", NUMBER, ("INJURIES_FATAL", "n_fatal")),
           Column("incapacitating", NUMBER, ("INJURIES_INCAPACITATING", "n_incapacitating")),
           Column("evident", NUMBER, ("INJURIES_NON_INCAPACITATING", "n_non_incapacitating")),
           Column("reported", NUMBER, ("INJURIES_REPORTED_NOT_EVIDENT", "n_reported_not_evident")),
           Column("unhurt", NUMBER, ("INJURIES_NO_INDICATION",), needed=False))
DEGREES = ("fatal", "incapacitating", "evident", "reported", "unhurt")


@dataclass(frozen=True)
class Options:
    """What becomes of the rows."""

    # year and month, such as 2021-01,2021-02; none: those of all files there
    months: tuple[str, ...] = ()
    # the table of crashes; none: the only file beside the trips whose name holds `crashes`
    crashes: Path | None = None
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
    least_seconds: int = ranged(60, least=0)
    # a ride of more seconds is a bike that was not returned
    most_seconds: int = ranged(86_400, least=1)
    # rules of cleaning that are not applied
    without: tuple[str, ...] = ()
    # what a person counts in the risk: killed, hurt incapacitatingly, hurt otherwise, hurt without evidence, unhurt (where it is stated)
    weights: tuple[int, ...] = ranged((3, 2, 2, 1, 1), least=0)


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
        f"Crashes: {notes['crashes']['kept']:,} of {notes['crashes']['rows']:,} lie within months and cells. So few make `risk` a check of "
        "the pipeline: rank no method by it.",
        f"Next: stbench run --method historical_average --suite {CITY}"))


def _write(path: Path, options: Options, destination: Path) -> None:
    if len(options.box) != 4 or len(options.weights) != len(DEGREES):
        raise UserError(f"Source {NAME} takes four degrees as box (west, south, east, north) and five weights "
                        f"(of persons {', '.join(DEGREES)}).")
    west, south, east, north = options.box
    grid = Grid(west, east, south, north, options.rows, options.columns)
    found = files_of_months(path, ENDINGS, options.months)
    span, table = span_of(found, options.interval_minutes, ZONE), _crashes(path, options)
    cleaning = Cleaning(Limits(span.seconds, options.least_seconds, options.most_seconds, without=options.without))
    counted = count_rides(found, TRIPS, lambda batch: rows_of(batch, grid), TASKS, grid.cells, span, cleaning)
    cells = enough_trips(sum(counts.sum(axis=0) for counts in counted.tasks.values()), options.least_trips)
    if not len(cells):
        raise UserError(f"No cell has {options.least_trips:,} pick-ups and drop-offs; lower it: --set least_trips=20.")
    risk, crashes = count_crashes(table, grid, cells, span, options.weights)
    minutes = f"{options.interval_minutes} min"
    series: list[Series] = [counted_series(task, counts[:, cells], span, f"trips per {minutes}") for task, counts in counted.tasks.items()]
    series.append(changed(counted_series("risk", risk[:, cells], span, f"severity per {minutes}"), zero="no crash, or nobody hurt in it"))
    notes = {"months": in_words(found.values()), "raw_files": {one.name: sha256(one) for one in (*found, table)},
             "trips": {**cleaning.notes(), "in_words": cleaning.in_words()}, "crashes": crashes,
             "grid": f"{grid.rows} × {grid.columns} cells of {grid.west}..{grid.east}, {grid.south}..{grid.north}; kept are "
                     f"{len(cells)} with at least {options.least_trips} pick-ups and drop-offs",
             "ends": "each end of a trip counts by itself, in the step and the cell in which it lies"}
    write_city(destination, CITY, REAL, Origin("Chicago, bikes and crashes", "Divvy's trips and the City of Chicago's traffic crashes, the "
                                               "user's own copies", sources().info(NAME).licence, notes), grid.nodes(cells), series)


def rows_of(batch: Mapping[str, np.ndarray], grid: Grid) -> Rows:
    """Divvy's rows as rides between cells."""
    places = [batch[name] for name in ("pick_lon", "pick_lat", "drop_lon", "drop_lat")]
    return Rows(batch["pick_time"], batch["drop_time"], grid.locate(*places[:2]), grid.locate(*places[2:]),
                np.asarray(~np.isnan(places).any(axis=0)), keys_of(batch, [column.name for column in TRIPS]))


def count_crashes(path: Path, grid: Grid, cells: np.ndarray, span: Span, weights: tuple[int, ...]) -> tuple[np.ndarray, dict[str, Any]]:
    """Severity [step, cell], and what became of the crashes, for the card.

    Raises
    ------
    UserError: as `batches`.
    """
    tally, seen, known = Tally(span.steps, grid.cells, span.clock.interval_minutes * 60), Seen(), np.isin(np.arange(grid.cells), cells)
    fates = {"rows": 0, "duplicated": 0, "outside_the_months": 0, "no_place": 0, "outside_the_cells": 0, "kept": 0}
    weighed, stated = dict(zip(DEGREES, weights, strict=True)), set()
    for batch in batches(path, CRASHES):
        place = grid.locate(batch["lon"], batch["lat"])
        stated |= batch.keys() & set(DEGREES)
        persons = {name: np.nan_to_num(batch[name], posinf=0, neginf=0) for name in DEGREES if name in batch}
        _check_persons(persons, path)
        left = np.ones(len(place), dtype=bool)
        for fate, hits in (("duplicated", seen.again(keys_of(batch, ["crash"]))),
                           ("outside_the_months", (batch["time"] == NO_TIME) | (batch["time"] < span.seconds[0])
                            | (batch["time"] >= span.seconds[1])),
                           ("no_place", np.isnan(batch["lon"]) | np.isnan(batch["lat"])),
                           ("outside_the_cells", (place < 0) | ~known[place])):
            fates[fate] += int((left & hits).sum())
            left &= ~hits
        severity = sum((weight * persons[name] for name, weight in weighed.items() if name in persons), np.zeros(len(place)))
        tally.add(batch["time"][left] - span.seconds[0], place[left], severity[left])
        fates["rows"] += len(place)
        fates["kept"] += int(left.sum())
    return tally.counts, {**fates, "weights": {name: weight for name, weight in weighed.items() if name in stated}}


def _check_persons(persons: Mapping[str, np.ndarray], path: Path) -> None:
    for name, counts in persons.items():
        wrong = (counts < 0) | (counts > 1000) | (counts % 1 != 0)
        if wrong.any():
            raise UserError(f"{path.name} says {counts[wrong][0]:g} persons ({name}) in one crash; get it again.")


def _crashes(path: Path, options: Options) -> Path:
    if options.crashes is not None:
        return options.crashes
    folder = path if path.is_dir() else path.parent
    found = sorted(one for one in folder.iterdir() if "crashes" in one.name.lower() and one.name.endswith((".csv", ".csv.gz", ".zip")))
    if len(found) != 1:
        raise UserError(f"{folder} has {len(found)} files of crashes beside the trips; name one: --set crashes=PATH.")
    return found[0]
