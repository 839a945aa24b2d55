"""Trips whose points stand in one cell, ``[[lon, lat], …]`` at equal pauses, as the taxis of Porto are published → `Points`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from benchmark.data.bounds import reading, shown
from benchmark.data.readers.moments import seconds_of
from benchmark.data.readers.trip_layouts import Points, TripLayout
from benchmark.data.readers.trip_tables import NUMBER, SPACE, converting, numbered, opened_csv
from benchmark.errors import UserError
from benchmark.ragged import offsets_of, place_in_row, row_of

ONE = rf"{SPACE}\[{SPACE}{NUMBER}{SPACE},{SPACE}{NUMBER}{SPACE}\]{SPACE}"
POLYLINE = rf"^{SPACE}\[(?:{ONE}(?:,{ONE})*|{SPACE})\]{SPACE}$"
YES, NO = ("true", "1"), ("false", "0", "")


def read_polylines(path: Path, layout: TripLayout, zone: str) -> Points:
    """The points of a .csv or .csv.gz, a row a trip; its time is that of the first point.

    Rows that say that points are missing, and rows of an id that stood before, are left out and counted.

    Raises
    ------
    UserError: the file is absent or damaged, lacks a column, or a cell of it is no id, time or polyline.
    """
    with reading(path, "no table of trips", again="write it again"):
        kept, place = _read(path, layout)
        if not len(place) and not kept["length"]:
            raise UserError(f"{path.name} holds no trip.")
        return _points({what: pa.chunked_array(parts) for what, parts in kept.items() if parts}, place, path.name, layout, zone)


def _read(path: Path, layout: TripLayout) -> tuple[dict[str, list[Any]], np.ndarray]:
    """The columns of the rows, with the points of each counted, and float64 [point, 2] of all."""
    kept: dict[str, list[Any]] = {what: [] for what in ("id", "driver", "time", "missing", "length")}
    places = [np.zeros((0, 2))]
    with opened_csv(path, layout) as (file, read, names), pa.csv.open_csv(
            file, read_options=read, convert_options=converting(names)) as batches:
        rows = 0
        for batch in batches:
            length, place = _points_of(batch[names["polyline"]], f"{path.name}: column '{names['polyline']}'", rows)
            kept["length"].append(length)
            places.append(place)
            for what in kept.keys() & names.keys():
                kept[what].append(batch[names[what]])
            rows += len(batch)
    return kept, np.concatenate(places)


def _points(found: Mapping[str, pa.ChunkedArray], place: np.ndarray, file: str, layout: TripLayout, zone: str) -> Points:
    said = {what: f"{file}: column '{name}'" for what, name in layout.names.items()}
    rows = len(found["id"])
    time, known = seconds_of(found["time"], said["time"], zone, layout.time_unit)
    trip, ids = numbered(found["id"], said["id"])
    drivers = np.full(rows, "", dtype="U1")
    if "driver" in found:
        number, texts = numbered(found["driver"], said["driver"], needed=False)
        drivers = texts[number]
    missing = _says_yes(found["missing"], said["missing"]) if "missing" in found else np.zeros(rows, dtype=bool)
    # of the rows that are whole, the first of an id is the trip
    whole, first = np.flatnonzero(~missing), np.zeros(rows, dtype=bool)
    first[whole[np.unique(trip[whole], return_index=True)[1]]] = True
    offsets = offsets_of(found["length"].to_numpy())
    row = row_of(offsets)
    point = first[row]
    times = time[row] + layout.interval_s * place_in_row(offsets)
    return Points(row[point], times[point], place[point, 0], place[point, 1], known[row][point], ids[trip], drivers, left_out={
        "trips that say that points are missing, left out": int(missing.sum()),
        "trips of an id that stood before, left out": int((~missing & ~first).sum())})


def _points_of(column: pa.Array, name: str, before: int) -> tuple[pa.Array, np.ndarray]:
    """(int64 [row] points of each polyline, float64 [point, 2])."""
    text = column.cast(pa.string()).fill_null("[]")
    wrong = pa.compute.invert(pa.compute.match_substring_regex(text, POLYLINE)).to_numpy(zero_copy_only=False)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise UserError(f"{name}: row {before + row + 1} is {shown(text[row].as_py())}, which is no list of points such as "
                        "\"[[-8.61, 41.15], [-8.62, 41.16]]\".")
    numbers = pa.compute.split_pattern(pa.compute.replace_substring_regex(text, r"[\[\]\s]", ""), ",")
    # one without points is split into one empty text
    length = pa.compute.list_value_length(numbers).to_numpy() // 2
    flat = numbers.flatten()
    flat = flat.filter(pa.compute.not_equal(flat, "")).cast(pa.float64()).to_numpy()
    return pa.array(length.astype(np.int64)), flat.reshape(-1, 2)


def _says_yes(column: pa.ChunkedArray, name: str) -> np.ndarray:
    text = pa.compute.utf8_lower(pa.compute.utf8_trim_whitespace(column.cast(pa.string()).fill_null("")))
    yes, no = (pa.compute.is_in(text, pa.array(words)).to_numpy() for words in (YES, NO))
    if not (yes | no).all():
        row = int(np.argmin(yes | no))
        raise UserError(f"{name}: row {row + 1} is {shown(str(column[row]))}; write True or False.")
    return np.asarray(yes)
