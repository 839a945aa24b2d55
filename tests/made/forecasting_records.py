"""Records of a forecasting suite, made by hand."""

from __future__ import annotations

from dataclasses import replace

from benchmark.metrics import METRICS
from benchmark.spec import Record, RunSpec

STEPS, ENTRIES = 12, 100.0
# metric -> the sum that it is made of
SUMS = {"mae": "absolute", "rmse": "squared", "mape": "relative", "recall": "hits", "wape": "truth"}
TASKS = {task: {"nodes": 60, "steps": 2016, "unit": "trips"} for task in ("taxi_pick", "taxi_drop")}
CITY = {"name": "nyc", "suite_tasks": list(TASKS), "tasks": TASKS}


def record(method, seed=0, task="taxi_pick", mae=1.0, notes=None, **spec):
    """One fit of one task; the RMSE is twice the MAE, the WAPE could not be computed."""
    base = RunSpec("forecasting", method, 1, {"hidden": 32}, "nyc", 1, (task,), "sim", "abc", "strict", 1, "quick", {"epochs": 6}, seed)
    values = {"mae": mae, "rmse": 2 * mae, "mape": mae / 10, "wape": None}
    return Record(replace(base, **spec), "done", city=CITY, metrics={task: values}, sums={task: sums(values)},
                  notes={"user_overrides": {}, **(notes or {})})


def finished(spec, values=None, seconds=1.0, **others):
    """A finished run of any forecasting spec, with these metrics of each task."""
    tasks, values = {task: TASKS["taxi_pick"] for task in spec.tasks}, values or {"mae": 1.0}
    return Record(spec, "done", {"name": spec.suite, "suite_tasks": list(tasks), "tasks": tasks}, dict.fromkeys(tasks, values),
                  dict.fromkeys(tasks, sums(values)), timings={"total_s": seconds}, **others)


def failed(spec, kind="Diverged", message="The loss became nan."):
    """A failed attempt of any forecasting spec."""
    return replace(finished(spec), status="failed", metrics={}, sums={}, error={"kind": kind, "message": message, "traceback": ""})


def sums(values):
    """mask → sums that tell these metrics, the same in every step; the MAE before the WAPE."""
    made = {}
    for metric, value in values.items():
        if value is not None:
            kind = metric.partition("_")[0]
            names = ("hits", "positives") if kind == "recall" else ("count", "absolute", "squared", "relative", "truth")
            whole = "positives" if kind == "recall" else "count"
            parts = made.setdefault(METRICS[metric].mask, {name: [ENTRIES * (name == whole)] * STEPS for name in names})
            parts[SUMS[kind]] = [ENTRIES * (value**2 if kind == "rmse" else value)] * STEPS
            if kind == "wape":
                parts["truth"] = [parts["absolute"][0] / value] * STEPS
    return made
