"""Raw roads, GPS trips and points of interest → the canonical trajectory city. Real and simulated cities go through here alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.folder import Origin
from benchmark.data.frames import METRES_PER_DEGREE
from benchmark.data.grid import Grid
from benchmark.data.matching import HiddenMarkovMatcher, Matcher
from benchmark.data.matching.cut import Cut, cut_trips
from benchmark.data.matching.keep import keep_trips
from benchmark.data.trajectory.city import POI_CATEGORIES, Places, TrajectoryCity, write_trajectory_city
from benchmark.data.trajectory.poi import PointsOfInterest
from benchmark.data.trajectory.roads import RoadNetwork
from benchmark.data.trajectory.splits import Split, split_trips
from benchmark.data.trajectory.trips import Limits, RawTrips


@dataclass(frozen=True)
class RawCity:
    """What a source gives: nothing is matched, dropped or divided yet."""

    network: RoadNetwork
    grid: Grid
    trips: RawTrips
    # None: the cells' counts are zero
    poi: PointsOfInterest | None
    # IANA zone of days and minutes
    zone: str
    limits: Limits = field(default_factory=Limits)
    split: Split = field(default_factory=Split)
    cut: Cut = field(default_factory=Cut)
    # facts for the card
    facts: Mapping[str, Any] = field(default_factory=dict)
    # file -> SHA-256 of what it was read from
    raw_files: Mapping[str, str] = field(default_factory=dict)


def build_trajectory_city(destination: Path, name: str, edition: str, origin: Origin, raw: RawCity,
                          matcher: Matcher | None = None) -> TrajectoryCity:
    """Cut and match the trips, keep the usable ones, divide them into parts, and write the city as one folder.

    Parameters
    ----------
    matcher: default the hidden Markov matcher with its default options.

    Raises
    ------
    UserError: too few trips survive, or a part of the split holds too few; nothing is written then.
    """
    matcher = matcher or HiddenMarkovMatcher()
    given, cut = cut_trips(raw.trips, raw.grid, raw.cut)
    trips, matched, dropped = keep_trips(given, raw.network, raw.grid, matcher, raw.limits)
    parts, split = split_trips(raw.split, trips, raw.zone)
    facts = {**raw.facts, "trips_given": len(raw.trips), **({"cut": cut} if cut else {}),
             "dropped": {reason: count for reason, count in dropped.items() if count},
             "matching": matcher.settings(), "limits": {view: list(limits) for view, limits in asdict(raw.limits).items()}, "split": split}
    places = Places(raw.network, raw.grid, count_poi(raw.grid, raw.poi), raw.zone, facts, raw.raw_files)
    return write_trajectory_city(destination, name, edition, origin, places, trips, matched, parts)


def grid_over(network: RoadNetwork, cell_size_m: float) -> Grid:
    """Cells over the extent of the roads and a cell around it, for points beside the outermost roads."""
    high = cell_size_m / METRES_PER_DEGREE
    wide = high / float(np.cos(np.radians(network.lat.mean())))
    return Grid.of_size(float(network.lon.min()) - wide, float(network.lon.max()) + wide, float(network.lat.min()) - high,
                        float(network.lat.max()) + high, cell_size_m)


def count_poi(grid: Grid, poi: PointsOfInterest | None) -> np.ndarray:
    """int32 [cell, category] points of interest; those outside the grid are left out."""
    counts = np.zeros((grid.cells, len(POI_CATEGORIES)), dtype=np.int32)
    if poi is not None:
        cell = grid.locate(poi.lon, poi.lat)
        np.add.at(counts, (cell[cell >= 0], poi.category[cell >= 0]), 1)
    return counts
