"""Methods across tasks. Each task counts once, however many cities it is measured in (Demšar, JMLR 2006)."""

from __future__ import annotations

import numpy as np

from benchmark.errors import UserError
from benchmark.report.statistics.correction import ALPHA


def task_ranks(values: np.ndarray, *, higher_is_better: bool = False) -> np.ndarray:
    """float64 [method]: 1 is the best; methods of equal value share the mean of their ranks.

    values: float64 [split, method]. The splits of a task, such as its cities, are ranked each, and the methods by the mean of these.
    """
    from scipy.stats import rankdata

    each = rankdata(-values if higher_is_better else values, axis=1)
    return np.asarray(rankdata(each.mean(axis=0).round(9)), dtype=np.float64)


def win_rates(ranks: np.ndarray) -> np.ndarray:
    """float64 [method, method]: the share of tasks in which the first beats the second, a tie half; 0.5 against itself.

    ranks: float64 [task, method].
    """
    one, other = ranks[:, :, None], ranks[:, None, :]
    return np.asarray(((one < other) + 0.5 * (one == other)).mean(axis=0))


def friedman_p(ranks: np.ndarray) -> float | None:
    """p of Friedman's test (1937) that all methods are alike, by χ² with ties considered; None where all tie in every task.

    ranks: float64 [task, method], three methods or more.
    """
    from scipy.stats import friedmanchisquare

    if (ranks == ranks[:, :1]).all():
        return None
    return float(friedmanchisquare(*ranks.T).pvalue)


def nemenyi(ranks: np.ndarray) -> tuple[float, np.ndarray]:
    """The critical difference of two mean ranks at `ALPHA`, and float64 [method, method] p of all pairs (Nemenyi, 1963).

    CD = q sqrt(k (k + 1) / (6 N)) for k methods and N tasks, q of the studentised range of k groups over √2.

    Raises
    ------
    UserError: scikit-posthocs is missing.
    """
    from scipy.stats import studentized_range

    try:
        from scikit_posthocs import posthoc_nemenyi_friedman
    except ImportError:
        raise UserError("Critical differences need scikit-posthocs; type `pip install 'stbench[plot]'`.") from None
    tasks, methods = ranks.shape
    q = float(studentized_range.ppf(1 - ALPHA, methods, np.inf)) / 2**0.5
    return q * (methods * (methods + 1) / (6 * tasks)) ** 0.5, np.asarray(posthoc_nemenyi_friedman(ranks), dtype=np.float64)

