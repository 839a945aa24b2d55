"""Hard trips without a disk: times that are equal, places that come again, points beside their roads, roads beyond the box."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd

from benchmark.data.grid import Grid
from benchmark.data.trajectory.city import View
from benchmark.data.trajectory.roads import RoadNetwork

MIDNIGHT = 1_477_929_600
GRID = Grid(west=104.0, east=104.02, south=30.0, north=30.02, rows=8, columns=8)
ROADS = 12


class FakeCity:
    """What a table of trips asks of a city, without a disk."""

    name, zone, grid = "made", "Asia/Shanghai", GRID

    def __init__(self, trips):
        """trips: [trip] of (points, route), a point (time, lon, lat, road), a step (road, entry)."""
        points = [[(*point, cell_of(*point[1:3])) for point in points] for points, _ in trips]
        self.views = {"gps": view_of(points, time=np.int64, lon=np.float64, lat=np.float64, road=np.int32, cell=np.int32),
                      "route": view_of([route for _, route in trips], road=np.int32, entry=np.float64),
                      "grid": view_of([cells_of(one) for one in points], cell=np.int32, entry=np.float64)}
        rng = np.random.default_rng(3)
        names = [str(k) for k in range(ROADS)]
        table = pd.DataFrame({"road_id": names, "highway": "primary", "length_m": 90.0, "oneway": False, "lanes": 1})
        # short lines all over the box, some of them beyond its edge
        start = rng.uniform([104.0, 30.0], [104.021, 30.021], (ROADS, 2))
        ends = np.stack([start, start + rng.normal(0, 1e-3, (ROADS, 2))], axis=1).reshape(-1, 2)
        self.network = RoadNetwork(table, 2 * np.arange(ROADS + 1), ends[:, 0], ends[:, 1], np.zeros((0, 2), np.int64))

    def view(self, name):
        return self.views[name]


def view_of(entries, **kinds):
    """A view of lists of tuples."""
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in entries])])
    return View(offsets, {name: np.array([entry[k] for one in entries for entry in one], dtype=kind)
                          for k, (name, kind) in enumerate(kinds.items())})


def cell_of(lon, lat):
    return int(GRID.locate(np.array([lon]), np.array([lat]))[0])


def cells_of(points):
    """[(cell, time of its first point)] of points that end with their cell: equal neighbours are one, a cell entered again stands again."""
    found = []
    for time, *_, cell in points:
        if not found or found[-1][0] != cell:
            found.append((cell, float(time)))
    return found


def made_city(seed, trips=12):
    """Trips with everything that makes cuts hard: equal times, roads without points, roads and cells that come again, all lengths."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(trips):
        steps = int(rng.integers(1, 15))
        departure = int(MIDNIGHT + rng.integers(0, 5 * 86_400))
        entry = departure + np.cumsum(rng.choice([0, 0, 4.5, 7, 20], steps)) * (np.arange(steps) > 0)
        entry = np.maximum.accumulate(entry)
        road = rng.integers(0, ROADS, steps)
        lon, lat, points = 104.01, 30.01, []
        for k in range(steps):
            leave = entry[k + 1] if k + 1 < steps else entry[k] + 15
            count = int(rng.integers(0, 4)) if k else int(rng.integers(1, 4))
            times = np.sort(rng.integers(0, math.floor(leave) - math.ceil(entry[k]) + 1, count)) if leave >= math.ceil(entry[k]) else []
            for time in times:
                time = math.ceil(entry[k]) + int(time) if points or k else departure
                lon, lat = (float(np.clip(x + rng.choice([-1, 0, 0, 1]) * 0.0017, x0, x0 + 0.0199)) for x, x0 in ((lon, 104), (lat, 30)))
                points.append((max(time, points[-1][0] if points else 0), lon, lat, int(road[k])))
        made.append((points, list(zip(road.tolist(), entry.tolist(), strict=True))))
    return FakeCity(made)


def noisy_city(seed):
    """As an archive gives them: some points on a road that is entered earlier or later, or not at all; some entries raised."""
    city, rng = made_city(seed), np.random.default_rng(seed)
    road, entry = city.views["gps"].values["road"], city.views["route"].values["entry"]
    wrong = rng.random(len(road)) < 0.3
    road[wrong] = rng.integers(0, ROADS, int(wrong.sum()))
    entry += rng.choice([0, 0, 6], len(entry))
    for a, b in pairwise(city.views["route"].offsets):
        entry[a:b] = np.maximum.accumulate(entry[a:b])
    return city
