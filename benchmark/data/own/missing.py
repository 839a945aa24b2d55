"""Which entries of a task are marked as missing: by one marker, by several, or by each node's own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from benchmark.data.own.city_file import TaskFile
from benchmark.errors import unknown


def marked(raw: np.ndarray, task: TaskFile, ids: Sequence[str]) -> np.ndarray:
    """bool [step, node]: holds a marker. raw: [step, node] of these nodes."""
    if task.missing is None:
        return np.zeros(raw.shape, dtype=bool)
    # laid out in memory like the values, by which a city's files keep their bytes
    found = np.zeros_like(raw, dtype=bool)
    if isinstance(task.missing, Mapping):
        for column, node in enumerate(ids):
            for marker in task.missing.get(node, ()):
                found[:, column] |= _is(raw[:, column], marker)
        return found
    for marker in task.missing:
        found |= _is(raw, marker)
    return found


def check_nodes_of_markers(task: TaskFile, ids: Iterable[str]) -> None:
    """Refuse markers of nodes that are not there."""
    known = list(ids)
    for node in task.missing if isinstance(task.missing, Mapping) else ():
        if node not in known:
            raise unknown(f"node in `missing` of {task.named}", node, known)


def in_words(task: TaskFile, timed: bool) -> str:
    """How missing entries are marked. timed: the rows carry times, so that one may be absent."""
    if task.missing is None:
        said = ["nothing is missing"]
    elif isinstance(task.missing, Mapping):
        said = [f"{_list(markers)} of node {node}" for node, markers in task.missing.items()]
    else:
        said = [_list(task.missing)]
    absent = ["or an absent row"] if timed and task.missing is not None else []
    closed = [f"and all outside the hours of service, {'–'.join(task.service)}"] if task.service else []
    return ", ".join([*said, *absent, *closed])


def _list(markers: Sequence[float]) -> str:
    return " or ".join("NaN or an empty cell" if math.isnan(marker) else f"{marker:g}" for marker in markers)


def _is(values: np.ndarray, marker: float) -> np.ndarray:
    return np.asarray(np.isnan(values) if math.isnan(marker) else values == marker)
