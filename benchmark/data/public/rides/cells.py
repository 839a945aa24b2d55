"""Rides between the cells of a grid: a box of options, ends as columns of degrees, and which cells are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmark.data.frames import to_wgs84
from benchmark.data.grid import Grid, enough_trips
from benchmark.data.public.rides.batches import Column
from benchmark.data.public.rides.cleaning import Rows, keys_of
from benchmark.data.public.rides.count import Counts
from benchmark.errors import UserError

PLACES = ("pick_lon", "pick_lat", "drop_lon", "drop_lat")


def grid_of(source: str, box: Sequence[float], rows: int, columns: int) -> Grid:
    """The grid of a source's options.

    Raises
    ------
    UserError: the box is none.
    """
    if len(box) != 4:
        raise UserError(f"Source {source} takes four degrees as box: west, south, east, north.")
    west, south, east, north = box
    return Grid(west, east, south, north, rows, columns)


def between(batch: Mapping[str, np.ndarray], grid: Grid, columns: Sequence[Column], frame: str = "wgs84", **stated: Any) -> Rows:
    """Rows with `PLACES` as rides between cells; 0 is no place, as meters without a fix write it. stated: what else `Rows` has.

    Raises
    ------
    UserError: the places are metres, and no frame says so.
    """
    places = [batch[name] for name in PLACES]
    known = np.all([np.isfinite(one) & (one != 0) for one in places], axis=0)
    if frame == "wgs84" and known.any() and np.median(np.abs(places[0][known])) > 180:
        raise UserError(f"Places such as {places[0][known][0]:g}, {places[1][known][0]:g} are no degrees. If they are metres of Web "
                        "Mercator (EPSG:3857), and the source has the option: --set frame=epsg3857.")
    with np.errstate(over="ignore"):
        ends = [grid.locate(*to_wgs84(lon, lat, frame)) for lon, lat in (places[:2], places[2:])]
    times = {"pick_time": batch["pick_time"], "drop_time": batch["drop_time"], **stated}
    return Rows(origin=ends[0], destination=ends[1], placed=known, key=keys_of(batch, [column.name for column in columns]), **times)


def kept_cells(counts: Iterable[np.ndarray], least: int) -> np.ndarray:
    """The cells with at least so many pick-ups and drop-offs; counts: [step, cell] of each.

    Raises
    ------
    UserError: no cell has them.
    """
    cells = enough_trips(np.sum([one.sum(axis=0) for one in counts], axis=0), least)
    if not len(cells):
        raise UserError(f"No cell has {least:,} pick-ups and drop-offs; lower it: --set least_trips=20.")
    return cells


def in_words(grid: Grid, cells: np.ndarray, least: int) -> dict[str, str]:
    """For the card: the grid, and how ends count."""
    return {"grid": f"{grid.rows} × {grid.columns} cells of {grid.west}..{grid.east}, {grid.south}..{grid.north}; kept are {len(cells)} "
                    f"with at least {least} pick-ups and drop-offs",
            "ends": "each end of a trip counts by itself, in the step and the cell in which it lies"}


def cleaned(counted: Counts) -> dict[str, object]:
    """For the card: what became of the rows."""
    return {**counted.cleaning.notes(), "in_words": counted.cleaning.in_words()}
