"""A city file → its canonical city: read, check, align with the clock and the node table, write."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.data.clock import Clock
from benchmark.data.folder import OWN, Origin, cities_home, prepare
from benchmark.data.forecasting.city import ForecastingCity, Series, check_nodes, write_city
from benchmark.data.own.city_file import AdjacencyFile, CityFile, NodeFile, TaskFile, read_city_file
from benchmark.data.own.counts import is_count, without_repeated_hour
from benchmark.data.own.layouts import chosen, node_of_columns, read_long, read_matrix, read_wide, shape_of
from benchmark.data.readers.tables import numbers, read_frame
from benchmark.errors import UserError, unknown
from benchmark.families import forecasting_protocol
from benchmark.files import sha256


def import_city(toml: Path, *, replace: bool = False) -> ForecastingCity:
    """Build the city that a city file describes, as edition ``own``, and open it.

    Parameters
    ----------
    toml: the city file; `benchmark.data.own.city_file` shows the keys.
    replace: overwrite a city of this name whose content differs.

    Raises
    ------
    UserError: if the file or its data are wrong, or another city has this name; nothing is written then.
    """
    city = read_city_file(toml)
    destination = cities_home() / city.name / OWN
    prepare(destination, lambda folder: _write(city, folder), replace=replace, owner=f"City '{city.name}'",
            command=f"stbench data import {toml}")
    return ForecastingCity(destination)


def _write(city: CityFile, destination: Path) -> ForecastingCity:
    nodes = _node_table(city.nodes, city.root)
    kept = chosen(city.nodes.subset, nodes["node_id"], "the node table")
    series = []
    for name, task in city.tasks.items():
        try:
            series.append(_series(name, task, city.root, nodes["node_id"], kept))
        except UserError as error:
            raise UserError(f"Task {name}: {error}") from None
    adjacency = None if city.adjacency is None else _adjacency(city.adjacency, city.root, nodes["node_id"])[np.ix_(kept, kept)]
    files = {city.nodes.file, *(task.file for task in city.tasks.values()), *([city.adjacency.file] if city.adjacency else [])}
    notes = {"raw_files": {file: sha256(city.root / file) for file in sorted(files)}}
    origin = Origin(city.title, city.source, city.licence, notes)
    return write_city(destination, city.name, OWN, origin, nodes[kept], series, adjacency)


def _node_table(given: NodeFile, root: Path) -> pd.DataFrame:
    """node_id, name, lon, lat; row j is column j of the arrays."""
    named = [given.name] if given.name else []
    frame = read_frame(root / given.file, text=[given.id, *named])
    for column in (*given.lon, *given.lat, *([given.position] if given.position else [])):
        if column not in frame:
            raise unknown(f"column of {given.file}", column, frame.columns)
    if frame[given.id].isna().any():
        raise UserError(f"{given.file}: row {int(np.argmax(frame[given.id].isna())) + 1} has no '{given.id}'; every node needs an id.")
    ids = frame[given.id].astype(str)
    nodes = pd.DataFrame({
        "node_id": ids, "name": frame[given.name].fillna("").astype(str) if given.name else ids,
        "lon": numbers(frame[list(given.lon)], given.file).mean(axis=1), "lat": numbers(frame[list(given.lat)], given.file).mean(axis=1)})
    if given.position:
        position = numbers(frame[[given.position]], given.file)[:, 0]
        if not np.array_equal(np.sort(position), np.arange(len(frame))):
            raise UserError(f"{given.file}: column '{given.position}' must hold each of 0…{len(frame) - 1} once; "
                            "it says which column of the arrays a row describes.")
        nodes = nodes.iloc[np.argsort(position)]
    check_nodes(nodes)
    return nodes.reset_index(drop=True)


def _adjacency(given: AdjacencyFile, root: Path, ids: pd.Series) -> np.ndarray:
    """[node, node] weights, in the order of the node table."""
    values, heads = read_matrix(root / given.file, given.key, given.header)
    if values.shape != (len(ids), len(ids)):
        raise UserError(f"{given.file} holds {shape_of(values)}; the adjacency of {len(ids)} nodes is {len(ids)}×{len(ids)}, "
                        "without a column of names (a .csv without a header row needs header = false).")
    order = np.argsort(node_of_columns(heads, None, ids, values, given.file))
    return values[np.ix_(order, order)]


def _series(name: str, task: TaskFile, root: Path, ids: pd.Series, kept: np.ndarray) -> Series:
    """One task on the nodes it keeps, in the order of the node table."""
    raw = read_long(task, root, ids) if task.layout == "long" else read_wide(task, root, ids)
    order = np.argsort(raw.columns)
    order = order[kept[raw.columns[order]] & chosen(task.subset, ids[raw.columns[order]], task.file)]
    if not order.size:
        raise UserError(f"no column of {task.file} is left by the node subsets.")
    columns = raw.columns[order]
    exists = raw.clock.exists(len(raw.values))
    values, observed, remarks = _observed(raw.values[:, order], raw.present[:, order], exists, task, ids.iloc[columns].tolist(), raw.clock)
    _check_length(len(values))
    values, observed, repeated = without_repeated_hour(values, observed, task, raw.clock)
    about = {"count": is_count(task), **({"repeated_hour": repeated} if repeated else {}), **({"remarks": remarks} if remarks else {})}
    return Series(name, values, observed, (np.cumsum(kept) - 1)[columns], raw.clock, task.unit, task.zero, _missing_in_words(task),
                  about=about)


def _observed(
    raw: np.ndarray, present: np.ndarray, exists: np.ndarray, task: TaskFile, ids: list[str], clock: Clock
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """float32 values and bool observed, both [step, node], and what to remark; what is neither a number nor marked, or is a count below
    zero, is an error."""
    def place(wrong: np.ndarray) -> str:
        step, column = np.argwhere(wrong)[0]
        return f"{int(wrong.sum())} times (first: {clock.time(int(step))}, node '{ids[column]}')"

    def refuse(wrong: np.ndarray, what: str, advice: str) -> None:
        if wrong.any():
            raise UserError(f"{task.file} {what} {place(wrong)}; {advice}.")

    if task.missing is None:
        refuse(~present & exists[:, None], "lacks an entry", 'add it, or declare missing = "nan" if it was not measured')
        marked = np.zeros(raw.shape, dtype=bool)
    else:
        marked = np.isnan(raw) if math.isnan(task.missing) else raw == task.missing
    observed = present & ~marked & exists[:, None]
    with np.errstate(over="ignore"):
        values = raw.astype(np.float32)
    refuse(observed & np.isnan(values), "holds NaN or an empty cell", 'declare missing = "nan" if such entries were not measured')
    refuse(observed & np.isinf(values), "holds an infinite value", "replace it by the declared `missing` marker")
    negative = observed & (values < 0)
    if is_count(task):
        refuse(negative, f"holds a negative value of a count ({task.unit})", "declare what marks a missing entry, such as missing = -1, or "
               "count = false if it counts nothing")
    if not negative.any():
        return values, observed, []
    return values, observed, [f"{task.file} holds a negative value {place(negative)}: kept as values; if they mark what was not measured, "
                              "declare them as `missing`."]


def _missing_in_words(task: TaskFile) -> str:
    if task.missing is None:
        return "nothing is missing"
    marker = "NaN or an empty cell" if math.isnan(task.missing) else f"{task.missing:g}"
    return f"{marker}, or an absent row" if task.layout == "long" else marker


def _check_length(steps: int) -> None:
    """Each part of the strict split must hold one window at least."""
    protocol = forecasting_protocol("strict")
    window = protocol.window

    def shortest(rows: int) -> int:
        return min(protocol.parts(rows))

    if shortest(steps) < window:
        # rounding makes the shortest part not quite monotone: the number from which every length will do
        needed = 1 + max(rows for rows in range(100 * window) if shortest(rows) < window)
        raise UserError(f"{steps} rows are too few: each part (70 % training, 10 % validation, 20 % test) must hold one window of "
                        f"{window} steps; give at least {needed} rows.")
