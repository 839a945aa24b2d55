"""The protocols of the forecasting suites: split, scaler, masks, averaging, selection. Light: no numpy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from benchmark.protocols import Protocol


@dataclass(frozen=True)
class ForecastingProtocol(Protocol):
    """Split, scaler, masks, averaging, selection of the forecasting suites."""

    metrics: tuple[str, ...] = ("mae", "rmse", "mape", "wape", "recall_10")
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

    @property
    def window(self) -> int:
        """Steps of a window, shown and asked for."""
        return self.history + self.horizon

    @property
    def shares_in_words(self) -> str:
        """``70 % training, 10 % validation, 20 % test``."""
        train, test = round(100 * self.train_share), round(100 * self.test_share)
        return f"{train} % training, {100 - train - test} % validation, {test} % test"

    def cut_as(self, split: Sequence[int] | None) -> ForecastingProtocol:
        """The same with the parts that a city declares, such as 6, 2, 2; itself where none are."""
        if split is None:
            return self
        train, validation, test = split
        whole = train + validation + test
        return replace(self, train_share=train / whole, test_share=test / whole)

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


_PAPER = ForecastingProtocol(
    "paper", 1,
    "as CMuST's authors compute: all windows cut 70/10/20, scaler on the inputs of the training windows, targets of exactly 0 left out of "
    "loss, selection and metrics, each metric the plain mean of its 12 horizons; for comparison with published numbers, never ranked",
    cut="windows", scaler="windows", zero_counts=False, ranked=False,
    metrics=("mae_mean12", "rmse_mean12", "mape_mean12", "mae", "recall_10"),
)
PROTOCOLS: dict[str, ForecastingProtocol] = {
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
