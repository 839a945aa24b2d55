"""What a training step of forecasters costs against the nodes of a city, in memory and time, as a table with exponents.

    python -m made.costs_by_nodes METHOD …            from the root, with PYTHONPATH=.:tests; all of a table, one city size after the other
    python -m made.costs_by_nodes METHOD --nodes N --batch B      one line of JSON

Each measurement has a process of its own and ends beyond `MOST_GB` or `MOST_S` a step, which larger cities then are too. City and sizes
are those of `made.forecaster_costs`; a method that takes no steps is timed by its whole fit. Memory is what the process grows by from
before the problem is posed, less the problem's own rows. The last column is what `MethodInfo` declares, fitted to all that was measured.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from made.forecaster_costs import LIGHTER, TASKS, city_of, step_seconds
from made.measuring import printed_by_a_child
from scipy.optimize import nnls

from benchmark import Forecaster, RunContext
from benchmark.contract import Budget
from benchmark.data.bounds import limited_memory
from benchmark.families import forecasting_protocol
from benchmark.fitting import prepare, seed_everything
from benchmark.footprint import Footprint
from benchmark.forecasting.posing import pose
from benchmark.options import resolve
from benchmark.registry import registry
from benchmark.timing.memory import ResidentGrowth

NODES, BATCH = (69, 206, 716, 2000, 8600), 64
# a second batch at this many nodes tells what grows with the batch from what does not
SMALL_BATCH, AT_NODES = 16, 716
MOST_GB, MOST_S = 4, 60
# of one measurement: some steps of `MOST_S`, and what comes before them
PATIENCE_S = 6 * MOST_S
# one (nodes, batch) -> MB and seconds a step; None: beyond the limits
Found = dict[tuple[int, int], tuple[float, float] | None]


def cost(name: str, nodes: int, batch: int) -> dict[str, float]:
    """MB and seconds of a step; MemoryError where that is beyond the limit."""
    prepare("cpu")
    cls, info = registry().load(name), registry().info(name)
    given = {"batch_size": batch} if "batch_size" in cls.Options.__dataclass_fields__ else {}
    options = resolve(cls.Options, {**(cls.presets["quick"] if name in LIGHTER else {}), **given}, name)
    with tempfile.TemporaryDirectory() as folder:
        city = city_of(nodes, Path(folder) / "city")
        growth = ResidentGrowth()
        with limited_memory(MOST_GB * 10**9):
            seed_everything(0)
            problem = pose(city, TASKS if info.scope == "city" else TASKS[:1], forecasting_protocol("strict"), cls.asks(options))
            method = cls(options, problem)
            seconds = step_seconds(method) if given else fit_seconds(method)
        rows = sum(part.values.nbytes + part.observed.nbytes for one in problem.tasks.values() for part in (one.train, one.validation))
    return {"mb": max((growth.mb() or 0.0) - 2 * rows / 1e6, 0.0), "seconds": seconds}


def fit_seconds(method: Forecaster) -> float:
    began = time.perf_counter()
    method.fit(RunContext(0, torch.device("cpu"), Budget(1, 1)))
    return time.perf_counter() - began


def measured(name: str, sizes: tuple[int, ...] = NODES) -> Found:
    """All sizes of a method, until one is beyond the limits."""
    found: Found = {}
    for nodes in sizes:
        found[nodes, BATCH] = one = _in_a_child(name, nodes, BATCH)
        if one is None:
            break
        if nodes == AT_NODES:
            found[nodes, SMALL_BATCH] = _in_a_child(name, nodes, SMALL_BATCH)
    return found


def _in_a_child(name: str, nodes: int, batch: int) -> tuple[float, float] | None:
    try:
        said = json.loads(printed_by_a_child("-m", "made.costs_by_nodes", name, "--nodes", nodes, "--batch", batch, threads=1,
                                             seconds=PATIENCE_S))
    except subprocess.TimeoutExpired:
        return None
    if "beyond" in said or said["seconds"] > MOST_S or said["mb"] > 1000 * MOST_GB:
        return None
    return said["mb"], said["seconds"]


def exponent(points: list[tuple[int, float]]) -> float | None:
    """b of cost ~ N^b, by least squares of logarithms over the three largest sizes; None: there are fewer than two."""
    some = [(math.log(nodes), math.log(cost)) for nodes, cost in points if cost > 0][-3:]
    return None if len(some) < 2 else float(np.polyfit(*np.transpose(some), 1)[0])


def footprint(found: Found) -> Footprint:
    """The terms, none negative, by least squares of relative errors, beside a constant, which is the process's own."""
    kept = [(nodes, batch, one[0] * 1e6) for (nodes, batch), one in found.items() if one and one[0] > 0]
    if not kept:
        return Footprint()
    nodes, batch, size = np.array(kept, dtype=float).T
    terms, _ = nnls(np.stack([batch * nodes, batch * nodes**2, nodes**2, 1e6 + 0 * nodes], axis=1) / size[:, None], np.ones(len(kept)))
    return Footprint(*(float(f"{term:.3g}") for term in terms[:3]))


def row(name: str, found: Found) -> str:
    """One line of the table."""
    whole = {nodes: one for (nodes, batch), one in found.items() if batch == BATCH}

    def cell(nodes: int) -> str:
        one = whole.get(nodes)
        return f"{one[0]:,.0f} MB, {1e3 * one[1]:,.0f} ms" if one else "beyond" if nodes in whole else ""

    def said(which: int) -> str:
        power = exponent([(nodes, one[which]) for nodes, one in whole.items() if one])
        return "" if power is None else f"{power:.2f}"

    terms = footprint(found)
    return " | ".join([f"| {name}", *map(cell, NODES), said(0), said(1),
                       f"`Footprint({terms.node:g}, {terms.window_pair:g}, {terms.pair:g})` |"])


def main() -> None:
    given = argparse.ArgumentParser()
    given.add_argument("methods", nargs="+")
    given.add_argument("--nodes", type=int)
    given.add_argument("--batch", type=int, default=BATCH)
    asked = given.parse_args()
    if asked.nodes:
        try:
            print(json.dumps(cost(asked.methods[0], asked.nodes, asked.batch)))
        except (MemoryError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and "alloc" not in str(error):
                raise
            print(json.dumps({"beyond": str(error)}))
        return
    print(" | ".join(["| method", *(f"N = {nodes:,}" for nodes in NODES), "memory ~ N^", "time ~ N^", "declares |"]))
    print("|---" * (len(NODES) + 4) + "|")
    for name in asked.methods:
        print(row(name, measured(name)), flush=True)


if __name__ == "__main__":
    sys.exit(main())
