"""Records of trajectory suites, made by hand."""

from __future__ import annotations

from dataclasses import replace

from benchmark.families import TRAJECTORY
from benchmark.spec import Record, RunSpec
from benchmark.suites.catalogue import split_task

NO_GRID = "the method does not read the view grid"
SIZES = {"chengdu": "chengdu: 6,000 trips, 3,120 roads, 4,900 cells", "xian": "xian: 5,200 trips, 2,440 roads, 3,600 cells"}
METRICS = {"road_label": ("micro_f1", "macro_f1"), "travel_time": ("mae", "rmse"), "destination_road": ("acc_1", "acc_5"),
           "destination_grid": ("acc_1", "acc_5")}
FLOORS = {"road_label": {"majority class": {"micro_f1": 0.41, "macro_f1": 0.146}},
          "travel_time": {"mean travel time": {"mae": 210.5, "rmse": 288.25}, "length and hour": {"mae": 96.1, "rmse": 140.7}},
          "destination_road": {"first-order Markov, all trips": {"acc_1": 0.64, "acc_5": 0.93},
                               "last shown road, same labels": {"acc_1": 0.42, "acc_5": 0.61}},
          "destination_grid": {"first-order Markov, all trips": {"acc_1": 0.38, "acc_5": 0.71},
                               "last shown cell, same labels": {"acc_1": 0.21, "acc_5": 0.4}}}


def _roads(micro, macro):
    """One class that gives the micro-F1, and nine that weigh nothing and make up for the macro-F1."""
    nothing, other = 1e-12, (10 * macro - 2 * micro / (1 + micro)) / 9
    return {"roads": {"hits": [micro, *[other * nothing] * 9], "truth": [1.0, *[nothing] * 9], "predicted": [micro, *[nothing] * 9]}}


def _trips(first, fifth):
    return {"trips": {"count": [1.0], "hits_1": [first], "hits_5": [fifth]}}


# what tells the two metrics of a task
SUMS = {"road_label": _roads, "destination_road": _trips, "destination_grid": _trips,
        "travel_time": lambda mae, rmse: {"observed": {"count": [1.0], "absolute": [mae], "squared": [rmse**2], "truth": [0.0]}}}


def sums_of(metrics):
    """task → sums that tell its two metrics."""
    return {task: SUMS[task.rpartition(".")[2]](*values.values()) for task, values in metrics.items()}


def record(method="word2vec", seed=0, cities=("chengdu", "xian"), value=0.5, *, grid=False, only=(), floors=FLOORS, options=None,
           scenario="standard", **spec):
    """One fit of each of the cities' tasks, or of those of the cities in `only`. Scores are `value`, times 100 s · `value`."""
    suite, tasks = "-".join(cities), TRAJECTORY.tasks_of(cities, ())
    covered = tuple(task for task in tasks if not only or split_task(cities, task)[0] in only)
    kinds = {task: split_task(cities, task)[1] for task in covered}
    done = {task: kind for task, kind in kinds.items() if grid or kind != "destination_grid"}
    metrics = {}
    for task, kind in done.items():
        first, second = METRICS[kind]
        scale = 100 if kind == "travel_time" else 1
        metrics[task] = {first: scale * value, second: 1.2 * scale * value}
    base = RunSpec("trajectory", method, 1, {"width": 64}, suite, 1, covered, "sim", "abc", "strict", 1, "quick", {"epochs": 6}, seed,
                   scenario)
    units = {task: {"unit": TRAJECTORY.kind(task).unit} for task in tasks}
    city = {"name": suite, "edition": "sim", "suite_tasks": list(tasks),
            "size": "; ".join(SIZES[name] for name in cities), "cities": {name: {} for name in cities}, "tasks": units}
    missing = {task: NO_GRID for task in kinds if task not in done}
    notes = {"user_overrides": dict(options or {}), **({"missing": missing} if missing else {})}
    spec = {**spec, **({"options": {"width": 64, **options}} if options else {})}
    return Record(replace(base, **spec), "done", city, metrics, sums_of(metrics), notes=notes,
                  floors={task: floors[kind] for task, kind in done.items()})
