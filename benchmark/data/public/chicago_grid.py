"""What the cities on a grid of Chicago have in common: their options, and the risk of crashes beside what they count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.forecasting.city import Series
from benchmark.data.grid import CHICAGO_GRID, CHICAGO_LEAST, Grid
from benchmark.data.public.crashes import WEIGHTS, count_crashes, find_tables, read_people, risk_series
from benchmark.data.public.rides.cells import grid_of
from benchmark.data.public.rides.months import Span
from benchmark.families import FORECASTING
from benchmark.options import ranged


@dataclass(frozen=True, kw_only=True)
class ChicagoOptions:
    """What becomes of the rows."""

    # the table of crashes; none: the only file beside the trips whose name holds `crashes`
    crashes: Path | None = None
    # the table of the persons of crashes; none: the file whose name holds `crashes` and `people`, else what the crashes say
    people: Path | None = None
    # places of bikes' stations (id, latitude, longitude), for trips until 2019; none: the files whose names hold `stations`
    stations: Path | None = None
    # minutes of a step; divides a day
    interval_minutes: int = ranged(30, least=1, most=1440)
    # of the grid, from south to north
    rows: int = ranged(CHICAGO_GRID.rows, least=1)
    # of the grid, from west to east
    columns: int = ranged(CHICAGO_GRID.columns, least=1)
    # west, south, east, north of the grid, WGS84 degrees
    box: tuple[float, ...] = (CHICAGO_GRID.west, CHICAGO_GRID.south, CHICAGO_GRID.east, CHICAGO_GRID.north)
    # pick-ups and drop-offs of a cell that is kept, over all months; of taxis where there are some
    least_trips: int = ranged(CHICAGO_LEAST, least=1)
    # rules of cleaning that are not applied
    without: tuple[str, ...] = ()
    # what a person counts in the risk: killed, hurt incapacitatingly, hurt otherwise, hurt without evidence, unhurt (where it is stated)
    weights: tuple[int, ...] = ranged(WEIGHTS, least=0)

    def grid(self, source: str) -> Grid:
        """The grid, of a source of this name.

        Raises
        ------
        UserError: the box is none.
        """
        return grid_of(source, self.box, self.rows, self.columns)

    def tables(self, path: Path) -> list[Path]:
        """The table of crashes, and perhaps that of their persons, beside the trips.

        Raises
        ------
        UserError: nothing says which they are.
        """
        return find_tables(path if path.is_dir() else path.parent, self.crashes, self.people)


def risk_of(tables: list[Path], options: ChicagoOptions, grid: Grid, cells: np.ndarray, span: Span) -> tuple[Series, dict[str, Any]]:
    """The task `risk` at some cells, and what the card says of the crashes.

    Raises
    ------
    UserError: a table is wrong, or there are not as many weights as degrees.
    """
    people = read_people(tables[1]) if tables[1:] else None
    risk, notes = count_crashes(tables[0], grid, cells, span, options.weights, people)
    return risk_series(risk[:, cells], span), notes


def crashes_in_words(notes: Mapping[str, Any]) -> str:
    """One line for who built the city."""
    return (f"Crashes: {notes['crashes']['kept']:,} of {notes['crashes']['rows']:,} lie within months and cells. Tables rank no method by "
            f"a test part with fewer than {FORECASTING.kind('risk').fewest_events}.")
