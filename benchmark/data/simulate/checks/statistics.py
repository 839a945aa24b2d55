"""The statistics of a count series, computed exactly as those of the real samples in ``facts.toml``.

Time of week: day of the week and slot. Residual: value minus its node's mean at that time of the week. Statistics of
residuals take the nodes with more than 5 events a step; the smaller ones are mostly zeros. Correlations and
autocorrelations are means over nodes or pairs.
"""

from __future__ import annotations

import numpy as np

from benchmark.data.clock import Clock

BUSY = 5.0
# in steps
LAGS = (1, 2, 6, 12, 48, 336)
# km
BANDS = ((0, 1), (1, 2), (2, 4), (4, 8), (8, 16))


def time_of_week(clock: Clock, steps: int) -> np.ndarray:
    """[step] int64: index of the weekly slot."""
    return clock.weekday(steps) * clock.steps_per_day + clock.slot(steps)


def weekly_mean(values: np.ndarray, clock: Clock) -> np.ndarray:
    """[step, node]: each node's mean at the step's time of the week."""
    index = time_of_week(clock, len(values))
    slots = 7 * clock.steps_per_day
    sums = np.zeros((slots, values.shape[1]))
    np.add.at(sums, index, values)
    return (sums / np.maximum(np.bincount(index, minlength=slots), 1)[:, None])[index]


def residuals(values: np.ndarray, clock: Clock) -> np.ndarray:
    """[step, node] value minus the mean of its time of the week."""
    return values - weekly_mean(values, clock)


def standardised(residual: np.ndarray) -> np.ndarray:
    """[step, node] residuals in units of their node's standard deviation."""
    return residual / residual.std(axis=0)


def hourly_profile(values: np.ndarray, clock: Clock, weekend: bool) -> np.ndarray:
    """[24] the city's mean by local hour on weekdays or weekends, relative to its mean over the hours."""
    total = values.sum(axis=1, dtype=np.float64)
    chosen = (clock.weekday(len(values)) >= 5) == weekend
    hour = clock.slot(len(values)) * clock.interval_minutes // 60
    profile = np.bincount(hour[chosen], total[chosen], 24) / np.bincount(hour[chosen], minlength=24)
    return profile / profile.mean()


def gini(level: np.ndarray) -> float:
    """Gini coefficient of the nodes' means: 0 if all are alike, near 1 if one has everything."""
    ascending = np.sort(level)
    count = len(level)
    return float((2 * np.arange(1, count + 1) - count - 1) @ ascending / (count * ascending.sum()))


def autocorrelation(z: np.ndarray, lag: int) -> float:
    """Mean product of standardised residuals `lag` steps apart."""
    return float((z[:-lag] * z[lag:]).mean())


def first_factor(z: np.ndarray) -> float:
    """Share of the correlation matrix's trace in its first eigenvalue."""
    spectrum = np.linalg.eigvalsh(np.corrcoef(z.T))
    return float(spectrum[-1] / spectrum.sum())


def by_distance(z: np.ndarray, km: np.ndarray) -> list[float]:
    """Mean correlation of pairs of nodes in each distance band of `BANDS`; NaN where there is no pair."""
    pairs = np.triu_indices(len(km), 1)
    correlation, distance = np.corrcoef(z.T)[pairs], km[pairs]
    chosen = [(distance >= low) & (distance < high) for low, high in BANDS]
    return [float(correlation[one].mean()) if one.any() else float("nan") for one in chosen]


def mean_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Mean over nodes of the correlation in time of two arrays [step, node]."""
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    return float(((one * other).mean(axis=0) / (one.std(axis=0) * other.std(axis=0))).mean())


def count_statistics(values: np.ndarray, clock: Clock, km: np.ndarray | None = None) -> dict[str, float | list[float]]:
    """All statistics of one count series [step, node] of more than a week; `km` [node, node] adds the correlation by distance.

    `weekend volume` is relative to a weekday; `dispersion` is residual variance / mean (Poisson: 1), pooled over the busy
    nodes; `explained` is the share of all variance, nodes included, that the means by time of the week explain. With
    fewer than two busy nodes their statistics are left out.
    """
    values = np.asarray(values, dtype=np.float64)
    level = values.mean(axis=0)
    residual = residuals(values, clock)
    busy = level > BUSY
    weekend = clock.weekday(len(values)) >= 5
    found: dict[str, float | list[float]] = {
        "mean": float(level.mean()),
        "zone_quantiles": np.quantile(level, [0.1, 0.5, 0.9]).tolist(),
        "zeros": float((values == 0).mean()),
        "gini": gini(level),
        "weekday": hourly_profile(values, clock, weekend=False).tolist(),
        "weekend": hourly_profile(values, clock, weekend=True).tolist(),
        "weekend_volume": float(values[weekend].mean() / values[~weekend].mean()),
        "explained": float(1 - residual.var() / values.var()),
    }
    if busy.sum() > 1:
        found["dispersion"] = float(residual[:, busy].var() / values[:, busy].mean())
        z = standardised(residual[:, busy])
        found["autocorrelation"] = [autocorrelation(z, lag) for lag in LAGS]
        found["first_factor"] = first_factor(z)
        if km is not None:
            found["by_distance"] = by_distance(z, km[np.ix_(busy, busy)])
    return found


def cross_correlation(one: np.ndarray, other: np.ndarray, clock: Clock, later: int = 0) -> float:
    """Mean residual correlation at the same node of two tasks busy there; `other` is taken `later` steps later.

    NaN where no node is busy in both.
    """
    busy = (one.mean(axis=0) > BUSY) & (other.mean(axis=0) > BUSY)
    if not busy.any():
        return float("nan")
    first, second = residuals(one[:, busy], clock), residuals(other[:, busy], clock)
    return mean_correlation(first[:len(first) - later], second[later:])
