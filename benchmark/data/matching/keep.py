"""Which trips a trajectory city keeps: inside its box, matched to its roads, of usable length. The others are counted by reason."""

from __future__ import annotations

from collections import Counter

import numpy as np

from benchmark.data.grid import Grid
from benchmark.data.matching import Matcher
from benchmark.data.trajectory.city import cell_path
from benchmark.data.trajectory.roads import RoadNetwork
from benchmark.data.trajectory.trips import Limits, MatchedTrips, RawTrips
from benchmark.errors import UserError
from benchmark.ragged import count_in_rows

# a city that loses more than this share of the trips inside its box is declared wrongly, or its roads are of another place
LARGEST_LOSS = 0.5


def keep_trips(trips: RawTrips, network: RoadNetwork, grid: Grid, matcher: Matcher,
               limits: Limits) -> tuple[RawTrips, MatchedTrips, dict[str, int]]:
    """Match trips and keep the usable ones.

    Returns
    -------
    The kept trips, where they drive, and the number of dropped trips by reason; a trip is counted under its first reason.

    Raises
    ------
    UserError: no trip lies inside the box, or more than half of those that do would be dropped.
    """
    given, dropped = len(trips), Counter[str]()
    outside = count_in_rows(grid.locate(trips.lon, trips.lat) < 0, trips.offsets) > 0
    dropped["leaves the box"] += int(outside.sum())
    trips = trips.part(~outside)
    inside = len(trips)
    if not inside:
        raise UserError(f"None of {given} trips lies inside the box {grid.west:g} … {grid.east:g}, {grid.south:g} … {grid.north:g}; check "
                        "the coordinate frame, the box and the roads of the city file.")
    short_or_long = _outside(np.diff(trips.offsets), limits.points)
    dropped[f"not {limits.points[0]} to {limits.points[1]} points"] += int(short_or_long.sum())
    trips = trips.part(~short_or_long)
    matched = matcher.match(network, trips)
    dropped.update(Counter(matched.reason[matched.reason != ""].tolist()))
    trips, matched = _part(trips, matched, matched.reason == "")
    short_or_long = _outside(np.diff(matched.path_offsets), limits.roads)
    dropped[f"not {limits.roads[0]} to {limits.roads[1]} roads"] += int(short_or_long.sum())
    trips, matched = _part(trips, matched, ~short_or_long)
    short_or_long = _outside(np.diff(cell_path(grid.locate(trips.lon, trips.lat), trips.offsets)[0]), limits.cells)
    dropped[f"not {limits.cells[0]} to {limits.cells[1]} cells"] += int(short_or_long.sum())
    trips, matched = _part(trips, matched, ~short_or_long)
    if len(trips) < (1 - LARGEST_LOSS) * inside:
        reasons = ", ".join(f"{count} {reason}" for reason, count in dropped.most_common() if count)
        raise UserError(f"Only {len(trips)} of {inside} trips inside the box would be left ({reasons}); check the coordinate frame, the "
                        "roads and the limits of the city file.")
    return trips, matched, dict(dropped)


def _outside(lengths: np.ndarray, limits: tuple[int, int]) -> np.ndarray:
    return (lengths < limits[0]) | (lengths > limits[1])


def _part(trips: RawTrips, matched: MatchedTrips, kept: np.ndarray) -> tuple[RawTrips, MatchedTrips]:
    return trips.part(kept), matched.part(kept, trips.offsets)
