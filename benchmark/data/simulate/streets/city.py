"""A trajectory city (chengdu, xian): simulated streets, journeys and GPS points, through the builder that real ones take."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np

from benchmark.data.built_in import TRIPS
from benchmark.data.frames import Projection
from benchmark.data.grid import Grid
from benchmark.data.matching.build import RawCity, build_trajectory_city
from benchmark.data.simulate import SIM, TRAJECTORY_SIZES, TRAJECTORY_VERSION
from benchmark.data.simulate.parameters import generator, origin
from benchmark.data.simulate.streets.gps import Faults, Points, choose_faults, record
from benchmark.data.simulate.streets.journeys import Journeys, plan_journeys
from benchmark.data.simulate.streets.land_use import draw_poi, lay_uses, stops
from benchmark.data.simulate.streets.network import Streets, draw_streets
from benchmark.data.simulate.streets.parameters import TrajectoryParameters, load_trajectory
from benchmark.data.simulate.streets.traffic import Traffic, rule_traffic
from benchmark.data.trajectory.city import TrajectoryCity
from benchmark.data.trajectory.periods import DAYS
from benchmark.data.trajectory.splits import Split
from benchmark.data.trajectory.trips import RawTrips
from benchmark.ragged import joined

# the papers' fortnight; China keeps one clock all year
FIRST_DAY, HOURS_AHEAD = date(2016, 11, 1), 8


def build_driven_city(city: str, size: str, seed: int, destination: Path) -> TrajectoryCity:
    """Simulate chengdu or xian; see `benchmark.data.simulate.build`."""
    raw, notes = simulate(city, size, seed)
    return build_trajectory_city(destination, city, SIM, origin(load_trajectory(city).title, **notes), raw)


def simulate(city: str, size: str, seed: int) -> tuple[RawCity, dict[str, object]]:
    """What the builder asks for, and notes for the card."""
    shape, parameters = TRAJECTORY_SIZES[city][size], load_trajectory(city)
    west, east, south, north = parameters.streets.box
    projection = Projection((west + east) / 2, (south + north) / 2)
    streets = draw_streets(seed, city, parameters.streets, parameters.classes, shape.roads)
    traffic = rule_traffic(seed, city, parameters.traffic, parameters.classes, streets)
    half = (north - south) / 2 * projection.metres_per_degree[1]
    level = lay_uses(seed, city, parameters.uses, *streets.middle, half)
    days = len(shape.trips)
    weekend = np.array([(FIRST_DAY + timedelta(days=day)).weekday() >= 5 for day in range(days)])
    felt = np.array([one.felt for one in parameters.classes])[streets.kind]
    where = stops(seed, city, parameters.uses, level, streets, parameters.classes)
    journeys = plan_journeys(seed, city, parameters.journeys, parameters.purposes, [use.name for use in parameters.uses], streets, traffic,
                             felt, where, np.array(shape.trips), weekend)
    trips = _record(seed, city, parameters, streets, traffic, projection, journeys, weekend)
    half_lon, half_lat = (east - west) / 2 * streets.share, (north - south) / 2 * streets.share
    grid = Grid.of_size(projection.lon - half_lon, projection.lon + half_lon, projection.lat - half_lat, projection.lat + half_lat,
                        TRIPS[city].cell_size_m)
    split = Split(by=DAYS, unlabelled_trips=shape.unlabelled, labelled_trips=shape.labelled, validation_trips=shape.validation,
                  test_trips=shape.test)
    poi = draw_poi(seed, city, parameters.uses, level, streets, projection)
    notes = {"simulator": TRAJECTORY_VERSION, "size": size, "seed": seed, "days": days,
             "opened_on_the_last_day": streets.network.table["road_id"][streets.opened].tolist()}
    return RawCity(streets.network, grid, trips, poi, TRIPS[city].zone, split=split), notes


def _record(seed: int, city: str, parameters: TrajectoryParameters, streets: Streets, traffic: Traffic, projection: Projection,
            journeys: Journeys, weekend: np.ndarray) -> RawTrips:
    """The points of all trips, recorded day by day."""
    rules, rng = parameters.traffic, generator(seed, city, "pace")
    pace = np.exp(rules.driver_sd * rng.standard_normal(journeys.driver.max() + 1)[journeys.driver]
                  + rules.day_sd * rng.standard_normal(len(weekend))[journeys.day] + rules.trip_sd * rng.standard_normal(len(journeys)))
    faults = choose_faults(generator(seed, city, "faults"), parameters.points, len(journeys))
    days: list[Points] = []
    for day in range(len(weekend)):
        first, stop = (int(row) for row in np.searchsorted(journeys.day, [day, day + 1]))
        today: Faults = faults.within(first, stop)
        days.append(record(generator(seed, city, "points", day), parameters.points, streets, traffic, projection, journeys.of_day(day),
                           np.repeat(weekend[day], stop - first), pace[first:stop], today))
    midnight = ((FIRST_DAY - date(1970, 1, 1)).days * 24 - HOURS_AHEAD) * 3600
    return RawTrips(np.array([f"{city}-trip-{row:06d}" for row in range(len(journeys))]),
                    np.array([f"{city}-driver-{number:05d}" for number in journeys.driver]),
                    joined([one.offsets for one in days]), midnight + np.concatenate([one.seconds for one in days]),
                    np.concatenate([one.lon for one in days]), np.concatenate([one.lat for one in days]))
