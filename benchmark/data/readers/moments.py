"""A column of moments, however it writes them → whole seconds since 1970. Light: numpy, pandas and pyarrow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute

from benchmark.data.bounds import LONGEST_ID, shown
from benchmark.data.clock import EARLIEST, FIRST_YEAR, LAST_YEAR, LATEST
from benchmark.data.readers.times import PER_SECOND, iso_times, unit_of
from benchmark.errors import UserError

# as numbers, 0x10 would be 16
NUMBER = r"^-?[0-9]{1,19}(\.[0-9]+)?$"
# seconds that no clock shows: NaN and infinities are refused by their size
FAR = 2.0**62
# what a table of text writes for nothing
NOTHING = ("", "nan", "NaN", "NULL", "null", "None", "NA", "N/A")


def seconds_of(column: pa.ChunkedArray, name: str, zone: str, unit: str = "s") -> tuple[np.ndarray, np.ndarray]:
    """Moments as (int64 seconds since 1970, UTC, parts cut off; bool, false where a local time is skipped or shown twice).

    Parameters
    ----------
    column: numbers since 1970, ISO texts or datetimes; those without an offset are local times of the zone.
    name: of the file and column, to begin a sentence.
    unit: of numbers: s, ms, us or ns.

    Raises
    ------
    UserError: names the first cell that is no time, or none that a city is measured at.
    """
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        text = pa.compute.utf8_trim_whitespace(column)
        column = pa.compute.if_else(pa.compute.is_in(text, pa.array(NOTHING, text.type)), pa.scalar(None, text.type), text)
    if column.null_count:
        raise UserError(f"{name} has {column.null_count} rows without a time; every point needs one.")
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        numeric = len(column) > 0 and bool(pa.compute.match_substring_regex(column.slice(0, 1), NUMBER)[0].as_py())
        seconds, sound = _numbers_of(column, name, unit) if numeric else _dates(column.to_pandas(), name, zone)
    elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        seconds, sound = _whole(column.to_numpy(), unit)
    elif pa.types.is_timestamp(column.type):
        seconds, sound = _dates(column.to_pandas(), name, zone)
    else:
        raise UserError(f"{name} holds {column.type}; times are numbers since 1970, ISO texts or datetimes.")
    wrong = sound & ((seconds < EARLIEST) | (seconds >= LATEST))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise UserError(f"{name}: row {row + 1} is {shown(str(column[row].as_py()))}, which is no time between the years {FIRST_YEAR} and "
                        f"{LAST_YEAR} in {unit} since 1970{_other_unit(column[row].as_py())}.")
    return seconds, sound


def _numbers_of(column: pa.ChunkedArray, name: str, unit: str) -> tuple[np.ndarray, np.ndarray]:
    wrong = pa.compute.invert(pa.compute.match_substring_regex(column, NUMBER)).to_numpy()
    if wrong.any():
        row = int(np.argmax(wrong))
        raise UserError(f"{name}: row {row + 1} is '{str(column[row])[:LONGEST_ID]}', but row 1 is a number; times are numbers since 1970, "
                        "or all are ISO texts.")
    parts = pa.compute.any(pa.compute.match_substring(column, ".")).as_py()
    return _whole(column.cast(pa.float64() if parts else pa.int64()).to_numpy(), unit)


def _whole(values: np.ndarray, unit: str) -> tuple[np.ndarray, np.ndarray]:
    if values.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            seconds = np.floor(values / PER_SECOND[unit])
        return np.nan_to_num(seconds, nan=-FAR, posinf=FAR, neginf=-FAR).clip(-FAR, FAR).astype(np.int64), np.ones(len(values), dtype=bool)
    return values.astype(np.int64) // PER_SECOND[unit], np.ones(len(values), dtype=bool)


def _dates(cells: Any, name: str, zone: str) -> tuple[np.ndarray, np.ndarray]:
    if cells.dtype.kind == "M":
        times = pd.DatetimeIndex(cells)
    else:
        read = iso_times(cells, name)
        if read.isna().any():
            row = int(np.argmax(read.isna()))
            raise UserError(f"{name}: row {row + 1} is {shown(str(cells.iloc[row]))}, which is no time; write numbers since 1970, or ISO "
                            "times such as 2013-07-01T00:20:04Z.")
        times = pd.DatetimeIndex(read)
    if times.tz is None:
        times = times.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    sound = ~np.asarray(times.isna())
    return np.where(sound, times.tz_convert("UTC").as_unit("us").asi8 // 10**6, 0), sound


def _other_unit(cell: object) -> str:
    """What to declare if another unit makes a time of it."""
    unit = unit_of(cell)
    return f'; if it is in {unit}, declare time_unit = "{unit}"' if unit else ""
