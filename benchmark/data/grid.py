"""From trips to counts: a longitude/latitude grid, streaming tallies, and the rule of enough trips.

Real and simulated trips take this one way. Each end of a trip counts by itself: a pick-up inside the box counts although
its drop-off is outside, and the other way round.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.data.bounds import MOST_CELLS
from benchmark.data.clock import Clock
from benchmark.data.forecasting.city import Series
from benchmark.data.frames import METRES_PER_DEGREE
from benchmark.errors import UserError


@dataclass(frozen=True)
class Grid:
    """A box of rows × columns; cell = row * columns + column, row 0 in the south, column 0 in the west."""

    # WGS84 degrees; the western and southern edges belong to the box, the eastern and northern do not
    west: float
    east: float
    south: float
    north: float
    rows: int
    columns: int

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.west, self.east, self.south, self.north))):
            raise UserError(f"The box {self.west}..{self.east}, {self.south}..{self.north} is no box of degrees.")
        if self.rows * self.columns > MOST_CELLS:
            raise UserError(f"A grid of {self.rows:,} × {self.columns:,} cells is too large; {MOST_CELLS:,} are allowed: make the cells "
                            "larger, or the box smaller.")
        if not (self.west < self.east and self.south < self.north):
            raise UserError(f"The box {self.west}..{self.east}, {self.south}..{self.north} is empty; give west < east and south < north.")
        if self.rows < 1 or self.columns < 1:
            raise UserError(f"A grid of {self.rows} × {self.columns} cells is empty; give at least one row and one column.")

    @classmethod
    def of_size(cls, west: float, east: float, south: float, north: float, cell_m: float) -> Grid:
        """Cells of about `cell_m` metres a side that fill the box; it grows by less than a cell to the east and north."""
        if not 0 < cell_m < math.inf:
            raise UserError(f"cell_size_m = {cell_m} is no size of a cell; write metres above 0, such as 100.")
        height = cell_m / METRES_PER_DEGREE
        width = height / np.cos(np.radians((south + north) / 2))
        # a cell may be smaller than floats tell apart
        rows, columns = (max(math.ceil(min((high - low) / max(size, 1e-12), 1e12)), 1)
                         for low, high, size in ((south, north, height), (west, east, width)))
        return cls(west, west + columns * width, south, south + rows * height, rows, columns)

    @property
    def cells(self) -> int:
        return self.rows * self.columns

    @property
    def pitch(self) -> tuple[float, float]:
        """Width and height of a cell, degrees."""
        return (self.east - self.west) / self.columns, (self.north - self.south) / self.rows

    def locate(self, lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
        """Cell of each point, int64; −1 outside the box and for NaN."""
        lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
        width, height = self.pitch
        inside = (lon >= self.west) & (lon < self.east) & (lat >= self.south) & (lat < self.north)
        # rounding may lift a point just below an edge onto it: the last column and row hold it back
        column = np.minimum(np.where(inside, (lon - self.west) / width, 0).astype(np.int64), self.columns - 1)
        row = np.minimum(np.where(inside, (lat - self.south) / height, 0).astype(np.int64), self.rows - 1)
        return np.where(inside, row * self.columns + column, -1)

    def corner(self, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Longitude and latitude of the cells' south-western corners."""
        width, height = self.pitch
        return self.west + cell % self.columns * width, self.south + cell // self.columns * height

    def centre(self, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Longitude and latitude of the cells' centres."""
        (lon, lat), (width, height) = self.corner(cell), self.pitch
        return lon + width / 2, lat + height / 2

    def nodes(self, cell: np.ndarray) -> pd.DataFrame:
        """The node table (node_id, name, lon, lat) of some cells, in their order."""
        lon, lat = self.centre(cell)
        row, column = cell // self.columns, cell % self.columns
        return pd.DataFrame({
            "node_id": [f"r{r:02d}c{c:02d}" for r, c in zip(row, column, strict=True)],
            "name": [f"row {r}, column {c}" for r, c in zip(row, column, strict=True)],
            "lon": np.round(lon, 6), "lat": np.round(lat, 6),
        })


# neither box is published: Manhattan and its surroundings, and the city of Chicago
NYC_GRID = Grid(west=-74.03, east=-73.90, south=40.68, north=40.88, rows=30, columns=15)
CHICAGO_GRID = Grid(west=-87.84, east=-87.52, south=41.64, north=42.03, rows=30, columns=20)
# CMuST keeps cells with at least 1000 trips in NYC's 91 days, and with more than 100 in Chicago's 214
NYC_LEAST, CHICAGO_LEAST = 1000, 101


@dataclass(frozen=True)
class Trips:
    """A chunk of trips; every array [trip]."""

    # seconds on the local wall clock since step 0 of the clock
    pick_time: np.ndarray
    pick_lon: np.ndarray
    pick_lat: np.ndarray
    drop_time: np.ndarray
    drop_lon: np.ndarray
    drop_lat: np.ndarray
    # persons in the vehicle
    passengers: np.ndarray

    def __len__(self) -> int:
        return len(self.pick_time)


class Tally:
    """Sums of whole-number events per [step, place], fed in chunks."""

    def __init__(self, steps: int, places: int, step_seconds: int) -> None:
        self.step_seconds = step_seconds
        # int64 [step, place]
        self.counts = np.zeros((steps, places), dtype=np.int64)

    def add(self, seconds: np.ndarray, place: np.ndarray, weight: np.ndarray | None = None) -> None:
        """Add events at `seconds` since step 0; those outside the span or at a negative place are dropped.

        `weight` is one whole number for each event, 1 if left out.
        """
        steps, places = self.counts.shape
        step = np.floor_divide(seconds, self.step_seconds).astype(np.int64)
        kept = (step >= 0) & (step < steps) & (place >= 0)
        if not kept.all():
            step, place = step[kept], place[kept]
            weight = None if weight is None else weight[kept]
        if not len(step):
            return
        # bins only from the chunk's first step to its last: a chunk of a day costs a day, not the span
        first, last = int(step.min()), int(step.max())
        index = (step - first) * places + place
        # float64 holds whole numbers exactly up to 2^53
        sums = np.bincount(index, weights=weight, minlength=(last - first + 1) * places)
        self.counts[first:last + 1] += sums.reshape(-1, places).astype(np.int64)


class TripTally:
    """Counts of a grid's four trip tasks, [step, cell] each, fed in chunks of trips in any order."""

    def __init__(self, grid: Grid, clock: Clock, steps: int) -> None:
        self.grid, self.clock = grid, clock
        self.tasks = {task: Tally(steps, grid.cells, clock.interval_minutes * 60)
                      for task in ("crowd_in", "crowd_out", "taxi_pick", "taxi_drop")}

    def add(self, trips: Trips) -> None:
        """Count pick-ups and drop-offs, alone and weighted by passengers; ends outside the box or the span are dropped."""
        origin = self.grid.locate(trips.pick_lon, trips.pick_lat)
        destination = self.grid.locate(trips.drop_lon, trips.drop_lat)
        self.tasks["taxi_pick"].add(trips.pick_time, origin)
        self.tasks["taxi_drop"].add(trips.drop_time, destination)
        self.tasks["crowd_out"].add(trips.pick_time, origin, trips.passengers)
        self.tasks["crowd_in"].add(trips.drop_time, destination, trips.passengers)

    def total(self) -> np.ndarray:
        """[cell] int64: pick-ups + drop-offs over the whole span."""
        return np.asarray(self.tasks["taxi_pick"].counts.sum(axis=0) + self.tasks["taxi_drop"].counts.sum(axis=0))

    def series(self, cells: np.ndarray, units: Mapping[str, str]) -> list[Series]:
        """The series of some tasks (task -> unit) at some cells, everything observed."""
        return [cell_series(task, self.tasks[task].counts, cells, self.clock, unit) for task, unit in units.items()]


def cell_series(task: str, counts: np.ndarray, cells: np.ndarray, clock: Clock, unit: str) -> Series:
    """A fully observed series from counts [step, cell]: its nodes are `cells`, in their order."""
    values = counts[:, cells].astype(np.float32)
    return Series(task, values, np.ones(values.shape, dtype=bool), np.arange(len(cells)), clock, unit)


def enough_trips(total: np.ndarray, least: float) -> np.ndarray:
    """The cells, ascending, whose pick-ups + drop-offs over the span ([cell] `total`) reach `least`."""
    return np.flatnonzero(total >= least)
