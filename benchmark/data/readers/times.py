"""A column of times, however it writes them → local wall-clock times of one zone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmark.data.bounds import shown
from benchmark.data.clock import EARLIEST, LATEST
from benchmark.errors import UserError

# of numbers since 1970
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
# an ISO day, with or without a time of it, and what ends a time that says where its day begins; pandas alone would read `now` as well
DAY, TIME, OFFSET = r"\d{4}-?\d\d-?\d\d", r"[T ]\d\d(?::?\d\d(?::?\d\d(?:\.\d+)?)?)?", r" ?(?:[Zz]|[+-]\d\d(?::?\d\d)?)"


def local_times(cells: pd.Series, name: str, zone: str, unit: str | None = None) -> pd.DatetimeIndex:
    """ISO texts or datetimes as local times without an offset: those with a ``Z`` or another offset are put on the clock of the zone.

    unit: of times that are numbers since 1970 (UTC), whole or not: s, ms, us or ns.

    Raises
    ------
    UserError: names the first cell that is no time, or the first local time that the zone's clock shows twice.
    """
    if unit is not None:
        return _on_the_clock(_of_numbers(cells, name, unit), cells, name, zone)
    if pd.api.types.is_numeric_dtype(cells):
        raise UserError(f"{name}: column '{cells.name}' holds numbers such as {cells.iloc[0]}; {_wanted(cells.iloc[0])}.")
    if not isinstance(cells.dtype, pd.DatetimeTZDtype) and cells.dtype.kind != "M":
        cells_as_times = iso_times(cells.astype(str).str.strip(), f"{name}: column '{cells.name}'")
    else:
        cells_as_times = cells
    _check_times(cells_as_times, cells, name)
    times = pd.DatetimeIndex(cells_as_times)
    return times if times.tz is None else _on_the_clock(times, cells, name, zone)


def iso_times(texts: pd.Series, name: str) -> pd.Series:
    """ISO days or times, with an offset in UTC; NaT where a text is none.

    Raises
    ------
    UserError: some say where their day begins and others do not.
    """
    offset = texts.str.fullmatch(f"{DAY}{TIME}{OFFSET}")
    iso = texts.where(offset | texts.str.fullmatch(f"{DAY}(?:{TIME})?"))
    if iso.notna().all() and offset.any() != offset.all():
        row = int(np.argmax(offset != offset.iloc[0]))
        raise UserError(f"{name} has times with an offset and without one (row {row + 1}: {shown(str(texts.iloc[row]))}); write all of "
                        "them alike.")
    return pd.to_datetime(iso, format="ISO8601", errors="coerce", utc=bool(offset.any()))


def _check_times(read: pd.Series, cells: pd.Series, name: str) -> None:
    """Name the first cell of which nothing was read."""
    if read.isna().any():
        row = int(np.argmax(read.isna()))
        raise UserError(f"{name}: row {row + 1} of column '{cells.name}' is {shown(str(cells.iloc[row]))}, which is no time; "
                        f"{_wanted(cells.iloc[row])}.")


def _on_the_clock(moments: pd.DatetimeIndex, cells: pd.Series, name: str, zone: str) -> pd.DatetimeIndex:
    """What the clock of the zone shows; no two moments may share it, as they do where autumn repeats an hour."""
    local = moments.tz_convert(zone).tz_localize(None)
    unlike = pd.DataFrame({"local": local, "moment": moments.tz_convert("UTC").tz_localize(None)}).drop_duplicates()
    twice = unlike["local"].duplicated()
    if twice.any():
        first = unlike["local"][twice].iloc[0]
        raise UserError(f"{name}: column '{cells.name}' has two moments that {zone} calls {first}: daylight saving repeats that hour. "
                        "Write zone = \"UTC\", or merge their rows and write local times.")
    return local


def _of_numbers(cells: pd.Series, name: str, unit: str) -> pd.DatetimeIndex:
    numbers = pd.to_numeric(cells, errors="coerce") if cells.dtype.kind in "OUiuf" or pd.api.types.is_string_dtype(cells) else None
    if numbers is None:
        raise UserError(f"{name}: column '{cells.name}' holds {cells.dtype}, and time_unit is of numbers; take time_unit out.")
    # parts of a second are kept to the microsecond
    seconds = numbers.to_numpy(np.float64, na_value=np.nan) / PER_SECOND[unit]
    wrong = ~((seconds >= EARLIEST) & (seconds < LATEST))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise UserError(f"{name}: row {row + 1} of column '{cells.name}' is {shown(str(cells.iloc[row]))}, which is no time in {unit} "
                        "since 1970; correct it, or time_unit.")
    return pd.DatetimeIndex(np.rint(seconds * 1e6).astype("int64").astype("datetime64[us]")).tz_localize("UTC")


def unit_of(cell: object) -> str:
    """Which unit makes a time from 1973 on of a number since 1970; empty: none does."""
    try:
        size = abs(float(cell))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""
    return next((unit for unit, per in PER_SECOND.items() if 1e8 <= size / per < LATEST), "")


def _wanted(cell: object) -> str:
    """What to write instead of a cell."""
    if unit := unit_of(cell):
        return f'if these are numbers since 1970 (UTC), declare time_unit = "{unit}"'
    return "write local times such as 2019-01-01 00:30, or times with an offset such as 2019-01-01T00:30:00Z"
