"""Columns of a large table, a batch of rows at a time, under whichever of their names the file has. Never all of a file at once."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from benchmark.data.bounds import Bounded, check_columns, reading, shown
from benchmark.errors import UserError

# of a batch
ROWS, BYTES = 2**20, 2**25
# bytes in which a table's first line ends
LONGEST_HEAD = 2**16
TIME, NUMBER, TEXT = pa.timestamp("us"), pa.float64(), pa.string()
# of a .zip that are read one after the other
MOST_MEMBERS = 50
# seconds since 1970 that no time reaches
LATEST = 1e12
# a time that is absent
NO_TIME = np.iinfo(np.int64).min
# a time as seconds since 1970
UNIX = re.compile(r"\d{9,10}(\.0*)?")
# ISO, and as the portals of cities write times
TIME_FORMATS = (pa.csv.ISO8601, "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M")
AGAIN = "get it again"


@dataclass(frozen=True)
class Column:
    """A column that is read."""

    # what it is called here
    name: str
    # TIME, NUMBER or TEXT
    kind: pa.DataType
    # its names in the schemas of the years; case, blanks, dashes and underscores do not count
    heads: tuple[str, ...]
    # whether a file without it is refused
    needed: bool = True


def batches(path: Path, columns: Sequence[Column]) -> Iterator[dict[str, np.ndarray]]:
    """Name → values, batch by batch: times as int64 seconds since 1970 (`NO_TIME`: absent), numbers as float64 (NaN), texts as objects.

    Raises
    ------
    UserError: the file is absent or damaged, lacks a column, or has a cell that is no time or no number.
    """
    with ExitStack() as stack:
        stack.enter_context(reading(path, f"no {path.suffix} file", again=AGAIN))
        read = _parquet if path.suffix == ".parquet" else _csv
        try:
            for names, batch in read(path, columns, stack):
                yield {column.name: _array(batch.column(names[column.name]), column.kind) for column in columns if column.name in names}
        except pa.ArrowInvalid as error:
            # it names the cell, at the end of what it says
            raise UserError(f"{path.name} is no table of the columns that are read ({shown(error, 200)}); {AGAIN}.") from None


def find_heads(heads: Sequence[str], columns: Sequence[Column], file: str) -> dict[str, str]:
    """Name of a column → its head in this file.

    Raises
    ------
    UserError: a column that is needed is absent, or stands twice.
    """
    check_columns(len(heads), file)
    found: dict[str, str] = {}
    for column in columns:
        called = {_plain(head) for head in column.heads}
        matches = [head for head in heads if _plain(head) in called]
        if len(matches) > 1:
            raise UserError(f"{file} has two columns of the same meaning, '{matches[0]}' and '{matches[1]}'; {AGAIN}.")
        if not matches and column.needed:
            raise UserError(f"{file} lacks the column {column.heads[0]}; it has {', '.join(heads)[:300]}.")
        if matches:
            found[column.name] = matches[0]
    return found


def _plain(head: str) -> str:
    return re.sub(r"[^a-z0-9]", "", head.lower())


def _parquet(path: Path, columns: Sequence[Column], stack: ExitStack) -> Iterator[tuple[Mapping[str, str], pa.RecordBatch]]:
    file = stack.enter_context(pa.parquet.ParquetFile(path))
    names = find_heads(file.schema_arrow.names, columns, path.name)
    for batch in file.iter_batches(ROWS, columns=list(names.values())):
        yield names, batch


def _csv(path: Path, columns: Sequence[Column], stack: ExitStack) -> Iterator[tuple[Mapping[str, str], pa.RecordBatch]]:
    for member in _members(path):
        with _opened(path, member) as file:
            top = csv.reader(io.StringIO(file.read(LONGEST_HEAD).decode("utf-8-sig", errors="replace"), newline=""))
        head, first = next(top, []), next((row for row in top if row), [])
        names = find_heads(head, columns, path.name)
        unix = {name for name, cell in zip(head, first, strict=False) if UNIX.fullmatch(cell)}
        kinds = {name: pa.float64() if column.kind == TIME and name in unix else column.kind
                 for column in columns if (name := names.get(column.name)) is not None}
        reader = stack.enter_context(pa.csv.open_csv(
            pa.PythonFile(stack.enter_context(_opened(path, member)), mode="r"), pa.csv.ReadOptions(block_size=BYTES),
            convert_options=pa.csv.ConvertOptions(include_columns=list(kinds), column_types=kinds, strings_can_be_null=True,
                                                  null_values=["", "NULL", "NaN"], timestamp_parsers=list(TIME_FORMATS))))
        for batch in reader:
            yield names, batch


def _members(path: Path) -> list[str]:
    """The tables of a .zip, which are read one after the other; of any other file itself."""
    if path.suffix != ".zip":
        return [""]
    with zipfile.ZipFile(path) as archive:
        inside = sorted(name for name in archive.namelist() if name.lower().endswith(".csv") and "__MACOSX" not in name)
    if not 0 < len(inside) <= MOST_MEMBERS:
        raise UserError(f"{path.name} holds {len(inside)} .csv files; it must hold one, or a few of the same columns.")
    return inside


def _opened(path: Path, member: str) -> IO[bytes]:
    """The bytes of a table."""
    if path.suffix == ".gz":
        return cast(IO[bytes], Bounded(gzip.open(path, "rb"), path))
    if path.suffix != ".zip":
        return path.open("rb", buffering=0)
    archive = zipfile.ZipFile(path)
    return cast(IO[bytes], Bounded(archive.open(member), path))


def _array(cells: Any, kind: pa.DataType) -> np.ndarray:
    if kind == TIME:
        if pa.types.is_floating(cells.type):
            given = cells.to_numpy(zero_copy_only=False)
            known = np.isfinite(given) & (np.abs(given) < LATEST)
            return np.where(known, np.where(known, given, 0).astype(np.int64), NO_TIME)
        if pa.types.is_timestamp(cells.type) and cells.type.tz is not None:
            raise UserError("its times carry a time zone, and local ones are wanted")
        seconds = cells.cast(TIME, safe=False).cast(pa.int64())
        return np.where(seconds.is_null().to_numpy(zero_copy_only=False), NO_TIME, seconds.fill_null(0).to_numpy() // 1_000_000)
    return np.asarray(cells.cast(kind).to_numpy(zero_copy_only=False))
