"""A city file → its canonical city: read, check, align with the clock and the node table, write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.data.clock import Clock
from benchmark.data.folder import OWN, Origin, cities_home, prepare
from benchmark.data.forecasting.city import ForecastingCity, Series, Split, write_city
from benchmark.data.forecasting.graph import SPARSE_FROM, held
from benchmark.data.own.city_file import CityFile, TaskFile, read_city_file
from benchmark.data.own.counts import is_count, without_repeated_hour
from benchmark.data.own.files import files_of
from benchmark.data.own.graph_file import read_graph
from benchmark.data.own.layouts import Raw, chosen, node_names, on_steps, read_raw
from benchmark.data.own.missing import check_nodes_of_markers, in_words, marked
from benchmark.data.own.node_file import node_table, unplaced
from benchmark.errors import UserError
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
    prepare(destination, lambda folder: write_series(city, folder, OWN), replace=replace, owner=f"City '{city.name}'",
            command=f"stbench data import {toml}")
    return ForecastingCity(destination)


def write_series(city: CityFile, destination: Path, edition: str) -> ForecastingCity:
    """Build the city that a description is of into a folder.

    Raises
    ------
    UserError: as `import_city`.
    """
    nodes = None if city.nodes is None else node_table(city.nodes, city.root)
    series, kept = [], np.ones(0, dtype=bool)
    for name, task in city.tasks.items():
        try:
            raw = read_raw(task, city.root)
            if nodes is None:
                nodes = unplaced(node_names(raw))
            kept = chosen(city.nodes.subset if city.nodes else None, nodes["node_id"], "the node table")
            series.append(_series(name, task, raw, nodes["node_id"], kept, city.split))
        except UserError as error:
            raise UserError(f"Task {name}: {error}") from None
    assert nodes is not None
    adjacency, said = None, {}
    if city.adjacency is not None:
        adjacency, about = read_graph(city.adjacency, city.root, nodes["node_id"])
        adjacency, said = held(adjacency[np.ix_(kept, kept)]), {"graph": f"{Path(city.adjacency.file).name}: {about}"}
    files = {path for task in city.tasks.values() for path in files_of(task, city.root)} | {
        city.root / one.file for one in (city.nodes, city.adjacency) if one is not None}
    origin = Origin(city.title, city.source, city.licence,
                    {"raw_files": {_called(path, city.root): sha256(path) for path in sorted(files)}, **said})
    return write_city(destination, city.name, edition, origin, nodes[kept], series, adjacency, city.split)


def _called(path: Path, root: Path) -> str:
    """A file on a card: below the folder of the files, or, from elsewhere, its name alone."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else path.name


def _series(name: str, task: TaskFile, raw: Raw, ids: pd.Series, kept: np.ndarray, split: Split | None) -> Series:
    """One task on the nodes it keeps, in the order of the node table."""
    check_nodes_of_markers(task, ids)
    found = on_steps(raw, task, ids)
    order = np.argsort(found.columns)
    order = order[kept[found.columns[order]] & chosen(task.subset, ids[found.columns[order]], task.named)]
    if not order.size:
        raise UserError(f"no column of {task.named} is left by the node subsets.")
    columns, clock = found.columns[order], found.clock
    raw_values, present = _ordered(found.values, order), _ordered(found.present, order)
    values, observed, remarks = _observed(raw_values, present, found.expected, task, ids.iloc[columns].tolist(), clock)
    _check_length(len(values), split)
    values, observed, repeated = without_repeated_hour(values, observed, task, clock)
    about = {"count": is_count(task), **({"service": list(task.service)} if task.service else {}),
             **({"repeated_hour": repeated} if repeated else {}), **({"remarks": remarks} if remarks else {}),
             **_unchecked_end(raw, task, clock, len(values))}
    return Series(name, values, observed, (np.cumsum(kept) - 1)[columns], clock, task.unit, task.zero,
                  in_words(task, raw.times is not None), about=about)


def _ordered(entries: np.ndarray, order: np.ndarray) -> np.ndarray:
    """[step, node] these columns. Of many nodes a step lies in one piece, so that windows are read where they lie; of fewer a node does, by
    which their files keep their bytes."""
    if len(order) < SPARSE_FROM:
        return entries[:, order]
    whole = np.array_equal(order, np.arange(entries.shape[1]))
    return np.ascontiguousarray(entries if whole else np.take(entries, order, axis=1))


def _unchecked_end(raw: Raw, task: TaskFile, clock: Clock, steps: int) -> dict[str, str]:
    """What nothing in the files tells: that their rows are all there, and all of the day."""
    if raw.times is not None or task.end is not None or task.rows is not None:
        return {}
    hint = "" if task.service else "; if a day has rows between certain times only, declare `service`"
    return {"unchecked": f"{task.named} carries no times: its {len(raw.values):,} rows are taken to end on {clock.time(steps - 1)}. "
                         f"Declare `end` to have that checked{hint}."}


def _observed(
    raw: np.ndarray, present: np.ndarray, expected: np.ndarray, task: TaskFile, ids: list[str], clock: Clock
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """float32 values and bool observed, both [step, node], and what to remark; what is neither a number nor marked, or is a count below
    zero, is an error."""
    def place(wrong: np.ndarray) -> str:
        step, column = np.argwhere(wrong)[0]
        return f"{int(wrong.sum())} times (first: {clock.time(int(step))}, node '{ids[column]}')"

    def refuse(wrong: np.ndarray, what: str, advice: str) -> None:
        if wrong.any():
            raise UserError(f"{task.named} {what} {place(wrong)}; {advice}.")

    if task.missing is None:
        refuse(~present & expected[:, None], "lacks an entry", 'add it, or declare missing = "nan" if it was not measured')
    observed = present & ~marked(raw, task, ids) & expected[:, None]
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
    return values, observed, [f"{task.named} holds a negative value {place(negative)}: kept as values; if they mark what was not measured, "
                              "declare them as `missing`."]


def _check_length(steps: int, split: Split | None) -> None:
    """Each part of the strict split, or of the city's own, must hold one window at least."""
    protocol = forecasting_protocol("strict").cut_as(split)
    window = protocol.window

    def shortest(rows: int) -> int:
        return min(protocol.parts(rows))

    if shortest(steps) < window:
        # rounding makes the shortest part not quite monotone: the number from which every length will do
        needed = 1 + max(rows for rows in range(100 * window) if shortest(rows) < window)
        raise UserError(f"{steps} rows are too few: each part ({protocol.shares_in_words}) must hold one window of {window} steps; give at "
                        f"least {needed} rows.")
