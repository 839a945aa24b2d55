"""Fitting and scoring a forecaster on the tasks of one city."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from benchmark import metrics
from benchmark.contract import Asks, BadPrediction, Fitted, Measured, Measurer, RunContext, Workload
from benchmark.data.cards import size_in_words
from benchmark.data.forecasting.city import ForecastingCity
from benchmark.days import Days
from benchmark.errors import TooSmall, UserError
from benchmark.families import FORECASTING, STANDARD, Scenario, forecasting_protocol
from benchmark.fitting import return_free_blocks
from benchmark.forecasting.contract import Forecaster
from benchmark.forecasting.floors import floors
from benchmark.forecasting.isolated import IsolatedForecaster
from benchmark.forecasting.memory import expected_bytes
from benchmark.forecasting.posing import cut, held_out_windows, lacking, pose, pose_under
from benchmark.forecasting.problem import ForecastProblem, Inputs
from benchmark.forecasting.protocol import ForecastingProtocol
from benchmark.forecasting.scenarios import change_of, under
from benchmark.forecasting.scoring import score
from benchmark.forecasting.using import fitted_forecaster, forecast_next, rebuilt_problem
from benchmark.protocols import Protocol
from benchmark.registry import registry
from benchmark.spec import RunSpec
from benchmark.training_notes import last_training

if TYPE_CHECKING:
    import pandas as pd


class ForecastMeasurer(Measurer):
    """One city, whose tasks are scored one after the other."""

    def open_city(self, folder: Path) -> ForecastingCity:
        return ForecastingCity(folder)

    def check(self, cards: Sequence[Mapping[str, Any]], tasks: Sequence[str], protocol: Protocol, scenario: Scenario) -> None:
        assert isinstance(protocol, ForecastingProtocol)
        changed = "" if scenario.name == STANDARD else f" under scenario {scenario.name}"
        for card in cards:
            for task in tasks:
                if task not in card["tasks"]:
                    raise UserError(f"City {card['name']} ({card['edition']}) has no task '{task}'; it has {', '.join(card['tasks'])}.")
                try:
                    cut(change_of(scenario).about(card["tasks"][task])["steps"], protocol.cut_as(card.get("split")))
                except TooSmall as error:
                    raise TooSmall(f"City {card['name']}, task {task}{changed}: {error}") from None

    def expected_bytes(self, spec: RunSpec, cards: Sequence[Mapping[str, Any]]) -> float:
        scenario, scope = FORECASTING.scenario(spec.scenario), registry().info(spec.method).scope
        shown = scenario.shown(scope, tuple(cards[0]["tasks"]), spec.tasks)
        return expected_bytes(spec, cards, shown, forecasting_protocol(spec.protocol).train_share)

    def problem(self, cities: Sequence[ForecastingCity], tasks: Sequence[str], protocol: Protocol, asks: Asks) -> ForecastProblem:
        (city,) = cities
        return pose(city, tasks, forecasting_protocol(protocol.name), asks)

    def facts(self, spec: RunSpec, cities: Sequence[ForecastingCity]) -> tuple[dict[str, Any], dict[str, Any]]:
        card = under(cities[0], spec.scenario, spec.tasks).card
        about = ("unit", "steps", "nodes", "span", "clock", "zero", "kept_nodes")
        tasks = {task: {key: one[key] for key in about if key in one} for task, one in card["tasks"].items()}
        about_city = ("name", "edition", "title", "source", "licence", "notes", "nodes", "graph", "placed", "split")
        kept = {key: card[key] for key in about_city if key in card}
        return {**kept, "suite_tasks": list(tasks), "tasks": tasks, "size": size_in_words(card, list(tasks))}, {"graph": card["graph"]}

    def measure(self, spec: RunSpec, cities: Sequence[ForecastingCity], options: Any, run: RunContext, *, keep: bool = False,
                isolated: bool = False) -> Measured:
        city = under(cities[0], spec.scenario, spec.tasks)
        protocol, cls = forecasting_protocol(spec.protocol).cut_as(city.split), registry().load(spec.method)
        asks = cls.asks(options)
        if asks.said():
            run.notes["asks"] = asks.said()
        problem = _posed(spec, city, asks)
        if reason := _declines(spec, city, options, problem):
            run.notes["missing"] = dict.fromkeys(spec.tasks, reason)
            return Measured(floors={task: floors(city, task, protocol) for task in spec.tasks})
        if not isolated:
            return self._measured(spec, city, cls(options, problem), asks, run, keep)
        method = IsolatedForecaster(registry().info(spec.method).target, options, problem, run)
        try:
            measured = self._measured(spec, city, method, asks, run, keep)
            method.check_alone(rebuilt_problem(fitted_forecaster(method, city, protocol, {}), asks))
            return measured
        finally:
            method.close()

    def _measured(self, spec: RunSpec, city: ForecastingCity, method: Forecaster, asks: Asks, run: RunContext, keep: bool) -> Measured:
        protocol = forecasting_protocol(spec.protocol).cut_as(city.split)
        made, predicted, started = Measured(), _Predicted(method), time.perf_counter()
        method.fit(run)
        fitted = time.perf_counter()
        return_free_blocks()
        for task in spec.tasks:
            beside = tuple(method.problem.tasks) if asks.beside else ()
            windows = held_out_windows(city, task, protocol, asks.past_days, beside).to(run.device)
            scored = score(predicted if keep else method.predict, windows, ranking=FORECASTING.kind(task).ranks_cells)
            made.add(task, scored.sums, metrics.values(scored.sums), Days(_first_day(city, task, protocol), 24, scored.days))
            made.per_node.update({f"{task}.{name}": part for name, part in scored.per_node.items()})
            one = method.problem.tasks[task]
            made.counts[task] = {"train_windows": len(one.train), "validation_windows": len(one.validation),
                                 "test_windows": scored.windows, "nodes": one.nodes}
        made.parameters, made.fit_s, made.predict_s = method.parameter_count(), fitted - started, time.perf_counter() - fitted
        made.floors = {task: floors(city, task, protocol) for task in spec.tasks}
        if keep:
            made.fitted = fitted_forecaster(method, city, protocol, predicted.windows(), spec.scenario)
        return made

    def rescore(self, spec: RunSpec, cities: Sequence[ForecastingCity], predicted: Mapping[str, np.ndarray]) -> Measured:
        city, protocol, made = under(cities[0], spec.scenario, spec.tasks), forecasting_protocol(spec.protocol), Measured()
        for task, given in predicted.items():
            windows = held_out_windows(city, task, protocol)
            if len(given) != len(windows):
                raise BadPrediction(f"Task {task}: {len(given)} windows were predicted, and {len(windows)} are asked.")
            scored = score(_Given(given, windows.at_once), windows, ranking=FORECASTING.kind(task).ranks_cells)
            made.add(task, scored.sums, metrics.values(scored.sums))
        return made

    def try_out(self, spec: RunSpec, cities: Sequence[ForecastingCity], options: Any, run: RunContext) -> dict[str, float]:
        """Task → error of the best epoch of the last stage on it, in the task's unit, as the fit's notes say it."""
        cls = registry().load(spec.method)
        city = under(cities[0], spec.scenario, spec.tasks)
        problem = _posed(spec, city, cls.asks(options))
        if reason := _declines(spec, city, options, problem):
            raise UserError(f"{spec.method} has no answer here: {reason}.")
        cls(options, problem).fit(run)
        last = {task: last_training(run.notes, task) for task in spec.tasks}
        if not all("validation_mae" in training for training in last.values()):
            raise UserError("The method's notes say no validation error, so nothing can be chosen by it.")
        return {task: training["validation_mae"] for task, training in last.items()}

    def workload(self, spec: RunSpec, cities: Sequence[ForecastingCity], asks: Asks, task: str) -> Workload:
        (city,) = cities
        if reason := lacking(city, registry().info(spec.method).inputs):
            raise UserError(f"{spec.method} has no answer here: {reason}.")
        protocol = forecasting_protocol(spec.protocol)
        problem = self.problem(cities, spec.tasks, protocol, asks)
        windows = problem.tasks[task].validation

        def batch(rows: Tensor, device: torch.device) -> Inputs:
            return windows.to(device).inputs(rows.to(device))

        return Workload(problem, "windows", len(windows), batch, lambda method, inputs: method.predict(inputs),
                        lambda method: fitted_forecaster(method, city, protocol, {}))

    def rebuild(self, fitted: Fitted, asks: Asks) -> ForecastProblem:
        return rebuilt_problem(fitted, asks)

    def forecast(self, fitted: Fitted, method: Forecaster, city: ForecastingCity, tasks: Sequence[str] | None) -> pd.DataFrame:
        return forecast_next(fitted, method, city, tasks)


class _Predicted:
    """Predicts, and holds what it predicted."""

    def __init__(self, method: Forecaster) -> None:
        self.method = method
        # task -> batches of [window, horizon, node]
        self.batches: dict[str, list[np.ndarray]] = {}

    def __call__(self, inputs: Inputs) -> Tensor:
        made = self.method.predict(inputs)
        self.batches.setdefault(inputs.task, []).append(made.cpu().numpy())
        return made

    def windows(self) -> dict[str, np.ndarray]:
        """Task -> [window, horizon, node], in time order."""
        return {task: np.concatenate(parts) for task, parts in self.batches.items()}


class _Given:
    """Predicts what was predicted before, in the same order."""

    def __init__(self, predicted: np.ndarray, batch: int) -> None:
        self.batches = iter(torch.from_numpy(predicted).split(batch))

    def __call__(self, inputs: Inputs) -> Tensor:
        return next(self.batches)


def _posed(spec: RunSpec, city: ForecastingCity, asks: Asks) -> ForecastProblem:
    """What the fit of a run may see. city: as the run's scenario has it."""
    return pose_under(city, FORECASTING.scenario(spec.scenario), registry().info(spec.method).scope, spec.tasks,
                      forecasting_protocol(spec.protocol), asks)


def _declines(spec: RunSpec, city: ForecastingCity, options: Any, problem: ForecastProblem) -> str | None:
    """Why a run has no answer: its method says so itself, or reads what the city does not have."""
    found: str | None = registry().load(spec.method).declines(options, problem)
    return lacking(city, registry().info(spec.method).inputs) or found


def _first_day(city: ForecastingCity, task: str, protocol: ForecastingProtocol) -> str:
    """The local day of the first target of the test part, 2016-02-19T00:00."""
    series = city.series(task)
    first = series.clock.time(cut(series.steps, protocol).test.start + protocol.history)
    return first.replace(hour=0, minute=0).isoformat(timespec="minutes")


MEASURER = ForecastMeasurer()
