"""Files → numpy arrays and pandas frames, strictly: no pickle, no ragged row, no cell that is half a number."""

from __future__ import annotations

import csv
import math
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from benchmark.data.bounds import check_array, check_columns, reading, shown
from benchmark.errors import UserError, unknown

# the cells of a .csv that stand for NaN; every other text in a column of numbers is an error
NAN_CELLS = ["", "nan", "NaN", "NAN"]
LONE_RETURN = re.compile(rb"(?:^|\r)\r[^\r\n]")


def load_array(path: Path, key: str | None = None) -> np.ndarray:
    """One numeric array from a .npy, or from the `key` of a .npz; never unpickles.

    Raises
    ------
    UserError: names the file and key if they are absent, damaged, hold objects or are not numeric.
    """
    name = path.name if key is None else f"'{key}' of {path.name}"
    with _readable(path), _array_file(path, key) as (file, size):
        _, _, dtype = array_head(file, size, name)
        if dtype.kind not in "iuf":
            raise UserError(f"{name} holds {dtype} values; only whole and floating-point numbers are allowed.")
        file.seek(0)
        found: np.ndarray = np.lib.format.read_array(file, allow_pickle=False)
        return found


def array_shape(path: Path, key: str) -> tuple[int, ...]:
    """The shape of an array of a .npz, from its head alone.

    Raises
    ------
    UserError: as `load_array`.
    """
    with _readable(path), _array_file(path, key) as (file, size):
        return array_head(file, size, f"'{key}' of {path.name}")[0]


def array_head(file: IO[bytes], size: int, name: str, most: int | None = None) -> tuple[tuple[int, ...], bool, np.dtype]:
    """(shape, whether the first axis runs fastest, dtype) of an array in numpy's format, which the file stands behind then.

    Parameters
    ----------
    size: bytes of the whole file; what the head says must fill it, so that nothing is allocated for a number that is only said.
    most: bytes that are read, `LARGEST_ARRAY` if left out.

    Raises
    ------
    UserError: it holds Python objects, or more than is read. ValueError: the head is damaged.
    """
    try:
        version = np.lib.format.read_magic(file)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"version {version}")
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(file)
    except Exception as error:  # it is parsed as Python, by a tokenizer that raises what it likes
        raise ValueError(f"its head is damaged: {shown(error)}") from None
    if dtype.hasobject:
        raise UserError(f"{name} holds Python objects, which are never unpickled; save plain numbers, e.g. array.astype('float32').")
    if not all(type(one) is int and one >= 0 for one in shape):
        raise ValueError(f"its head says the shape {shown(shape)}")
    needed = math.prod(shape) * dtype.itemsize
    check_array(needed, name, most)
    if size - file.tell() != needed or max(shape, default=0) > size:
        raise ValueError(f"its head says {needed:,} bytes of values, but {size - file.tell():,} are there")
    return shape, fortran, dtype


@contextmanager
def _array_file(path: Path, key: str | None) -> Iterator[tuple[IO[bytes], int]]:
    """The bytes of an array, and how many they are."""
    if zipfile.is_zipfile(path) != (key is not None):
        raise UserError(f"{path.name} is not what its ending says; a .npy holds one array, a .npz many.")
    if key is None:
        with path.open("rb") as file:
            yield file, path.stat().st_size
    else:
        with open_member(path, key) as opened:
            yield opened


@contextmanager
def open_member(path: Path, key: str) -> Iterator[tuple[IO[bytes], int]]:
    """An array of a .npz: the file, and how many bytes it decompresses to.

    Raises
    ------
    UserError: there is no such key. Whatever `zipfile` raises: it is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        keys = [name.removesuffix(".npy") for name in archive.namelist()]
        if key not in keys:
            raise unknown(f"key of {path.name}", key, keys)
        about = archive.getinfo(archive.namelist()[keys.index(key)])
        # deflate makes a thousandth of zeros, not less
        if about.file_size > 1100 * min(about.compress_size, path.stat().st_size) + 1000:
            raise ValueError(f"{shown(key)} cannot decompress to the {about.file_size:,} bytes that it says")
        with archive.open(about) as file:
            yield file, about.file_size


def read_frame(path: Path, text: Sequence[str] = (), header: bool = True) -> pd.DataFrame:
    """A .csv or .parquet as a frame; the columns named in `text` are kept as they are written, the others may be numbers.

    Without a header the columns are called "0", "1", ….

    Raises
    ------
    UserError: if the file is absent, empty, ragged or repeats a column name, or lacks a column of `text`.
    """
    with _readable(path):
        if path.suffix.lower() == ".parquet":
            # what pandas hid in the index comes back as a column
            frame = read_parquet(path).to_pandas(ignore_metadata=True)
        else:
            heads = _check_rectangular(path, header)
            frame = pd.read_csv(
                path, header=0 if header else None, names=heads, index_col=False, dtype=dict.fromkeys(text, str),
                keep_default_na=False, na_values=NAN_CELLS, low_memory=False, encoding="utf-8-sig")
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise UserError(f"{path.name} has two columns '{repeated[0]}'; every column needs its own name.")
    for column in text:
        if column not in frame:
            raise unknown(f"column of {path.name}", column, frame.columns)
    if frame.empty:
        raise UserError(f"{path.name} has no rows of data.")
    return frame


def read_parquet(path: Path) -> pa.Table:
    """All of a .parquet file, unless its head says more than is read.

    Raises
    ------
    UserError: it has too many columns or cells. Whatever pyarrow raises: it is damaged.
    """
    with pa.parquet.ParquetFile(path) as file:
        check_columns(file.metadata.num_columns, path.name)
        check_array(8 * file.metadata.num_columns * file.metadata.num_rows, path.name)
        return file.read()


def numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    """The frame as one numeric array [row, column]; the first cell that is no number is an error."""
    for column in frame:
        cells = frame[column]
        if cells.dtype.kind not in "iuf":
            row = next((row for row, cell in enumerate(cells) if not _is_number(cell)), 0)
            raise UserError(f"{name}: row {row + 1} of column '{column}' is {shown(str(cells.iloc[row]))}, which is no number; "
                            "empty cells and nan are the only other cells allowed (`time` names a wide table's column of times).")
    return frame.to_numpy()


def _check_rectangular(path: Path, header: bool) -> list[str]:
    """The column names; pandas would fill a short row with NaN and take a long one's first cell for an index."""
    with path.open("rb") as raw:
        for number, line in enumerate(raw, start=1):
            if LONE_RETURN.search(line):  # pandas loses the cell behind it
                raise UserError(f"{path.name}: line {number} holds a carriage return with nothing before it; take it out.")
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file)
        first = next(rows, [])
        if not first:
            raise UserError(f"{path.name} is empty; its first line must hold {'the column names' if header else 'numbers'}.")
        check_columns(len(first), path.name)
        blank = 0
        for row in rows:
            # in one column a blank line may be an empty cell; in more it is none, e.g. after a line that ends in \r\r\n
            if row and blank and len(first) == 1:
                raise UserError(f"{path.name}: line {blank} is blank; take it out, or write nan.")
            if row and len(row) != len(first):
                raise UserError(f"{path.name}: line {rows.line_num} has {len(row)} cells, but line 1 has {len(first)}; "
                                "all rows must be equally long.")
            blank = 0 if row else blank or rows.line_num
    names = first if header else [str(column) for column in range(len(first))]
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise UserError(f"{path.name} has two columns {shown(name)}; every column needs its own name "
                            "(a table without a header row needs header = false).")
        seen.add(name)
    return names


def _is_number(cell: object) -> bool:
    if isinstance(cell, bool | np.bool_):
        return False
    try:
        float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True


def _readable(path: Path) -> AbstractContextManager[None]:
    """Turn an absent, damaged or forbidden file into a sentence."""
    return reading(path, f"not a {path.suffix} file", again="write it again", absent="correct `file`, or `root`, in the city file")
