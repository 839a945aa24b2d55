"""One run: pose the problem, fit, predict the test part, score, and leave a record, whatever happens."""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmark import metrics
from benchmark.checkpoints import Checkpoints
from benchmark.contract import Budget, Forecaster, Progress, RunContext
from benchmark.data.city import ForecastingCity
from benchmark.execution.environment import environment, peak_memory_mb
from benchmark.files import DiskError
from benchmark.options import resolve
from benchmark.registry import registry
from benchmark.spec import PROTOCOLS, Record, RunSpec
from benchmark.suites.catalogue import RANKED_TASKS
from benchmark.tasks.forecasting import held_out_windows, pose
from benchmark.tasks.scoring import score


@dataclass
class Outcome:
    """A record and the bulky parts that lie beside it."""

    record: Record
    history: list[dict[str, Any]] = field(default_factory=list)
    per_node: dict[str, np.ndarray] = field(default_factory=dict)


def execute(spec: RunSpec, folder: Path, device: str, notes: Mapping[str, Any] | None = None,
            progress: Callable[[Progress], None] = lambda progress: None, checkpoints: Checkpoints | None = None) -> Outcome:
    """Do one run, from its checkpoints if there are any. A method's fault becomes a failed record; faults of the machine (disk, memory)
    are raised."""
    city = ForecastingCity(folder)
    history: list[dict[str, Any]] = []
    base = {"city": _city_facts(city), "environment": environment(torch.device(device)),
            "notes": {**(notes or {}), "graph": city.card["graph"]}}
    try:
        return _fit_and_score(spec, city, torch.device(device), base, history, progress, checkpoints)
    except (MemoryError, OSError, DiskError, KeyboardInterrupt):
        raise
    except Exception as error:
        tail = "".join(traceback.format_exception(error)[-4:]).replace(str(Path(__file__).resolve().parents[2]), "…")[-2000:]
        failure = {"kind": type(error).__name__, "message": str(error), "traceback": tail}
        return Outcome(Record(spec, "failed", error=failure, **base), history)


def _fit_and_score(spec: RunSpec, city: ForecastingCity, device: torch.device, base: Mapping[str, Any],
                   history: list[dict[str, Any]], progress: Callable[[Progress], None], checkpoints: Checkpoints | None) -> Outcome:
    protocol = PROTOCOLS[spec.protocol]
    seed_everything(spec.seed)
    began = time.perf_counter()
    cls = registry().load(spec.method)
    options = resolve(cls.Options, _tuples(spec.options), spec.method)
    problem = pose(city, spec.tasks, protocol, whole_day=cls.reads_whole_series(options))
    method: Forecaster = cls(options, problem)
    limits = {key: value for key, value in spec.budget.items() if key != "epochs"}
    budget = Budget(spec.budget["epochs"] or protocol.max_epochs, protocol.patience, **limits)
    run = RunContext(spec.seed, device, budget, progress, history, checkpoints=checkpoints)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    started = time.perf_counter()
    method.fit(run)
    fitted = time.perf_counter()
    sums, values, per_node, counts = {}, {}, {}, {}
    for task in spec.tasks:
        scored = score(method.predict, held_out_windows(city, task, protocol).to(device), ranking=task in RANKED_TASKS)
        sums[task] = {mask: {name: part.tolist() for name, part in parts.items()} for mask, parts in scored.sums.items()}
        values[task] = metrics.values(scored.sums)
        per_node.update({f"{task}.{name}": part for name, part in scored.per_node.items()})
        one = problem.tasks[task]
        counts[task] = {"train_windows": len(one.train), "validation_windows": len(one.validation), "test_windows": scored.windows,
                        "nodes": one.nodes}
    done = time.perf_counter()
    resumed = checkpoints.resumed_seconds if checkpoints else 0.0
    timings = {"fit_s": round(fitted - started + resumed, 3), "predict_s": round(done - fitted, 3),
               "total_s": round(done - began + resumed, 3)}
    if resumed:
        run.notes["resumed_s"] = round(resumed, 3)
    record = Record(
        spec, "done", metrics=values, sums=sums, timings=timings,
        counts={"parameters": method.parameter_count(), "epochs": len(history), "steps": sum(h["steps"] for h in history), **counts},
        **{**base, "environment": {**base["environment"], **peak_memory_mb(device)}, "notes": {**base["notes"], **run.notes}})
    return Outcome(record, history, per_node)


def seed_everything(seed: int) -> None:
    """Initialisation and dropout draw from the global generators: the runner sets them, a method never does."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (libraries that methods use may draw from it)
    torch.manual_seed(seed)


def _tuples(options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}


def _city_facts(city: ForecastingCity) -> dict[str, Any]:
    keep = ("name", "edition", "title", "source", "licence", "notes", "nodes", "graph")
    about = ("unit", "steps", "nodes", "span", "clock", "zero")
    tasks = {task: {key: facts[key] for key in about} for task, facts in city.card["tasks"].items()}
    return {**{key: city.card[key] for key in keep}, "suite_tasks": list(tasks), "tasks": tasks}
