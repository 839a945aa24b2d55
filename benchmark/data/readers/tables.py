"""Files → numpy arrays and pandas frames, strictly: no pickle, no ragged row, no cell that is half a number."""

from __future__ import annotations

import csv
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from benchmark.errors import UserError, unknown

# the cells of a .csv that stand for NaN; every other text in a column of numbers is an error
NAN_CELLS = ["", "nan", "NaN", "NAN"]


def load_array(path: Path, key: str | None = None) -> np.ndarray:
    """One numeric array from a .npy, or from the `key` of a .npz; never unpickles.

    Raises
    ------
    UserError: names the file and key if they are absent, damaged, hold objects or are not numeric.
    """
    name = path.name if key is None else f"'{key}' of {path.name}"
    with _readable(path, name):
        array = np.load(path, allow_pickle=False)
        if isinstance(array, np.lib.npyio.NpzFile) != (key is not None):
            raise UserError(f"{path.name} is not what its ending says; a .npy holds one array, a .npz many.")
        if key is not None:
            with array as archive:
                if key not in archive.files:
                    raise unknown(f"key of {path.name}", key, archive.files)
                array = archive[key]
    if array.dtype.kind not in "iuf":
        raise UserError(f"{name} holds {array.dtype} values; only whole and floating-point numbers are allowed.")
    return array


def read_frame(path: Path, text: Sequence[str] = (), header: bool = True) -> pd.DataFrame:
    """A .csv or .parquet as a frame; the columns named in `text` are kept as they are written, the others may be numbers.

    Without a header the columns are called "0", "1", ….

    Raises
    ------
    UserError: if the file is absent, empty, ragged or repeats a column name, or lacks a column of `text`.
    """
    with _readable(path, path.name):
        if path.suffix.lower() == ".parquet":
            # what pandas hid in the index comes back as a column
            frame = pa.parquet.read_table(path).to_pandas(ignore_metadata=True)
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


def numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    """The frame as one numeric array [row, column]; the first cell that is no number is an error."""
    for column in frame:
        cells = frame[column]
        if cells.dtype.kind not in "iuf":
            row = next((row for row, cell in enumerate(cells) if not _is_number(cell)), 0)
            raise UserError(f"{name}: row {row + 1} of column '{column}' is '{cells.iloc[row]}', which is no number; "
                            "empty cells and nan are the only other cells allowed (`time` names a wide table's column of times).")
    return frame.to_numpy()


def local_times(cells: pd.Series, name: str) -> pd.DatetimeIndex:
    """A column of local wall-clock times, ISO texts or datetimes without an offset."""
    wanted = "write local times such as 2019-01-01 00:30, without an offset, and name the zone in the city file"
    if pd.api.types.is_numeric_dtype(cells):
        raise UserError(f"{name}: column '{cells.name}' holds numbers such as {cells.iloc[0]}; {wanted}.")
    try:
        times = pd.to_datetime(cells, format="ISO8601", errors="coerce")
    except ValueError:  # pandas refuses a mixture of offsets
        times = None
    if times is None or times.dtype.kind != "M" or times.dt.tz is not None:
        raise UserError(f"{name}: column '{cells.name}' has times with an offset; {wanted}.")
    if times.isna().any():
        row = int(np.flatnonzero(times.isna())[0])
        raise UserError(f"{name}: row {row + 1} of column '{cells.name}' is '{cells.iloc[row]}', which is no time; {wanted}.")
    return pd.DatetimeIndex(times)


def _check_rectangular(path: Path, header: bool) -> list[str]:
    """The column names; pandas would fill a short row with NaN and take a long one's first cell for an index."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file)
        first = next(rows, [])
        if not first:
            raise UserError(f"{path.name} is empty; its first line must hold {'the column names' if header else 'numbers'}.")
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
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{path.name} has two columns '{name}'; every column needs its own name "
                            "(a table without a header row needs header = false).")
    return names


def _is_number(cell: object) -> bool:
    if isinstance(cell, bool | np.bool_):
        return False
    try:
        float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True


@contextmanager
def _readable(path: Path, name: str) -> Iterator[None]:
    """Turn an absent, damaged or forbidden file into a sentence."""
    try:
        yield
    except UserError:
        raise
    except FileNotFoundError:
        raise UserError(f"{path} does not exist; correct `file`, or `root`, in the city file.") from None
    except OSError as error:
        raise UserError(f"{path} could not be read: {error.strerror or error}.") from None
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, csv.Error, pa.ArrowException) as error:
        if "Object arrays" in str(error):
            raise UserError(f"{name} holds Python objects, which are never unpickled; "
                            "save plain numbers, e.g. array.astype('float32').") from None
        # numpy takes any unknown bytes for a pickle, and says how to load it unsafely
        detail = "" if "pickle" in str(error) else f" ({error})"
        raise UserError(f"{path} is damaged or not a {path.suffix} file{detail}; write it again.") from None
