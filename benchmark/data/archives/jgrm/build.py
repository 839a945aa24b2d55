"""The archives of JGRM and MVTraj (matched trips of Chengdu and Xi'an) → a suite's edition ``archive``."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from benchmark.data.archives import ARCHIVE
from benchmark.data.archives.jgrm.layout import FEATURES, PublishedMatching, read_trajectory_archive
from benchmark.data.built_in import TRIPS
from benchmark.data.folder import Origin, cities_home, prepare
from benchmark.data.frames import FRAMES
from benchmark.data.matching.build import RawCity, build_trajectory_city, grid_over
from benchmark.data.matching.frame_check import wrong_frame
from benchmark.data.readers.poi import read_poi_table
from benchmark.data.sources import Built, command, pick, sources
from benchmark.data.trajectory.periods import DAYS
from benchmark.data.trajectory.splits import Split
from benchmark.errors import UserError, unknown
from benchmark.files import sha256

logger = logging.getLogger("stbench")
NAME = "jgrm"


@dataclass(frozen=True)
class Options:
    """What the archive does not say itself."""

    # chengdu or xian; it must be given
    suite: str | None = None
    # of the points: wgs84 or gcj02; the roads are WGS84
    frame: str = "wgs84"
    # metres; none: what fits the published numbers of cells in a trip
    cell_size_m: float | None = None
    # a table of lon, lat (WGS84) and category; none: no point of interest
    poi: Path | None = None


def build_archive(path: Path, options: Options, replace: bool = False) -> Built:
    """Build a suite's edition ``archive`` from matched trips.

    Parameters
    ----------
    path: the city's folder, or the one above it.
    replace: overwrite an edition whose content differs.

    Raises
    ------
    UserError: if anything in the archive is wrong, or other data are there already; nothing is written then.
    """
    suite = pick(NAME, "suite", options.suite, TRIPS)
    if options.frame not in FRAMES:
        raise unknown("frame", options.frame, FRAMES)
    destination = cities_home() / suite / ARCHIVE
    prepare(destination, lambda folder: _write(path, suite, options, folder), replace=replace,
            owner=f"Edition '{ARCHIVE}' of suite {suite}", command=command(NAME, path, options))
    return Built(destination)


def _write(path: Path, suite: str, options: Options, destination: Path) -> None:
    about = TRIPS[suite]
    poi = None if options.poi is None else read_poi_table(options.poi)
    archive = read_trajectory_archive(_find_folder(path, suite), options.frame)
    distance, other = wrong_frame(archive.network, archive.trips, options.frame)
    if other:
        logger.warning("The archive's points lie %.0f m beside its roads (median), and less than half of that if their frame is %s; "
                       "--set frame=%s looks right.", distance, other, other)
    size = about.cell_size_m if options.cell_size_m is None else options.cell_size_m
    if not size > 0:
        raise UserError(f"The cell size is {size:g} m; type a length above 0, such as --set cell_size_m=100.")
    facts = {
        "repaired": {reason: count for reason, count in archive.repaired.items() if count},
        "median_road_distance_m": round(distance, 1), "frame_of_points": options.frame,
        "cells": "laid over the roads by stbench; the archive's own cell ids carry no geometry and were not used",
        "points_of_interest": ("none: the archive's grid_fea belongs to cells without geometry and cannot be placed"
                               if options.poi is None else f"the table {options.poi.name}; the archive's grid_fea was not used")}
    raw_files = {path.name: sha256(path) for path in [*archive.files, *([options.poi] if options.poi else [])]}
    raw = RawCity(archive.network, grid_over(archive.network, size), archive.trips, poi, about.zone,
                  split=Split(by=DAYS), facts=facts, raw_files=raw_files)
    origin = Origin(f"{about.title}, the authors' archive", "the archive of JGRM or MVTraj (DiDi GAIA, November 2016), the user's own copy",
                    sources().info(NAME).licence)
    build_trajectory_city(destination, suite, ARCHIVE, origin, raw, PublishedMatching(archive.trips, archive.published))


def _find_folder(path: Path, suite: str) -> Path:
    """The city's folder; another city's trips in it are an error, since their roads have the same numbers."""
    if not path.is_dir():
        raise UserError(f"{path} is no folder; give the folder that holds {FEATURES} of {suite}, unpacked.")
    below = path / suite
    folder = below if not (path / FEATURES).is_file() and below.is_dir() else path
    for table in sorted(folder.glob("*.pkl")):
        for other in TRIPS:
            if other != suite and table.name.lower().startswith(other):
                raise UserError(f"{folder} holds {table.name}, which is of {other}; give each city a folder of its own, or type "
                                f"--set suite={other}.")
    return folder
