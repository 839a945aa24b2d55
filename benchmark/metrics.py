"""Metrics as pure functions: float64 sums and counts a horizon, then values from sums. Light: numpy only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

# sum name -> [horizon] float64, under one mask
Sums = Mapping[str, np.ndarray]

# MAPE counts targets of at least this much, in the task's unit: 1 as a rule, 10 as is usual for demand
MAPE_THRESHOLDS = (1, 10)
# recall@10% looks at this share of the cells
TOP_SHARE = 0.1


def masks(truth: np.ndarray, observed: np.ndarray) -> dict[str, np.ndarray]:
    """The masks under which errors are summed; each is [window, horizon, node] bool."""
    return {"observed": observed, "nonzero": observed & (truth != 0),
            **{f"at_least_{least}": observed & (truth >= least) for least in MAPE_THRESHOLDS}}


def error_sums(prediction: np.ndarray, truth: np.ndarray, mask: np.ndarray) -> dict[str, np.ndarray]:
    """Sums over the nodes of one mask.

    Parameters
    ----------
    prediction, truth: [window, horizon, node] in the task's unit. mask: the same shape, bool.

    Returns
    -------
    [window, horizon] float64 each: count, absolute (sum |e|), squared (sum e²), relative (sum |e| / y over y > 0), truth (sum |y|).
    """
    y = np.where(mask, truth, 0).astype(np.float64)
    error = np.where(mask, np.abs(prediction.astype(np.float64) - y), 0.0)
    relative = np.divide(error, y, out=np.zeros_like(error), where=y > 0)
    return {"count": mask.sum(axis=-1, dtype=np.float64), "absolute": error.sum(axis=-1), "squared": np.square(error).sum(axis=-1),
            "relative": relative.sum(axis=-1), "truth": np.abs(y).sum(axis=-1)}


def recall_sums(prediction: np.ndarray, truth: np.ndarray, observed: np.ndarray) -> dict[str, np.ndarray]:
    """Hits among the ⌈0.1 N⌉ highest predictions of each step, and cells with y > 0: [window, horizon] float64 each.

    Ties go to the earlier node; an unobserved cell is neither ranked nor positive.
    """
    positive = observed & (truth > 0)
    top = int(np.ceil(TOP_SHARE * truth.shape[-1]))
    order = np.argsort(-np.where(observed, prediction, -np.inf), axis=-1, kind="stable")[..., :top]
    return {"hits": np.take_along_axis(positive, order, axis=-1).sum(axis=-1, dtype=np.float64),
            "positives": positive.sum(axis=-1, dtype=np.float64)}


def class_sums(predicted: np.ndarray, truth: np.ndarray, classes: int) -> dict[str, np.ndarray]:
    """[class] float64 each: hits, truth and predicted, how often each class is both, true, and predicted; for F1."""
    return {"hits": np.bincount(truth[predicted == truth], minlength=classes).astype(np.float64),
            "truth": np.bincount(truth, minlength=classes).astype(np.float64),
            "predicted": np.bincount(predicted, minlength=classes).astype(np.float64)}


def top_sums(best: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
    """[1] float64 each: count, hits_1, hits_5: in how many rows the truth is the first, or among the first five.

    best: [row, 5 or more] classes, the likeliest first. truth: [row], -1 never hits.
    """
    hit = best == truth[:, None]
    return {"count": np.array([len(truth)], dtype=np.float64), "hits_1": np.array([hit[:, 0].sum()], dtype=np.float64),
            "hits_5": np.array([hit[:, :5].any(axis=1).sum()], dtype=np.float64)}


def seconds_sums(predicted: np.ndarray, truth: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    """mask → sums of travel times, [trip] seconds each; as of a forecast of one step at one node."""
    everywhere = np.ones((len(truth), 1, 1), dtype=bool)
    return {"observed": {name: part.sum(axis=0) for name, part in
                         error_sums(predicted[:, None, None], truth[:, None, None], everywhere).items()}}


def add_in_order(total: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """total + parts[0] + parts[1] + …, strictly in this order, so that sums do not depend on the batch size."""
    return np.add.accumulate(np.concatenate([total[None], parts]), axis=0)[-1]


@dataclass(frozen=True)
class Metric:
    """A number of a table, made from the sums of one mask."""

    name: str
    # the head of its column; it names the mask
    label: str
    mask: str
    value: Callable[[Sums], float | None]
    higher_is_better: bool = False
    # printed as a percentage
    percent: bool = False


@dataclass(frozen=True)
class Pooled:
    """One ratio over all windows, horizons and nodes, or its root; None where nothing counts."""

    # names of sums
    top: str
    bottom: str = "count"
    root: bool = False

    def __call__(self, sums: Sums) -> float | None:
        below = sums[self.bottom].sum()
        if below <= 0:
            return None
        mean = sums[self.top].sum() / below
        return float(np.sqrt(mean) if self.root else mean)


def _mean_of_horizons(top: str, root: bool = False) -> Callable[[Sums], float | None]:
    """The plain mean of the values a horizon; a horizon without targets has 0 (as CMuST's authors compute)."""
    def value(sums: Sums) -> float | None:
        each = np.divide(sums[top], sums["count"], out=np.zeros_like(sums[top]), where=sums["count"] > 0)
        return float((np.sqrt(each) if root else each).mean())
    return value


def _macro_f1(sums: Sums) -> float | None:
    """The plain mean of F1 over the classes; a class without truth and prediction has 0."""
    below = sums["truth"] + sums["predicted"]
    return float(np.divide(2 * sums["hits"], below, out=np.zeros_like(below), where=below > 0).mean())


METRICS = {metric.name: metric for metric in (
    Metric("mae", "MAE", "observed", Pooled("absolute")),
    Metric("rmse", "RMSE", "observed", Pooled("squared", root=True)),
    Metric("mape", "MAPE (y≥1)", "at_least_1", Pooled("relative"), percent=True),
    Metric("mape_10", "MAPE (y≥10)", "at_least_10", Pooled("relative"), percent=True),
    Metric("wape", "WAPE", "observed", Pooled("absolute", "truth"), percent=True),
    Metric("mae_nonzero", "MAE (y≠0)", "nonzero", Pooled("absolute")),
    Metric("rmse_nonzero", "RMSE (y≠0)", "nonzero", Pooled("squared", root=True)),
    Metric("mape_nonzero", "MAPE (y≠0)", "nonzero", Pooled("relative"), percent=True),
    Metric("mae_mean12", "MAE (y≠0, mean12)", "nonzero", _mean_of_horizons("absolute")),
    Metric("rmse_mean12", "RMSE (y≠0, mean12)", "nonzero", _mean_of_horizons("squared", root=True)),
    Metric("mape_mean12", "MAPE (y≠0, mean12)", "nonzero", _mean_of_horizons("relative"), percent=True),
    Metric("micro_f1", "micro-F1", "roads", Pooled("hits", "truth"), higher_is_better=True, percent=True),
    Metric("macro_f1", "macro-F1", "roads", _macro_f1, higher_is_better=True, percent=True),
    Metric("acc_1", "Acc@1", "trips", Pooled("hits_1"), higher_is_better=True, percent=True),
    Metric("acc_5", "Acc@5", "trips", Pooled("hits_5"), higher_is_better=True, percent=True),
    Metric("recall_10", "recall@10%", "ranking", Pooled("hits", "positives"), higher_is_better=True, percent=True),
)}


def values(sums: Mapping[str, Mapping[str, np.ndarray | list[float]]], horizon: int | None = None) -> dict[str, float | None]:
    """All metrics that these sums allow, over all horizons or one (counted from 1); None where nothing counts."""
    chosen = slice(None) if horizon is None else slice(horizon - 1, horizon)
    arrays = {mask: {name: np.asarray(part, dtype=np.float64)[chosen] for name, part in parts.items()} for mask, parts in sums.items()}
    return {name: metric.value(arrays[metric.mask]) for name, metric in METRICS.items() if metric.mask in arrays}
