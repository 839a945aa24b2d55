"""Records of a forecasting suite, made by hand."""

from __future__ import annotations

from dataclasses import replace

from benchmark.spec import Record, RunSpec

TASKS = {task: {"nodes": 60, "steps": 2016, "unit": "trips"} for task in ("taxi_pick", "taxi_drop")}
CITY = {"name": "nyc", "suite_tasks": list(TASKS), "tasks": TASKS}


def record(method, seed=0, task="taxi_pick", mae=1.0, notes=None, **spec):
    """One fit of one task; the RMSE is twice the MAE, the WAPE could not be computed."""
    base = RunSpec("forecasting", method, 1, {"hidden": 32}, "nyc", 1, (task,), "sim", "abc", "strict", 1, "quick", {"epochs": 6}, seed)
    values = {"mae": mae, "rmse": 2 * mae, "mape": mae / 10, "wape": None}
    return Record(replace(base, **spec), "done", city=CITY, metrics={task: values}, notes={"user_overrides": {}, **(notes or {})})
