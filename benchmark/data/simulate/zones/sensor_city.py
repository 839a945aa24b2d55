"""A city of road sensors (sip): vehicles of the same demand model pass sensors on their way; records are partial."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.data.built_in import SERIES
from benchmark.data.forecasting.city import ForecastingCity, Series, write_city
from benchmark.data.grid import Tally
from benchmark.data.simulate import SIM, SIZES, VERSION
from benchmark.data.simulate.parameters import generator, origin
from benchmark.data.simulate.zones.demand import Demand, draw_zones, make_demand
from benchmark.data.simulate.zones.parameters import Parameters, load
from benchmark.data.simulate.zones.sensor_roads import RoadParameters, Roads, lay_roads, pass_sensors
from benchmark.data.simulate.zones.sensors import SensorParameters, measure_speed, report
from benchmark.data.simulate.zones.shocks import draw_shocks
from benchmark.data.simulate.zones.trips import departures_by_day


def build_road_city(city: str, size: str, seed: int, destination: Path) -> ForecastingCity:
    """Simulate sip; see `benchmark.data.simulate.build`."""
    shape, parameters = SIZES[city][size], load(city)
    on_road = RoadParameters(**parameters.extra["roads"])
    roads = lay_roads(generator(seed, city, "roads"), on_road, shape.nodes)
    demand = road_demand(seed, city, parameters, roads, shape.days)
    passed = Tally(shape.steps, shape.nodes, parameters.clock.interval_minutes * 60)
    for start in departures_by_day(seed, city, demand, parameters.clock, shape.days):
        pass_sensors(generator(seed, city, "drives", start.day), start, roads, on_road, demand.load, passed)
    nodes = pd.DataFrame({
        "node_id": [f"s{i:03d}" for i in range(shape.nodes)], "name": [f"sensor {i}" for i in range(shape.nodes)],
        "lon": np.round(roads.lon, 6), "lat": np.round(roads.lat, 6),
    })
    return write_city(
        destination, name=city, edition=SIM, nodes=nodes,
        series=sensor_series(seed, city, parameters, roads, passed.counts, demand.shocks.weather),
        origin=origin(parameters.title, simulator=VERSION, size=size, seed=seed, days=shape.days),
    )


def road_demand(seed: int, city: str, parameters: Parameters, roads: Roads, days: int) -> Demand:
    """The demand of a city whose zones are the surroundings of its crossings."""
    east, north = roads.lon - roads.lon.mean(), roads.lat - roads.lat.mean()
    central = -np.hypot(east, north)
    zones = draw_zones(seed, city, parameters.zones, roads.lon, roads.lat, (central - central.mean()) / central.std())
    shocks = draw_shocks(seed, city, parameters.shocks, parameters.clock, days, zones.distance)
    # the level is of sensors: a vehicle counts at each one on its way
    level = parameters.zones.level * len(zones)
    demand = make_demand(parameters, zones, shocks, days * parameters.clock.steps_per_day, level)
    sensors_on_way = (roads.way >= 0).sum(axis=1) @ demand.gravity.reshape(-1, len(roads.way)).T @ demand.shares.mean(axis=0)
    return replace(demand, level=demand.level / float(sensors_on_way))


def sensor_series(
    seed: int, city: str, parameters: Parameters, roads: Roads, flow: np.ndarray, weather: np.ndarray,
) -> list[Series]:
    """Flow and speed as the sensors report them, from the vehicles that passed, [step, sensor]."""
    sensors, clock = SensorParameters(**parameters.extra["sensors"]), parameters.clock
    per_hour = 60 / clock.interval_minutes
    speed = measure_speed(generator(seed, city, "speed"), sensors, flow, roads.free_speed, weather, per_hour)
    counted = report(generator(seed, city, "flow records"), sensors, flow, sensors.flow_share, np.ones(flow.shape, dtype=bool), per_hour)
    timed = report(generator(seed, city, "speed records"), sensors, flow, sensors.speed_share, speed > 0, per_hour)
    index, missing, units = np.arange(flow.shape[1]), "no record", SERIES[city].units
    return [
        Series("traffic_flow", np.where(counted, flow, 0).astype(np.float32), counted, index, clock,
               units["traffic_flow"], missing=missing),
        Series("traffic_speed", np.where(timed, speed, 0).astype(np.float32), timed, index, clock, units["traffic_speed"],
               zero="does not occur", missing=missing),
    ]
