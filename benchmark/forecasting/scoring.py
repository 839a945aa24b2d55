"""Predictions and truth → sums. Streamed: no more than one batch of predictions is held."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from benchmark.contract import BadPrediction
from benchmark.days import add_each
from benchmark.forecasting.problem import Inputs, Windows
from benchmark.metrics import MAPE_THRESHOLDS, add_in_order, error_sums, masks, recall_sums

# mask -> the sums that are kept by local day: what the shown metrics of this mask are made of
DAY_SUMS = {"observed": ("count", "absolute", "squared"), "nonzero": ("count", "absolute"), "ranking": ("hits", "positives"),
            **{f"at_least_{least}": ("count", "relative") for least in MAPE_THRESHOLDS}}


@dataclass(frozen=True)
class Score:
    """The sums of one task's test part."""

    # mask -> sum name -> [horizon] float64
    sums: dict[str, dict[str, np.ndarray]]
    # mask -> sum name -> [day] float64, by the local day of the target, from that of the first one
    days: dict[str, dict[str, np.ndarray]]
    # "absolute" and "count" over observed entries: [node] float64; the same by local hour of the target as "hour_…": [24]
    per_node: dict[str, np.ndarray]
    windows: int


@torch.no_grad()
def score(predict: Callable[[Inputs], torch.Tensor], windows: Windows, *, ranking: bool = False, batch: int | None = None) -> Score:
    """Predict all windows in time order and sum the errors.

    Parameters
    ----------
    predict: Inputs → [batch, horizon, node] in the task's unit.
    ranking: also sum hits and positives for recall@10%.
    batch: windows predicted at once, `windows.at_once` if left out; the sums do not depend on it.

    Raises
    ------
    BadPrediction: wrong shape, NaN or infinity.
    """
    totals: dict[str, dict[str, np.ndarray]] = {}
    by_day: dict[str, dict[str, np.ndarray]] = {}
    days = int(target_days(windows, np.array([len(windows) - 1]))[0, -1]) + 1
    nodes = int(windows.values.shape[1])
    per_node = {f"{of}{name}": np.zeros(size) for of, size in (("", nodes), ("hour_", 24)) for name in ("absolute", "count")}
    for starts in torch.arange(len(windows), device=windows.device).split(batch or windows.at_once):
        targets = windows.targets(starts)
        predicted = predict(windows.inputs(starts, apart=True))
        if predicted.shape != targets.values.shape:
            raise BadPrediction(f"Task {windows.task}: predicted shape {tuple(predicted.shape)}, expected {tuple(targets.values.shape)}.")
        if not torch.isfinite(predicted).all():
            raise BadPrediction(f"Task {windows.task}: a prediction is NaN or infinite.")
        prediction, truth, observed = (t.cpu().numpy() for t in (predicted, targets.values, targets.observed))
        parts = {name: error_sums(prediction, truth, mask) for name, mask in masks(truth, observed).items()}
        if ranking:
            parts["ranking"] = recall_sums(prediction, truth, observed)
        day = target_days(windows, starts.cpu().numpy())
        for mask, sums in parts.items():
            for name, part in sums.items():
                kept = totals.setdefault(mask, {})
                kept[name] = add_in_order(kept.get(name, np.zeros(windows.horizon)), part)
            for name in DAY_SUMS[mask]:
                add_each(by_day.setdefault(mask, {}).setdefault(name, np.zeros(days)), day, sums[name])
        error = np.where(observed, np.abs(prediction.astype(np.float64) - truth), 0.0)
        per_node["absolute"] = add_in_order(per_node["absolute"], error.sum(axis=1))
        per_node["count"] = add_in_order(per_node["count"], observed.sum(axis=1, dtype=np.float64))
        hour = target_hours(windows, starts)
        for name in ("absolute", "count"):
            add_each(per_node[f"hour_{name}"], hour, parts["observed"][name])
    return Score(totals, by_day, per_node, len(windows))


def target_hours(windows: Windows, starts: torch.Tensor) -> np.ndarray:
    """int64 [batch, horizon]: the local hour of each target of these windows."""
    asked = windows.past + starts[:, None] + torch.arange(windows.history, windows.history + windows.horizon, device=starts.device)
    return (windows.slot[asked] * 24 // windows.steps_per_day).cpu().numpy()


def target_days(windows: Windows, starts: np.ndarray) -> np.ndarray:
    """int64 [batch, horizon]: the local day of each target of these windows, counted from that of the part's very first one."""
    first = int(windows.slot[0]) + windows.past + windows.history
    step = first + starts[:, None] + np.arange(windows.horizon)
    return step // windows.steps_per_day - first // windows.steps_per_day
