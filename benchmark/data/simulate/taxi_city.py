"""A city of taxi trips on a grid (nyc, chicago): trips with coordinates, through the same tallies as real ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.data.city import ForecastingCity, Origin, Series, write_city
from benchmark.data.grid import CHICAGO_GRID, NYC_GRID, Grid, Tally, Trips, TripTally, cell_series, enough_trips
from benchmark.data.simulate import SIZES, VERSION
from benchmark.data.simulate.accidents import AccidentParameters, draw_accidents
from benchmark.data.simulate.demand import Demand, draw_zones, make_demand, plane_km
from benchmark.data.simulate.parameters import Parameters, generator, load
from benchmark.data.simulate.shocks import draw_shocks
from benchmark.data.simulate.trips import Departures, TravelParameters, departures_by_day, travel_seconds, wall_clock

GRIDS = {"nyc": NYC_GRID, "chicago": CHICAGO_GRID}
# points keep this share of a cell away from its edges, so that rounding never moves one across
MARGIN = 1e-6


@dataclass(frozen=True)
class Layout:
    """Where the city lies in its box, and what happens outside of it."""

    # centre of activity, degrees
    lon: float
    lat: float
    # direction of the long axis, degrees from east counter-clockwise, and long / short axis
    axis: float
    elongation: float
    # pick-ups + drop-offs that keep a cell, over `least_trips_days` days
    least_trips: int
    least_trips_days: int
    # most drop-offs + pick-ups of a cell outside the city, relative to the least; below 1
    stray_share: float
    # trips with one end outside the box, relative to the city's
    outside_share: float
    # party size 1, 2, …: probabilities
    parties: tuple[float, ...]

    def least(self, days: int) -> float:
        """The least trips for a shorter span: the same number a day."""
        return self.least_trips * days / self.least_trips_days


def build_taxi_city(city: str, size: str, seed: int, destination: Path) -> ForecastingCity:
    """Simulate nyc or chicago; see `benchmark.data.simulate.build`."""
    shape, grid = SIZES[city][size], GRIDS[city]
    parameters = load(city)
    layout = Layout(**parameters.extra["layout"])
    declared, centrality = declare_cells(grid, layout, shape.nodes)
    demand = taxi_demand(city, seed, parameters, grid, declared, centrality, shape.days)
    tally = TripTally(grid, parameters.clock, shape.steps)
    traffic = np.empty((shape.steps, shape.nodes))
    slots = shape.steps_per_day
    for start in departures_by_day(seed, city, demand, parameters.clock, shape.days):
        rng = generator(seed, city, "rides", start.day)
        tally.add(ride(rng, start, demand, parameters, layout, grid, declared, shape.steps))
        traffic[start.day * slots:(start.day + 1) * slots] = start.traffic
    trips = int(tally.tasks["taxi_pick"].counts.sum())
    tally.add(stray_trips(generator(seed, city, "strays"), shape.days, trips, layout, grid, declared, demand))
    cells = enough_trips(tally.total(), layout.least(shape.days))
    if not np.array_equal(cells, declared):
        raise AssertionError(f"{city}/{size}/{seed}: the rule of enough trips keeps {len(cells)} cells, not the declared {len(declared)}.")
    tasks = ("crowd_in", "crowd_out", "taxi_pick", "taxi_drop") if city == "nyc" else ("taxi_pick", "taxi_drop")
    series = tally.series(cells, tasks)
    if city == "chicago":
        series.append(risk(seed, parameters, grid, cells, traffic, demand))
    return write_city(destination, name=city, edition="sim", nodes=grid.nodes(cells), series=series, origin=Origin(
        title=parameters.title, source="stbench simulator", licence="CC0-1.0",
        notes={"simulator": VERSION, "size": size, "seed": seed, "days": shape.days, "least_trips": layout.least(shape.days),
               "grid": {"west": grid.west, "east": grid.east, "south": grid.south, "north": grid.north,
                        "rows": grid.rows, "columns": grid.columns}},
    ))


def declare_cells(grid: Grid, layout: Layout, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The city's cells, ascending, and their centrality in standard units: the `count` cells inside a tilted ellipse."""
    lon, lat = grid.centre(np.arange(grid.cells))
    east, north = plane_km(lon - layout.lon, lat - layout.lat, layout.lat)
    angle = np.radians(layout.axis)
    along, across = east * np.cos(angle) + north * np.sin(angle), north * np.cos(angle) - east * np.sin(angle)
    radius = np.hypot(along / layout.elongation, across)
    cells = np.sort(np.argsort(radius, kind="stable")[:count])
    central = -radius[cells]
    return cells, (central - central.mean()) / central.std()


def taxi_demand(
    city: str, seed: int, parameters: Parameters, grid: Grid, cells: np.ndarray, centrality: np.ndarray, days: int,
) -> Demand:
    """The demand of a city whose zones are grid cells."""
    zones = draw_zones(seed, city, parameters.zones, *grid.centre(cells), centrality)
    shocks = draw_shocks(seed, city, parameters.shocks, parameters.clock, days, zones.distance)
    return make_demand(parameters, zones, shocks, days * parameters.clock.steps_per_day, parameters.zones.level * len(zones))


def ride(
    rng: np.random.Generator, start: Departures, demand: Demand, parameters: Parameters, layout: Layout, grid: Grid,
    cells: np.ndarray, steps: int,
) -> Trips:
    """Give a day's departures points, party sizes and arrivals."""
    pick_lon, pick_lat = points_in(rng, grid, cells[start.origin])
    drop_lon, drop_lat = points_in(rng, grid, cells[start.destination])
    km = np.hypot(*plane_km(drop_lon - pick_lon, drop_lat - pick_lat, grid.south))
    arrival = start.seconds + travel_seconds(rng, TravelParameters(**parameters.extra["travel"]), km, demand.load[start.step])
    arrival = wall_clock(parameters.clock, steps, start.seconds, arrival)
    return Trips(start.seconds, pick_lon, pick_lat, arrival, drop_lon, drop_lat, party_sizes(rng, layout, len(arrival)))


def points_in(rng: np.random.Generator, grid: Grid, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A random point in each cell."""
    lon, lat = grid.corner(cell)
    width, height = grid.pitch
    inner = 1 - 2 * MARGIN
    return lon + width * (MARGIN + inner * rng.random(len(cell))), lat + height * (MARGIN + inner * rng.random(len(cell)))


def party_sizes(rng: np.random.Generator, layout: Layout, count: int) -> np.ndarray:
    """Persons in each vehicle."""
    return 1 + np.searchsorted(np.cumsum(layout.parties)[:-1], rng.random(count), side="right")


def stray_trips(
    rng: np.random.Generator, days: int, trips: int, layout: Layout, grid: Grid, cells: np.ndarray, demand: Demand,
) -> Trips:
    """A sprinkle of trips between the city and elsewhere, so that the rule of enough trips has something to leave out.

    Elsewhere is a cell of the box outside the city, always below the rule's least, or a point outside the box. Half of
    the trips go there, half come from there. `trips` is the number of the city's own.
    """
    outer = np.setdiff1d(np.arange(grid.cells), cells)
    near = np.repeat(outer, rng.integers(0, int(layout.stray_share * layout.least(days)) + 1, len(outer)))
    far = rng.choice(grid.cells, int(layout.outside_share * trips))
    count = len(near) + len(far)
    lon, lat = points_in(rng, grid, np.concatenate([near, far]))
    lon[len(near):] += grid.east - grid.west
    city_lon, city_lat = points_in(rng, grid, rng.choice(cells, count, p=demand.zones.arrivals))
    away = rng.random(count) < 0.5
    pick = rng.integers(0, days * 86_400, count)
    # a long way, whatever the distance: between a quarter and three quarters of an hour
    drop = pick + rng.integers(900, 2_700, count)
    return Trips(
        pick, np.where(away, city_lon, lon), np.where(away, city_lat, lat),
        drop, np.where(away, lon, city_lon), np.where(away, lat, city_lat), party_sizes(rng, layout, count),
    )


def risk(
    seed: int, parameters: Parameters, grid: Grid, cells: np.ndarray, traffic: np.ndarray, demand: Demand,
) -> Series:
    """The severity of a city's accidents per cell and step, binned from single accidents."""
    clock, steps = parameters.clock, len(traffic)
    place, seconds, severity = draw_accidents(
        generator(seed, "chicago", "accidents"), AccidentParameters(**parameters.extra["accidents"]), traffic,
        demand.shocks.weather, clock)
    lon, lat = points_in(generator(seed, "chicago", "accident points"), grid, cells[place])
    tally = Tally(steps, grid.cells, clock.interval_minutes * 60)
    tally.add(seconds, grid.locate(lon, lat), severity)
    return cell_series("risk", tally.counts, cells, clock, f"severity per {clock.interval_minutes} min")
