"""A lattice of roads with a sensor at each crossing, the fastest ways through it, and the vehicles that pass the sensors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from benchmark.data.grid import Tally
from benchmark.data.simulate.zones.demand import KM_PER_DEGREE
from benchmark.data.simulate.zones.trips import Departures


@dataclass(frozen=True)
class RoadParameters:
    """The road lattice and how vehicles move on it."""

    # south-western corner, degrees
    lon: float
    lat: float
    # distance of neighbouring crossings, and its standard deviation in each direction, km
    block_km: float
    jitter_km: float
    # every so many rows and columns are arterial roads
    arterial_every: int
    # free speed on local and on arterial roads, and its standard deviation between sensors, km/h
    local_speed: float
    arterial_speed: float
    speed_sd: float
    # vehicles need 1 + slowing × load of the free time, times a log-normal factor
    slowing: float
    spread: float


@dataclass(frozen=True)
class Roads:
    """Crossings with sensors, and the way between any two."""

    # [sensor] degrees, km/h
    lon: np.ndarray
    lat: np.ndarray
    free_speed: np.ndarray
    # [origin · sensors + destination, position]: sensors on the way, −1 after its end, and free seconds from the start
    way: np.ndarray
    seconds: np.ndarray


def lay_roads(rng: np.random.Generator, parameters: RoadParameters, sensors: int) -> Roads:
    """Lay a lattice of `sensors` crossings, a third wider than high, and find all ways."""
    columns = int(np.ceil(np.sqrt(sensors * 4 / 3)))
    row, column = np.divmod(np.arange(sensors), columns)
    east = parameters.block_km * column + parameters.jitter_km * rng.standard_normal(sensors)
    north = parameters.block_km * row + parameters.jitter_km * rng.standard_normal(sensors)
    along_row, along_column = row % parameters.arterial_every == 1, column % parameters.arterial_every == 1
    speed = np.where(along_row | along_column, parameters.arterial_speed, parameters.local_speed)
    # an edge leads to the next crossing in the row, or in the column
    index = np.arange(sensors)
    right = index[(column < columns - 1) & (index + 1 < sensors)]
    up = index[index + columns < sensors]
    start, end = np.concatenate([right, up]), np.concatenate([right + 1, up + columns])
    arterial = np.concatenate([along_row[right], along_column[up]])
    km = np.hypot(east[start] - east[end], north[start] - north[end])
    seconds = km / np.where(arterial, parameters.arterial_speed, parameters.local_speed) * 3600
    way, offset = _all_ways(start, end, seconds, sensors)
    return Roads(
        lon=parameters.lon + east / (KM_PER_DEGREE * np.cos(np.radians(parameters.lat))), lat=parameters.lat + north / KM_PER_DEGREE,
        free_speed=np.maximum(speed + parameters.speed_sd * rng.standard_normal(sensors), 20.0), way=way, seconds=offset,
    )


def _all_ways(start: np.ndarray, end: np.ndarray, seconds: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """[pair, position] crossings on the fastest way of each pair, −1 after its end, and seconds since its start."""
    graph = coo_array((seconds, (start, end)), shape=(count, count)).tocsr()
    time, before = dijkstra(graph, directed=False, return_predecessors=True)
    here = np.tile(np.arange(count), count)
    origin = np.repeat(np.arange(count), count)
    # walk back from all destinations at once; a way is passed in any order, so it stays as it is found
    way, offset = [], []
    while (here >= 0).any():
        way.append(here)
        offset.append(np.where(here >= 0, time[origin, here], 0))
        # scipy marks the start of a way by -9999
        here = np.where(here >= 0, np.maximum(before[origin, here], -1), -1)
    return np.stack(way, axis=1), np.stack(offset, axis=1)


def pass_sensors(
    rng: np.random.Generator, start: Departures, roads: Roads, parameters: RoadParameters, load: np.ndarray, tally: Tally,
) -> None:
    """Drive a day's vehicles along their ways and count them at each sensor, when they get there."""
    pair = start.origin * len(roads.lon) + start.destination
    slowness = (1 + parameters.slowing * load[start.step]) * np.exp(parameters.spread * rng.standard_normal(len(pair)))
    seconds = start.seconds
    for position in range(roads.way.shape[1]):
        sensor = roads.way[pair, position]
        on_way = sensor >= 0
        if not on_way.all():
            pair, slowness, seconds, sensor = pair[on_way], slowness[on_way], seconds[on_way], sensor[on_way]
        tally.add(seconds + roads.seconds[pair, position] * slowness, sensor)
