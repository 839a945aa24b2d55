"""A city file → its canonical city: read, check, align with the clock and the node table, write."""

from __future__ import annotations

import logging
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.data.city import ForecastingCity, Origin, Series, write_city
from benchmark.data.clock import Clock
from benchmark.data.folder import cities_home, verify
from benchmark.data.sources.city_file import AdjacencyFile, CityFile, NodeFile, TaskFile, read_city_file
from benchmark.data.sources.tables import load_array, local_times, numbers, read_frame
from benchmark.errors import UserError, unknown
from benchmark.files import disk_errors, sha256
from benchmark.spec import find_protocol

logger = logging.getLogger(__name__)
# the edition of every city that a user brings
OWN = "own"


@dataclass(frozen=True)
class _Raw:
    """A task's entries as its file has them, on the steps of its clock."""

    # [step, node] of the file's own dtype
    values: np.ndarray
    # bool [step, node]: the file has this entry, whatever it holds
    present: np.ndarray
    # int64 [node]: row of each column in the node table
    columns: np.ndarray
    clock: Clock


def import_city(toml: Path, *, replace: bool = False) -> ForecastingCity:
    """Build the city that a city file describes, as edition ``own``, and open it.

    Parameters
    ----------
    toml: the city file; `benchmark.data.sources.city_file` shows the keys.
    replace: overwrite a city of this name whose content differs.

    Raises
    ------
    UserError: if the file or its data are wrong, or another city has this name; nothing is written then.
    """
    city = read_city_file(toml)
    destination = cities_home() / city.name / OWN
    if replace or not destination.exists():
        return _write(city, destination)
    with disk_errors(destination), tempfile.TemporaryDirectory(dir=destination.parent, prefix=".compare.") as scratch:
        given = _write(city, Path(scratch) / OWN).fingerprint
    verify(destination)
    present = ForecastingCity(destination)
    if present.fingerprint != given:
        raise UserError(f"A city '{city.name}' is already prepared from other data (fingerprint {present.fingerprint}, this file gives {given}). "
                        f"Type `stbench data import {toml} --replace`, or give the city another name.")
    logger.warning("City %s is already prepared from the same data; nothing was written.", city.name)
    return present


def _write(city: CityFile, destination: Path) -> ForecastingCity:
    nodes = _node_table(city.nodes, city.root)
    kept = _subset(city.nodes.subset, nodes["node_id"], "the node table")
    series = []
    for name, task in city.tasks.items():
        try:
            series.append(_series(name, task, city.root, nodes["node_id"], kept))
        except UserError as error:
            raise UserError(f"Task {name}: {error}") from None
    adjacency = None if city.adjacency is None else _adjacency(city.adjacency, city.root, nodes["node_id"])[np.ix_(kept, kept)]
    files = {city.nodes.file, *(task.file for task in city.tasks.values()), *([city.adjacency.file] if city.adjacency else [])}
    notes = {"raw_files": {file: sha256(city.root / file) for file in sorted(files)}}
    origin = Origin(city.title, city.source, city.licence, notes)
    return write_city(destination, city.name, OWN, origin, nodes[kept], series, adjacency)


def _node_table(given: NodeFile, root: Path) -> pd.DataFrame:
    """node_id, name, lon, lat; row j is column j of the arrays."""
    named = [given.name] if given.name else []
    frame = read_frame(root / given.file, text=[given.id, *named])
    for column in (*given.lon, *given.lat, *([given.position] if given.position else [])):
        if column not in frame:
            raise unknown(f"column of {given.file}", column, frame.columns)
    if frame[given.id].isna().any():
        raise UserError(f"{given.file}: row {int(np.argmax(frame[given.id].isna())) + 1} has no '{given.id}'; every node needs an id.")
    ids = frame[given.id].astype(str)
    nodes = pd.DataFrame({
        "node_id": ids, "name": frame[given.name].fillna("").astype(str) if given.name else ids,
        "lon": numbers(frame[list(given.lon)], given.file).mean(axis=1), "lat": numbers(frame[list(given.lat)], given.file).mean(axis=1)})
    if given.position:
        position = numbers(frame[[given.position]], given.file)[:, 0]
        if not np.array_equal(np.sort(position), np.arange(len(frame))):
            raise UserError(f"{given.file}: column '{given.position}' must hold each of 0…{len(frame) - 1} once; "
                            "it says which column of the arrays a row describes.")
        nodes = nodes.iloc[np.argsort(position)]
    return nodes.reset_index(drop=True)


def _adjacency(given: AdjacencyFile, root: Path, ids: pd.Series) -> np.ndarray:
    """[node, node] weights, in the order of the node table."""
    values, heads = _matrix(root / given.file, given.key, given.header)
    if values.shape != (len(ids), len(ids)):
        raise UserError(f"{given.file} holds {_shape(values)}; the adjacency of {len(ids)} nodes is {len(ids)}×{len(ids)}, "
                        "without a column of names (a .csv without a header row needs header = false).")
    order = np.argsort(_columns(heads, None, ids, values, given.file))
    return values[np.ix_(order, order)]


def _series(name: str, task: TaskFile, root: Path, ids: pd.Series, kept: np.ndarray) -> Series:
    """One task on the nodes it keeps, in the order of the node table."""
    raw = _long(task, root, ids) if task.layout == "long" else _wide(task, root, ids)
    order = np.argsort(raw.columns)
    order = order[kept[raw.columns[order]] & _subset(task.subset, ids[raw.columns[order]], task.file)]
    if not order.size:
        raise UserError(f"no column of {task.file} is left by the node subsets.")
    columns = raw.columns[order]
    exists = raw.clock.exists(len(raw.values))
    values, observed = _observed(raw.values[:, order], raw.present[:, order], exists, task, ids.iloc[columns].tolist(), raw.clock)
    _check_length(len(values))
    missing = "nothing is missing" if task.missing is None else "NaN or an empty cell" if math.isnan(task.missing) else f"{task.missing:g}"
    absent = ", or an absent row" if task.layout == "long" and task.missing is not None else ""
    return Series(name, values, observed, (np.cumsum(kept) - 1)[columns], raw.clock, task.unit, task.zero, missing + absent)


def _wide(task: TaskFile, root: Path, ids: pd.Series) -> _Raw:
    """[step, node]: row i is step i, or the step its `time` says."""
    path = root / task.file
    if task.time is None:
        values, heads = _matrix(path, task.key, task.header)
        clock = _clock(task, None)
        steps = np.arange(len(values))
    else:
        if not task.header:
            raise UserError(f"{task.file} is declared without a header, so it has no column '{task.time}'; take out `time`.")
        frame = read_frame(path, text=[task.time])
        times = local_times(frame.pop(task.time), task.file)
        values, heads = numbers(frame, task.file), [str(head) for head in frame.columns]
        clock = _clock(task, times[0])
        steps = _steps(times, clock, task.file)
        _check_order(times, task.file)
        _check_gaps(steps, clock, task.file)
    columns = _columns(heads, task.nodes, ids, values, task.file)
    if len(steps) == steps[-1] + 1:
        return _Raw(values, np.ones(values.shape, dtype=bool), columns, clock)
    # local times that daylight saving skips have no row
    whole = np.zeros((steps[-1] + 1, values.shape[1]), dtype=values.dtype)
    present = np.zeros(whole.shape, dtype=bool)
    whole[steps], present[steps] = values, True
    return _Raw(whole, present, columns, clock)


def _long(task: TaskFile, root: Path, ids: pd.Series) -> _Raw:
    """A row an entry: time, node, value; in any order, each (time, node) once."""
    when = task.time or "time"
    frame = read_frame(root / task.file, text=[when, task.node])
    if task.value not in frame:
        raise unknown(f"column of {task.file}", task.value, frame.columns)
    times = local_times(frame[when], task.file)
    column = pd.Index(ids).get_indexer(frame[task.node].astype(str))
    if (column < 0).any():
        raise unknown(f"node of {task.file}", str(frame[task.node][int(np.argmax(column < 0))]), ids)
    clock = _clock(task, times.min())
    steps = _steps(times, clock, task.file)
    twice = pd.MultiIndex.from_arrays([steps, column]).duplicated()
    if twice.any():
        row = int(np.argmax(twice))
        raise UserError(f"{task.file}: time {times[row]} of node '{ids[column[row]]}' stands twice; each (time, node) may stand once.")
    if task.missing is None:
        _check_gaps(steps, clock, task.file)
    values = np.zeros((int(steps.max()) + 1, len(ids)))
    present = np.zeros(values.shape, dtype=bool)
    values[steps, column] = numbers(frame[[task.value]], task.file)[:, 0]
    present[steps, column] = True
    return _Raw(values, present, np.arange(len(ids)), clock)


def _matrix(path: Path, key: str | None, header: bool) -> tuple[np.ndarray, list[str] | None]:
    """A two-dimensional array, and its column heads if it is a table with heads."""
    if path.suffix.lower() in (".npy", ".npz"):
        values, heads = load_array(path, key), None
    else:
        frame = read_frame(path, header=header)
        values, heads = numbers(frame, path.name), [str(head) for head in frame.columns] if header else None
    if values.ndim != 2 or not values.size:
        raise UserError(f"{path.name} holds an array of shape {values.shape}; it must be two-dimensional and not empty.")
    return values, heads


def _columns(heads: list[str] | None, declared: tuple[str, ...] | None, ids: pd.Series, values: np.ndarray, name: str) -> np.ndarray:
    """Row of the node table of each column: by declared ids, by heads that are ids, else by position."""
    known, width = pd.Index(ids), values.shape[1]
    by_head = heads is not None and set(heads) <= set(ids)
    if declared is not None:
        _subset(declared, ids, "the node table")
        if len(declared) != width or (by_head and list(declared) != heads):
            raise UserError(f"`nodes` names {len(declared)} nodes, but {name} holds {_shape(values)}"
                            f"{' and other heads' if by_head else ''}; name the node of each column, in order.")
        return known.get_indexer(list(declared))
    if by_head:
        return known.get_indexer(heads)
    if heads is not None and heads != [str(column) for column in range(width)]:
        raise UserError(f"{name}: column '{next(head for head in heads if head not in known)}' is no node id, and the heads are not 0…{width - 1}. "
                        "Name a column of times in `time`, the nodes in `nodes`; a .csv without a header row needs header = false.")
    if width != len(ids):
        turned = " It looks like [node, step]: transpose it." if values.shape[0] == len(ids) else ""
        raise UserError(f"{name} holds {_shape(values)}, but the node table has {len(ids)} rows; "
                        f"write [step, node], or name the node of each column in `nodes`.{turned}")
    return np.arange(width)


def _subset(wanted: tuple[str, ...] | None, ids: pd.Series, of: str) -> np.ndarray:
    """[node] bool: which ids are wanted; all if nothing is said."""
    if wanted is None:
        return np.ones(len(ids), dtype=bool)
    for one in wanted:
        if one not in set(ids):
            raise unknown(f"node of {of}", one, ids)
    return ids.isin(wanted).to_numpy()


def _clock(task: TaskFile, first: pd.Timestamp | None) -> Clock:
    start = task.start or (first.isoformat() if first is not None else None)
    if start is None:
        raise UserError("`start` is not given and the file carries no times; write e.g. start = 2019-01-01T00:00:00.")
    return Clock(start, task.interval_minutes, task.zone)


def _steps(times: pd.DatetimeIndex, clock: Clock, name: str) -> np.ndarray:
    """Step of each time, int64."""
    since, interval = times - pd.Timestamp(clock.start), pd.Timedelta(minutes=clock.interval_minutes)
    off = np.flatnonzero((since % interval != pd.Timedelta(0)) | (since < pd.Timedelta(0)))
    if off.size:
        raise UserError(f"{name}: time {times[off[0]]} is no step of the clock, which starts at {clock.start} "
                        f"and has a step every {clock.interval_minutes} minutes.")
    return np.asarray(since // interval, dtype=np.int64)


def _check_order(times: pd.DatetimeIndex, name: str) -> None:
    back = np.flatnonzero(times[1:] <= times[:-1]) + 1
    if back.size and times[back[0]] == times[back[0] - 1]:
        raise UserError(f"{name}: time {times[back[0]]} stands twice (row {back[0] + 1}); each step has one row. "
                        "If daylight saving repeats the hour, merge its rows.")
    if back.size:
        raise UserError(f"{name}: time {times[back[0]]} (row {back[0] + 1}) comes after {times[back[0] - 1]}; sort the rows by time.")


def _check_gaps(steps: np.ndarray, clock: Clock, name: str) -> None:
    """Every step from 0 to the last must occur, unless daylight saving skips its local time."""
    absent = clock.exists(int(steps.max()) + 1)
    absent[steps] = False
    if absent.any():
        raise UserError(f"{name} has a gap: {int(absent.sum())} steps have no row (first: {clock.time(int(np.argmax(absent)))}); "
                        "add them, marked as `missing` if nothing was measured.")


def _observed(
    raw: np.ndarray, present: np.ndarray, exists: np.ndarray, task: TaskFile, ids: list[str], clock: Clock
) -> tuple[np.ndarray, np.ndarray]:
    """float32 values and bool observed, both [step, node]; what is neither a number nor marked is an error."""
    def refuse(wrong: np.ndarray, what: str, advice: str) -> None:
        if wrong.any():
            step, column = np.argwhere(wrong)[0]
            raise UserError(f"{task.file} {what} {int(wrong.sum())} times (first: {clock.time(int(step))}, node '{ids[column]}'); {advice}.")

    if task.missing is None:
        refuse(~present & exists[:, None], "lacks an entry", 'add it, or declare missing = "nan" if it was not measured')
        marked = np.zeros(raw.shape, dtype=bool)
    else:
        marked = np.isnan(raw) if math.isnan(task.missing) else raw == task.missing
    observed = present & ~marked & exists[:, None]
    with np.errstate(over="ignore"):
        values = raw.astype(np.float32)
    refuse(observed & np.isnan(values), "holds NaN or an empty cell", 'declare missing = "nan" if such entries were not measured')
    refuse(observed & np.isinf(values), "holds an infinite value", "replace it by the declared `missing` marker")
    return values, observed


def _check_length(steps: int) -> None:
    """Each part of the strict split must hold one window at least."""
    protocol = find_protocol("strict")
    window = protocol.history + protocol.horizon

    def shortest(rows: int) -> int:
        train, test = math.floor(protocol.train_share * rows), math.floor(protocol.test_share * rows)
        return min(train, test, rows - train - test)

    if shortest(steps) < window:
        needed = next(rows for rows in range(steps, 100 * window) if shortest(rows) >= window)
        raise UserError(f"{steps} rows are too few: each part (70 % training, 10 % validation, 20 % test) must hold one window of "
                        f"{window} steps; at least {needed} rows are needed.")


def _shape(values: np.ndarray) -> str:
    return "×".join(map(str, values.shape))
