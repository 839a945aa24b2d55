"""Floors: what is reached without any representation. They stand in every record.

All but `label_floor` know all training trips of a city, of which a probe sees the labelled ones alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmark import metrics
from benchmark.data.trajectory.city import View
from benchmark.markov import MarkovTable
from benchmark.ragged import row_of, running_sums
from benchmark.trajectory.cuts import Posed, TripTable, kept_units

Floors = dict[str, Mapping[str, float | None]]


def road_floors(truth: np.ndarray, fold: np.ndarray, classes: int) -> Floors:
    """The most frequent class among the other folds' roads. truth, fold: int64 [road]."""
    guess = np.array([np.bincount(truth[fold != k], minlength=classes).argmax() for k in range(fold.max() + 1)])
    return {"majority class": metrics.values({"roads": metrics.class_sums(guess[fold], truth, classes)})}


def time_floors(table: TripTable, train: np.ndarray, test: np.ndarray) -> Floors:
    """The training trips' mean, and a straight line in the driven length for each local hour with one slope. train, test: rows of trips."""
    seconds, truth = table.seconds(train), table.seconds(test)
    known, asked = (_length_and_hour(table, rows) for rows in (train, test))
    # a little ridge: an hour without training trips falls back on nothing, so the hours share what they can
    weights = np.linalg.solve(known.T @ known + 1e-3 * np.eye(known.shape[1]), known.T @ (seconds - seconds.mean()))
    return {"mean travel time": _seconds(np.full(len(test), seconds.mean()), truth),
            "length and hour": _seconds(asked @ weights + seconds.mean(), truth)}


def markov_floor(view: View, unit: str, train: np.ndarray, share: float | None, test: Posed) -> Floors:
    """First-order Markov: what most often followed the last road or cell that is shown; else what is the most frequent at all.

    Parameters
    ----------
    unit: "road" or "cell" of `view`. train: rows of trips. share: of the scenario; where only the last unit is removed every step of the
    training trips counts, else their ends.
    """
    return {"first-order Markov, all trips": _looked_up(*_steps(view, unit, train, share), test)}


def label_floor(unit: str, labelled: Posed, test: Posed) -> Floors:
    """From the last road or cell shown to the commonest end among the trips that the probe learns from; else the commonest end at all."""
    assert labelled.last is not None
    return {f"last shown {unit}, same labels": _looked_up(labelled.last, labelled.labels, test)}


def _looked_up(before: np.ndarray, after: np.ndarray, test: Posed) -> Mapping[str, float | None]:
    """What a table of these steps, [step] each, is worth on test trips."""
    assert test.last is not None
    return metrics.values({"trips": metrics.top_sums(MarkovTable(before, after).best(test.last), test.labels)})


def _steps(view: View, unit: str, rows: np.ndarray, share: float | None) -> tuple[np.ndarray, np.ndarray]:
    """(unit before, unit after) of training trips."""
    values = np.asarray(view.values[unit])
    if share is None:
        entry = np.arange(len(values))
        follows = np.isin(row_of(view.offsets), rows)
        follows[view.offsets[:-1][view.lengths() > 0]] = False
        after = entry[follows]
        return values[after - 1].astype(np.int64), values[after].astype(np.int64)
    kept = kept_units(view.lengths()[rows], share)
    shown = kept > 0
    return (values[view.offsets[rows] + kept - 1][shown].astype(np.int64), values[view.offsets[rows + 1] - 1][shown].astype(np.int64))


def _length_and_hour(table: TripTable, rows: np.ndarray) -> np.ndarray:
    """float64 [trip, 25]: kilometres along the roads, and one column a local hour of departure."""
    length = running_sums(table.lines.length[np.asarray(table.route.values["road"])])
    km = (length[table.route.offsets[rows + 1]] - length[table.route.offsets[rows]]) / 1e6
    return np.column_stack([km, np.eye(24)[table.local_departure(rows).hour.to_numpy()]])


def _seconds(predicted: np.ndarray, truth: np.ndarray) -> Mapping[str, float | None]:
    return metrics.values(metrics.seconds_sums(predicted, truth))
