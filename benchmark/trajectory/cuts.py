"""What each trajectory task shows of a trip, and what it asks: views cut and times hidden (trajectory-suite §5-7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import torch

from benchmark.data.trajectory.city import TrajectoryCity, View, cell_path
from benchmark.data.trajectory.roads import RoadNetwork
from benchmark.ragged import count_in_rows, offsets_kept, offsets_of, place_in_row, ranges, running_sums, spread
from benchmark.trajectory.protocol import TrajectoryProtocol
from benchmark.trajectory.route_lines import RouteLines
from benchmark.trajectory.trips import Trips, TripView


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

    @cached_property
    def step(self) -> np.ndarray:
        """int32 [point]: on which of its trip's roads, counted from 0, each point lies."""
        return steps_of(self.gps, self.route)

    def seconds(self, rows: np.ndarray) -> np.ndarray:
        """[trip] float64 seconds from the first to the last point."""
        return (self.gps.values["time"][self.gps.offsets[rows + 1] - 1] - self.departure(rows)).astype(np.float64)

    def departure(self, rows: np.ndarray) -> np.ndarray:
        """[trip] int64 seconds since 1970 of the first point."""
        return np.asarray(self.gps.values["time"][self.gps.offsets[rows]])

    def start_hours(self, rows: np.ndarray) -> tuple[str, np.ndarray]:
        """The local hour in which the first of these trips begins, ISO format, and int64 [trip] hours from it to each trip's own."""
        hour = self.local_departure(rows).floor("h")
        first = hour.min()
        return first.isoformat(timespec="minutes"), ((hour - first) // pd.Timedelta(hours=1)).to_numpy(np.int64)

    def local_departure(self, rows: np.ndarray) -> pd.DatetimeIndex:
        """[trip] local wall-clock time of the first point, without zone."""
        return pd.DatetimeIndex(pd.to_datetime(self.departure(rows), unit="s", utc=True)).tz_convert(self.city.zone).tz_localize(None)


class UntilLastRoad(TripTable):
    """The same trips until they enter their last road, which is not shown: travel_time then asks for the seconds until that moment."""

    def __init__(self, table: TripTable) -> None:
        vars(self).update(vars(table))
        vars(self).pop("step", None)  # of the whole routes
        self.whole_route = table.route
        self.route = prefix(table.route, (table.route.lengths() - 1).clip(0))

    def seconds(self, rows: np.ndarray) -> np.ndarray:
        """[trip] float64 seconds from the first point to the entry of the last road."""
        entry, last = self.whole_route.values["entry"], self.whole_route.offsets[rows + 1] - 1
        return (entry[last] - self.departure(rows)).astype(np.float64)


def whole(table: TripTable, rows: np.ndarray) -> Trips:
    """Trips with all their points, roads, cells and times."""
    return _trips(table, rows, _points(table, rows), take(table.route, rows), take(table.grid, rows))


def pose_travel_time(table: TripTable, rows: np.ndarray, protocol: TrajectoryProtocol, share: float | None = None) -> Posed:
    """How many seconds does the trip take?

    Under `strict` everything is made from the driven roads and the minute of departure: GPS points every 50 m along the roads, and the
    cells under these. The number of GPS points would tell the time, and so would that of the cells, which are those of the points.
    Nothing is cut, whatever the `share`; a trip without a road is left out.
    """
    rows = rows[table.route.lengths()[rows] > 0]
    route, labels = take(table.route, rows), table.seconds(rows)
    if protocol.hides == "route times":
        return Posed(rows, _trips(table, rows, _points(table, rows), route, take(table.grid, rows), route_times=False), labels)
    offsets, lon, lat, step = table.lines.points(route)
    cell = table.city.grid.locate(lon, lat)
    inside = cell >= 0
    gps = View(offsets_kept(inside, offsets), {
        "time": np.full(int(inside.sum()), np.nan), "lon": lon[inside], "lat": lat[inside], "road": route.values["road"][step[inside]],
        "cell": cell[inside], "step": (step - spread(route.offsets[:-1], offsets))[inside]})
    return Posed(rows, _trips(table, rows, gps, route, cells_under(gps), all_times=False), labels)


def pose_destination_road(table: TripTable, rows: np.ndarray, protocol: TrajectoryProtocol, share: float | None) -> Posed:
    """On which road does the trip end, seen until it enters the first road that is taken away?"""
    route = take(table.route, rows)
    kept = kept_units(route.lengths(), share)
    cut = route.values["entry"][route.offsets[:-1] + kept]
    labels = route.values["road"][route.offsets[1:] - 1]
    gps = _before(_points(table, rows), "time", cut, protocol.closed_cut)
    route = prefix(route, kept)
    if protocol.closed_cut:
        grid = _left_before(take(table.grid, rows), cut)
    else:
        gps = _until_step(gps, kept)
        grid = cells_under(gps)
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
    gps = _before(_points(table, rows), "time", cut, protocol.closed_cut)
    if protocol.closed_cut:
        grid, route = prefix(grid, kept), _left_before(take(table.route, rows), cut)
    else:
        grid, route = cells_under(gps), _up_to_last_point(_before(take(table.route, rows), "entry", cut, False), gps)
    usable = (grid.lengths() >= protocol.fewest_kept) & (gps.lengths() > 0) & (route.lengths() > 0)
    return _posed(table, rows, usable, gps, route, grid, labels, "cell", protocol)


@dataclass(frozen=True)
class Destination:
    """What a destination task asks for: the last entry of a view."""

    view: str
    # the view's array of road or cell numbers
    unit: str


DESTINATIONS = {"destination_road": Destination("route", "road"), "destination_grid": Destination("grid", "cell")}
# kind of a task of trips -> how it is posed: city, rows of trips, protocol, share that a cut keeps (None: all but the last unit)
POSES: Mapping[str, Callable[[TripTable, np.ndarray, TrajectoryProtocol, float | None], Posed]] = {
    "travel_time": pose_travel_time, "destination_road": pose_destination_road, "destination_grid": pose_destination_grid}


def take(view: View, rows: np.ndarray) -> View:
    """The trips of these rows, in this order, copied."""
    first, stop = view.offsets[rows], view.offsets[rows + 1]
    _, entry = ranges(first, stop)
    return View(offsets_of(stop - first), {name: np.asarray(values[entry]) for name, values in view.values.items()})


def steps_of(gps: View, route: View) -> np.ndarray:
    """int32 [point]: the road of its trip, counted from 0, that each point lies on: entered last, or the nearest of its number.

    Of the nearest first a road entered at the very moment of the point, then one to come, then one left behind; else the one entered last.
    """
    asked, entered = _on_one_line(gps, route)
    first, stop = (spread(edge, gps.offsets) for edge in (route.offsets[:-1], route.offsets[1:]))
    last = np.clip(np.searchsorted(entered, asked, side="right") - 1, first, stop - 1)
    road, wanted = np.asarray(route.values["road"]), np.asarray(gps.values["road"])
    # the earliest road that was not left before the moment of the point
    at_once = np.clip(np.searchsorted(entered, asked, side="left") - 1, first, last)
    found = np.where(road[last] == wanted, last, -1)
    for begin, end in ((last - 1, at_once - 1), (last + 1, stop), (last - 1, first - 1)):
        found = np.where(found < 0, _nearest(road, wanted, begin, end, found < 0), found)
    return (np.where(found < 0, last, found) - first).astype(np.int32)


def _on_one_line(gps: View, route: View) -> tuple[np.ndarray, np.ndarray]:
    """float64 times of points and of entries, [point] and [step], of all trips on one line: each trip's lie where no other trip's can."""
    start = np.asarray(gps.values["time"])[gps.offsets[:-1]].astype(np.float64)
    shift = 1e7 * np.arange(len(start)) - start
    return np.asarray(gps.values["time"]) + spread(shift, gps.offsets), np.asarray(route.values["entry"]) + spread(shift, route.offsets)


def _nearest(road: np.ndarray, wanted: np.ndarray, begin: np.ndarray, end: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """int64 [point]: the first entry of `road` on the way from `begin` to before `end`, up or down, that is the wanted one; -1: none.

    asked: bool [point], where to look at all.
    """
    found, direction = np.full(len(wanted), -1), np.sign(end - begin)
    left = np.flatnonzero(asked & (begin != end))
    at = begin[left]
    while left.size:
        hit = road[at] == wanted[left]
        found[left[hit]] = at[hit]
        onward = ~hit & (at + direction[left] != end[left])
        left, at = left[onward], (at + direction[left])[onward]
    return found


def _points(table: TripTable, rows: np.ndarray) -> View:
    """The GPS view of these trips, with the step of each point."""
    return take(View(table.gps.offsets, {**table.gps.values, "step": table.step}), rows)


def prefix(view: View, count: np.ndarray) -> View:
    """The first `count[k]` entries of each trip k."""
    kept = place_in_row(view.offsets) < spread(count, view.offsets)
    return View(offsets_kept(kept, view.offsets), {name: values[kept] for name, values in view.values.items()})


def kept_units(lengths: np.ndarray, share: float | None) -> np.ndarray:
    """Roads or cells that a cut leaves, never all."""
    kept = lengths - 1 if share is None else np.floor(share * lengths + 1e-9).astype(np.int64)
    return kept.clip(0, lengths - 1)


def _before(view: View, time: str, cut: np.ndarray, closed: bool) -> View:
    """The entries of each trip before its cut; of the very moment of the cut only if `closed`."""
    limit = spread(cut, view.offsets)
    shown = view.values[time] <= limit if closed else view.values[time] < limit
    return prefix(view, count_in_rows(shown, view.offsets))


def _left_before(view: View, cut: np.ndarray) -> View:
    """The units of each trip that were left by the moment of its cut: those entered until then, without the last of them."""
    entered = count_in_rows(view.values["entry"] <= spread(cut, view.offsets), view.offsets)
    return prefix(view, (entered - 1).clip(0))


def cells_under(gps: View) -> View:
    """The grid view of these points, made anew."""
    offsets, first = cell_path(gps.values["cell"], gps.offsets)
    return View(offsets, {"cell": gps.values["cell"][first], "entry": gps.values["time"][first].astype(np.float64)})


def _up_to_last_point(route: View, gps: View) -> View:
    """The roads up to the one that the last point lies on; none where there is no point."""
    count = np.zeros(len(gps.offsets) - 1, np.int64)
    some = gps.lengths() > 0
    count[some] = gps.values["step"][gps.offsets[1:][some] - 1] + 1
    return prefix(route, count)


def _until_step(gps: View, step: np.ndarray) -> View:
    """The points of each trip before the first one on its road number `step`: an archive may say that a road was entered later."""
    on = gps.values["step"] >= spread(step, gps.offsets)
    total = running_sums(on)
    before = total[:-1] == spread(total[gps.offsets[:-1]], gps.offsets)  # none of the trip's points so far
    return prefix(gps, count_in_rows(before & ~on, gps.offsets))


def _posed(table: TripTable, rows: np.ndarray, usable: np.ndarray, gps: View, route: View, grid: View, labels: np.ndarray, unit: str,
           protocol: TrajectoryProtocol) -> Posed:
    kept = np.flatnonzero(usable)
    gps, route, grid = (take(view, kept) for view in (gps, route, grid))
    shown = route if unit == "road" else grid
    # a point at the moment of a closed cut may lie on a road that is not shown
    last = spread(route.lengths() - 1, gps.offsets)
    gps = View(gps.offsets, {**gps.values, "step": np.minimum(gps.values["step"], last)})
    return Posed(rows[kept], _trips(table, rows[kept], gps, route, grid, route_times=protocol.shows_route_times),
                 labels[kept].astype(np.int64), shown.values[unit][shown.offsets[1:] - 1].astype(np.int64))


def _trips(table: TripTable, rows: np.ndarray, gps: View, route: View, grid: View, *, route_times: bool = True,
           all_times: bool = True) -> Trips:
    """Views of these trips as tensors, with times from the minute of departure on.

    `route_times`: whether the roads show when they were entered, or the weekday alone.
    `all_times`: whether any view shows another time than the departure's.
    """
    departure = table.departure(rows)
    local = table.local_departure(rows)
    start = departure - departure % 60

    def view(given: View, time: str, names: tuple[str, ...], shown: bool) -> TripView:
        seconds = np.full(int(given.offsets[-1]), np.nan, np.float32)
        if shown and all_times:
            seconds = (given.values[time] - spread(start, given.offsets)).astype(np.float32)
        elif not all_times:
            seconds[given.offsets[:-1][given.lengths() > 0]] = 0
        whole_numbers = ("road", "cell", "step", "weekday")
        values = {name: torch.from_numpy(given.values[name].astype(np.int64 if name in whole_numbers else np.float64)) for name in names}
        return TripView(torch.from_numpy(given.offsets.astype(np.int64)), {"time": torch.from_numpy(seconds), **values})

    weekday, minute = local.day_of_week.to_numpy(np.int64), (60 * local.hour + local.minute).to_numpy(np.int64)
    roads: tuple[str, ...] = ("road",)
    if not route_times:
        since = route.values["entry"] - spread(start - 60 * minute, route.offsets)  # seconds from the departure's midnight
        route = View(route.offsets, {**route.values, "weekday": (spread(weekday, route.offsets) + since // 86_400) % 7})
        roads = ("road", "weekday")
    return Trips(table.name, torch.from_numpy(weekday), torch.from_numpy(minute),
                 view(gps, "time", ("lon", "lat", "road", "cell", "step"), True), view(route, "entry", roads, route_times),
                 view(grid, "entry", ("cell",), True))
