"""LibCity's atomic files of series: .geo (nodes), .dyna (a row an entry), .rel (edges), config.json (what they mean)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.data.bounds import LARGEST_TOML, reading, shown
from benchmark.data.field.build import NAN, ZERO, build, name_of
from benchmark.data.own.city_file import AdjacencyFile, CityFile, NodeFile, TaskFile
from benchmark.data.readers.tables import read_frame
from benchmark.data.sources import Built
from benchmark.errors import UserError

NAME = "libcity"
# what a .dyna file of series begins with
ENTRY = ["dyna_id", "type", "time", "entity_id"]


@dataclass(frozen=True)
class Options:
    """What the files do not say."""

    # of the city; none: the folder's name
    name: str | None = None
    # whose clock the times are on; LibCity writes a Z behind local times as well, which `UTC` takes as they are written
    zone: str = "UTC"
    # minutes of a step; none: time_intervals of config.json
    interval_minutes: int | None = None
    # of the values
    unit: str = "not stated"
    # whether a zero marks a missing entry
    zero_missing: bool = False


def build_libcity(path: Path, options: Options, replace: bool = False) -> Built:
    """Build a city of one task a column of the .dyna file; its edges are taken as config.json tells.

    Raises
    ------
    UserError: a file is missing or wrong, or other data are there already; nothing is written then.
    """
    if not path.is_dir():
        raise UserError(f"{path} is no folder; give that of a data set of LibCity, with one .geo and one .dyna file.")
    geo, dyna = (_only(path, suffix) for suffix in (".geo", ".dyna"))
    edges = _only(path, ".rel") if list(path.glob("*.rel")) else None
    about = _config(path / "config.json")
    columns = [str(column) for column in read_frame(dyna).columns]
    if columns[:4] != ENTRY or len(columns) == 4:
        raise UserError(f"{dyna.name} has the columns {', '.join(columns[:6])}; a table of series has "
                        f"{', '.join(ENTRY)} and then its values.")
    minutes = options.interval_minutes or _minutes(about, path)
    tasks = {name_of(column).replace("-", "_"): TaskFile(
        dyna.name, options.unit, minutes, options.zone, layout="long", node="entity_id", value=column,
        missing=ZERO if options.zero_missing else NAN,
        zero="a missing entry" if options.zero_missing else "not stated; it counts as a value") for column in columns[4:]}
    city = CityFile(options.name or name_of(path.resolve().name), path.resolve(), tasks,
                    NodeFile(geo.name, "geo_id", point="coordinates"), None if edges is None else _adjacency(edges, about),
                    None, f"{path.resolve().name}, from LibCity's atomic files", "LibCity's atomic files, the user's own copy",
                    "not stated by the files")
    return build(NAME, path, options, city, replace)


def _only(folder: Path, suffix: str) -> Path:
    found = sorted(folder.glob(f"*{suffix}"))
    if len(found) != 1:
        raise UserError(f"{folder} has {len(found)} files that end in {suffix}; a data set of series has one.")
    return found[0]


def _config(path: Path) -> Mapping[str, Any]:
    """The table `info` of config.json; nothing where there is none."""
    if not path.is_file():
        return {}
    with reading(path, "no JSON", again="copy it again", most=LARGEST_TOML):
        found = json.loads(path.read_text(encoding="utf-8"))
    info = found.get("info", {}) if isinstance(found, dict) else {}
    return info if isinstance(info, dict) else {}


def _minutes(about: Mapping[str, Any], path: Path) -> int:
    seconds = about.get("time_intervals")
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds < 60 or seconds % 60:
        said = "does not say" if seconds is None else f"says {shown(seconds)} for"
        raise UserError(f"{path / 'config.json'} {said} the seconds of a step (time_intervals); type the minutes: "
                        "--set interval_minutes=5.")
    return seconds // 60


def _adjacency(path: Path, about: Mapping[str, Any]) -> AdjacencyFile:
    """Links of weight 1, distances that become weights by a Gaussian kernel, or weights as they are."""
    column = about.get("weight_col")
    if not isinstance(column, str) or about.get("set_weight_link_or_dist") == "link":
        return AdjacencyFile(path.name, layout="edges", origin="origin_id", destination="destination_id")
    return AdjacencyFile(path.name, layout="edges", origin="origin_id", destination="destination_id", value=column,
                         distance=about.get("calculate_weight_adj") is True)
