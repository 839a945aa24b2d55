"""Taxi rides with coordinates: where a city lies in its box, points within cells, party sizes, trips to elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.data.clock import Clock
from benchmark.data.grid import Grid, Trips
from benchmark.data.simulate.zones.demand import plane_km
from benchmark.data.simulate.zones.trips import Departures, TravelParameters, travel_seconds, wall_clock

# points keep this share of a cell away from its edges, so that rounding never moves one across
MARGIN = 1e-6
SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class GroundParameters:
    """Where the city lies in its box, who rides, and what happens outside."""

    # centre of activity, degrees
    lon: float
    lat: float
    # direction of the long axis, degrees from east counter-clockwise, and long / short axis
    axis: float
    elongation: float
    # party size 1, 2, …: probabilities
    parties: tuple[float, ...]
    # most drop-offs + pick-ups of a cell outside the city, relative to the least that would keep it; below 1
    stray_share: float
    # trips with one end outside the box, relative to the city's
    outside_share: float


def declare_cells(grid: Grid, ground: GroundParameters, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The city's cells, ascending, and their centrality in standard units: the `count` innermost ones of a tilted ellipse."""
    lon, lat = grid.centre(np.arange(grid.cells))
    east, north = plane_km(lon - ground.lon, lat - ground.lat, ground.lat)
    angle = np.radians(ground.axis)
    along, across = east * np.cos(angle) + north * np.sin(angle), north * np.cos(angle) - east * np.sin(angle)
    radius = np.hypot(along / ground.elongation, across)
    cells = np.sort(np.argsort(radius, kind="stable")[:count])
    return cells, (radius[cells].mean() - radius[cells]) / radius[cells].std()


def points_in(rng: np.random.Generator, grid: Grid, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A random point in each cell."""
    lon, lat = grid.corner(cell)
    width, height = grid.pitch
    inner = 1 - 2 * MARGIN
    return lon + width * (MARGIN + inner * rng.random(len(cell))), lat + height * (MARGIN + inner * rng.random(len(cell)))


def party_sizes(rng: np.random.Generator, ground: GroundParameters, count: int) -> np.ndarray:
    """[trip] persons in each vehicle."""
    return 1 + np.searchsorted(np.cumsum(ground.parties)[:-1], rng.random(count), side="right")


def ride(
    rng: np.random.Generator, start: Departures, load: np.ndarray, travel: TravelParameters, ground: GroundParameters, grid: Grid,
    cells: np.ndarray, clock: Clock,
) -> Trips:
    """Give a day's departures points, party sizes and arrivals; `load` [step] fills the streets, `cells` [zone] are the city's."""
    pick_lon, pick_lat = points_in(rng, grid, cells[start.origin])
    drop_lon, drop_lat = points_in(rng, grid, cells[start.destination])
    km = np.hypot(*plane_km(drop_lon - pick_lon, drop_lat - pick_lat, ground.lat))
    arrival = wall_clock(clock, len(load), start.seconds, start.seconds + travel_seconds(rng, travel, km, load[start.step]))
    return Trips(start.seconds, pick_lon, pick_lat, arrival, drop_lon, drop_lat, party_sizes(rng, ground, len(arrival)))


def stray_trips(
    rng: np.random.Generator, days: int, trips: int, least: float, ground: GroundParameters, grid: Grid, cells: np.ndarray,
    popularity: np.ndarray,
) -> Trips:
    """A sprinkle of trips between the city and elsewhere, so that the rule of enough trips has something to leave out.

    Elsewhere is a cell of the box outside the city, always below the rule's least, or a point outside the box. Half of
    the trips go there, half come from there, at any time.

    Parameters
    ----------
    trips: how many the city has of its own.
    least: drop-offs + pick-ups that would keep a cell.
    popularity: [zone] chance of each of the city's cells, sums to 1.
    """
    outer = np.setdiff1d(np.arange(grid.cells), cells)
    near = np.repeat(outer, rng.integers(0, int(ground.stray_share * least) + 1, len(outer)))
    far = rng.choice(grid.cells, int(ground.outside_share * trips))
    count = len(near) + len(far)
    lon, lat = points_in(rng, grid, np.concatenate([near, far]))
    lon[len(near):] += grid.east - grid.west
    city_lon, city_lat = points_in(rng, grid, rng.choice(cells, count, p=popularity))
    away = rng.random(count) < 0.5
    pick = rng.integers(0, days * SECONDS_PER_DAY, count)
    # a long way, whatever the distance: between a quarter and three quarters of an hour
    drop = pick + rng.integers(900, 2_700, count)
    return Trips(
        pick, np.where(away, city_lon, lon), np.where(away, city_lat, lat),
        drop, np.where(away, lon, city_lon), np.where(away, lat, city_lat), party_sizes(rng, ground, count),
    )
