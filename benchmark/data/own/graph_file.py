"""[adjacency] → weights [node, node]: a matrix, a pickled graph of the DCRNN authors, or a table of edges.

Distances become weights as in DCRNN: exp(−(d / σ)²), σ the standard deviation of the distances, weights below 0.1 dropped. Every node then
weighs 1 to itself, and so it does where edges have no value; weights that are given are taken as they are.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array

from benchmark.data.bounds import shown
from benchmark.data.forecasting.graph import KAPPA, Graph, held
from benchmark.data.own.city_file import AdjacencyFile
from benchmark.data.own.layouts import node_of_columns, shape_of
from benchmark.data.readers.pickled_graph import read_pickled_graph
from benchmark.data.readers.tables import load_array, numbers, read_frame
from benchmark.errors import UserError, unknown


def read_graph(given: AdjacencyFile, root: Path, ids: pd.Series) -> tuple[Graph, str]:
    """[node, node] weights in the order of the node table, as they are held, and what the card says of them.

    Raises
    ------
    UserError: the file is wrong, or no graph of these nodes.
    """
    if given.layout == "edges":
        return _of_edges(given, root, ids)
    weights, rows, heads = _matrix(given, root)
    if weights.shape != (len(ids), len(ids)):
        raise UserError(f"{given.file} holds {shape_of(weights)}; the adjacency of {len(ids)} nodes is {len(ids)}×{len(ids)}, "
                        "without a column of names (a .csv without a header row needs header = false, with names of rows index = true).")
    columns = np.argsort(node_of_columns(heads, None, ids, weights, given.file))
    order = columns if rows is None else np.argsort(node_of_columns(rows, None, ids, weights, given.file))
    return held(weights)[np.ix_(order, columns)], "matrix"


def _matrix(given: AdjacencyFile, root: Path) -> tuple[np.ndarray, list[str] | None, list[str] | None]:
    """Weights, and the names of rows and columns where the file has them; without names of rows they are in the order of the columns."""
    path = root / given.file
    suffix = path.suffix.lower()
    if suffix == ".pkl":
        ids, weights = read_pickled_graph(path)
        return weights, None, ids
    if suffix in (".npy", ".npz"):
        weights, rows, heads = load_array(path, given.key), None, None
    else:
        frame = read_frame(path, header=given.header)
        rows = frame.iloc[:, 0].astype(str).tolist() if given.index else None
        frame = frame.iloc[:, 1:] if given.index else frame
        weights, heads = numbers(frame, path.name), [str(head) for head in frame.columns] if given.header else None
    if weights.ndim != 2 or not weights.size:
        raise UserError(f"{path.name} holds an array of shape {weights.shape}; it must be two-dimensional and not empty.")
    return weights, rows, heads


def _of_edges(given: AdjacencyFile, root: Path, ids: pd.Series) -> tuple[Graph, str]:
    frame = read_frame(root / given.file, text=[given.origin, given.destination], header=given.header)
    if given.value is not None and given.value not in frame:
        raise unknown(f"column of {given.file}", given.value, frame.columns)
    if given.distance and given.value is None:
        raise UserError(f"[adjacency] declares distances of {given.file}, but no column of them; write e.g. value = \"cost\".")
    ends = np.stack([pd.Index(ids).get_indexer(frame[column]) for column in (given.origin, given.destination)])
    own = (ends >= 0).all(axis=0)
    if not own.any():
        raise UserError(f"{given.file}: no edge is between two nodes of the city (first: from {shown(frame[given.origin].iloc[0])} to "
                        f"{shown(frame[given.destination].iloc[0])}); `origin` and `destination` name its columns of ids.")
    origin, destination = ends[:, own]
    values = np.ones(len(origin)) if given.value is None else numbers(frame[[given.value]], given.file)[own, 0].astype(np.float64)
    _check(values, given, frame.iloc[np.flatnonzero(own)])
    values = _near(values) if given.distance else values
    # of an edge that stands more than once the last
    _, last, edge = np.unique((origin * len(ids) + destination)[::-1], return_index=True, return_inverse=True)
    unlike = np.flatnonzero(values[::-1][last][edge][::-1] != values)
    if unlike.size:
        raise UserError(f"{given.file}: the edge from {shown(ids[origin[unlike[0]]])} to {shown(ids[destination[unlike[0]]])} stands "
                        "twice, with different values; each may stand once.")
    once = np.sort(len(origin) - 1 - last)
    loops = np.zeros(0, dtype=int)
    if given.distance or given.value is None:
        once, loops = once[origin[once] != destination[once]], np.arange(len(ids))
    rows, columns = (np.concatenate([end[once], loops]) for end in (origin, destination))
    weights = csr_array(coo_array((np.concatenate([values[once], np.ones(len(loops))]), (rows, columns)), shape=(len(ids), len(ids))))
    weights = weights.maximum(weights.T) if given.both_ways else weights
    kind = "distances, by a Gaussian kernel" if given.distance else "links" if given.value is None else "weights"
    both = ", both ways" if given.both_ways else ""
    return held(csr_array(weights)), f"{len(origin):,} of {len(frame):,} edges are between the nodes: {kind}{both}"


def _check(values: np.ndarray, given: AdjacencyFile, frame: pd.DataFrame) -> None:
    with np.errstate(over="ignore"):
        wrong = np.flatnonzero(~(np.isfinite(values.astype(np.float32)) & (values >= 0)))
    if wrong.size:
        raise UserError(f"{given.file}: '{given.value}' of the edge from {shown(frame[given.origin].iloc[wrong[0]])} to "
                        f"{shown(frame[given.destination].iloc[wrong[0]])} is {values[wrong[0]]}; it must be finite and not negative.")


def _near(distances: np.ndarray) -> np.ndarray:
    """The weight of each distance."""
    sigma = float(distances.std()) or float(distances.max()) or 1.0
    weights = np.exp(-np.square(distances / sigma))
    return np.where(weights < KAPPA, 0, weights)
