"""What a task's files hold, in any of the layouts → its entries on the steps of its clock and the rows of the node table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.data.bounds import check_array, shown
from benchmark.data.clock import Clock, check_zone
from benchmark.data.own import clocks
from benchmark.data.own.city_file import TaskFile
from benchmark.data.own.files import files_of, in_order
from benchmark.data.own.windows import joined_windows
from benchmark.data.readers.hdf import read_hdf
from benchmark.data.readers.matlab import read_mat
from benchmark.data.readers.tables import load_array, numbers, read_frame
from benchmark.data.readers.times import local_times
from benchmark.errors import UserError, unknown


@dataclass(frozen=True)
class Raw:
    """What the files of a task hold, before any clock."""

    # wide and cube: [row, column]; long: [row]
    values: np.ndarray
    # of the columns; None: they have none
    heads: list[str] | None = None
    # of the rows, local; None: the files carry none
    times: pd.DatetimeIndex | None = None
    # of the rows of a long table
    nodes: pd.Series | None = None
    # rows of a day of a cube
    slots: int | None = None


@dataclass(frozen=True)
class Entries:
    """A task's entries as its files have them, on the steps of its clock."""

    # [step, node] of the file's own dtype
    values: np.ndarray
    # bool [step, node]: the file has this entry, whatever it holds
    present: np.ndarray
    # int64 [node]: row of each column in the node table
    columns: np.ndarray
    clock: Clock
    # bool [step]: the file must have a row, unless missing entries are declared
    expected: np.ndarray


def read_raw(task: TaskFile, root: Path) -> Raw:
    """The files of a task, one after the other."""
    check_zone(task.zone)
    paths = files_of(task, root)
    if task.layout == "windows":
        return Raw(joined_windows(paths, task.channel))
    parts = [_long(path, task) if task.layout == "long" else _wide(path, task) for path in paths]
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    for path, part in zip(paths, parts, strict=True):
        if part.heads != first.heads or part.values.shape[1:] != first.values.shape[1:]:
            raise UserError(f"{path.name} has other columns than the first file; the files of a task have the same ones, in one order.")
    check_array(8 * sum(part.values.size for part in parts), task.named)
    times = [part.times for part in parts if part.times is not None]
    nodes = [part.nodes for part in parts if part.nodes is not None]
    return Raw(np.concatenate([part.values for part in parts]), first.heads,
               pd.DatetimeIndex(times[0].append(times[1:])) if times else None,
               pd.concat(nodes, ignore_index=True) if nodes else None, first.slots)


def node_names(raw: Raw) -> list[str]:
    """The nodes of a task that no table lists: its heads, the numbers of its columns, or what a long table names, in order."""
    if raw.nodes is not None:
        return in_order(raw.nodes.unique().tolist())
    return raw.heads if raw.heads is not None else [str(column) for column in range(raw.values.shape[1])]


def on_steps(raw: Raw, task: TaskFile, ids: pd.Series) -> Entries:
    """The entries on the task's clock, by the rows of the node table."""
    return _long_on_steps(raw, task, ids) if raw.nodes is not None else _wide_on_steps(raw, task, ids)


def _wide_on_steps(raw: Raw, task: TaskFile, ids: pd.Series) -> Entries:
    """Row i is step i of the hours of service, or the step its time says."""
    values, times = raw.values, raw.times
    clock = clocks.clock_of(task, times, len(values))
    if times is not None:
        clocks.check_order(task, times)
        clocks.check_span(task, times)
        steps = clocks.steps_of_times(task, clock, times)
        clocks.check_gaps(task, clock, steps)
    else:
        if raw.slots is not None:
            clocks.check_days(task, clock, raw.slots)
        steps = clocks.steps_of_rows(task, clock, len(values))
    clocks.check_end(task, clock, int(steps[-1]), len(values))
    columns = node_of_columns(raw.heads, task.nodes, ids, values, task.named)
    count = int(steps[-1]) + 1
    wanted = clocks.expected(task, clock, count)
    if len(steps) == count:
        return Entries(values, np.ones(values.shape, dtype=bool), columns, clock, wanted)
    # local times that daylight saving or the hours of service leave out have no row, nor have those that are missing
    check_array(8 * count * values.shape[1], f"{task.named}: {count:,} steps of {values.shape[1]:,} nodes")
    whole = np.zeros((count, values.shape[1]), dtype=values.dtype)
    present = np.zeros(whole.shape, dtype=bool)
    whole[steps], present[steps] = values, True
    return Entries(whole, present, columns, clock, wanted)


def _long_on_steps(raw: Raw, task: TaskFile, ids: pd.Series) -> Entries:
    """A row an entry: time, node, value; in any order, each (time, node) once."""
    assert raw.times is not None
    assert raw.nodes is not None
    times, name = raw.times, task.named
    clocks.check_span(task, times)
    column = pd.Index(ids).get_indexer(raw.nodes)
    if (column < 0).any():
        raise unknown(f"node of {name}", str(raw.nodes[int(np.argmax(column < 0))]), ids)
    clock = clocks.clock_of(task, times, len(times))
    steps = clocks.steps_of_times(task, clock, times)
    count = int(steps.max()) + 1
    check_array(8 * count * len(ids), f"{name}: {count:,} steps of {len(ids):,} nodes")
    twice = pd.MultiIndex.from_arrays([steps, column]).duplicated()
    if twice.any():
        row = int(np.argmax(twice))
        raise UserError(f"{name}: time {times[row]} of node '{ids[column[row]]}' stands twice; each (time, node) may stand once.")
    clocks.check_gaps(task, clock, steps)
    clocks.check_end(task, clock, count - 1, len(times))
    values = np.zeros((count, len(ids)))
    present = np.zeros(values.shape, dtype=bool)
    values[steps, column], present[steps, column] = raw.values, True
    return Entries(values, present, np.arange(len(ids)), clock, clocks.expected(task, clock, count))


def _wide(path: Path, task: TaskFile) -> Raw:
    """[row, column] of one file, with heads and times where it has them."""
    suffix = path.suffix.lower()
    if suffix in (".csv", ".parquet"):
        return _wide_table(path, task)
    if suffix == ".h5":
        found = read_hdf(path, task.key or "")
        times = None if found.times is None else local_times(pd.Series(found.times, name="index"), path.name, task.zone)
        return Raw(_two_dimensional(found.values, task, path.name), found.heads, times)
    values = read_mat(path, task.key or "") if suffix == ".mat" else load_array(path, task.key)
    if task.layout == "cube":
        if values.ndim != 3 or not values.size:
            raise UserError(f"{path.name} holds an array of shape {values.shape}; a cube is [node, day, slot] and not empty.")
        return Raw(values.transpose(1, 2, 0).reshape(-1, len(values)), slots=values.shape[2])
    return Raw(_two_dimensional(values, task, path.name))


def _wide_table(path: Path, task: TaskFile) -> Raw:
    if task.time is not None and not task.header:
        raise UserError(f"{path.name} is declared without a header, so it has no column '{task.time}'; take out `time`.")
    frame = read_frame(path, text=[] if task.time is None else [task.time], header=task.header)
    if len(frame.columns) == 1 and (task.time is not None or task.index):
        raise UserError(f"{path.name} has no column beside '{frame.columns[0]}'; a wide table has one for each node.")
    times = None if task.time is None else local_times(frame.pop(task.time), path.name, task.zone, task.time_unit)
    frame = frame.iloc[:, 1:] if task.index else frame
    return Raw(numbers(frame, path.name), [str(head) for head in frame.columns] if task.header else None, times)


def _long(path: Path, task: TaskFile) -> Raw:
    when = task.time or "time"
    frame = read_frame(path, text=[when, task.node])
    if task.value not in frame:
        raise unknown(f"column of {path.name}", task.value, frame.columns)
    times = local_times(frame[when], path.name, task.zone, task.time_unit)
    return Raw(numbers(frame[[task.value]], path.name)[:, 0], times=times, nodes=frame[task.node].astype(str))


def _two_dimensional(values: np.ndarray, task: TaskFile, name: str) -> np.ndarray:
    """The array, or its channel."""
    if task.channel is not None:
        if values.ndim != 3:
            raise UserError(f"{name} holds an array of shape {values.shape}, which has no channels; take `channel` out.")
        if task.channel >= values.shape[2]:
            raise UserError(f"{name} has {values.shape[2]} channels, counted from 0; there is no channel = {task.channel}.")
        values = np.ascontiguousarray(values[:, :, task.channel])
    if values.ndim != 2 or not values.size:
        raise UserError(f"{name} holds an array of shape {values.shape}; it must be two-dimensional, [step, node], and not empty; of an "
                        "array [step, node, channel] say which channel, such as channel = 0.")
    return values


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


def shape_of(values: np.ndarray) -> str:
    return "×".join(map(str, values.shape))
