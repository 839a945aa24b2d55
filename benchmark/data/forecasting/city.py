"""The canonical forecasting city: one folder of memory-mapped series, a node table and a card.

    <folder>/card.json               what it is, where from, SHA-256 of every file, fingerprint
    <folder>/nodes.csv               node_id, name, lon, lat (WGS84 degrees; both empty in every row where nobody knows the places)
    <folder>/<task>.values.npy       float32 [step, node]; unobserved entries are 0
    <folder>/<task>.observed.npy     bool    [step, node]; made once, from the raw data
    <folder>/<task>.nodes.npy        int64   [node]; row of each column in the node table
    <folder>/adjacency.npy           float32 [node, node], optional; from 1,000 nodes on adjacency.npz, its links alone (scipy's CSR)
    <folder>/<task>.extra-<name>.npy float32, optional: a tensor that the source ships with a task

Tasks may differ in nodes, clock and length. Zero is a value; missing is missing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from benchmark.data.clock import Clock
from benchmark.data.folder import CARD, Origin, opened, seal
from benchmark.data.forecasting.graph import Graph, held
from benchmark.data.stored import load_array
from benchmark.errors import UserError, unknown
from benchmark.files import disk_errors
from benchmark.folders import new_folder

LINKS = "adjacency.npz"
NODE_COLUMNS = ["node_id", "name", "lon", "lat"]
# parts of training, validation and test, such as (6, 2, 2)
Split = tuple[int, int, int]


@dataclass(frozen=True)
class Series:
    """One task's series."""

    task: str
    # float32 [step, node], in `unit`; 0 where unobserved
    values: np.ndarray
    # bool [step, node]
    observed: np.ndarray
    # int64 [node]: rows of the city's node table
    node_index: np.ndarray
    clock: Clock
    # e.g. "trips per 30 min"
    unit: str
    # what a zero means, in words
    zero: str = "a real count"
    # how the raw data mark a missing entry, in words
    missing: str = "nothing is missing"
    # name -> float32 tensor that the source ships with the task
    extras: Mapping[str, np.ndarray] = field(default_factory=dict)
    # what else the card says of the task, e.g. sentences under `remarks`
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        return int(self.values.shape[0])


class ForecastingCity:
    """A city on disk, opened without reading its arrays."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # where its files lie, now and for as long as this is open
        self.files, self.card = opened(folder)
        if self.card["kind"] != "forecasting":
            raise UserError(f"{folder} holds a {self.card['kind']} city, not a forecasting one.")
        self.name: str = self.card["name"]
        self.edition: str = self.card["edition"]
        self.fingerprint: str = self.card["fingerprint"]
        self.tasks: tuple[str, ...] = tuple(self.card["tasks"])

    @cached_property
    def nodes(self) -> pd.DataFrame:
        """The node table: node_id, name, lon, lat."""
        with disk_errors(self.files / "nodes.csv", "read"):
            return pd.read_csv(self.files / "nodes.csv", dtype={"node_id": str, "name": str, "lon": float, "lat": float},
                               keep_default_na=False, na_values={"lon": [""], "lat": [""]})

    @property
    def placed(self) -> bool:
        """Whether the places of its nodes are known."""
        return bool(self.card.get("placed", True))

    @property
    def split(self) -> Split | None:
        """How its source divides it; None: as the protocol does."""
        found = self.card.get("split")
        return None if found is None else (found[0], found[1], found[2])

    @cached_property
    def adjacency(self) -> Graph | None:
        """[node, node] float32 weights over the node table, if the source declares them; sparse where there are many nodes."""
        if LINKS in self.card["files"]:
            with disk_errors(self.files / LINKS, "read"):
                return sparse.csr_array(sparse.load_npz(self.files / LINKS))
        return held(self._load("adjacency.npy")) if "adjacency.npy" in self.card["files"] else None

    def series(self, task: str) -> Series:
        """One task's series, memory-mapped."""
        if task not in self.tasks:
            raise unknown(f"task of {self.name}", task, self.tasks)
        about = self.card["tasks"][task]
        values, observed, nodes = (self._load(f"{task}.{part}.npy", mapped=True) for part in ("values", "observed", "nodes"))
        return Series(task, values, observed, np.asarray(nodes), Clock(**about["clock"]), about["unit"], about["zero"], about["missing"],
                      self.extras(task))

    def extras(self, task: str) -> dict[str, np.ndarray]:
        """The tensors that the source ships with a task, by name."""
        prefix, end = f"{task}.extra-", ".npy"
        return {name[len(prefix):-len(end)]: self._load(name) for name in sorted(self.card["files"])
                if name.startswith(prefix) and name.endswith(end)}

    def _load(self, name: str, *, mapped: bool = False) -> np.ndarray:
        return load_array(self.files / name, mapped=mapped)


def write_city(
    destination: Path, name: str, edition: str, origin: Origin, nodes: pd.DataFrame, series: list[Series],
    adjacency: Graph | None = None, split: Split | None = None,
) -> ForecastingCity:
    """Check the parts of a city, write them as one folder (all or nothing), and open it.

    Parameters
    ----------
    nodes: columns node_id, name, lon, lat; lon and lat in WGS84 degrees, or all NaN where nobody knows the places.
    adjacency: [node, node] non-negative weights over the rows of `nodes`.
    split: the parts that the source divides its series into, where it differs from the protocol.

    Raises
    ------
    UserError: if shapes disagree, values are not finite, or a node is never observed; nothing is written then.
    """
    nodes = nodes[NODE_COLUMNS].reset_index(drop=True)
    check_nodes(nodes)
    for one in series:
        check_series(one, nodes)
    if adjacency is not None:
        check_adjacency(adjacency, len(nodes))
        adjacency = held(adjacency)
    tasks: dict[str, Any] = {}
    placed, own = bool(nodes["lon"].notna().all()), {} if split is None else {"split": list(split)}
    with new_folder(destination, CARD) as folder:
        nodes.to_csv(folder / "nodes.csv", index=False, lineterminator="\n")
        if isinstance(adjacency, sparse.csr_array):
            sparse.save_npz(folder / LINKS, adjacency.astype(np.float32), compressed=False)
        elif adjacency is not None:
            np.save(folder / "adjacency.npy", np.ascontiguousarray(adjacency, dtype=np.float32))
        for one in series:
            exists = one.clock.exists(one.steps)
            observed = one.observed & exists[:, None]
            values = np.where(observed, one.values, 0).astype(np.float32, copy=False)
            np.save(folder / f"{one.task}.values.npy", values)
            np.save(folder / f"{one.task}.observed.npy", observed)
            np.save(folder / f"{one.task}.nodes.npy", one.node_index.astype(np.int64))
            for kind, extra in one.extras.items():
                np.save(folder / f"{one.task}.extra-{kind}.npy", np.ascontiguousarray(extra, dtype=np.float32))
            last = one.clock.time(one.steps - 1).isoformat()
            tasks[one.task] = {
                "clock": asdict(one.clock), "span": f"{one.clock.start}/{last}", "steps": one.steps,
                "nodes": int(one.values.shape[1]), "unit": one.unit, "zero": one.zero, "missing": one.missing,
                "skipped_steps": int((~exists).sum()), **statistics(values, observed), **one.about,
            }
        seal(folder, {
            "kind": "forecasting", "name": name, "edition": edition, "title": origin.title, "source": origin.source,
            "licence": origin.licence, "notes": dict(origin.notes), "nodes": len(nodes), **({} if placed else {"placed": False}), **own,
            "graph": "declared" if adjacency is not None else "from coordinates" if placed else "none", "tasks": tasks,
        }, content=json.dumps({task: {k: about[k] for k in ("clock", "unit")} for task, about in tasks.items()} | own))
    return ForecastingCity(destination)


def statistics(values: np.ndarray, observed: np.ndarray) -> dict[str, float]:
    """Shares of missing entries and of zeros; mean, least and largest of the observed values. Unobserved values are 0."""
    count = max(int(observed.sum()), 1)
    return {
        "unobserved_share": round(float(1 - observed.mean()), 6), "mean": round(float(values.sum(dtype=np.float64) / count), 6),
        "zero_share": round(float(((values == 0) & observed).sum() / count), 6),
        "min": round(float(np.min(values, where=observed, initial=np.inf)), 6),
        "max": round(float(np.max(values, where=observed, initial=-np.inf)), 6),
    }


def check_nodes(nodes: pd.DataFrame) -> None:
    """Refuse a node that stands twice, or lies nowhere while others lie somewhere."""
    repeated = nodes["node_id"][nodes["node_id"].duplicated()]
    if len(repeated):
        raise UserError(f"Node id '{repeated.iloc[0]}' stands twice in the node table; every node needs its own.")
    if nodes[["lon", "lat"]].isna().all(axis=None):
        return
    for column, limit in (("lon", 180), ("lat", 90)):
        outside = nodes[~nodes[column].between(-limit, limit)]
        if len(outside):
            raise UserError(f"Node '{outside['node_id'].iloc[0]}' has {column} = {outside[column].iloc[0]}; "
                            f"write WGS84 degrees between {-limit} and {limit}.")


def check_adjacency(adjacency: Graph, nodes: int) -> None:
    """Refuse weights that are not [node, node], finite and not negative."""
    if adjacency.shape != (nodes, nodes):
        raise UserError(f"The adjacency is {'×'.join(map(str, adjacency.shape))}, but there are {nodes} nodes; it must be {nodes}×{nodes}.")
    links = sparse.coo_array(adjacency)
    with np.errstate(over="ignore"):
        wrong = np.flatnonzero(~(np.isfinite(links.data.astype(np.float32)) & (links.data >= 0)))  # it is kept as float32
    if len(wrong):
        i, j = (int(index[wrong[0]]) for index in links.coords)
        raise UserError(f"The adjacency holds {adjacency[i, j]} in row {i + 1}, column {j + 1}; weights are finite and not negative.")


def check_series(one: Series, nodes: pd.DataFrame) -> None:
    """Refuse a series that does not fit the node table, or of which a node or an observed value is none."""
    if one.values.ndim != 2 or one.values.shape != one.observed.shape:
        raise UserError(f"Task {one.task}: values {one.values.shape} and observed {one.observed.shape} must be one [step, node] shape.")
    if one.node_index.shape != (one.values.shape[1],) or len(set(one.node_index.tolist())) != len(one.node_index):
        raise UserError(f"Task {one.task}: {one.values.shape[1]} columns need as many different nodes, "
                        f"got {len(set(one.node_index.tolist()))}.")
    if one.node_index.size and (one.node_index.min() < 0 or one.node_index.max() >= len(nodes)):
        raise UserError(f"Task {one.task}: a column names a node outside the table of {len(nodes)}.")
    if not np.isfinite(one.values[one.observed]).all():
        raise UserError(f"Task {one.task}: an observed value is NaN or infinite; declare what marks a missing entry.")
    empty = np.flatnonzero(~(one.observed & one.clock.exists(one.steps)[:, None]).any(axis=0))
    if empty.size:
        first = nodes["node_id"].iloc[int(one.node_index[empty[0]])]
        raise UserError(f"Task {one.task}: {empty.size} of {one.values.shape[1]} nodes are never observed (first: '{first}'); "
                        "leave them out with a node subset.")
