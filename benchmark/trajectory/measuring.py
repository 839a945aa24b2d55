"""Fitting a trajectory encoder and judging it on the tasks of its cities."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from benchmark import metrics
from benchmark.contract import Asks, Budget, Fitted, Measured, Measurer, RunContext, Workload
from benchmark.data.cards import size_in_words
from benchmark.data.trajectory.city import TrajectoryCity
from benchmark.errors import UserError
from benchmark.families import TRAJECTORY, Scenario, trajectory_protocol
from benchmark.protocols import Protocol
from benchmark.registry import registry
from benchmark.spec import RunSpec
from benchmark.suites.catalogue import split_task
from benchmark.trajectory.contract import TrajectoryEncoder
from benchmark.trajectory.cuts import TripTable, UntilLastRoad
from benchmark.trajectory.exam import Exam, Judge
from benchmark.trajectory.isolated import IsolatedEncoder, IsolatedFinetuning, IsolatedFrozen
from benchmark.trajectory.judging import KeptAside
from benchmark.trajectory.judging_paper import AsTheAuthors
from benchmark.trajectory.neural import FinetuningProber, NeuralEncoder
from benchmark.trajectory.posing import PartRows, check_labels, part_rows, pose_trajectories
from benchmark.trajectory.probes import FrozenProber, Prober
from benchmark.trajectory.problem import TrajectoryProblem
from benchmark.trajectory.protocol import TrajectoryProtocol
from benchmark.trajectory.using import embed_trips, fitted_encoder, rebuilt_problem

if TYPE_CHECKING:
    import pandas as pd

JUDGES: Mapping[str, type[Judge]] = {"kept aside": KeptAside, "as the authors": AsTheAuthors}


class TrajectoryMeasurer(Measurer):
    """One or several cities, whose tasks are answered by probes on a method's vectors."""

    def open_city(self, folder: Path) -> TrajectoryCity:
        return TrajectoryCity(folder)

    def check(self, cards: Sequence[Mapping[str, Any]], tasks: Sequence[str], protocol: Protocol, scenario: Scenario) -> None:
        """Every task can be posed on every city; what a city's trips lack shows in its run."""
        if "until_last_road" in scenario.changes and trajectory_protocol(protocol.name).hides != "times":
            raise UserError(f"Scenario {scenario.name} hides all times but the departure's, and protocol {protocol.name} shows some that "
                            "give the answer away; take --protocol strict.")

    def problem(self, cities: Sequence[TrajectoryCity], tasks: Sequence[str], protocol: Protocol, asks: Asks) -> TrajectoryProblem:
        unlimited = dict.fromkeys(TRAJECTORY.counts)
        return pose_trajectories([TripTable(city) for city in cities], {city.name: part_rows(city, unlimited) for city in cities},
                                 road_class=asks.road_class, protocol=trajectory_protocol(protocol.name))

    def facts(self, spec: RunSpec, cities: Sequence[TrajectoryCity]) -> tuple[dict[str, Any], dict[str, Any]]:
        tasks = TRAJECTORY.tasks_of([city.name for city in cities], ())
        kept = ("title", "source", "licence", "fingerprint", "trips", "points", "roads", "links", "cells", "zone")
        about = {city.name: {key: city.card[key] for key in kept} | {"split": city.card["notes"]["split"]} for city in cities}
        size = "; ".join(size_in_words(city.card, ()) for city in cities)
        return {"name": spec.suite, "edition": spec.edition, "suite_tasks": list(tasks), "size": size, "cities": about,
                "tasks": {task: {"unit": TRAJECTORY.kind(task).unit} for task in tasks}}, {}

    def measure(self, spec: RunSpec, cities: Sequence[TrajectoryCity], options: Any, run: RunContext, *, keep: bool = False,
                isolated: bool = False) -> Measured:
        return self._measure(spec, cities, options, run, lambda rows: rows, keep, isolated)

    def try_out(self, spec: RunSpec, cities: Sequence[TrajectoryCity], options: Any, run: RunContext) -> dict[str, float]:
        """Task → the first metric that it has, on validation trips that no probe learns from or is stopped by."""
        measured = self._measure(spec, cities, options, run, PartRows.without_test, keep=False)
        if not measured.metrics:
            raise UserError(f"{spec.method} has no answer here: {'; '.join(dict.fromkeys(run.notes['missing'].values()))}.")
        return {task: next(value for value in values.values() if value is not None) for task, values in measured.metrics.items()}

    def _measure(self, spec: RunSpec, cities: Sequence[TrajectoryCity], options: Any, run: RunContext,
                 taken: Callable[[PartRows], PartRows], keep: bool, isolated: bool = False) -> Measured:
        protocol, cls = trajectory_protocol(spec.protocol), registry().load(spec.method)
        named = {split_task([city.name for city in cities], task)[0] for task in spec.tasks}
        tables = {city.name: TripTable(city) for city in cities if city.name in named}
        labelled_share = TRAJECTORY.scenario(spec.scenario).changes.get("labelled_share")
        rows = {name: taken(part_rows(table.city, spec.budget, labelled_share)) for name, table in tables.items()}
        asks = cls.asks(options)
        if asks.said():
            run.notes["asks"] = asks.said()
        problem = pose_trajectories(list(tables.values()), rows, road_class=asks.road_class, protocol=protocol)
        if reason := cls.declines(options, problem):
            run.notes["missing"] = dict.fromkeys(spec.tasks, reason)
            return Measured()
        finetunes = issubclass(cls, NeuralEncoder) and options.probe == "finetune"
        if not isolated:
            method = cls(options, problem)
            return self._judged(spec, cities, tables, rows, method, lambda: _prober(method, run, protocol, finetunes), run, keep)
        apart = IsolatedEncoder(registry().info(spec.method).target, options, problem, run)

        def prober() -> Prober:
            apart.fitted = fitted_encoder(apart, cities, {})
            return IsolatedFinetuning(apart, run) if finetunes else IsolatedFrozen(apart, run, standardise=protocol.standardises)

        try:
            return self._judged(spec, cities, tables, rows, apart, prober, run, keep)
        finally:
            apart.close()

    def _judged(self, spec: RunSpec, cities: Sequence[TrajectoryCity], tables: Mapping[str, TripTable], rows: Mapping[str, PartRows],
                method: TrajectoryEncoder, prober: Callable[[], Prober], run: RunContext, keep: bool) -> Measured:
        """Fit the method, and judge it. prober: of the fitted method."""
        protocol, info, cls = trajectory_protocol(spec.protocol), registry().info(spec.method), registry().load(spec.method)
        changes = TRAJECTORY.scenario(spec.scenario).changes
        asked_of = {name: UntilLastRoad(table) if "until_last_road" in changes else table for name, table in tables.items()}
        shows_class = cls.asks(method.options).road_class
        made, started = Measured(), time.perf_counter()
        method.fit(run)
        fitted, asked = time.perf_counter(), prober()
        answers: dict[str, np.ndarray] = {}
        for task in spec.tasks:
            city, kind = split_task([one.name for one in cities], task)
            if kind == "road_label":
                check_labels(tables[city].city)
            judge = JUDGES[protocol.judging](Exam(asked_of[city], rows[city], protocol, changes.get("kept_share"), method, asked, run))
            made.floors[task] = judge.floors(kind)
            if missing := _missing(kind, cls.views(method.options, info.inputs), shows_class):
                run.notes.setdefault("missing", {})[task] = missing
                continue
            judged = judge.judge(kind)
            made.add(task, judged.sums, metrics.values(judged.sums), judged.hours)
            made.counts[task] = {"unlabelled_trips": len(rows[city].unlabelled), **judged.counts}
            answers |= {f"{task}.{name}": array for name, array in judged.answers.items()}
        if keep:
            made.fitted = fitted_encoder(method, cities, answers)
        made.parameters, made.fit_s, made.predict_s = method.parameter_count(), fitted - started, time.perf_counter() - fitted
        return made

    def workload(self, spec: RunSpec, cities: Sequence[TrajectoryCity], asks: Asks, task: str) -> Workload:
        """Whole trips of the city that the task is of."""
        names = [city.name for city in cities]
        covered = {split_task(names, one)[0] for one in spec.tasks}
        tables = [TripTable(city) for city in cities if city.name in covered]
        problem = pose_trajectories(tables, {table.name: part_rows(table.city, spec.budget) for table in tables},
                                    road_class=asks.road_class, protocol=trajectory_protocol(spec.protocol))
        trips = problem.cities[split_task(names, task)[0]].validation
        return Workload(problem, "trips", len(trips), lambda rows, device: trips.rows(rows).to(device),
                        lambda method, some: method.encode(some), lambda method: fitted_encoder(method, cities, {}))

    def rebuild(self, fitted: Fitted, asks: Asks) -> TrajectoryProblem:
        return rebuilt_problem(fitted)

    def embed(self, fitted: Fitted, method: TrajectoryEncoder, city: TrajectoryCity) -> pd.DataFrame:
        # encoding draws nothing and counts nothing: any run will do
        return embed_trips(fitted, method, city, RunContext(0, torch.device("cpu"), Budget(1, 1)))


def _prober(method: TrajectoryEncoder, run: RunContext, protocol: TrajectoryProtocol, finetunes: bool) -> Prober:
    if finetunes:
        assert isinstance(method, NeuralEncoder)
        return FinetuningProber(method, run)
    return FrozenProber(method, run, standardise=protocol.standardises)


def _missing(kind: str, views: tuple[str, ...], shows_class: bool) -> str | None:
    """Why a method has no result here, if it has none."""
    view = TRAJECTORY.kinds[kind].view
    if kind == "road_label" and shows_class:
        return "the method reads the road classes by its options"
    return None if view is None or view in views else f"the method does not read the view {view}"


MEASURER = TrajectoryMeasurer()
