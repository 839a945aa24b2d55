"""Protocols: the rules of measuring, one set a family of methods. Light: no numpy."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from benchmark.errors import unknown


@dataclass(frozen=True)
class Protocol:
    """What the rules of measuring of every family have."""

    name: str
    version: int
    summary: str
    # the columns its tables show, in this order
    metrics: tuple[str, ...]
    # whether its tables rank methods
    ranked: bool


@dataclass(frozen=True)
class ForecastingProtocol(Protocol):
    """Split, scaler, masks, averaging, selection of the forecasting suites."""

    metrics: tuple[str, ...] = ("mae", "rmse", "mape", "wape", "recall_10")
    ranked: bool = True
    # steps a window shows and steps it asks for
    history: int = 12
    horizon: int = 12
    # what is cut in time order: the rows, with windows made inside each part; or the list of all windows, whose neighbours share rows
    cut: Literal["rows", "windows"] = "rows"
    # share of the rows or windows; validation lies between train and test
    train_share: float = 0.7
    test_share: float = 0.2
    # windows left out at the end of training and of validation (only where windows are cut)
    gap: int = 0
    # over which training values mean and standard deviation go: each row once, or as often as it stands in the inputs of the windows
    scaler: Literal["rows", "windows"] = "rows"
    # whether a zero counts in loss and selection
    zero_counts: bool = True
    # epochs without a better validation loss before a stage ends, and the most epochs a stage may have
    patience: int = 30
    max_epochs: int = 100

    @property
    def window(self) -> int:
        """Steps of a window, shown and asked for."""
        return self.history + self.horizon

    def parts(self, steps: int) -> tuple[int, int, int]:
        """Rows of training, validation and test; where windows are cut, rows that the windows of a part touch.

        Rows are rounded down (0.7 · 90 is 62.99… in floating point, and means 63), windows to the nearest (Graph WaveNet's convention).
        """
        train, validation, test = self._sizes(steps if self.cut == "rows" else steps - self.window + 1)
        if self.cut == "rows":
            return train, validation, test
        return tuple(size + self.window - 1 if size > 0 else 0  # type: ignore[return-value]
                     for size in (train - self.gap, validation - self.gap, test))

    def rows(self, steps: int) -> tuple[slice, slice, slice]:
        """The rows of training, validation and test in a series of `steps` rows."""
        train, validation, test = self.parts(steps)
        first, second, _ = self._sizes(steps if self.cut == "rows" else steps - self.window + 1)
        return slice(0, train), slice(first, first + validation), slice(first + second, first + second + test)

    def _sizes(self, count: int) -> tuple[int, int, int]:
        """Rows or windows of the three parts, before any gap."""
        if self.cut == "rows":
            train, test = (math.floor(share * count + 1e-9) for share in (self.train_share, self.test_share))
        else:
            train, test = (round(share * count) for share in (self.train_share, self.test_share))
        return train, count - train - test, test


@dataclass(frozen=True)
class TrajectoryProtocol(Protocol):
    """What the tasks of the trajectory suites show and hide, and how their probes are trained and chosen."""

    metrics: tuple[str, ...] = ("micro_f1", "macro_f1", "mae", "rmse", "acc_1", "acc_5")
    ranked: bool = True
    # what travel_time hides: every time but the departure, with all views made from the driven roads; or the route's times alone
    hides: Literal["times", "route times"] = "times"
    # whether the destination tasks show the route's times
    shows_route_times: bool = True
    # whether what happens at the very moment of a cut is still shown
    closed_cut: bool = False
    # what stops a probe and chooses its epoch: trips and roads kept aside for it, or the ones it is scored on
    selection: Literal["validation", "test"] = "validation"
    # whether probes see vectors standardised by their training trips (a task's frozen vectors; finetuning always starts so)
    standardises: bool = True
    # fewest roads or cells that a cut leaves of a trip
    fewest_kept: int = 5
    # most epochs an encoder trains: its own options say how many
    max_epochs: int = 1000
    # epochs without a better validation loss before an encoder's training ends
    patience: int = 30


_PAPER = ForecastingProtocol(
    "paper", 1,
    "as CMuST's authors compute: all windows cut 70/10/20, scaler on the inputs of the training windows, targets of exactly 0 left out of "
    "loss, selection and metrics, each metric the plain mean of its 12 horizons; for comparison with published numbers, never ranked",
    cut="windows", scaler="windows", zero_counts=False, ranked=False,
    metrics=("mae_mean12", "rmse_mean12", "mape_mean12", "mae", "recall_10"),
)
_FORECASTING = {
    "strict": ForecastingProtocol(
        "strict", 1,
        "rows cut first (70/10/20), scaler on observed training rows, observed entries count in loss, selection and metrics "
        "(a zero counts), pooled averages over all windows, horizons and nodes",
    ),
    "paper": _PAPER,
    "paper-gap23": replace(
        _PAPER, name="paper-gap23", gap=_PAPER.window - 1,
        summary="as `paper`, without the last 23 windows of training and of validation, so that no two parts share a row"),
}
_TRAJECTORY = {
    "strict": TrajectoryProtocol(
        "strict", 1,
        "days in time order; travel_time shows roads, cells and the departure's minute, and no other time; destinations are cut strictly "
        "before the removed road or cell, and what is derived is made anew; probes stop on validation trips and roads"),
    "paper": TrajectoryProtocol(
        "paper", 1,
        "as the authors' released code computes: travel_time hides the route's times and shows those of cells and GPS points, which "
        "give the answer away; cuts keep the moment of the cut; probes are stopped and chosen on the trips and roads that they are scored "
        "on; for comparison with published numbers, never ranked",
        ranked=False, hides="route times", shows_route_times=False, closed_cut=True, selection="test", standardises=False),
}
PROTOCOLS: dict[str, dict[str, Protocol]] = {"forecasting": {**_FORECASTING}, "trajectory": {**_TRAJECTORY}}


def forecasting_protocol(name: str) -> ForecastingProtocol:
    """A protocol of the forecasting suites."""
    if name not in _FORECASTING:
        raise unknown("protocol", name, _FORECASTING)
    return _FORECASTING[name]


def trajectory_protocol(name: str) -> TrajectoryProtocol:
    """A protocol of the trajectory suites."""
    if name not in _TRAJECTORY:
        raise unknown("protocol of the trajectory suites", name, _TRAJECTORY)
    return _TRAJECTORY[name]


def find_protocol(name: str, family: str) -> Protocol:
    """A protocol of a family."""
    return trajectory_protocol(name) if family == "trajectory" else forecasting_protocol(name)
