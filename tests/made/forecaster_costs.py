"""What a training step and an inference batch of a forecaster cost, in a process of its own, beside GWNET's step in the same process.

    python -m made.forecaster_costs METHOD NODES

The city is made up: four tasks in half hours, of which a method of scope `city` takes all and any other the first. Options are the
method's own, but for the batch of 64 windows, and those of `quick` for the ones in `LIGHTER`. A step is the whole loop's: batch gathered,
forward, backward, clipping, optimiser; of several stages those of the last one count.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

from benchmark import Inputs, RunContext
from benchmark.contract import Budget
from benchmark.data.clock import Clock
from benchmark.data.folder import Origin as CityOrigin
from benchmark.data.forecasting.city import ForecastingCity, Series, write_city
from benchmark.families import forecasting_protocol
from benchmark.fitting import prepare, seed_everything
from benchmark.forecasting.contract import Forecaster
from benchmark.forecasting.posing import pose
from benchmark.options import resolve
from benchmark.registry import registry
from benchmark.timing.memory import ResidentGrowth

BATCH, STEPS, ROUNDS = 64, 3, 2
# the unit: a step of this method at so many nodes
UNIT, UNIT_NODES = "gwnet", 69
# one thread needs minutes for a step of these at their authors' sizes: they have those of `quick`
LIGHTER = ("step", "unist", "unitime")
TASKS = ("crowd_in", "crowd_out", "taxi_pick", "taxi_drop")


def city_of(nodes: int, folder: Path) -> ForecastingCity:
    """25 days of counts with a daily rhythm."""
    rng, steps = np.random.default_rng(nodes), 25 * 48
    clock = Clock("2019-01-07T00:00:00", 30, "America/New_York")
    day = 20 + 15 * np.sin(2 * np.pi * clock.slot(steps)[:, None] / 48 + rng.uniform(0, 6, nodes))
    series = [Series(task, rng.poisson(day).astype(np.float32), np.ones((steps, nodes), bool), np.arange(nodes), clock,
                     "trips per 30 min") for task in TASKS]
    column = np.arange(nodes)
    table = pd.DataFrame({"node_id": column.astype(str), "name": "", "lon": 0.01 * (column % 15), "lat": 0.01 * (column // 15)})
    return write_city(folder, f"made-{nodes}", "own", CityOrigin("made", "for benchmarks", "none"), table, series)


def made(name: str, nodes: int, folder: Path) -> Forecaster:
    """The method on its problem, with first weights."""
    cls = registry().load(name)
    sizes = cls.presets["quick"] if name in LIGHTER else {}
    options = resolve(cls.Options, {**sizes, "batch_size": BATCH}, name)
    tasks = TASKS if registry().info(name).scope == "city" else TASKS[:1]
    seed_everything(0)
    return cls(options, pose(city_of(nodes, folder / f"{name}-{nodes}"), tasks, forecasting_protocol("strict"), cls.asks(options)))


def step_seconds(method: Forecaster) -> float:
    """The quickest of a few steps of the last stage; the first one warms up."""
    ends: list[float] = []
    hook = register_optimizer_step_post_hook(lambda *_: ends.append(time.perf_counter()))
    method.fit(RunContext(0, torch.device("cpu"), Budget(1, 1, STEPS * BATCH, 1)))
    hook.remove()
    return min(np.diff(ends[-STEPS:]))


def answer_seconds(method: Forecaster, inputs: Inputs) -> float:
    """Of one batch."""
    began = time.perf_counter()
    method.predict(inputs)
    return time.perf_counter() - began


def costs(name: str, nodes: int, folder: Path) -> dict[str, float]:
    """MB of answering and of training, ms of a batch's answer and of a step, and how many steps of the unit that step takes."""
    prepare("cpu")
    unit, method = made(UNIT, UNIT_NODES, folder), made(name, nodes, folder)
    task = method.problem.tasks[TASKS[0]]
    inputs = task.validation.inputs(torch.linspace(0, len(task.validation) - 1, BATCH).long())
    growth = ResidentGrowth()
    answers = [answer_seconds(method, inputs) for _ in range(1 + ROUNDS)]
    answer_mb, growth = growth.mb(), ResidentGrowth()
    steps, units = [step_seconds(method)], []
    step_mb = growth.mb()
    for _ in range(ROUNDS):  # in turn, so that other work on the machine meets both
        units.append(step_seconds(unit))
        steps.append(step_seconds(method))
    return {"step_ms": 1e3 * min(steps), "unit_ms": 1e3 * min(units), "ratio": min(steps) / min(units), "step_mb": step_mb or 0.0,
            "answer_ms": 1e3 * min(answers), "answer_mb": answer_mb or 0.0}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(costs(sys.argv[1], int(sys.argv[2]), Path(folder))))
