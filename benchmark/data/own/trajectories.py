"""A trajectory file → raw roads, trips and points of interest → its canonical city."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

import numpy as np

from benchmark.data.folder import OWN, Origin, cities_home, prepare
from benchmark.data.grid import Grid
from benchmark.data.matching import Matcher
from benchmark.data.matching.build import RawCity, build_trajectory_city, grid_over
from benchmark.data.matching.frame_check import wrong_frame
from benchmark.data.own.trajectory_file import TrajectoryFile, read_trajectory_file
from benchmark.data.readers.poi import read_osm_poi, read_poi_table
from benchmark.data.readers.roads_files import read_roads
from benchmark.data.readers.trip_files import read_trips
from benchmark.data.trajectory.city import TrajectoryCity
from benchmark.data.trajectory.poi import PointsOfInterest
from benchmark.data.trajectory.roads import RoadNetwork
from benchmark.data.trajectory.trips import RawTrips
from benchmark.files import sha256
from benchmark.ragged import joined

# a network of which a smaller share is connected is warned of; cut-outs of cities have three quarters and more
CONNECTED = 0.5
logger = logging.getLogger("stbench")


def import_trajectories(toml: Path, *, replace: bool = False, matcher: Matcher | None = None) -> TrajectoryCity:
    """Build the city that a trajectory file describes, as edition ``own``, and open it.

    Parameters
    ----------
    replace: overwrite a city of this name whose content differs.
    matcher: default the hidden Markov matcher with its default options.

    Raises
    ------
    UserError: if the file or its data are wrong, or another city has this name; nothing is written then.
    """
    given = read_trajectory_file(toml)
    destination = cities_home() / given.name / OWN
    origin = Origin(given.title, given.source, given.licence)
    prepare(destination, lambda folder: build_trajectory_city(folder, given.name, OWN, origin, read_city(given), matcher), replace=replace,
            owner=f"City '{given.name}'", command=f"stbench data import {toml}")
    return TrajectoryCity(destination)


def read_city(given: TrajectoryFile) -> RawCity:
    """Roads, trips and points of interest as a description says; nothing is cut, matched or divided yet."""
    network = read_roads(given.root / given.roads, given.box, joins=given.joins)
    connected = _check_connected(network, given.roads)
    trips, repaired, distances = _all_trips(given, network)
    files = sorted({given.roads, *(one.file for one in given.trips), *([given.poi.file] if given.poi else [])})
    facts = {"repaired": {k: n for k, n in repaired.items() if n}, "median_road_distance_m": distances, **connected}
    return RawCity(network, _grid(given, network), trips, _poi(given), given.zone, given.limits, given.split, given.cut, facts,
                   {file: sha256(given.root / file) for file in files})


def _check_connected(network: RoadNetwork, name: str) -> dict[str, int]:
    """A warning, and a fact for the card, where much of a network cannot be driven from the rest of it."""
    largest = network.largest_connected
    if largest >= CONNECTED * len(network):
        return {}
    logger.warning("%s: the largest part in which one may drive from every road to every other has %s of %s roads; the others are cut off, "
                   "or lead one way only. Check that ends meet (tolerance_m) and that two-way streets are two roads (both_ways).",
                   name, f"{largest:,}", f"{len(network):,}")
    return {"roads_of_the_largest_connected_part": largest}


def _poi(given: TrajectoryFile) -> PointsOfInterest | None:
    if given.poi is None:
        return None
    path = given.root / given.poi.file
    return read_poi_table(path, given.poi.frame) if path.suffix in (".csv", ".parquet") else read_osm_poi(path)


def _grid(given: TrajectoryFile, network: RoadNetwork) -> Grid:
    """Cells over the declared box, else over the roads."""
    if not given.box:
        return grid_over(network, given.cell_size_m)
    west, south, east, north = given.box
    return Grid.of_size(west, east, south, north, given.cell_size_m)


def _all_trips(given: TrajectoryFile, network: RoadNetwork) -> tuple[RawTrips, Counter[str], dict[str, float]]:
    """The trips of all files, one after the other, what was repaired, and each file's median distance to the roads in metres.

    With several files an id begins with its file's number, from 1.
    """
    parts, repaired, distances = [], Counter[str](), {}
    for number, one in enumerate(given.trips, start=1):
        trips, counts = read_trips(given.root / one.file, one.frame, one.layout, given.zone, one.most)
        repaired.update(counts)
        distance, other = wrong_frame(network, trips, one.frame)
        distances[one.file] = round(distance, 1)
        if other:
            logger.warning("%s: its points lie %.0f m beside the roads (median), and less than half of that if their frame is %s; "
                           'frame = "%s" looks wrong.', one.file, distance, other, one.frame)
        ids = np.char.add(f"{number}-", trips.trip_id.astype(str)) if len(given.trips) > 1 else trips.trip_id
        parts.append((ids, trips))
    driver, *points = ([getattr(trips, name) for _, trips in parts] for name in ("driver_id", "time", "lon", "lat"))
    return RawTrips(np.concatenate([ids for ids, _ in parts]), np.concatenate(driver), joined([trips.offsets for _, trips in parts]),
                    *map(np.concatenate, points)), repaired, distances
