"""A task's file, wide or long → its entries on the steps of its clock and the rows of the node table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.data.bounds import check_array, shown
from benchmark.data.clock import Clock
from benchmark.data.own.city_file import TaskFile
from benchmark.data.readers.tables import load_array, local_times, numbers, read_frame
from benchmark.errors import UserError, unknown

# of times without a row
LONGEST_GAP = np.timedelta64(366, "D")


@dataclass(frozen=True)
class Entries:
    """A task's entries as its file has them, on the steps of its clock."""

    # [step, node] of the file's own dtype
    values: np.ndarray
    # bool [step, node]: the file has this entry, whatever it holds
    present: np.ndarray
    # int64 [node]: row of each column in the node table
    columns: np.ndarray
    clock: Clock


def read_wide(task: TaskFile, root: Path, ids: pd.Series) -> Entries:
    """[step, node]: row i is step i, or the step its `time` says."""
    path = root / task.file
    if task.time is None:
        values, heads = read_matrix(path, task.key, task.header)
        clock = _clock(task, None)
        steps = np.arange(len(values))
    else:
        if not task.header:
            raise UserError(f"{task.file} is declared without a header, so it has no column '{task.time}'; take out `time`.")
        frame = read_frame(path, text=[task.time])
        if len(frame.columns) == 1:
            raise UserError(f"{task.file} has no column beside '{task.time}'; a wide table has one for each node.")
        times = local_times(frame.pop(task.time), task.file)
        _check_order(times, task.file)
        _check_span(times, task.file)
        values, heads = numbers(frame, task.file), [str(head) for head in frame.columns]
        clock = _clock(task, times[0])
        steps = _steps(times, clock, task.file)
        _check_gaps(steps, clock, task.file)
    columns = node_of_columns(heads, task.nodes, ids, values, task.file)
    if len(steps) == steps[-1] + 1:
        return Entries(values, np.ones(values.shape, dtype=bool), columns, clock)
    # local times that daylight saving skips have no row
    whole = np.zeros((steps[-1] + 1, values.shape[1]), dtype=values.dtype)
    present = np.zeros(whole.shape, dtype=bool)
    whole[steps], present[steps] = values, True
    return Entries(whole, present, columns, clock)


def read_long(task: TaskFile, root: Path, ids: pd.Series) -> Entries:
    """A row an entry: time, node, value; in any order, each (time, node) once."""
    when = task.time or "time"
    frame = read_frame(root / task.file, text=[when, task.node])
    if task.value not in frame:
        raise unknown(f"column of {task.file}", task.value, frame.columns)
    times = local_times(frame[when], task.file)
    _check_span(times, task.file)
    column = pd.Index(ids).get_indexer(frame[task.node].astype(str))
    if (column < 0).any():
        raise unknown(f"node of {task.file}", str(frame[task.node][int(np.argmax(column < 0))]), ids)
    clock = _clock(task, times.min())
    steps = _steps(times, clock, task.file)
    check_array(8 * (int(steps.max()) + 1) * len(ids), f"{task.file}: {int(steps.max()) + 1:,} steps of {len(ids):,} nodes")
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
    return Entries(values, present, np.arange(len(ids)), clock)


def read_matrix(path: Path, key: str | None, header: bool) -> tuple[np.ndarray, list[str] | None]:
    """A two-dimensional array, and its column heads if it is a table with heads."""
    if path.suffix.lower() in (".npy", ".npz"):
        values, heads = load_array(path, key), None
    else:
        frame = read_frame(path, header=header)
        values, heads = numbers(frame, path.name), [str(head) for head in frame.columns] if header else None
    if values.ndim != 2 or not values.size:
        raise UserError(f"{path.name} holds an array of shape {values.shape}; it must be two-dimensional and not empty.")
    return values, heads


def node_of_columns(heads: list[str] | None, declared: tuple[str, ...] | None, ids: pd.Series, values: np.ndarray, name: str) -> np.ndarray:
    """Row of the node table of each column: by declared ids, by heads that are ids, else by position."""
    known, width = pd.Index(ids), values.shape[1]
    by_head = heads is not None and set(heads) <= set(ids)
    if declared is not None:
        chosen(declared, ids, "the node table")
        if len(declared) != width or (by_head and list(declared) != heads):
            raise UserError(f"`nodes` names {len(declared)} nodes, but {name} holds {shape_of(values)}"
                            f"{' and other heads' if by_head else ''}; name the node of each column, in order.")
        return known.get_indexer(list(declared))
    if by_head:
        return known.get_indexer(heads)
    if heads is not None and heads != [str(column) for column in range(width)]:
        stranger = next(head for head in heads if head not in known)
        raise UserError(f"{name}: column {shown(stranger)} is no node id, and the heads are not 0…{width - 1}. "
                        "Name a column of times in `time`, the nodes in `nodes`; a .csv without a header row needs header = false.")
    if width != len(ids):
        turned = " It looks like [node, step]: transpose it." if values.shape[0] == len(ids) else ""
        raise UserError(f"{name} holds {shape_of(values)}, but the node table has {len(ids)} rows; "
                        f"write [step, node], or name the node of each column in `nodes`.{turned}")
    return np.arange(width)


def chosen(wanted: tuple[str, ...] | None, ids: pd.Series, of: str) -> np.ndarray:
    """[node] bool: which ids are wanted; all if nothing is said."""
    if wanted is None:
        return np.ones(len(ids), dtype=bool)
    known = set(ids)
    for one in wanted:
        if one not in known:
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
    steps = np.asarray(since // interval, dtype=np.int64)
    clock.check(int(steps.max()) + 1)
    return steps


def _check_order(times: pd.DatetimeIndex, name: str) -> None:
    back = np.flatnonzero(times[1:] <= times[:-1]) + 1
    if back.size and times[back[0]] == times[back[0] - 1]:
        raise UserError(f"{name}: time {times[back[0]]} stands twice (row {back[0] + 1}); each step has one row. "
                        "If daylight saving repeats the hour, merge its rows (`repeated_hour` says what becomes of them).")
    if back.size:
        raise UserError(f"{name}: time {times[back[0]]} (row {back[0] + 1}) comes after {times[back[0] - 1]}; sort the rows by time.")


def _check_span(times: pd.DatetimeIndex, name: str) -> None:
    """No year without a row: one time typed wrong would stretch the clock over decades that nobody measured."""
    order = np.argsort(times.to_numpy(), kind="stable")
    gaps = np.flatnonzero(np.diff(times.to_numpy()[order]) > LONGEST_GAP)
    if not gaps.size:
        return
    # the lonelier side of the gap is the wrong one
    last = int(gaps[0]) + 1
    early = last <= len(order) - int(gaps[-1]) - 1
    row, other = (order[last - 1], order[last]) if early else (order[gaps[-1] + 1], order[gaps[-1]])
    raise UserError(f"{name}: row {row + 1} is of {times[row]}, and the next row {'after' if early else 'before'} it of {times[other]}; a "
                    "year without any row looks like a time typed wrong. Correct it, or add rows that mark the time as missing.")


def _check_gaps(steps: np.ndarray, clock: Clock, name: str) -> None:
    """Every step from 0 to the last must occur, unless daylight saving skips its local time."""
    absent = clock.exists(int(steps.max()) + 1)
    absent[steps] = False
    if absent.any():
        raise UserError(f"{name} has a gap: {int(absent.sum())} steps have no row (first: {clock.time(int(np.argmax(absent)))}); "
                        "add them, marked as `missing` if nothing was measured.")


def shape_of(values: np.ndarray) -> str:
    return "×".join(map(str, values.shape))
