"""What each trajectory task shows of a trip, and what it asks: views cut and times hidden (trajectory-suite §5-7)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmark.data.roads import RoadNetwork
from benchmark.data.trajectory_city import TrajectoryCity, View, cell_path
from benchmark.protocols import TrajectoryProtocol
from benchmark.tasks.geometry import RouteLines
from benchmark.tasks.trips import Trips, TripView

# scenario -> share of a trip's roads or cells that a destination task keeps; None: all but the last
KEPT_SHARE: dict[str, float | None] = {"standard": None, "keep-70": 0.7}


@dataclass(frozen=True)
class Posed:
    """Trips as one task shows them, and what it asks of each."""

    # rows of the city's trips; a trip too short for the cut is left out
    rows: np.ndarray
    trips: Trips
    # [trip] seconds, or the number of a road or cell
    labels: np.ndarray
    # [trip] number of the last road or cell that is shown (destination tasks)
    last: np.ndarray | None = None

    def some(self, index: np.ndarray) -> Posed:
        """The trips at these places."""
        return Posed(self.rows[index], self.trips.rows(torch.from_numpy(index)), self.labels[index],
                     None if self.last is None else self.last[index])


class TripTable:
    """All trips of a city, as the engine sees them."""

    def __init__(self, city: TrajectoryCity) -> None:
        self.city, self.name = city, city.name
        self.gps, self.route, self.grid = (city.view(view) for view in ("gps", "route", "grid"))

    @cached_property
    def network(self) -> RoadNetwork:
        return self.city.network

    @cached_property
    def lines(self) -> RouteLines:
        return RouteLines(self.network)

    def seconds(self, rows: np.ndarray) -> np.ndarray:
        """[trip] float64 seconds from the first to the last point."""
        return (self.gps.values["time"][self.gps.offsets[rows + 1] - 1] - self.departure(rows)).astype(np.float64)

    def departure(self, rows: np.ndarray) -> np.ndarray:
        """[trip] int64 seconds since 1970 of the first point."""
        return np.asarray(self.gps.values["time"][self.gps.offsets[rows]])


def whole(table: TripTable, rows: np.ndarray) -> Trips:
    """Trips with all their points, roads, cells and times."""
    return _trips(table, rows, *(take(view, rows) for view in (table.gps, table.route, table.grid)))


def pose_travel_time(table: TripTable, rows: np.ndarray, protocol: TrajectoryProtocol) -> Posed:
    """How many seconds does the trip take?

    Under `strict` everything is made from the driven roads and the minute of departure: GPS points every 50 m along the roads, and the
    cells under these. The number of GPS points would tell the time, and so would that of the cells, which are those of the points.
    """
    route, labels = take(table.route, rows), table.seconds(rows)
    if protocol.hides == "route times":
        return Posed(rows, _trips(table, rows, take(table.gps, rows), route, take(table.grid, rows), route_times=False), labels)
    offsets, lon, lat, road = table.lines.points(route)
    cell = table.city.grid.locate(lon, lat)
    inside = cell >= 0
    kept = np.concatenate([[0], np.cumsum(inside)])[offsets]
    gps = View(kept, {"time": np.full(int(inside.sum()), np.nan), "lon": lon[inside], "lat": lat[inside], "road": road[inside],
                      "cell": cell[inside]})
    return Posed(rows, _trips(table, rows, gps, route, cells_under(gps), all_times=False), labels)


def pose_destination_road(table: TripTable, rows: np.ndarray, protocol: TrajectoryProtocol, share: float | None) -> Posed:
    """On which road does the trip end, seen until it enters the first road that is taken away?"""
    route = take(table.route, rows)
    kept = kept_units(route.lengths(), share)
    cut = route.values["entry"][route.offsets[:-1] + kept]
    labels = route.values["road"][route.offsets[1:] - 1]
    gps = _before(take(table.gps, rows), "time", cut, protocol.closed_cut)
    route = prefix(route, kept)
    grid = _before(take(table.grid, rows), "entry", cut, True) if protocol.closed_cut else cells_under(gps)
    usable = (kept >= protocol.fewest_kept) & (gps.lengths() > 0)
    return _posed(table, rows, usable, gps, route, grid, labels, "road", protocol)


def pose_destination_grid(table: TripTable, rows: np.ndarray, protocol: TrajectoryProtocol, share: float | None) -> Posed:
    """In which cell does the trip end, seen until it enters the first cell that is taken away?

    Under `strict` the roads end with that of the last point shown: those after it were found with the help of points behind the cut.
    """
    grid = take(table.grid, rows)
    kept = kept_units(grid.lengths(), share)
    cut = grid.values["entry"][grid.offsets[:-1] + kept]
    labels = grid.values["cell"][grid.offsets[1:] - 1]
    gps = _before(take(table.gps, rows), "time", cut, protocol.closed_cut)
    if protocol.closed_cut:
        grid, route = prefix(grid, kept), _before(take(table.route, rows), "entry", cut, True)
    else:
        grid, route = cells_under(gps), _up_to_last_point(take(table.route, rows), gps)
    usable = (grid.lengths() >= protocol.fewest_kept) & (gps.lengths() > 0) & (route.lengths() > 0)
    return _posed(table, rows, usable, gps, route, grid, labels, "cell", protocol)


def take(view: View, rows: np.ndarray) -> View:
    """The trips of these rows, in this order, copied."""
    begin, length = view.offsets[rows], view.offsets[rows + 1] - view.offsets[rows]
    offsets = np.concatenate([[0], np.cumsum(length)])
    entry = np.arange(offsets[-1]) + np.repeat(begin - offsets[:-1], length)
    return View(offsets, {name: np.asarray(values[entry]) for name, values in view.values.items()})


def prefix(view: View, count: np.ndarray) -> View:
    """The first `count[k]` entries of each trip k."""
    length = view.lengths()
    number = np.arange(view.offsets[-1]) - np.repeat(view.offsets[:-1], length)
    kept = number < np.repeat(count, length)
    return View(np.concatenate([[0], np.cumsum(np.minimum(count, length))]), {name: values[kept] for name, values in view.values.items()})


def kept_units(lengths: np.ndarray, share: float | None) -> np.ndarray:
    """Roads or cells that a cut leaves, at least one and never all."""
    kept = lengths - 1 if share is None else np.floor(share * lengths + 1e-9).astype(np.int64)
    return kept.clip(0, lengths - 1)


def _before(view: View, time: str, cut: np.ndarray, closed: bool) -> View:
    """The entries of each trip before its cut; of the very moment of the cut only if `closed`."""
    limit = np.repeat(cut, view.lengths())
    shown = view.values[time] <= limit if closed else view.values[time] < limit
    total = np.concatenate([[0], np.cumsum(shown)])
    return prefix(view, total[view.offsets[1:]] - total[view.offsets[:-1]])


def cells_under(gps: View) -> View:
    """The grid view of these points, made anew."""
    offsets, first = cell_path(gps.values["cell"], gps.offsets)
    return View(offsets, {"cell": gps.values["cell"][first], "entry": gps.values["time"][first].astype(np.float64)})


def _up_to_last_point(route: View, gps: View) -> View:
    """The roads up to the one that the last point lies on; none where there is no point."""
    some = gps.lengths() > 0
    last = np.maximum(gps.offsets[1:] - 1, 0)
    road, time = gps.values["road"][last], gps.values["time"][last].astype(np.float64)
    entered = route.values["entry"] <= np.repeat(time, route.lengths())
    total = np.concatenate([[0], np.cumsum(entered)])
    count = np.where(some, total[route.offsets[1:]] - total[route.offsets[:-1]], 0)
    while True:  # a road may be entered at the very moment of a point that lies on the road before it
        step = route.offsets[:-1] + np.maximum(count - 1, 0)
        beyond = (count > 0) & (route.values["road"][step] != road)
        if not beyond.any():
            return prefix(route, count)
        count = count - beyond


def _posed(table: TripTable, rows: np.ndarray, usable: np.ndarray, gps: View, route: View, grid: View, labels: np.ndarray, unit: str,
           protocol: TrajectoryProtocol) -> Posed:
    kept = np.flatnonzero(usable)
    gps, route, grid = (take(view, kept) for view in (gps, route, grid))
    shown = route if unit == "road" else grid
    return Posed(rows[kept], _trips(table, rows[kept], gps, route, grid, route_times=protocol.shows_route_times),
                 labels[kept].astype(np.int64), shown.values[unit][shown.offsets[1:] - 1].astype(np.int64))


def _trips(table: TripTable, rows: np.ndarray, gps: View, route: View, grid: View, *, route_times: bool = True,
           all_times: bool = True) -> Trips:
    """Views of these trips as tensors, with times from the minute of departure on.

    `route_times`: whether the roads show when they were entered. `all_times`: whether any view shows another time than the departure's.
    """
    departure = table.departure(rows)
    zoned: Any = pd.to_datetime(departure, unit="s", utc=True)
    local = zoned.tz_convert(table.city.zone)
    start = departure - departure % 60

    def view(given: View, time: str, names: tuple[str, ...], shown: bool) -> TripView:
        seconds = np.full(int(given.offsets[-1]), np.nan, np.float32)
        if shown and all_times:
            seconds = (given.values[time] - np.repeat(start, given.lengths())).astype(np.float32)
        elif not all_times:
            seconds[given.offsets[:-1][given.lengths() > 0]] = 0
        whole_numbers = ("road", "cell")
        values = {name: torch.from_numpy(given.values[name].astype(np.int64 if name in whole_numbers else np.float64)) for name in names}
        return TripView(torch.from_numpy(given.offsets.astype(np.int64)), {"time": torch.from_numpy(seconds), **values})

    return Trips(table.name, torch.tensor(local.day_of_week.to_numpy(), dtype=torch.int64),
                 torch.tensor((60 * local.hour + local.minute).to_numpy(), dtype=torch.int64),
                 view(gps, "time", ("lon", "lat", "road", "cell"), True), view(route, "entry", ("road",), route_times),
                 view(grid, "entry", ("cell",), True))
