"""Do tasks inform each other? Ridge regression on one task's history against ridge on all tasks' histories."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmark.data.clock import Clock
from benchmark.data.simulate.checks.statistics import time_of_week, weekly_mean

HISTORY = 12


def ridge_mae(histories: Sequence[np.ndarray], target: np.ndarray, clock: Clock, penalty: float = 1.0) -> float:
    """Mean absolute error of predicting `target` one step ahead, over all nodes and the last fifth of the steps.

    One linear model for all nodes: its inputs are the last 12 values of each history, a constant, and the target's mean at
    the predicted time of the week. Fitted, like that mean, on the first 70 % of the steps.

    Parameters
    ----------
    histories: arrays [step, node].
    penalty: of the squared coefficients, inputs in units of their standard deviation, relative to one row.
    """
    steps, nodes = target.shape
    train, test = int(0.7 * steps), steps - int(0.2 * steps)
    usual = _usual(target[:train], clock, steps)
    scaled = [one / one[:train].std() for one in histories]
    size = HISTORY * len(histories) + 2
    gram, moment = penalty * np.eye(size), np.zeros(size)
    for node in range(nodes):
        inputs = _inputs(scaled, usual, node, HISTORY, train)
        gram += inputs.T @ inputs
        moment += inputs.T @ target[HISTORY:train, node]
    weights = np.linalg.solve(gram, moment)
    errors = [np.abs(_inputs(scaled, usual, node, test, steps) @ weights - target[test:, node]).mean() for node in range(nodes)]
    return float(np.mean(errors))


def _usual(train: np.ndarray, clock: Clock, steps: int) -> np.ndarray:
    """[step, node] mean of the training part at each step's time of the week; the node's mean where it has none."""
    week = np.tile(train.mean(axis=0), (7 * clock.steps_per_day, 1))
    week[time_of_week(clock, len(train))] = weekly_mean(train, clock)
    return week[time_of_week(clock, steps)]


def _inputs(histories: Sequence[np.ndarray], usual: np.ndarray, node: int, first: int, last: int) -> np.ndarray:
    """[step, input] of one node for the targets at steps first … last-1."""
    lags = [one[first - lag:last - lag, node] for one in histories for lag in range(1, HISTORY + 1)]
    return np.stack([*lags, usual[first:last, node] / usual.std(), np.ones(last - first)], axis=1)
