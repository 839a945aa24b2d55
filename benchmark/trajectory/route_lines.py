"""The line that a route drives, as points at equal distances: what travel_time shows instead of GPS points, whose number tells the time."""

from __future__ import annotations

import numpy as np

from benchmark.data.frames import great_circle_m
from benchmark.data.trajectory.city import View
from benchmark.data.trajectory.roads import RoadNetwork
from benchmark.ragged import offsets_of, place_in_row, running_sums, spread

# metres from one point to the next (trajectory-suite §7)
SPACING_M = 50


class RouteLines:
    """Points along routes. In whole millimetres, whose sums are exact: the points of a trip do not depend on the trips beside it."""

    def __init__(self, network: RoadNetwork) -> None:
        self.offsets, self.lon, self.lat = network.offsets, network.lon, network.lat
        step = np.rint(1000 * great_circle_m(network.lon[:-1], network.lat[:-1], network.lon[1:], network.lat[1:])).astype(np.int64)
        step[network.offsets[1:-1] - 1] = 1  # from one road's end to the next one's start: what keeps them apart
        # [vertex] millimetres along all roads, one after the other
        self.along = running_sums(step)
        # [road] millimetres
        self.length = self.along[network.offsets[1:] - 1] - self.along[network.offsets[:-1]]

    def points(self, route: View) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(offsets [trip + 1], lon, lat [point], entry of `route` [point]): a point where each first road begins, then every 50 m."""
        road = np.asarray(route.values["road"]).astype(np.int64)
        # [step + 1] millimetres from the start of the first trip
        driven = running_sums(self.length[road])
        begin = driven[route.offsets[:-1]]
        count = (driven[route.offsets[1:]] - begin) // (1000 * SPACING_M) + 1
        offsets = offsets_of(count)
        place = spread(begin, offsets) + 1000 * SPACING_M * place_in_row(offsets)
        last = spread(route.offsets[1:] - 1, offsets)  # a point at the very end of a trip lies on its last road
        step = np.minimum(np.searchsorted(driven, place, side="right") - 1, last)
        on = road[step]
        target = self.along[self.offsets[on]] + place - driven[step]
        vertex = np.clip(np.searchsorted(self.along, target, side="right") - 1, self.offsets[on], self.offsets[on + 1] - 2)
        gap = self.along[vertex + 1] - self.along[vertex]
        share = np.divide(target - self.along[vertex], gap, out=np.zeros(len(target)), where=gap > 0)
        lon, lat = (line[vertex] + share * (line[vertex + 1] - line[vertex]) for line in (self.lon, self.lat))
        return offsets, lon, lat, step
