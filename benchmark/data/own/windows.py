"""Windows that are cut already, ``x`` [window, step, node, channel] and ``y`` the steps behind → the rows they were cut from.

As DCRNN's script writes train.npz, val.npz and test.npz, and as ST-SSL does, whose x begins with hours of days before: only the last
steps of x, those that run up to y, are rows of the series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmark.data.bounds import check_array
from benchmark.data.readers.tables import load_array
from benchmark.errors import UserError


@dataclass(frozen=True)
class Part:
    """The windows of one file, laid back into rows."""

    name: str
    # [row, node]
    rows: np.ndarray
    # of the rows, how many lie before the first target
    history: int
    windows: int


def joined_windows(paths: Sequence[Path], channel: int | None) -> np.ndarray:
    """[row, node]: the rows of all files. Their first is that of the first window's history; windows may be left out between files, as
    long as rows of both still overlap.

    Raises
    ------
    UserError: a file is damaged or misshapen, its windows are not one step apart in time order, or it does not continue the one before.
    """
    parts = [_part(path, channel) for path in paths]
    rows, target = parts[0].rows, parts[0].history
    for before, part in pairwise(parts):
        start = target + before.windows - part.history
        if part.rows.shape[1] != rows.shape[1]:
            raise UserError(f"{part.name} has {part.rows.shape[1]} nodes, {before.name} {rows.shape[1]}; they must be the same.")
        late = next((late for late in range(max(-start, 0), len(rows) - start) if _same(rows[start + late:], part.rows)), None)
        if late is None:
            raise UserError(f"{part.name} does not continue {before.name}: they share no row. The files must be cut from one series in "
                            "time order, and be listed in it: train, val, test.")
        rows = np.concatenate([rows[:start + late], part.rows])
        target = start + late + part.history
    return rows


def _part(path: Path, channel: int | None) -> Part:
    x, y = (_channel(path, key, channel) for key in ("x", "y"))
    if len(x) != len(y) or x.shape[2] != y.shape[2]:
        raise UserError(f"{path.name}: x holds {len(x)} windows of {x.shape[2]} nodes, y {len(y)} of {y.shape[2]}; they must be the same.")
    _check_follow(path.name, y[1:, :-1], y[:-1, 1:], "y of window {} does not continue that of the one before")
    _check_follow(path.name, x[1:, -1:], y[:-1, :1], "x of window {} does not end with what y of the one before begins with")
    history, steps = 1, x.shape[1]
    while history < steps and np.array_equal(x[1:, -history - 1], x[:-1, -history], equal_nan=True):
        history += 1
    return Part(path.name, np.concatenate([x[0, steps - history:], y[:, 0], y[-1, 1:]]), history, len(x))


def _channel(path: Path, key: str, channel: int | None) -> np.ndarray:
    """[window, step, node] of floats."""
    given = load_array(path, key)
    if given.ndim != 4 or not given.size:
        raise UserError(f"'{key}' of {path.name} has shape {given.shape}; windows are [window, step, node, channel], and not empty.")
    if channel is None and given.shape[3] > 1:
        raise UserError(f"'{key}' of {path.name} has {given.shape[3]} channels; say which, such as channel = 0.")
    if (channel or 0) >= given.shape[3]:
        raise UserError(f"'{key}' of {path.name} has {given.shape[3]} channels, counted from 0; there is no channel = {channel}.")
    if given.dtype.kind not in "fiub":
        raise UserError(f"'{key}' of {path.name} holds {given.dtype} values; it must hold numbers.")
    check_array(8 * given[..., 0].size, f"'{key}' of {path.name}")
    return given[..., channel or 0].astype(np.float64)


def _check_follow(name: str, these: np.ndarray, those: np.ndarray, what: str) -> None:
    if np.array_equal(these, those, equal_nan=True):
        return
    wrong = ((these != those) & ~(np.isnan(these) & np.isnan(those))).any(axis=(1, 2))
    raise UserError(f"{name}: {what.format(int(np.argmax(wrong)) + 1)}; windows must lie in time order, one step apart, all of them, and x "
                    "hold the values of y, unscaled.")


def _same(known: np.ndarray, rows: np.ndarray) -> bool:
    shared = min(len(known), len(rows))
    return np.array_equal(known[:shared], rows[:shared], equal_nan=True)
