"""The archives of JGRM and MVTraj (matched trips of Chengdu and Xi'an) → a suite's edition ``archive``."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from benchmark.data.archives.cmust.build import ARCHIVE
from benchmark.data.archives.jgrm.layout import FEATURES, PublishedMatching, read_trajectory_archive
from benchmark.data.folder import Origin, cities_home, prepare
from benchmark.data.frames import FRAMES
from benchmark.data.matching.build import RawCity, build_trajectory_city, grid_over
from benchmark.data.matching.frame_check import wrong_frame
from benchmark.data.readers.poi import read_poi_table
from benchmark.data.trajectory.city import TrajectoryCity
from benchmark.errors import UserError, unknown
from benchmark.files import sha256

logger = logging.getLogger("stbench")
ZONE = "Asia/Shanghai"


@dataclass(frozen=True)
class TrajectorySuite:
    """What a city's archive does not say itself."""

    title: str
    # the papers state none; their numbers of cells in a trip fit these
    cell_size_m: float


TRAJECTORY_SUITES = {
    "chengdu": TrajectorySuite("Chengdu, the authors' archive", 160.0),
    "xian": TrajectorySuite("Xi'an, the authors' archive", 90.0),
}


@dataclass(frozen=True)
class TrajectoryArchiveRequest:
    """What the user said about an archive."""

    # the city's folder, or the one above it
    path: Path
    suite: str
    # of the points: "wgs84" or "gcj02"
    frame: str = "wgs84"
    # metres; None: the suite's
    cell_size_m: float | None = None
    # a table lon, lat (WGS84), category; None: no point of interest
    poi: Path | None = None


def import_trajectory_archive(request: TrajectoryArchiveRequest, *, replace: bool = False) -> TrajectoryCity:
    """Build a suite's edition ``archive`` from matched trips, and open it.

    Parameters
    ----------
    replace: overwrite an edition whose content differs.

    Raises
    ------
    UserError: if anything in the archive is wrong, or other data are there already; nothing is written then.
    """
    if request.suite not in TRAJECTORY_SUITES:
        raise unknown("suite of the trajectory archives", request.suite, TRAJECTORY_SUITES)
    if request.frame not in FRAMES:
        raise unknown("frame", request.frame, FRAMES)
    destination = cities_home() / request.suite / ARCHIVE
    prepare(destination, lambda folder: _write(request, folder), replace=replace,
            owner=f"Edition '{ARCHIVE}' of suite {request.suite}",
            command=f"stbench data import-archive {request.path} --suite {request.suite}")
    return TrajectoryCity(destination)


def _write(request: TrajectoryArchiveRequest, destination: Path) -> TrajectoryCity:
    about = TRAJECTORY_SUITES[request.suite]
    poi = None if request.poi is None else read_poi_table(request.poi)
    archive = read_trajectory_archive(_find_folder(request), request.frame)
    distance, other = wrong_frame(archive.network, archive.trips, request.frame)
    if other:
        logger.warning("The archive's points lie %.0f m beside its roads (median), and less than half of that if their frame is %s; "
                       "--frame %s looks right.", distance, other, other)
    size = about.cell_size_m if request.cell_size_m is None else request.cell_size_m
    if not size > 0:
        raise UserError(f"The cell size is {size:g} m; type a length above 0, such as --cell-size-m 100.")
    facts = {
        "repaired": {reason: count for reason, count in archive.repaired.items() if count},
        "median_road_distance_m": round(distance, 1), "frame_of_points": request.frame,
        "cells": "laid over the roads by stbench; the archive's own cell ids carry no geometry and were not used",
        "points_of_interest": ("none: the archive's grid_fea belongs to cells without geometry and cannot be placed"
                               if request.poi is None else f"the table {request.poi.name}; the archive's grid_fea was not used"),
        "raw_files": {path.name: sha256(path) for path in [*archive.files, *([request.poi] if request.poi else [])]}}
    raw = RawCity(archive.network, grid_over(archive.network, size), archive.trips, poi, ZONE, facts=facts)
    origin = Origin(about.title, "the archive of JGRM or MVTraj (DiDi GAIA, November 2016), the user's own copy",
                    "not stated by the archive")
    return build_trajectory_city(destination, request.suite, ARCHIVE, origin, raw, PublishedMatching(archive.trips, archive.published))


def _find_folder(request: TrajectoryArchiveRequest) -> Path:
    """The city's folder; another city's trips in it are an error, since their roads have the same numbers."""
    if not request.path.is_dir():
        raise UserError(f"{request.path} is no folder; give the folder that holds {FEATURES} of {request.suite}, unpacked.")
    below = request.path / request.suite
    folder = below if not (request.path / FEATURES).is_file() and below.is_dir() else request.path
    for path in sorted(folder.glob("*.pkl")):
        for suite in TRAJECTORY_SUITES:
            if suite != request.suite and path.name.lower().startswith(suite):
                raise UserError(f"{folder} holds {path.name}, which is of {suite}; give each city a folder of its own, or type "
                                f"--suite {suite}.")
    return folder
