"""Where the nodes of the authors' archive lie, and what graph that leaves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmark.data.archives.cmust.series import ArchiveSeries
from benchmark.data.clock import Clock
from benchmark.data.readers.tables import numbers, read_frame
from benchmark.errors import UserError
from benchmark.families import forecasting_protocol

# degrees between neighbours of the lattice that stands for unknown places
PITCH = 0.01
# strongest positive correlations kept of a node
NEIGHBOURS = 8


@dataclass(frozen=True)
class Places:
    """The node table, the graph if places are unknown, and what the card says about both."""

    nodes: pd.DataFrame
    adjacency: np.ndarray | None
    notes: Mapping[str, str]


def find_places(series: Mapping[str, ArchiveSeries], table: Path | None, clock: Clock) -> Places:
    """The user's node table, else the archive's coordinates if they can be degrees, else a lattice and a graph of correlations.

    Raises
    ------
    UserError: if the table is wrong, or tasks put the same node in different places.
    """
    first, count = next(iter(series)), next(iter(series.values())).values.shape[1]
    if table is not None:
        return Places(_read_table(table, count), None, {"coordinates": f"the node table {table.name}"})
    given = _common(series)
    if given is not None and _may_be_degrees(given):
        scaled = ", all from 0 to 1: they look min-max scaled, so distances are no metres" if given.min() >= 0 and given.max() <= 1 else ""
        return Places(_nodes(given), None, {"coordinates": f"channels 3 and 4 of the archive, taken as longitude and latitude{scaled}"})
    why = "the archive has none" if given is None else "the archive's are no degrees, or all the same"
    rows = forecasting_protocol("strict").rows(len(series[first].values))[0]
    graph = correlation_graph(series[first].values[rows], clock.slot(rows.stop) + clock.steps_per_day * clock.weekday(rows.stop))
    return Places(_nodes(_lattice(count)), graph, {
        "coordinates": f"unknown ({why}); the nodes lie on a lattice in column order",
        "graph": f"corr{NEIGHBOURS} (correlation of {first} over its training rows of protocol strict)"})


def correlation_graph(values: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """Recipe G4: correlation of what remains without the mean of each kind of step; the strongest positive of each node, symmetric.

    values: [step, node], training rows only. kind: [step] int64, e.g. slot of the week. The diagonal is 1, as in recipe G1.

    Returns
    -------
    [node, node] float32.
    """
    _, group, size = np.unique(kind, return_inverse=True, return_counts=True)
    mean = np.zeros((len(size), values.shape[1]))
    np.add.at(mean, group, values)
    rest = values - (mean / size[:, None])[group]
    rest -= rest.mean(axis=0)
    length = np.sqrt(np.square(rest).sum(axis=0))
    # rounding errors of a node without any rest are no signal
    unit = np.divide(rest, length, out=np.zeros_like(rest), where=length > 1e-6 * max(float(np.abs(values).max()), 1.0))
    # four decimals: the same graph, and fingerprint, on every machine
    correlation = np.round(np.clip(unit.T @ unit, 0, 1), 4)
    np.fill_diagonal(correlation, 0)
    strongest = np.argsort(-correlation, axis=1, kind="stable")[:, :NEIGHBOURS]
    graph = np.zeros_like(correlation)
    np.put_along_axis(graph, strongest, np.take_along_axis(correlation, strongest, axis=1), axis=1)
    graph = np.maximum(graph, graph.T)
    np.fill_diagonal(graph, 1)
    return graph.astype(np.float32)


def _common(series: Mapping[str, ArchiveSeries]) -> np.ndarray | None:
    """[node, 2], the same in all tasks that have coordinates."""
    found = {task: one.coordinates for task, one in series.items() if one.coordinates is not None}
    for task, given in found.items():
        first = next(iter(found))
        differ = np.argwhere(given != found[first])
        if differ.size:
            raise UserError(f"Tasks {first} and {task} put node {differ[0][0]} in different places (channels 3 and 4 of x); the tasks of a "
                            "suite share their nodes, in one order. Give the places yourself (--set nodes=FILE) only if the order is the "
                            "same.")
    return next(iter(found.values()), None)


def _may_be_degrees(given: np.ndarray) -> bool:
    inside = (np.abs(given[:, 0]) <= 180).all() and (np.abs(given[:, 1]) <= 90).all()
    return bool(inside) and (len(given) == 1 or len(np.unique(given, axis=0)) > 1)


def _lattice(count: int) -> np.ndarray:
    """[node, 2] degrees: rows of a square around 0, 0."""
    side = math.ceil(math.sqrt(count))
    return np.round(PITCH * (np.stack([np.arange(count) % side, np.arange(count) // side], axis=1) - (side - 1) / 2), 6)


def _nodes(places: np.ndarray) -> pd.DataFrame:
    ids = [str(node) for node in range(len(places))]
    return pd.DataFrame({"node_id": ids, "name": "", "lon": places[:, 0], "lat": places[:, 1]})


def _read_table(path: Path, count: int) -> pd.DataFrame:
    """node_id, name, lon, lat; row j is column j of the archive."""
    if not path.is_file():
        raise UserError(f"The node table {path} does not exist; give a .csv with the columns node_id, lon, lat and, if you like, name.")
    named = ["name"] if "name" in read_frame(path) else []
    frame = read_frame(path, text=["node_id", *named])
    for column in ("lon", "lat"):
        if column not in frame:
            raise UserError(f"{path.name} has no column '{column}'; it must have node_id, lon, lat and, if you like, name.")
    if len(frame) != count:
        raise UserError(f"{path.name} has {len(frame)} rows, but the archive has {count} nodes; give a row a node, in the archive's order.")
    if frame["node_id"].isna().any():
        raise UserError(f"{path.name}: row {int(np.argmax(frame['node_id'].isna())) + 1} has no node_id; every node needs one.")
    places = numbers(frame[["lon", "lat"]], path.name)
    return pd.DataFrame({"node_id": frame["node_id"], "name": frame["name"].fillna("") if named else frame["node_id"],
                         "lon": places[:, 0], "lat": places[:, 1]})
