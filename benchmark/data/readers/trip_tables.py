"""Tables of GPS points, a row a point, under any names of columns: .csv, .csv.gz, .dyna and .parquet → `Points`."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from benchmark.data.bounds import LONGEST_ID, Bounded, check_columns, reading, shown
from benchmark.data.readers.moments import seconds_of
from benchmark.data.readers.tables import read_parquet
from benchmark.data.readers.trip_layouts import NAMES, Points, TripLayout
from benchmark.errors import UserError

# what a table may lack
OPTIONAL = ("driver", "order", "missing")
# of JSON
NUMBER, SPACE = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", r"[ \t\r\n]*"
POINT = rf"^{SPACE}\[{SPACE}(?P<lon>{NUMBER}){SPACE},{SPACE}(?P<lat>{NUMBER}){SPACE}\]{SPACE}$"
# LibCity's column that says what a row is, and what it says of a trip's point
TYPE, TRAJECTORY = "type", "trajectory"
# an id is kept once, however many points have it
IDS = pa.dictionary(pa.int32(), pa.string())
KINDS: Mapping[str, pa.DataType] = {
    "id": IDS, "driver": IDS, "time": pa.string(), "lon": pa.float64(), "lat": pa.float64(), "order": pa.float64(), "point": pa.string(),
    "missing": pa.string(), "polyline": pa.string(), TYPE: pa.string()}
# characters of a .csv's first line
LONGEST_HEAD = 2**20


def read_points(path: Path, layout: TripLayout, zone: str) -> Points:
    """The points of a table.

    Raises
    ------
    UserError: the file is absent or damaged, lacks a column, or a cell of it is no id, time or degree.
    """
    with reading(path, "no table of trips", again="write it again"):
        return _points(_parquet(path, layout) if path.suffix == ".parquet" else _csv(path, layout), path.name, layout, zone)


def _points(found: Mapping[str, pa.ChunkedArray], file: str, layout: TripLayout, zone: str) -> Points:
    if not len(found["time"]):
        raise UserError(f"{file} holds no point.")
    said = {what: f"{file}: column '{name}'" for what, name in layout.names.items()}
    if TYPE in found:
        _check_types(found[TYPE], file)
    trip, ids = numbered(found.get("id", found.get("driver")), said["id" if "id" in found else "driver"])
    drivers = np.full(len(ids), "", dtype="U1")
    if "driver" in found:
        driver, names = numbered(found["driver"], said["driver"], needed=False)
        if layout.layout == "libcity" and "id" in found:
            trip, ids = _of_entities(trip, driver, ids, names)
        drivers = names[driver[np.unique(trip, return_index=True)[1]]]
    time, sound = seconds_of(found["time"], said["time"], zone, layout.time_unit)
    lon, lat = _degrees(found["point"], said["point"]) if "point" in found else [found[axis].to_numpy() for axis in ("lon", "lat")]
    return Points(trip, time, lon, lat, sound, ids, drivers, found["order"].to_numpy() if "order" in found else None)


def numbered(column: pa.ChunkedArray, name: str, *, needed: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """(int64 [row] number of each text, text [number]), numbered by the first row that has it.

    Raises
    ------
    UserError: a text is too long, for numpy gives all of them the room of the longest; or one is needed and absent.
    """
    coded = pa.compute.dictionary_encode(column.cast(pa.string()).fill_null("")).unify_dictionaries().combine_chunks()
    coded = coded.chunk(0) if isinstance(coded, pa.ChunkedArray) else coded
    texts = coded.dictionary.to_pylist()
    longest = max(map(len, texts), default=0)
    if longest > LONGEST_ID:
        raise UserError(f"{name} has an id of {longest:,} characters; {LONGEST_ID} are allowed.")
    number = coded.indices.to_numpy().astype(np.int64)
    if needed and "" in texts:
        raise UserError(f"{name} has {int((number == texts.index('')).sum())} rows without an id; every point needs one.")
    return number, np.asarray(texts, dtype=str) if texts else np.zeros(0, "U1")


@contextmanager
def opened_csv(path: Path, layout: TripLayout) -> Iterator[tuple[Any, pa.csv.ReadOptions, dict[str, str]]]:
    """The bytes of a .csv, perhaps compressed; how they are read; and what each column that is there holds → its name.

    Raises
    ------
    UserError: a column is absent.
    """
    def stream() -> Any:
        return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")

    with stream() as raw:
        head = raw.readline(LONGEST_HEAD).decode("utf-8-sig")
    first = next(csv.reader([head]), [])
    check_columns(len(first), path.name)
    headed = layout.header and layout.layout != "gaia"
    names = first if headed else [str(column) for column in range(len(first))]
    if layout.layout == "gaia" and len(names) not in (0, len(NAMES["gaia"])):
        raise UserError(f"{path.name} has {len(names)} columns; a GAIA row is driver, order, unix seconds, lon, lat.")
    with stream() as raw:
        file = Bounded(raw, path) if path.suffix == ".gz" else raw
        yield file, pa.csv.ReadOptions(column_names=None if headed else names), _present(names, layout, path.name)


def _present(names: Sequence[str], layout: TripLayout, file: str) -> dict[str, str]:
    """What the columns that are read hold → their names."""
    wanted, libcity = layout.names, layout.layout == "libcity"
    if libcity:
        wanted[TYPE] = TYPE
        if wanted["id"] not in names and "id" not in layout.columns:
            # an entity is one trip
            del wanted["id"]
    absent = [name for what, name in wanted.items() if name not in names and (what not in OPTIONAL or libcity or what in layout.columns)]
    if absent and names:
        more = ' (GAIA rows have no head: say layout = "gaia"; other names are declared under [trips.columns])'
        raise UserError(f"{file} lacks the column{'s' * (len(absent) > 1)} {', '.join(absent)}; a file of layout \"{layout.layout}\" has "
                        f"{', '.join(wanted.values())}{more if layout.layout == 'table' else ''}. It has {shown(', '.join(names), 200)}.")
    if repeated := [name for name in dict.fromkeys(wanted.values()) if list(names).count(name) > 1]:
        raise UserError(f"{file} has two columns '{repeated[0]}'; every column needs its own name.")
    return {what: name for what, name in wanted.items() if name in names}


def _csv(path: Path, layout: TripLayout) -> dict[str, pa.ChunkedArray]:
    with opened_csv(path, layout) as (file, read, names):
        table = pa.csv.read_csv(file, read_options=read, convert_options=converting(names))
    return {what: table[name] for what, name in names.items()}


def converting(names: Mapping[str, str]) -> pa.csv.ConvertOptions:
    """Only these columns, times as they are written; what another column holds is nobody's concern."""
    return pa.csv.ConvertOptions(include_columns=list(dict.fromkeys(names.values())),
                                 column_types={name: KINDS[what] for what, name in names.items()})


def _parquet(path: Path, layout: TripLayout) -> dict[str, pa.ChunkedArray]:
    table = read_parquet(path)
    names = _present(table.column_names, layout, path.name)
    return {what: table[name] if what == "time" else table[name].cast(pa.string() if KINDS[what] == IDS else KINDS[what])
            for what, name in names.items()}


def _check_types(column: pa.ChunkedArray, name: str) -> None:
    other = pa.compute.not_equal(column.fill_null(""), TRAJECTORY).to_numpy()
    if other.any():
        row = int(np.argmax(other))
        raise UserError(f"{name}: row {row + 1} is of type {shown(str(column[row]))}; only rows of type {TRAJECTORY} are points of trips.")


def _of_entities(trip: np.ndarray, driver: np.ndarray, ids: np.ndarray, names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Trips that every entity numbers for itself: their ids are ``entity/number``."""
    pairs, joined = np.unique(np.stack([driver, trip]), axis=1, return_inverse=True)
    return joined.reshape(-1), np.char.add(np.char.add(names[pairs[0]], "/"), ids[pairs[1]])


def _degrees(column: pa.ChunkedArray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Longitudes and latitudes of ``[lon, lat]``; an empty cell has none."""
    column = column.fill_null("")
    found = pa.compute.extract_regex(column, POINT)
    wrong = pa.compute.and_(found.is_null(), pa.compute.not_equal(column, "")).to_numpy()
    if wrong.any():
        row = int(np.argmax(wrong))
        raise UserError(f"{name}: row {row + 1} is {shown(str(column[row]))}, which is no point such as \"[104.06, 30.65]\".")
    lon, lat = (pa.compute.struct_field(found, axis).cast(pa.float64()).fill_null(float("nan")).to_numpy() for axis in ("lon", "lat"))
    return lon, lat
