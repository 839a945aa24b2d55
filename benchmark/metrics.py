"""Metrics as pure functions: float64 sums and counts a horizon, then values from sums. Light: numpy only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

# mask -> sum name -> [horizon] float64
Sums = Mapping[str, Mapping[str, np.ndarray]]

# MAPE counts targets of at least this much, in the task's unit
MAPE_THRESHOLD = 1.0
# recall@10% looks at this share of the cells
TOP_SHARE = 0.1


def masks(truth: np.ndarray, observed: np.ndarray) -> dict[str, np.ndarray]:
    """The masks under which errors are summed; each is [window, horizon, node] bool."""
    return {"observed": observed, "nonzero": observed & (truth != 0), "at_least_1": observed & (truth >= MAPE_THRESHOLD)}


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


def add_in_order(total: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """total + parts[0] + parts[1] + …, strictly in this order, so that sums do not depend on the batch size."""
    return np.add.accumulate(np.concatenate([total[None], parts]), axis=0)[-1]


def _ratio(top: np.ndarray, bottom: np.ndarray) -> float | None:
    return float(top.sum() / bottom.sum()) if bottom.sum() > 0 else None


@dataclass(frozen=True)
class Metric:
    """A number of a table, made from sums."""

    name: str
    # the head of its column; it names the mask
    label: str
    value: Callable[[Sums], float | None]
    higher_is_better: bool = False
    # printed as a percentage
    percent: bool = False


def _mae(mask: str) -> Callable[[Sums], float | None]:
    return lambda sums: _ratio(sums[mask]["absolute"], sums[mask]["count"])


def _rmse(mask: str) -> Callable[[Sums], float | None]:
    def value(sums: Sums) -> float | None:
        mean = _ratio(sums[mask]["squared"], sums[mask]["count"])
        return None if mean is None else float(np.sqrt(mean))
    return value


def _mape(mask: str) -> Callable[[Sums], float | None]:
    return lambda sums: _ratio(sums[mask]["relative"], sums[mask]["count"])


METRICS = {metric.name: metric for metric in (
    Metric("mae", "MAE", _mae("observed")),
    Metric("rmse", "RMSE", _rmse("observed")),
    Metric("mape", "MAPE (y≥1)", _mape("at_least_1"), percent=True),
    Metric("wape", "WAPE", lambda sums: _ratio(sums["observed"]["absolute"], sums["observed"]["truth"]), percent=True),
    Metric("mae_nonzero", "MAE (y≠0)", _mae("nonzero")),
    Metric("rmse_nonzero", "RMSE (y≠0)", _rmse("nonzero")),
    Metric("mape_nonzero", "MAPE (y≠0)", _mape("nonzero"), percent=True),
    Metric("recall_10", "recall@10%", lambda sums: _ratio(sums["ranking"]["hits"], sums["ranking"]["positives"]),
           higher_is_better=True, percent=True),
)}


def values(sums: Mapping[str, Mapping[str, np.ndarray | list[float]]]) -> dict[str, float | None]:
    """All metrics that these sums allow, pooled over windows, horizons and nodes; None where nothing counts."""
    arrays = {mask: {name: np.asarray(part, dtype=np.float64) for name, part in parts.items()} for mask, parts in sums.items()}
    return {name: metric.value(arrays) for name, metric in METRICS.items() if name != "recall_10" or "ranking" in arrays}
