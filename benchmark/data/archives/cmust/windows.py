"""One part of the authors' archive: windows one step apart, laid back into the rows they were cut from, in one pass over the file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from benchmark.data.archives.cmust.layout import HISTORY, HORIZON
from benchmark.data.bounds import LARGEST_ARRAY, check_array, reading
from benchmark.data.readers.tables import array_head, open_member
from benchmark.errors import UserError

# bytes of windows held at once
BLOCK = 2**26
# channels of x: without and with coordinates and timestamp
PLAIN, WHOLE = 3, 11
# value, time of day, weekday and two coordinates; the rest is only compared with the calendar
USED = 5


@dataclass(frozen=True)
class Part:
    """train, val or test of a task; its row i + k is step k of its window i."""

    # e.g. "TAXIPICK/val.npz"
    name: str
    windows: int
    # float32 [windows + 23, node]
    values: np.ndarray
    # [windows + 11, node, 2 or 10]: the channels of x behind the value, as they are
    context: np.ndarray


def read_part(path: Path) -> Part:
    """Check one .npz and lay its windows back into rows.

    Raises
    ------
    UserError: if arrays are absent, damaged, no floats, misshapen or not finite, or if neighbouring windows, or x and y, disagree.
    """
    name = f"{path.parent.name}/{path.name}"
    x, y = _stitch(path, "x"), _stitch(path, "y")
    windows = len(x) - HISTORY + 1
    if len(y) - HORIZON + 1 != windows or y.shape[1] != x.shape[1]:
        raise UserError(f"{name}: x holds {windows} windows of {x.shape[1]} nodes, y {len(y) - HORIZON + 1} of {y.shape[1]}; "
                        "they must be the same windows.")
    with np.errstate(over="ignore"):
        shown, asked = x[..., 0].astype(np.float32), y[..., 0].astype(np.float32)
    values = np.concatenate([shown[:HISTORY], asked])
    if not np.isfinite(values).all():
        raise UserError(f"{name} holds a value too large for float32.")
    differ = np.argwhere(shown[HISTORY:] != asked[:windows - 1])
    if differ.size:
        step, node = differ[0]
        raise UserError(f"{name}: window {step} asks in y for {asked[step, node]:g} at node {node}, but window {step + HISTORY} shows "
                        f"{shown[step + HISTORY, node]:g} there in x; y must hold the raw values of the {HORIZON} steps behind x.")
    return Part(name, windows, values, x[..., 1:])


def _stitch(path: Path, key: str) -> np.ndarray:
    """[windows + 11, node, channel] of the windows x, or of the first channel of y."""
    name = f"'{key}' of {path.parent.name}/{path.name}"
    absent = "a task's folder holds train.npz, val.npz and test.npz"
    with (reading(path, "not a .npz file", again="copy or unpack it again", absent=absent),
          _member(path, key, name) as (file, shape, dtype, fortran)):
        windows, channels = shape[0], _channels(shape, key, name)
        check_array((windows + HISTORY - 1) * shape[2] * channels * dtype.itemsize, name)
        rows = np.empty((windows + HISTORY - 1, shape[2], channels), dtype)
        first = 0
        for block in _blocks(file, shape, dtype, fortran):
            used = block[..., :channels]
            wrong = np.argwhere(~np.isfinite(used[..., :USED]))
            if wrong.size:
                window, step, node, channel = wrong[0]
                raise UserError(f"{name} holds {used[window, step, node, channel]} in window {first + window}, step {step}, node {node}, "
                                f"channel {channel}; every entry must be a finite number.")
            if not first:
                rows[:HISTORY - 1] = used[0, :-1]
            rows[first + HISTORY - 1:first + HISTORY - 1 + len(used)] = used[:, -1]
            # [window, node, channel, step]: what the windows hold if they are one step apart
            expected = np.lib.stride_tricks.sliding_window_view(rows[first:first + len(used) + HISTORY - 1, :, :USED], HISTORY, axis=0)
            broken = np.flatnonzero((np.moveaxis(expected, 3, 1) != used[..., :USED]).any(axis=(1, 2, 3)))
            if broken.size:
                window = first + int(broken[0])
                raise UserError(f"{name}: window {window} does not continue window {window - 1}: its first 11 steps must be the last 11 of "
                                "the one before; the windows must lie in time order, one step apart, all of them.")
            first += len(used)
    return rows


def _channels(shape: tuple[int, ...], key: str, name: str) -> int:
    """How many channels to read."""
    if len(shape) != 4 or shape[1] != HISTORY or not math.prod(shape):
        raise UserError(f"{name} has shape {shape}; it must be (windows, {HISTORY}, nodes, channels), none of them 0.")
    if key == "y":
        return 1
    if shape[3] != PLAIN and shape[3] < WHOLE:
        raise UserError(f"{name} has {shape[3]} channels; it must have {PLAIN} (value, time of day, weekday) or at least {WHOLE} "
                        "(and two coordinates and six timestamp numbers).")
    return min(shape[3], WHOLE)


@contextmanager
def _member(path: Path, key: str, name: str) -> Iterator[tuple[IO[bytes], tuple[int, ...], np.dtype, bool]]:
    """An array of a .npz, opened behind its head: the file, shape, dtype, and whether the first axis runs fastest.

    `load_array` would hold the whole array.
    """
    with open_member(path, key) as (file, size):
        shape, fortran, dtype = array_head(file, size, name, most=HISTORY * LARGEST_ARRAY)
        if dtype.kind != "f":
            raise UserError(f"{name} holds {dtype} values; it must hold floating-point numbers, e.g. array.astype('float32').")
        yield file, shape, dtype, fortran


def _blocks(file: IO[bytes], shape: tuple[int, ...], dtype: np.dtype, fortran: bool) -> Iterator[np.ndarray]:
    """Consecutive windows [window, 12, node, channel], about BLOCK bytes at once."""
    size = math.prod(shape[1:]) * dtype.itemsize
    some = max(BLOCK // size, 1)
    # the first axis runs fastest: windows lie side by side, so there is no reading one after the other
    whole = np.frombuffer(file.read(), dtype).reshape(shape[::-1]).T if fortran else None
    for first in range(0, shape[0], some):
        count = min(some, shape[0] - first)
        if whole is not None:
            yield whole[first:first + count]
        else:
            yield np.frombuffer(file.read(count * size), dtype).reshape(count, *shape[1:])
