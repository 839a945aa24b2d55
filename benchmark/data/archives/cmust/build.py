"""The authors' archive layout (pre-cut windows) → a suite's edition ``archive``: read, check, stitch, write."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from benchmark.data.archives import ARCHIVE
from benchmark.data.archives.cmust.layout import CITIES, PARTS, PROMPT, find_tasks, parse_task_map, read_prompt
from benchmark.data.archives.cmust.places import find_places
from benchmark.data.archives.cmust.series import ArchiveSeries, read_series
from benchmark.data.built_in import SERIES
from benchmark.data.clock import Clock
from benchmark.data.folder import Origin, cities_home, prepare, read_card
from benchmark.data.forecasting.city import Series, write_city
from benchmark.data.sources import Built, command, pick, sources
from benchmark.errors import UserError
from benchmark.families import forecasting_protocol
from benchmark.files import sha256

logger = logging.getLogger("stbench")
NAME = "cmust"
# the archive does not state it, whatever the city's own sensors measure
UNSTATED = {"traffic_speed": "speed (unit not stated)"}
T = TypeVar("T")


@dataclass(frozen=True)
class Options:
    """What the archive does not say itself."""

    # nyc, chicago or sip; it must be given
    suite: str | None = None
    # folders of other names, such as TAXIPICK=taxi_pick,TAXIDROP=taxi_drop
    task_map: tuple[str, ...] = ()
    # a .csv of node_id, lon, lat and perhaps name, whose row j is column j; none: the archive's own coordinates, if it has any
    nodes: Path | None = None
    # local time of the first row; none: as published of the suite
    start: str | None = None


def build_archive(path: Path, options: Options, replace: bool = False) -> Built:
    """Build a suite's edition ``archive`` from pre-cut windows.

    Parameters
    ----------
    path: the suite's folder, or the one above it.
    replace: overwrite an edition whose content differs.

    Raises
    ------
    UserError: if anything in the archive is wrong, or other data are there already; nothing is written then.
    """
    suite = pick(NAME, "suite", options.suite, CITIES)
    destination = cities_home() / suite / ARCHIVE
    prepare(destination, lambda folder: _write(path, suite, options, folder), replace=replace,
            owner=f"Edition '{ARCHIVE}' of suite {suite}", command=command(NAME, path, options))
    notes = read_card(destination)["notes"]
    return Built(destination, (
        f"Windows of train / val / test: {notes['windows']}. Coordinates: {notes['coordinates']}.",
        f"Next: stbench run --method historical_average --suite {suite} --data {ARCHIVE} --protocol paper"))


def _write(path: Path, suite: str, options: Options, destination: Path) -> None:
    about = SERIES[suite]
    units = {**about.units, **{task: unit for task, unit in UNSTATED.items() if task in about.units}}
    # UTC, not the zone of the place: the archive numbers every step of the wall clock, also those that daylight saving skips or repeats
    clock = Clock(options.start or about.start, about.interval_minutes, "UTC")
    folders = find_tasks(path, suite, list(units), parse_task_map(options.task_map))
    read = {task: _within(task, read_series, folder, clock) for task, folder in folders.items()}
    _check_alike(read)
    places = find_places(read, options.nodes, clock)
    series, nodes = [], np.arange(len(places.nodes))
    for task, folder in folders.items():
        values, prompt = read[task].values, _within(task, read_prompt, folder, len(nodes))
        series.append(Series(task, values, np.ones(values.shape, dtype=bool), nodes, clock, units[task],
                             zero="none, or no record: the archive does not tell", missing="nothing is marked",
                             extras={} if prompt is None else {"prompt": prompt}))
    notes = {"raw_files": {f"{folder.name}/{path.name}": sha256(path) for folder in folders.values() for path in _files(folder)},
             "clock": "wall-clock steps as the archive numbers them; no step is masked for daylight saving", **_facts(read),
             "prompts": [one.task for one in series if one.extras] or "none", **places.notes}
    origin = Origin(f"{about.title}, the authors' archive", "the authors' archive (pre-cut windows), the user's own copy",
                    sources().info(NAME).licence, notes)
    write_city(destination, suite, ARCHIVE, origin, places.nodes, series, places.adjacency)


def _within(task: str, read: Callable[..., T], *arguments: Any) -> T:
    """What `read` gives; its sentence names the task."""
    try:
        return read(*arguments)
    except UserError as error:
        raise UserError(f"Task {task}: {error}") from None


def _files(folder: Path) -> list[Path]:
    """The files of a task that were read."""
    return [path for name in (*(f"{part}.npz" for part in PARTS), PROMPT) if (path := folder / name).is_file()]


def _check_alike(read: Mapping[str, ArchiveSeries]) -> None:
    """Tasks share their nodes; other lengths are odd, but can be."""
    nodes = {task: one.values.shape[1] for task, one in read.items()}
    if len(set(nodes.values())) > 1:
        raise UserError(f"The tasks have different numbers of nodes ({_each(nodes)}), and nothing says which columns are the same place; "
                        "all tasks of a suite must have the same nodes.")
    steps = {task: len(one.values) for task, one in read.items()}
    if len(set(steps.values())) > 1:
        logger.warning("The tasks have different numbers of steps (%s).", _each(steps))


def _facts(read: Mapping[str, ArchiveSeries]) -> dict[str, Any]:
    """How the archive was cut and what its other channels say, for the card; warns where the protocol cuts otherwise."""
    protocol, notes = forecasting_protocol("paper"), {}
    windows = {task: _slashes(one.windows) for task, one in read.items()}
    own = {task: _slashes([max(rows - protocol.window + 1, 0) for rows in protocol.parts(len(one.values))]) for task, one in read.items()}
    notes["windows"] = _each(windows)
    for task in read:
        if windows[task] != own[task]:
            notes["windows"] += f"; protocol paper cuts {_each(own)}"
            logger.warning("The archive is cut into %s windows for train / val / test, but protocol paper cuts the same rows into %s, "
                           "and runs do as the protocol says.", _each(windows), _each(own))
            break
    left_out = {task: _slashes(one.left_out) for task, one in read.items()}
    if any(any(one.left_out) for one in read.values()):
        notes["left_out"] = f"windows between train and val / between val and test: {_each(left_out)}"
    calendars = {one.calendar for one in read.values()} - {None}
    if calendars:
        notes["timestamp"] = ("channels 5 to 10 equal our own calendar" if calendars == {True}
                              else "channels 5 to 10 differ from our own calendar; they are not kept")
    return notes


def _each(facts: Mapping[str, Any]) -> str:
    """One value if all tasks share it, else the value of each."""
    values = set(facts.values())
    return str(values.pop()) if len(values) == 1 else ", ".join(f"{task} {value}" for task, value in facts.items())


def _slashes(counts: Any) -> str:
    return " / ".join(map(str, counts))
