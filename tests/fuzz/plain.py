"""What a file says by the plainest reading: csv, json, tomllib, and a few lines for numpy's format. No code of the engine is used."""

from __future__ import annotations

import ast
import csv
import gzip
import io
import json
import math
import tomllib
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np

# the cells of a table that hold nothing
EMPTY = ("", "nan", "NaN", "NAN")
# the cells of a table of trips that hold nothing: its points are dropped, and counted by a sentence
NOTHING = {*EMPTY, "NA", "N/A", "NULL", "null", "n/a", "#N/A", "-nan", "-NaN", "1.#QNAN", "1.#IND", "-1.#IND", "-1.#QNAN",
           "#NA", "#N/A N/A"}


def table(path: Path, errors: str = "strict") -> tuple[list[str], list[list[str]]]:
    """The head and the rows that hold anything. errors: of bytes that are no UTF-8; columns that nobody reads may have them."""
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    head, *rows = [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig", errors), newline="")) if row]
    return head, rows


def column(path: Path, name: str) -> list[str]:
    head, rows = table(path)
    return [row[head.index(name)] for row in rows]


def number(cell: str) -> float:
    return math.nan if cell in EMPTY else float(cell)


def numbers(path: Path, ids: list[str], timed: str | None = None, header: bool = True) -> dict[tuple[str, int], float]:
    """(node, row) → value of a wide table of these nodes; rows are counted from 0."""
    head, rows = table(path)
    if not header:
        head, rows = [str(k) for k in range(len(head))], [head, *rows]
    positions = [name for name in head if name != timed]
    by_id = set(positions) <= set(ids)
    return {(name if by_id else ids[positions.index(name)], k): number(row[head.index(name)]) for k, row in enumerate(rows)
            for name in positions}


def long_numbers(path: Path, start: str, minutes: int) -> dict[tuple[str, int], float]:
    """(node, step) → value of a long table."""
    head, rows = table(path)
    place = [head.index(name) for name in ("time", "node", "value")]
    found = {}
    for row in rows:
        when, node, value = (row[k] for k in place)
        step = (datetime.fromisoformat(when.strip()) - datetime.fromisoformat(start)).total_seconds() / 60 / minutes
        found[node, step] = number(value)
    return found


def array(content: bytes) -> np.ndarray:
    """The array of a .npy."""
    if content[:6] != b"\x93NUMPY":
        raise ValueError("no array")
    width = 2 if content[6] == 1 else 4
    begin = 8 + width + int.from_bytes(content[8:8 + width], "little")
    head = ast.literal_eval(content[8 + width:begin].decode("latin1").strip())
    flat = np.frombuffer(content[begin:], head["descr"])
    return flat.reshape(head["shape"], order="F" if head["fortran_order"] else "C")


def member(path: Path, key: str) -> np.ndarray:
    with zipfile.ZipFile(path) as archive:
        return array(archive.read(f"{key}.npy" if f"{key}.npy" in archive.namelist() else key))


def toml(path: Path) -> dict:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def lines_of(path: Path) -> list[tuple[object, object, str, list[list[float]]]]:
    """(u, v, highway, [[lon, lat], …]) of a GeoJSON's features."""
    features = json.loads(path.read_text(encoding="utf-8-sig"))["features"]
    return [(one["properties"]["u"], one["properties"]["v"], one["properties"].get("highway") or "unclassified",
             one["geometry"]["coordinates"]) for one in features]


def seconds(cell: str) -> int:
    """Whole seconds since 1970 of a number, or of an ISO time; one without an offset is UTC."""
    try:
        return math.floor(Decimal(cell))
    except ArithmeticError:
        when = datetime.fromisoformat(cell.strip())
        return math.floor((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())


def _placed(points: list[tuple[int, float, float]]) -> list[tuple[int, float, float]]:
    """Those on earth in time order, each time once."""
    found: dict[int, tuple[float, float]] = {}
    for time, lon, lat in points:
        if abs(lon) <= 180 and abs(lat) <= 90:
            found.setdefault(time, (lon, lat))
    return [(time, *found[time]) for time in sorted(found)]


def polylines(path: Path) -> dict[str, list[tuple[int, float, float]]]:
    """Trip → its points, 15 s apart, of rows that miss none and whose id did not stand before."""
    head, rows = table(path, "replace")
    found: dict[str, list[tuple[int, float, float]]] = {}
    for row in rows:
        cell = dict(zip(head, row, strict=True))
        if "MISSING_DATA" not in cell or cell["MISSING_DATA"].strip().lower() in ("false", "0", ""):
            line = json.loads(cell["POLYLINE"])
            found.setdefault(cell["TRIP_ID"], [(seconds(cell["TIMESTAMP"]) + 15 * k, *point) for k, point in enumerate(line)])
    return {trip: placed for trip, points in found.items() if len(placed := _placed(points)) > 1}


def entities(path: Path) -> dict[str, list[tuple[int, float, float]]]:
    """Trip of a .dyna, called entity/number, → its points."""
    head, rows = table(path, "replace")
    found: dict[str, list[tuple[int, float, float]]] = {}
    for row in rows:
        cell = dict(zip(head, row, strict=True))
        name = f"{cell['entity_id']}/{cell['traj_id']}" if "traj_id" in head else cell["entity_id"]
        lon, lat = json.loads(cell["coordinates"]) if cell["coordinates"] else (math.nan, math.nan)
        found.setdefault(name, []).append((seconds(cell["time"]), lon, lat))
    return {trip: placed for trip, points in found.items() if len(placed := _placed(points)) > 1}


def trips(path: Path) -> dict[str, list[tuple[int, float, float]]]:
    """Trip → its points with a place on earth, in time order, each time once, of trips with two or more."""
    head, rows = table(path)
    found: dict[str, dict[int, tuple[float, float]]] = {}
    for row in rows:
        cell = dict(zip(head, row, strict=True))
        lon, lat = (math.nan if cell[axis] in NOTHING else float(cell[axis]) for axis in ("lon", "lat"))
        if abs(lon) <= 180 and abs(lat) <= 90:
            found.setdefault(cell["trip_id"], {}).setdefault(seconds(cell["unix_time"]), (lon, lat))
    return {trip: [(time, *points[time]) for time in sorted(points)] for trip, points in found.items() if len(points) > 1}
