"""Every promise of the forecasting format, asked of a city as it is stored; what `write_city` asks before it writes stands in `city.py`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.forecasting.city import (
    LINKS,
    NODE_COLUMNS,
    ForecastingCity,
    Series,
    check_adjacency,
    check_nodes,
    check_series,
    statistics,
)
from benchmark.data.forecasting.totals import blocks
from benchmark.data.stored import expect, named, refuse

TYPES = {"values": np.float32, "observed": np.bool_, "nodes": np.int64}
# numbers of a card are rounded to six places, and sums differ a little between machines
NEAR = 1e-5


def check_stored(city: ForecastingCity) -> None:
    """Read the whole city, block by block, and compare it with its card and with its format.

    Raises
    ------
    UserError: names the first file, and where it can the row, that breaks a promise.
    """
    table = city.files / "nodes.csv"
    with named(table):
        expect(table, list(city.nodes.columns), NODE_COLUMNS, "the head")
        check_nodes(city.nodes)
    expect(table, len(city.nodes), city.card["nodes"], "the number of rows")
    expect(table, bool(city.nodes["lon"].notna().all()), city.placed, "whether every node has a place")
    if city.adjacency is not None:
        with named(city.files / (LINKS if LINKS in city.card["files"] else "adjacency.npy")):
            check_adjacency(city.adjacency, len(city.nodes))
    for task, about in city.card["tasks"].items():
        with named(city.files / f"{task}.values.npy"):
            _check_task(city, city.series(task), about)


def _check_task(city: ForecastingCity, one: Series, about: Mapping[str, Any]) -> None:
    path, marks, nodes = (city.files / f"{one.task}.{part}.npy" for part in ("values", "observed", "nodes"))
    for file, array, kind in zip((path, marks, nodes), (one.values, one.observed, one.node_index), TYPES.values(), strict=True):
        expect(file, array.dtype, np.dtype(kind), "its type")
    expect(path, one.values.shape, (about["steps"], about["nodes"]), "its shape")
    expect(marks, one.observed.shape, one.values.shape, "its shape")
    expect(nodes, one.node_index.shape, one.values.shape[1:], "its shape")
    one.clock.check(one.steps)
    expect(path, f"{one.clock.start}/{one.clock.time(one.steps - 1).isoformat()}", about["span"], "the span of its clock and steps")
    _check_entries(path, marks, one)
    check_series(one, city.nodes)
    for fact, found in statistics(one.values, one.observed).items() if "min" in about else ():
        if not math.isclose(found, about[fact], rel_tol=NEAR, abs_tol=NEAR):
            expect(path, found, about[fact], f"its {fact}")


def _check_entries(path: Path, marks: Path, one: Series) -> None:
    """What is not observed is 0, what is observed is finite, and no clock shows an hour that daylight saving skips."""
    exists = one.clock.exists(one.steps)
    for rows in blocks(*one.values.shape):
        values, observed = one.values[rows], one.observed[rows]
        refuse(path, ~np.isfinite(values), "a value is NaN or infinite", rows.start)
        refuse(path, (values != 0) & ~observed, "an entry that is not observed holds another value than 0", rows.start)
        refuse(marks, observed & ~exists[rows, None], "an entry is observed at a time that daylight saving skips", rows.start)
