"""A forecasting task posed: rows cut in time order, scaler fitted on training rows, windows made, graph chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from benchmark.data.city import ForecastingCity, Series
from benchmark.data.graph import gaussian_graph
from benchmark.errors import UserError
from benchmark.spec import Protocol
from benchmark.tasks.problem import ForecastProblem, Scaler, TaskProblem, Windows


@dataclass(frozen=True)
class Cut:
    """First row of validation and of test; training starts at row 0."""

    validation: int
    test: int
    end: int


def cut_rows(steps: int, protocol: Protocol) -> Cut:
    """floor(0.7 T) rows train, floor(0.2 T) test, validation between.

    Raises
    ------
    UserError: if a part holds no window.
    """
    train, validation, test = protocol.parts(steps)
    if min(train, validation, test) < protocol.window:
        raise UserError(f"{steps} rows are too few: each part needs at least {protocol.window} rows (one window), but the cut gives "
                        f"{train} / {validation} / {test} for training / validation / test.")
    return Cut(train, train + validation, steps)


def fit_scaler(values: np.ndarray, observed: np.ndarray) -> Scaler:
    """Mean and population standard deviation of the observed entries, float64; a constant series is only centred."""
    seen = values[observed].astype(np.float64)
    std = float(seen.std()) if seen.size else 0.0
    return Scaler(float(seen.mean()) if seen.size else 0.0, std if std > 0 else 1.0)


def pose(city: ForecastingCity, tasks: Sequence[str], protocol: Protocol) -> ForecastProblem:
    """The problem of one fit. Its arrays are copies of training and validation rows: no test row is reachable from it."""
    return ForecastProblem(protocol.history, protocol.horizon, {task: _pose_task(city, task, protocol) for task in tasks})


def held_out_windows(city: ForecastingCity, task: str, protocol: Protocol) -> Windows:
    """The windows of the test part, for the runner only."""
    series = city.series(task)
    cut = cut_rows(series.steps, protocol)
    scaler = fit_scaler(series.values[: cut.validation], series.observed[: cut.validation])
    return _windows(series, slice(cut.test, cut.end), scaler, protocol)


def graph_of(city: ForecastingCity, node_index: np.ndarray) -> np.ndarray:
    """[node, node] float32 weights between the nodes of one task."""
    if city.adjacency is not None:
        return city.adjacency[np.ix_(node_index, node_index)]
    table = city.nodes.iloc[node_index]
    return gaussian_graph(table["lon"].to_numpy(float), table["lat"].to_numpy(float))


def _pose_task(city: ForecastingCity, task: str, protocol: Protocol) -> TaskProblem:
    series = city.series(task)
    cut = cut_rows(series.steps, protocol)
    scaler = fit_scaler(series.values[: cut.validation], series.observed[: cut.validation])
    table = city.nodes.iloc[series.node_index]
    return TaskProblem(
        task, series.unit, scaler, series.clock.steps_per_day, torch.from_numpy(series.node_index.copy()),
        torch.tensor(table[["lon", "lat"]].to_numpy(np.float32)), torch.tensor(graph_of(city, series.node_index)),
        train=_windows(series, slice(0, cut.validation), scaler, protocol),
        validation=_windows(series, slice(cut.validation, cut.test), scaler, protocol),
    )


def _windows(series: Series, rows: slice, scaler: Scaler, protocol: Protocol) -> Windows:
    clock, steps = series.clock, series.steps
    part = (series.values, series.observed, clock.slot(steps), clock.weekday(steps), clock.calendar(steps))
    tensors = (torch.from_numpy(np.array(array[rows])) for array in part)
    return Windows(series.task, protocol.history, protocol.horizon, scaler, clock.steps_per_day, *tensors)
