"""What the sources of taxi rides have in common: a folder with trips and roads becomes a city, as a user's own trajectory file does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmark.data.folder import Origin, cities_home, prepare
from benchmark.data.matching.build import build_trajectory_city
from benchmark.data.own.trajectories import read_city
from benchmark.data.own.trajectory_file import TrajectoryFile
from benchmark.data.readers.roads_files import EDGE_FILES, OSM_FILES
from benchmark.data.sources import Built, command
from benchmark.errors import UserError

REAL = "real"
# .csv and .parquet hold trips as well as roads
ROADS = (*OSM_FILES, ".graphml", *(ending for ending in EDGE_FILES if ending not in (".csv", ".parquet")))


def build(source: str, path: Path, options: Any, given: TrajectoryFile, replace: bool) -> Built:
    """Match the trips and write the city as edition `real`.

    Raises
    ------
    UserError: a file is wrong, too few trips are left, or other data are there already; nothing is written then.
    """
    destination = cities_home() / given.name / REAL
    origin = Origin(given.title, given.source, given.licence)
    prepare(destination, lambda folder: build_trajectory_city(folder, given.name, REAL, origin, read_city(given)), replace=replace,
            owner=f"City '{given.name}'", command=command(source, path, options))
    return Built(destination, (f"Next: stbench run --method random,word2vec --suite {given.name} --data {REAL}",))


def folder_of(path: Path) -> Path:
    """The folder that a user named.

    Raises
    ------
    UserError: it is none.
    """
    if not path.is_dir():
        raise UserError(f"{path} is no folder; give the one that holds the trips and the roads.")
    return path.resolve()


def roads_in(folder: Path, chosen: Path | None) -> str:
    """The file of roads: the one that is named, else the only one in the folder."""
    return one_of(folder, chosen, "roads", [path for path in sorted(folder.iterdir()) if path.name.lower().endswith(ROADS)],
                  ", ".join(ROADS))


def one_of(folder: Path, chosen: Path | None, what: str, found: list[Path], expected: str) -> str:
    """The file that is named, else the only one that was found, relative to the folder where it lies in it.

    Raises
    ------
    UserError: there is none, or more than one.
    """
    if chosen is not None:
        return str(chosen.resolve())
    if len(found) != 1:
        names = f" ({', '.join(path.name for path in found[:5])})" if found else ""
        raise UserError(f"{folder} has {len(found)} files of {what}{names}, and one is needed: {expected}. Name it: --set {what}=PATH.")
    return found[0].name
