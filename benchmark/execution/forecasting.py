"""Fitting and scoring a forecaster on the tasks of one city."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmark import metrics
from benchmark.contract import Budget, Forecaster, RunContext
from benchmark.data.cards import size_in_words
from benchmark.data.city import ForecastingCity
from benchmark.execution.measure import Measured
from benchmark.protocols import forecasting_protocol
from benchmark.registry import registry
from benchmark.spec import RunSpec
from benchmark.suites.catalogue import RANKED_TASKS
from benchmark.tasks.forecasting import held_out_windows, pose
from benchmark.tasks.scoring import score


def open_city(folder: Path) -> ForecastingCity:
    return ForecastingCity(folder)


def budget(spec: RunSpec) -> Budget:
    """The preset's counts, with the protocol's limits filled in."""
    protocol = forecasting_protocol(spec.protocol)
    limits = {key: value for key, value in spec.budget.items() if key != "epochs"}
    return Budget(spec.budget["epochs"] or protocol.max_epochs, protocol.patience, **limits)


def facts(spec: RunSpec, cities: Sequence[ForecastingCity]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The city's card in short, and notes for the record."""
    card = cities[0].card
    about = ("unit", "steps", "nodes", "span", "clock", "zero")
    tasks = {task: {key: one[key] for key in about} for task, one in card["tasks"].items()}
    kept = {key: card[key] for key in ("name", "edition", "title", "source", "licence", "notes", "nodes", "graph")}
    return {**kept, "suite_tasks": list(tasks), "tasks": tasks, "size": size_in_words(card, list(tasks))}, {"graph": card["graph"]}


def fit_and_score(spec: RunSpec, cities: Sequence[ForecastingCity], options: Any, run: RunContext) -> Measured:
    """Pose the problem, fit, predict the test part, sum the errors."""
    (city,) = cities
    protocol = forecasting_protocol(spec.protocol)
    cls = registry().load(spec.method)
    problem = pose(city, spec.tasks, protocol, whole_day=cls.reads_whole_series(options))
    method: Forecaster = cls(options, problem)
    made, started = Measured(), time.perf_counter()
    method.fit(run)
    fitted = time.perf_counter()
    for task in spec.tasks:
        scored = score(method.predict, held_out_windows(city, task, protocol).to(run.device), ranking=task in RANKED_TASKS)
        made.sums[task] = {mask: {name: part.tolist() for name, part in parts.items()} for mask, parts in scored.sums.items()}
        made.metrics[task] = metrics.values(scored.sums)
        made.per_node.update({f"{task}.{name}": part for name, part in scored.per_node.items()})
        one = problem.tasks[task]
        made.counts[task] = {"train_windows": len(one.train), "validation_windows": len(one.validation), "test_windows": scored.windows,
                             "nodes": one.nodes}
    made.parameters, made.fit_s, made.predict_s = method.parameter_count(), fitted - started, time.perf_counter() - fitted
    return made
