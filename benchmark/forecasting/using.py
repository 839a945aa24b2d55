"""A fitted forecaster kept, made again without training data, and used: the steps after the end of a series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmark.contract import Asks, Fitted
from benchmark.data.clock import Clock
from benchmark.data.forecasting.city import ForecastingCity, Series
from benchmark.errors import UserError, unknown
from benchmark.families import STANDARD, forecasting_protocol
from benchmark.forecasting.contract import Forecaster
from benchmark.forecasting.posing import cut, next_window
from benchmark.forecasting.problem import ForecastProblem, Inputs, Scaler, TaskProblem, Windows
from benchmark.forecasting.protocol import ForecastingProtocol
from benchmark.forecasting.scenarios import under

COLUMNS = ("task", "step", "time", "node", "forecast", "unit")
# what differs by less, in degrees, is the same place
PLACE = 1e-4


def fitted_forecaster(method: Forecaster, city: ForecastingCity, protocol: ForecastingProtocol,
                      predicted: Mapping[str, np.ndarray], scenario: str = STANDARD) -> Fitted:
    """A fitted method as it is kept; `predicted` is task → [window, horizon, node] of the test part. city: as the scenario has it."""
    problem = method.problem
    facts: dict[str, Any] = {}
    tensors: dict[str, torch.Tensor] = {}
    for task, one in problem.tasks.items():
        clock = city.series(task).clock
        facts[task] = {"unit": one.unit, "steps_per_day": one.steps_per_day, "scaler": asdict(one.scaler), "clock": asdict(clock),
                       "zero_counts": one.train.zero_counts, "nodes": _node_ids(city, one.node_index.numpy()), "extras": list(one.extras),
                       "whole_day": one.whole_day is not None}
        parts = {"node_index": one.node_index, "coordinates": one.coordinates, **_kept_graph(one.weights),
                 **{f"extra/{name}": tensor for name, tensor in one.extras.items()}}
        if one.whole_day is not None:
            parts["whole_day"] = one.whole_day
        tensors |= {f"{task}/{name}": tensor for name, tensor in parts.items()}
    arrays: dict[str, np.ndarray] = {}
    for task, windows in predicted.items():
        arrays |= {f"{task}.{name}": array for name, array in _held_out(city.series(task), protocol, windows).items()}
        arrays[f"{task}.nodes"] = np.array(facts[task]["nodes"])
    return Fitted({"protocol": protocol.name, "history": problem.history, "horizon": problem.horizon, "tasks": facts, "scenario": scenario,
                   "targets": list(problem.targets), "arrival": problem.arrival}, tensors, dict(method.state_dict()), arrays)


def rebuilt_problem(fitted: Fitted, asks: Asks) -> ForecastProblem:
    """The problem of a kept forecaster: all but the rows that it learnt from and was stopped by."""
    history, horizon = fitted.facts["history"], fitted.facts["horizon"]

    def posed(task: str, about: Mapping[str, Any]) -> TaskProblem:
        tensor = {name: fitted.problem[f"{task}/{name}"] for name in ("node_index", "coordinates")}
        scaler, nodes = Scaler(**about["scaler"]), len(about["nodes"])
        nothing = Windows(task, history, horizon, scaler, about["steps_per_day"], torch.zeros(0, nodes),
                          torch.zeros(0, nodes, dtype=torch.bool), torch.zeros(0, dtype=torch.int64), torch.zeros(0, dtype=torch.int64),
                          torch.zeros(0, 6), about["zero_counts"], asks.past_days * about["steps_per_day"])
        return TaskProblem(task, about["unit"], scaler, about["steps_per_day"], **tensor, weights=_graph_kept(fitted.problem, task, nodes),
                           train=nothing, validation=nothing,
                           extras={name: fitted.problem[f"{task}/extra/{name}"] for name in about["extras"]},
                           whole_day=fitted.problem[f"{task}/whole_day"] if about["whole_day"] else None)

    # what was kept before there were scenarios says nothing of them
    return ForecastProblem(history, horizon, {task: posed(task, about) for task, about in fitted.facts["tasks"].items()},
                           tuple(fitted.facts.get("targets", ())), fitted.facts.get("arrival", "together"))


@torch.no_grad()
def forecast_next(fitted: Fitted, method: Forecaster, city: ForecastingCity, tasks: Sequence[str] | None) -> pd.DataFrame:
    """The steps after the end of each series, with times of the city's clock: a row a task, step and node. A run that was made under a
    scenario sees the city under the same one.

    A local time that daylight saving skips does not exist and has no row; of a doubled one the first is meant, as in the series.

    Raises
    ------
    UserError: other nodes, interval or unit than the method was fitted to, a task that it or the city does not have, or too short a series.
    """
    wanted = tuple(tasks) if tasks is not None else _asked(fitted)
    city = under(city, fitted.facts.get("scenario", STANDARD), [task for task in _asked(fitted) if task in city.tasks])
    for task in wanted:
        _check(task, fitted, city)
    if method.asks(method.options).beside:
        _check_beside(fitted, city)
    return pd.concat([_task_rows(task, fitted, method, city) for task in wanted], ignore_index=True)


def next_inputs(task: str, fitted: Fitted, method: Forecaster, city: ForecastingCity) -> Inputs:
    """The last window of a series, with the past days that the method asks for, and the clock of the steps after it."""
    asks = method.asks(method.options)
    beside = {other: _next_windows(other, fitted, asks, city) for other in fitted.facts["tasks"] if asks.beside and other != task}
    windows = replace(_next_windows(task, fitted, asks, city), beside=beside)
    return windows.inputs(torch.zeros(1, dtype=torch.int64), apart=True)


def _next_windows(task: str, fitted: Fitted, asks: Asks, city: ForecastingCity) -> Windows:
    """The last window of a series."""
    facts, series = fitted.facts, city.series(task)
    about = facts["tasks"][task]
    protocol = replace(forecasting_protocol(facts["protocol"]), history=facts["history"], horizon=facts["horizon"])
    windows = next_window(series, Scaler(**about["scaler"]), protocol, asks.past_days)
    # the calendar counts years from the first of the series that the method learnt from
    years = datetime.fromisoformat(series.clock.start).year - datetime.fromisoformat(about["clock"]["start"]).year
    return replace(windows, calendar=windows.calendar + torch.tensor([float(years), 0, 0, 0, 0, 0]))


def _asked(fitted: Fitted) -> tuple[str, ...]:
    """The tasks that a kept method was asked for."""
    return tuple(fitted.facts.get("targets") or fitted.facts["tasks"])


def _task_rows(task: str, fitted: Fitted, method: Forecaster, city: ForecastingCity) -> pd.DataFrame:
    series = city.series(task)
    values = method.predict(next_inputs(task, fitted, method, city))[0].cpu().numpy()
    times = _times(series.clock, series.steps + len(values))[series.steps:]
    nodes = fitted.facts["tasks"][task]["nodes"]
    step, node = np.indices(values.shape).reshape(2, -1)
    rows = pd.DataFrame({"task": task, "step": step + 1, "time": times[step], "node": np.array(nodes)[node], "forecast": values.ravel(),
                         "unit": fitted.facts["tasks"][task]["unit"]}, columns=list(COLUMNS))
    return rows[rows["time"].notna()]


def _times(clock: Clock, steps: int) -> pd.DatetimeIndex:
    """Moments of steps 0 … steps - 1 in the clock's zone; NaT where daylight saving skips the local time."""
    return clock.times(steps).tz_localize(clock.zone, nonexistent="NaT", ambiguous=np.ones(steps, dtype=bool))


def _held_out(series: Series, protocol: ForecastingProtocol, windows: np.ndarray) -> dict[str, np.ndarray]:
    """Predictions of the test part, and the truth of the rows that its windows ask for, NaN where unobserved, with their local times."""
    rows = cut(series.steps, protocol).test
    asked = slice(rows.start + protocol.history, rows.stop)
    truth = np.where(series.observed[asked], series.values[asked], np.nan).astype(np.float32)
    times = np.array([time.isoformat() for time in series.clock.times(series.steps)[asked]])
    return {"predictions": windows, "truth": truth, "times": times}


def _check(task: str, fitted: Fitted, city: ForecastingCity) -> None:
    """Raise UserError where a task of the city is not what the method was fitted to."""
    if task not in _asked(fitted):
        raise unknown("task of the run", task, _asked(fitted))
    if task not in city.tasks:
        raise UserError(f"City {city.name} (edition {city.edition}) has no task '{task}', which the method was fitted to; it has "
                        f"{', '.join(city.tasks)}.")
    about, series = fitted.facts["tasks"][task], city.series(task)
    start = f"Task {task} of city {city.name} (edition {city.edition})"
    for what, given, expected in (("steps of {} minutes", series.clock.interval_minutes, about["clock"]["interval_minutes"]),
                                  ("the unit '{}'", series.unit, about["unit"])):
        if given != expected:
            raise UserError(f"{start} has {what.format(given)}; the method was fitted to {what.format(expected)}. Bring a city of the same "
                            "kind, or fit the method to this one with `stbench run`.")
    ids = _node_ids(city, series.node_index)
    if ids != about["nodes"]:
        raise UserError(f"{start} has other nodes than the method was fitted to: {_difference(ids, about['nodes'])}. Bring a city of the "
                        "same nodes in the same order, or fit the method to this one with `stbench run`.")
    here = city.nodes.iloc[series.node_index][["lon", "lat"]].to_numpy(np.float32)
    learnt = fitted.problem[f"{task}/coordinates"].numpy()
    # places that are unknown here and there are the same
    away = np.where(np.isnan(here) & np.isnan(learnt), False, ~(np.abs(here - learnt) <= PLACE)).any(axis=1)
    if away.any():
        raise UserError(f"{start} has nodes of the same ids as those that the method was fitted to, but elsewhere (first: "
                        f"'{ids[int(np.argmax(away))]}'). Fit the method to this city with `stbench run`.")
    if series.steps < fitted.facts["history"]:
        raise UserError(f"{start} has {series.steps} steps; a forecast needs the last {fitted.facts['history']}.")


def _check_beside(fitted: Fitted, city: ForecastingCity) -> None:
    """Raise UserError where the tasks that the method looks at together are not all there, of its nodes, up to one moment."""
    together = fitted.facts["tasks"]
    if missing := [task for task in together if task not in city.tasks]:
        raise UserError(f"The method looks at {', '.join(together)} together; city {city.name} (edition {city.edition}) has no "
                        f"{', '.join(missing)}.")
    series = [city.series(task) for task in together]
    if (any((one.clock, one.steps) != (series[0].clock, series[0].steps) for one in series)
            or any(_node_ids(city, one.node_index) != together[one.task]["nodes"] for one in series)):
        raise UserError(f"The method looks at {', '.join(together)} together; in city {city.name} (edition {city.edition}) their steps or "
                        "nodes are not the same.")


def _kept_graph(weights: torch.Tensor) -> dict[str, torch.Tensor]:
    """A graph as tensors that a file of tensors holds."""
    return {"links": weights.indices(), "weights": weights.values()} if weights.is_sparse else {"graph": weights}


def _graph_kept(kept: Mapping[str, torch.Tensor], task: str, nodes: int) -> torch.Tensor:
    if f"{task}/graph" in kept:
        return kept[f"{task}/graph"]
    return torch.sparse_coo_tensor(kept[f"{task}/links"], kept[f"{task}/weights"], (nodes, nodes), is_coalesced=True, check_invariants=True)


def _difference(given: list[str], expected: list[str]) -> str:
    """How two lists of node ids differ, in words."""
    if len(given) != len(expected):
        return f"{len(given)} instead of {len(expected)}"
    first = next(k for k, (one, other) in enumerate(zip(given, expected, strict=True)) if one != other)
    return f"column {first + 1} is '{given[first]}' instead of '{expected[first]}'"


def _node_ids(city: ForecastingCity, node_index: np.ndarray) -> list[str]:
    return city.nodes["node_id"].iloc[node_index].tolist()
