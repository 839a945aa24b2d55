"""Fitting a trajectory encoder and judging it on the tasks of its cities."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmark import metrics
from benchmark.contract import Budget, RunContext, TrajectoryEncoder
from benchmark.data.cards import size_in_words
from benchmark.data.trajectory_city import TrajectoryCity
from benchmark.execution.measure import Measured
from benchmark.protocols import trajectory_protocol
from benchmark.registry import registry
from benchmark.spec import RunSpec
from benchmark.suites.catalogue import TRAJECTORY_TASKS, TRAJECTORY_UNITS, split_task, trajectory_tasks
from benchmark.tasks.cuts import KEPT_SHARE, TripTable
from benchmark.tasks.trajectory import check_labels, part_rows, pose_trajectories
from benchmark.training import judging, judging_paper
from benchmark.training.encoder import FinetuningProber, NeuralEncoder
from benchmark.training.judging import Exam, Judged
from benchmark.training.probes import FrozenProber, Prober


def open_city(folder: Path) -> TrajectoryCity:
    return TrajectoryCity(folder)


def budget(spec: RunSpec) -> Budget:
    """The preset's counts, with the protocol's limits filled in."""
    protocol = trajectory_protocol(spec.protocol)
    limits = {key: value for key, value in spec.budget.items() if key != "epochs"}
    return Budget(spec.budget["epochs"] or protocol.max_epochs, protocol.patience, **limits)


def facts(spec: RunSpec, cities: Sequence[TrajectoryCity]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The cities' cards in short, and notes for the record."""
    names = [city.name for city in cities]
    tasks = trajectory_tasks(names)
    about = {city.name: {key: city.card[key] for key in ("title", "source", "licence", "fingerprint", "trips", "points", "roads", "links",
                                                         "cells", "zone")} | {"split": city.card["notes"]["split"]} for city in cities}
    size = "; ".join(size_in_words(city.card, ()) for city in cities)
    return {"family": "trajectory", "name": spec.suite, "edition": spec.edition, "suite_tasks": list(tasks), "size": size, "cities": about,
            "tasks": {task: {"unit": TRAJECTORY_UNITS.get(split_task(names, task)[1], "")} for task in tasks}}, {}


def fit_and_score(spec: RunSpec, cities: Sequence[TrajectoryCity], options: Any, run: RunContext) -> Measured:
    """Pose the problem, fit, then judge every task whose view the method reads."""
    protocol, info, cls = trajectory_protocol(spec.protocol), registry().info(spec.method), registry().load(spec.method)
    names = [city.name for city in cities]
    wanted = [(task, *split_task(names, task)) for task in spec.tasks]
    tables = {city.name: TripTable(city) for city in cities if city.name in {name for _, name, _ in wanted}}
    rows = {name: part_rows(table.city, spec.budget, spec.scenario) for name, table in tables.items()}
    shows_class = cls.reads_road_class(options)
    method: TrajectoryEncoder = cls(options, pose_trajectories(list(tables.values()), rows, road_class=shows_class))
    rules = judging if protocol.selection == "validation" else judging_paper
    made, started = Measured(), time.perf_counter()
    method.fit(run)
    fitted = time.perf_counter()
    finetunes = isinstance(method, NeuralEncoder) and options.probe == "finetune"
    prober: Prober = FinetuningProber(method, run) if finetunes else FrozenProber(method, run, standardise=protocol.standardises)
    for task, city, kind in wanted:
        if kind == "road_label":
            check_labels(tables[city].city)
        exam = Exam(tables[city], rows[city], protocol, KEPT_SHARE.get(spec.scenario), method, prober, run)
        made.floors[task] = rules.floors(exam, kind)
        if missing := _missing(kind, cls.views(options, info.inputs), shows_class):
            run.notes.setdefault("missing", {})[task] = missing
            continue
        judged = judge(rules, exam, kind)
        made.sums[task] = {mask: {name: part.tolist() for name, part in parts.items()} for mask, parts in judged.sums.items()}
        made.metrics[task] = metrics.values(judged.sums)
        made.counts[task] = {"unlabelled_trips": len(rows[city].unlabelled), **judged.counts}
    made.parameters, made.fit_s, made.predict_s = method.parameter_count(), fitted - started, time.perf_counter() - fitted
    return made


def judge(rules: ModuleType, exam: Exam, kind: str) -> Judged:
    """One task of one city, by a protocol's rules."""
    if kind == "road_label":
        return rules.judge_road_label(exam)
    return rules.judge_travel_time(exam) if kind == "travel_time" else rules.judge_destination(exam, kind)


def _missing(kind: str, views: tuple[str, ...], shows_class: bool) -> str | None:
    """Why a method has no result here, if it has none."""
    view = TRAJECTORY_TASKS[kind]
    if kind == "road_label" and shows_class:
        return "the method reads the road classes by its options"
    return None if view is None or view in views else f"the method does not read the view {view}"
