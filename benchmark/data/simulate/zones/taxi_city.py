"""A city of taxi trips on a grid (nyc, chicago): trips with coordinates, through the same tallies as real ones."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmark.data.built_in import SERIES
from benchmark.data.forecasting.city import ForecastingCity, Series, write_city
from benchmark.data.grid import CHICAGO_GRID, CHICAGO_LEAST, NYC_GRID, NYC_LEAST, Grid, Tally, TripTally, cell_series, enough_trips
from benchmark.data.simulate import SIM, SIZES, VERSION
from benchmark.data.simulate.parameters import generator, origin
from benchmark.data.simulate.zones.accidents import AccidentParameters, draw_accidents
from benchmark.data.simulate.zones.demand import Demand, draw_zones, make_demand
from benchmark.data.simulate.zones.parameters import Parameters, load
from benchmark.data.simulate.zones.rides import GroundParameters, declare_cells, points_in, ride, stray_trips
from benchmark.data.simulate.zones.shocks import draw_shocks
from benchmark.data.simulate.zones.trips import TravelParameters, departures_by_day

# grid, least trips over the full span
RULES = {"nyc": (NYC_GRID, NYC_LEAST), "chicago": (CHICAGO_GRID, CHICAGO_LEAST)}


def build_taxi_city(city: str, size: str, seed: int, destination: Path) -> ForecastingCity:
    """Simulate nyc or chicago; see `benchmark.data.simulate.build`."""
    shape, parameters = SIZES[city][size], load(city)
    grid, full_least = RULES[city]
    # a shorter span asks for the same number of trips a day
    least = full_least * shape.days / SIZES[city]["full"].days
    ground, travel = GroundParameters(**parameters.extra["ground"]), TravelParameters(**parameters.extra["travel"])
    declared, centrality = declare_cells(grid, ground, shape.nodes)
    demand = taxi_demand(seed, city, parameters, grid, declared, centrality, shape.days)

    tally = TripTally(grid, parameters.clock, shape.steps)
    traffic = []
    for start in departures_by_day(seed, city, demand, parameters.clock, shape.days):
        rng = generator(seed, city, "rides", start.day)
        tally.add(ride(rng, start, demand.load, travel, ground, grid, declared, parameters.clock))
        traffic.append(start.traffic)
    trips = int(tally.tasks["taxi_pick"].counts.sum())
    tally.add(stray_trips(generator(seed, city, "strays"), shape.days, trips, least, ground, grid, declared, demand.zones.arrivals))

    cells = enough_trips(tally.total(), least)
    if not np.array_equal(cells, declared):
        raise RuntimeError(f"{city}/{size}/{seed}: the rule of enough trips keeps {len(cells)} cells, not the declared {len(declared)}.")
    series = tally.series(cells, {task: unit for task, unit in SERIES[city].units.items() if task in tally.tasks})
    if city == "chicago":
        series.append(risk(seed, parameters, grid, cells, np.concatenate(traffic), demand.shocks.weather))
    return write_city(destination, name=city, edition=SIM, nodes=grid.nodes(cells), series=series, origin=origin(
        parameters.title, simulator=VERSION, size=size, seed=seed, days=shape.days, trips=trips, least_trips_of_a_cell=least,
        grid=asdict(grid)))


def taxi_demand(
    seed: int, city: str, parameters: Parameters, grid: Grid, cells: np.ndarray, centrality: np.ndarray, days: int,
) -> Demand:
    """The demand of a city whose zones are grid cells."""
    zones = draw_zones(seed, city, parameters.zones, *grid.centre(cells), centrality)
    shocks = draw_shocks(seed, city, parameters.shocks, parameters.clock, days, zones.distance)
    return make_demand(parameters, zones, shocks, days * parameters.clock.steps_per_day, parameters.zones.level * len(zones))


def risk(seed: int, parameters: Parameters, grid: Grid, cells: np.ndarray, traffic: np.ndarray, weather: np.ndarray) -> Series:
    """The severity of Chicago's accidents per cell and step, binned from single accidents; `traffic` [step, zone]."""
    clock, rules = parameters.clock, AccidentParameters(**parameters.extra["accidents"])
    zone, seconds, severity = draw_accidents(generator(seed, "chicago", "accidents"), rules, traffic, weather, clock)
    lon, lat = points_in(generator(seed, "chicago", "accident points"), grid, cells[zone])
    tally = Tally(len(traffic), grid.cells, clock.interval_minutes * 60)
    tally.add(seconds, grid.locate(lon, lat), severity)
    return cell_series("risk", tally.counts, cells, clock, SERIES["chicago"].units["risk"])
