"""A table that pandas wrote as HDF5 (``to_hdf``, format "fixed"), or a plain data set → arrays; needs the extra `hdf`.

A table is a group: ``axis0`` the columns, ``axis1`` the rows, and blocks ``block0_items``, ``block0_values`` [row, item] of one dtype each.
Nothing is unpickled, and only what lies in the file itself is read: no link, and no data set that is kept in other files.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.data.bounds import check_array, check_columns, reading
from benchmark.data.clock import EARLIEST, LATEST
from benchmark.data.readers.times import PER_SECOND
from benchmark.errors import UserError, lacks, unknown

# a frame has a block a dtype
MOST_BLOCKS = 16


@dataclass(frozen=True)
class HdfTable:
    """What lies under a key."""

    # a table: [row, column]; a plain data set: as it is
    values: np.ndarray
    # None: a plain data set
    heads: list[str] | None = None
    # of the rows; with the zone UTC where the file says a zone, else local
    times: pd.DatetimeIndex | None = None


def read_hdf(path: Path, key: str) -> HdfTable:
    """The table or array under a key.

    Raises
    ------
    UserError: h5py is not installed, the file is absent or damaged, lacks the key, or holds something else there.
    """
    with opened_hdf(path) as file:
        found = _find(file, key, path.name)
        if not is_group(found):
            return HdfTable(array_of(found, path.name))
        kind = _text(found.attrs.get("pandas_type"))
        if kind != "frame":
            raise UserError(f"'{key}' of {path.name} is {f'a {kind} of pandas' if kind else 'a group'}, not a table in its fixed format; "
                            'save it again with DataFrame.to_hdf(path, key=…, format="fixed"), or name a data set, such as '
                            f"key = \"{key.strip('/')}/{next(iter(found), 'values')}\".")
        return _frame(found, path.name)


def read_dataset(path: Path, key: str) -> np.ndarray:
    """The array under a key.

    Raises
    ------
    UserError: as `read_hdf`, or there is no array.
    """
    with opened_hdf(path) as file:
        found = _find(file, key, path.name)
        if is_group(found):
            raise UserError(f"'{key}' of {path.name} is no array of numbers.")
        return array_of(found, path.name)


@contextmanager
def opened_hdf(path: Path) -> Iterator[Any]:
    """A file of HDF5; whatever goes wrong with it within is a sentence."""
    try:
        import h5py
    except ImportError:
        raise lacks(path.name, "h5py", "hdf") from None
    with reading(path, "no HDF5 file", again="write it again", absent="correct `file`, or `root`, in the city file"):
        with path.open("rb"):  # its own sentence where the file may not be read
            if not h5py.is_hdf5(path):
                raise ValueError("it has no HDF5 signature")
        with h5py.File(path, "r") as file:
            yield file


def _find(file: Any, key: str, name: str) -> Any:
    found = file
    for part in key.strip("/").split("/"):
        keys = list(found) if is_group(found) else []
        if part not in keys:
            raise unknown(f"key of {name}", key, [one if found is file else f"{found.name.strip('/')}/{one}" for one in keys])
        found = child(found, part, name)
    return found


def child(group: Any, key: str, name: str) -> Any:
    """What lies under a key that a group has.

    Raises
    ------
    UserError: it is a link to elsewhere.
    """
    import h5py

    if not isinstance(group.get(key, getlink=True), h5py.HardLink):
        raise UserError(f"'{key}' of {name} is a link to elsewhere, which is not followed; copy what it means into the file.")
    return group[key]


def _frame(group: Any, name: str) -> HdfTable:
    heads, times = _labels(_find(group, "axis0", name), name), _times(_find(group, "axis1", name), name)
    check_columns(len(heads), name)
    check_array(8 * len(heads) * len(times), name)
    blocks = int(group.attrs.get("nblocks", 0))
    if not 1 <= blocks <= MOST_BLOCKS:
        raise ValueError(f"it says {blocks} blocks")
    values, place, filled = np.empty((len(times), len(heads))), {head: k for k, head in enumerate(heads)}, 0
    if len(place) < len(heads):
        raise UserError(f"{name} has two columns of one name; every column needs its own.")
    for number in range(blocks):
        items = _labels(_find(group, f"block{number}_items", name), name)
        block = array_of(_find(group, f"block{number}_values", name), name)
        if block.shape != (len(times), len(items)):
            raise ValueError(f"a block of shape {block.shape} for {len(items)} columns of {len(times)} rows")
        values[:, [place.pop(item) for item in items]] = block
        filled += len(items)
    if place:
        raise ValueError(f"no block holds {len(place)} of its columns")
    return HdfTable(values, heads, times)


def _labels(data: Any, name: str) -> list[str]:
    if data.dtype.kind == "S":
        return [one.decode("utf-8") for one in array_of(data, name, "S").ravel().tolist()]
    if data.dtype.kind in "iu":
        return [str(one) for one in array_of(data, name).ravel().tolist()]
    raise UserError(f"{name}: the columns of its table have names that are neither numbers nor plain texts; rename them to their ids as "
                    "texts, and save it again.")


def _times(data: Any, name: str) -> pd.DatetimeIndex:
    kind = _text(data.attrs.get("kind"))
    if not kind.startswith("datetime64"):
        raise UserError(f"{name}: the rows of its table are labelled by {kind or 'nothing that is known'}, not by times; give it "
                        "a DatetimeIndex.")
    unit = kind.removeprefix("datetime64").strip("[]") or "ns"
    counts = array_of(data, name).ravel()
    if counts.dtype.kind != "i" or unit not in PER_SECOND:
        raise ValueError(f"times as {counts.dtype} of {unit}")
    if counts.size and not EARLIEST * PER_SECOND[unit] <= int(counts.min()) <= int(counts.max()) < LATEST * PER_SECOND[unit]:
        raise UserError(f"{name}: a row has no time, or one that no city is measured at.")
    times = pd.DatetimeIndex(counts.astype("int64").astype(f"datetime64[{unit}]"))
    return times.tz_localize("UTC") if "tz" in data.attrs else times


def array_of(data: Any, name: str, kinds: str = "iuf") -> np.ndarray:
    """The numbers of a data set.

    Raises
    ------
    UserError: they lie in other files, are of another kind, or too many.
    """
    if data.external or data.is_virtual:
        raise UserError(f"{name} keeps '{data.name}' in other files, which are not read; copy it into the file.")
    if data.dtype.kind not in kinds or data.dtype.hasobject:
        raise UserError(f"{name} holds {data.dtype} values under '{data.name}'; only whole and floating-point numbers are allowed.")
    if data.shape is None:
        raise ValueError("an array without a shape")
    check_array(math.prod(data.shape) * data.dtype.itemsize, name)
    return np.asarray(data[()])


def is_group(found: Any) -> bool:
    import h5py

    return isinstance(found, h5py.Group)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value if isinstance(value, str) else ""
