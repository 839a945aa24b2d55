"""A city as it ships: integer arrays, its node table and its card; packed once, unpacked where it is used."""

from __future__ import annotations

import io
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.data.clock import Clock
from benchmark.data.folder import CARD, Origin, read_card
from benchmark.data.forecasting.city import ForecastingCity, Series, write_city
from benchmark.files import write_atomic

NODES, ARRAYS = "nodes.csv", "arrays.npz"


@dataclass(frozen=True)
class Arrays:
    """The numbers of a city."""

    # task → [step, node] counts, whole and not negative
    values: Mapping[str, np.ndarray]
    # task → [step, node] bool
    observed: Mapping[str, np.ndarray]
    # [node, node] counts; the graph is these, row-normalised
    links: np.ndarray


def write(destination: Path, name: str, edition: str, origin: Origin, nodes: pd.DataFrame, arrays: Arrays,
          tasks: Mapping[str, Mapping[str, Any]]) -> ForecastingCity:
    """Write the canonical city.

    nodes: as `write_city`. tasks: task → clock, unit, zero, missing, in the order of tables.
    """
    index = np.arange(len(nodes))
    series = [Series(task, arrays.values[task].astype(np.float32), arrays.observed[task], index, Clock(**about["clock"]), about["unit"],
                     about["zero"], about["missing"]) for task, about in tasks.items()]
    return write_city(destination, name, edition, origin, nodes, series, row_normalised(arrays.links))


def pack(city: Path, arrays: Arrays, destination: Path) -> None:
    """Write what ships of a canonical city that `write` made of these arrays."""
    held = {f"{task}.values": _smallest(table) for task, table in arrays.values.items()}
    held |= {f"{task}.observed": table for task, table in arrays.observed.items()}
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **held, links=_smallest(arrays.links))
    destination.mkdir(parents=True, exist_ok=True)
    write_atomic(destination / ARRAYS, content.getvalue())
    for name in (NODES, CARD):
        shutil.copyfile(city / name, destination / name)


def unpack(packed: Path, destination: Path) -> ForecastingCity:
    """Write the canonical city that was packed."""
    card = read_card(packed)
    with np.load(packed / ARRAYS, allow_pickle=False) as held:
        values, observed = ({task: held[f"{task}.{part}"] for task in card["tasks"]} for part in ("values", "observed"))
        arrays = Arrays(values, observed, held["links"])
    nodes = pd.read_csv(packed / NODES, dtype={"node_id": str, "name": str}, keep_default_na=False)
    origin = Origin(card["title"], card["source"], card["licence"], card["notes"])
    return write(destination, card["name"], card["edition"], origin, nodes, arrays, card["tasks"])


def row_normalised(links: np.ndarray) -> np.ndarray:
    """[node, node] float32: each row's counts as shares of their sum; a row without any stays 0."""
    total = links.sum(axis=1, keepdims=True, dtype=np.float64)
    return np.divide(links, total, out=np.zeros(links.shape), where=total > 0).astype(np.float32)


def _smallest(counts: np.ndarray) -> np.ndarray:
    """uint8 or uint16, whichever holds them."""
    return counts.astype(np.uint8 if counts.max() <= np.iinfo(np.uint8).max else np.uint16)
