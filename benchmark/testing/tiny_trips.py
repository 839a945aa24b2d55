"""A tiny trajectory city for the checks: a lattice of two-way streets, half a month of trips along them, points every few seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.data.folder import Origin
from benchmark.data.grid import Grid
from benchmark.data.trajectory.city import POI_CATEGORIES, Places, TrajectoryCity, write_trajectory_city
from benchmark.data.trajectory.periods import DAYS as BY_DAYS
from benchmark.data.trajectory.roads import RoadNetwork, links_by_ends
from benchmark.data.trajectory.splits import Split, split_trips
from benchmark.data.trajectory.trips import MatchedTrips, RawTrips
from benchmark.ragged import offsets_of, place_in_row, spread

# junctions a side, metres of a street, degrees of it, local midnight of the first day in Asia/Shanghai
SIDE, STREET_M, PITCH, FIRST_DAY = 6, 200.0, 0.002, 1_477_929_600
WEST, SOUTH, DAYS, TRIPS_A_DAY = 104.0, 30.0, 15, 16
CLASSES = ("primary", "residential", "secondary", "residential", "tertiary", "service")


def tiny_trajectory_city(folder: Path, name: str = "tiny", seed: int = 7) -> TrajectoryCity:
    """120 roads, 240 trips of 11 to 18 roads; the last two days are validated and tested on."""
    rng = np.random.default_rng(seed)
    network, start, end = _lattice()
    paths = [_way(rng, start, end) for _ in range(DAYS * TRIPS_A_DAY)]
    lengths = np.array([len(path) for path in paths])
    path_offsets = offsets_of(lengths)
    path = np.concatenate(paths)
    begin = FIRST_DAY + 86_400 * np.repeat(np.arange(DAYS), TRIPS_A_DAY) + rng.integers(6 * 3600, 22 * 3600, len(paths))
    # a few seconds between points, and five of these steps a road, slower at some hours
    pause = rng.integers(3, 7, len(paths))
    entry = spread(begin, path_offsets) + 5.0 * spread(pause, path_offsets) * place_in_row(path_offsets)
    share = np.arange(5) / 5
    time = (entry[:, None] + spread(pause, path_offsets)[:, None] * np.arange(5)).astype(np.int64).ravel()
    ends = [WEST + PITCH * (np.stack([start, end]) % SIDE), SOUTH + PITCH * (np.stack([start, end]) // SIDE)]
    lon, lat = ((line[0][path][:, None] + share * (line[1] - line[0])[path][:, None]).ravel() + rng.normal(0, 2e-5, 5 * len(path))
                for line in ends)
    count = len(paths)
    trips = RawTrips(np.array([f"{name} {k}" for k in range(count)]), np.full(count, ""), 5 * path_offsets, time, lon, lat)
    matched = MatchedTrips(np.repeat(path, 5), path_offsets, path, entry, np.full(count, ""))
    grid = Grid.of_size(WEST - PITCH, WEST + SIDE * PITCH, SOUTH - PITCH, SOUTH + SIDE * PITCH, 90.0)
    poi = rng.poisson(0.3, (grid.cells, len(POI_CATEGORIES)))
    parts, split = split_trips(Split(by=BY_DAYS), trips, "Asia/Shanghai")
    return write_trajectory_city(folder, name, "own", Origin("tiny", "made for tests", "none"),
                                 Places(network, grid, poi, "Asia/Shanghai", {"split": split}), trips, matched, parts)


def _lattice() -> tuple[RoadNetwork, np.ndarray, np.ndarray]:
    """The streets in both directions, and the junction each begins and ends at."""
    node = np.arange(SIDE * SIDE)
    east, north = node[node % SIDE < SIDE - 1], node[node < SIDE * (SIDE - 1)]
    one, other = np.concatenate([east, north]), np.concatenate([east + 1, north + SIDE])
    start, end = np.stack([one, other], axis=1).ravel(), np.stack([other, one], axis=1).ravel()
    line = np.where(np.abs(start - end) == 1, start // SIDE, start % SIDE)
    table = pd.DataFrame({"road_id": [f"{a}-{b}" for a, b in zip(start, end, strict=True)], "highway": [CLASSES[k] for k in line],
                          "length_m": STREET_M, "oneway": False, "lanes": 1 + line % 2})
    ends = np.stack([start, end], axis=1).ravel()
    reverse = np.arange(len(start)) ^ 1
    return RoadNetwork(table, 2 * np.arange(len(start) + 1), WEST + PITCH * (ends % SIDE), SOUTH + PITCH * (ends // SIDE),
                       links_by_ends(start, end, reverse)), start, end


def _way(rng: np.random.Generator, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Roads of a random drive that never turns round; it prefers to go straight on."""
    path = [int(rng.integers(len(start)))]
    for _ in range(int(rng.integers(10, 18))):
        here = path[-1]
        onward = np.flatnonzero((start == end[here]) & (end != start[here]))
        straight = onward[end[onward] - start[onward] == end[here] - start[here]]
        path.append(int(straight[0] if len(straight) and rng.random() < 0.6 else rng.choice(onward)))
    return np.array(path)
