"""One run: fit a method, score it on the test part, and leave a record, whatever happens."""

from __future__ import annotations

import importlib
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmark.checkpoints import Checkpoints
from benchmark.contract import Progress, RunContext
from benchmark.execution.environment import environment, peak_memory_mb
from benchmark.execution.measure import Measured, Outcome, seed_everything
from benchmark.files import DiskError
from benchmark.options import resolve
from benchmark.registry import registry
from benchmark.spec import Record, RunSpec

# family -> how its methods are measured: open_city, facts, budget, fit_and_score
FAMILIES = {"forecasting": "benchmark.execution.forecasting", "trajectory": "benchmark.execution.trajectories"}


def execute(spec: RunSpec, folders: Sequence[Path], device: str, notes: Mapping[str, Any] | None = None,
            progress: Callable[[Progress], None] = lambda progress: None, checkpoints: Checkpoints | None = None) -> Outcome:
    """Do one run over the suite's cities, from its checkpoints if there are any. A method's fault becomes a failed record; faults of the
    machine (disk, memory) are raised."""
    family = importlib.import_module(FAMILIES[registry().info(spec.method).family])
    cities = [family.open_city(folder) for folder in folders]
    history: list[dict[str, Any]] = []
    facts, about = family.facts(spec, cities)
    base = {"city": facts, "environment": environment(torch.device(device)), "notes": {**(notes or {}), **about}}
    run = RunContext(spec.seed, torch.device(device), family.budget(spec), progress, history, checkpoints=checkpoints)
    try:
        return _fit_and_score(spec, run, base, lambda options, run: family.fit_and_score(spec, cities, options, run))
    except (MemoryError, OSError, DiskError, KeyboardInterrupt):
        raise
    except Exception as error:
        tail = "".join(traceback.format_exception(error)[-4:]).replace(str(Path(__file__).resolve().parents[2]), "…")[-2000:]
        failure = {"kind": type(error).__name__, "message": str(error), "traceback": tail}
        return Outcome(Record(spec, "failed", error=failure, **base), history)


def _fit_and_score(spec: RunSpec, run: RunContext, base: Mapping[str, Any], measure: Callable[[Any, RunContext], Measured]) -> Outcome:
    seed_everything(spec.seed)
    began = time.perf_counter()
    options = resolve(registry().load(spec.method).Options, _tuples(spec.options), spec.method)
    if run.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(run.device)
    measured = measure(options, run)
    total = time.perf_counter() - began
    resumed = run.checkpoints.resumed_seconds if run.checkpoints else 0.0
    timings = {"fit_s": round(measured.fit_s + resumed, 3), "predict_s": round(measured.predict_s, 3), "total_s": round(total + resumed, 3)}
    if resumed:
        run.notes["resumed_s"] = round(resumed, 3)
    record = Record(
        spec, "done", metrics=measured.metrics, sums=measured.sums, floors=measured.floors, timings=timings,
        counts={"parameters": measured.parameters, "epochs": len(run.history), "steps": sum(h["steps"] for h in run.history),
                **measured.counts},
        **{**base, "environment": {**base["environment"], **peak_memory_mb(run.device)}, "notes": {**base["notes"], **run.notes}})
    return Outcome(record, run.history, measured.per_node)


def _tuples(options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
