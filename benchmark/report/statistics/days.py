"""Two methods over one test part: how much their difference would change with other days, and with other seeds.

The days of a test part follow each other and their errors are autocorrelated, so that blocks of days are drawn, the same for both
methods, and not single ones. A test part has few blocks, on which the share of draws beyond 0 would be far too sure: at 9 independent days
it errs in 14 of 100 cases instead of 5. So the draws give the standard error, and Student's t with one degree of freedom less than
there are blocks the rest.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from benchmark.report.statistics.pairs import Tested, quantile

RESAMPLES = 2000
# blocks that a test part is cut into where it is long enough; a longer part has longer blocks
BLOCKS = 9
# days of a block at the least, and blocks that a standard error can be told from
SHORTEST, FEWEST = 2, 4


def block_length(stretches: int) -> int:
    """Consecutive days (or hours) that are drawn together: a ninth of the test part, at least 2.

    >>> [block_length(days) for days in (8, 9, 24, 36)]
    [2, 2, 3, 4]
    """
    return max(SHORTEST, round(stretches / BLOCKS))


def too_short(stretches: int) -> bool:
    """Whether a test part has fewer than four blocks."""
    return stretches < FEWEST * block_length(stretches)


def paired_days(top: np.ndarray, bottom: np.ndarray, *, root: bool = False) -> Tested:
    """A difference of pooled metrics, the mean over seeds of Σ top / Σ bottom over the days (or its root), of one method less the other.

    The variance of the days is that of a circular block bootstrap (Politis and Romano, 1992), which draws the same blocks for both methods
    and all seeds, times b / (b − 1) of the b blocks. Where there are several seeds, s² / n of their n differences is added, because another
    training would differ as well; the degrees of freedom are Welch's and Satterthwaite's.

    Parameters
    ----------
    top, bottom: float64 [2, seed, day], the sums of the method and of its reference, paired by seed. root: as of an RMSE.
    """
    from scipy.special import stdtr

    def metric(weights: np.ndarray) -> np.ndarray:
        """[2, seed, draw] of weights [day, draw]; a draw of days without any entry is nan."""
        with np.errstate(invalid="ignore", divide="ignore"):
            pooled = (top @ weights) / (bottom @ weights)
        return np.sqrt(pooled) if root else pooled

    seeds, days = top.shape[1:]
    blocks = days / block_length(days)
    drawn, whole = metric(_draws(days)), metric(np.ones((days, 1)))[..., 0]
    each = whole[0] - whole[1]
    parts = [(float(np.nanvar((drawn[0] - drawn[1]).mean(axis=0))) * blocks / (blocks - 1), blocks - 1)]
    if seeds > 1:
        parts.append((float(each.var(ddof=1)) / seeds, seeds - 1))
    variance, difference = sum(part for part, _ in parts), float(each.mean())
    if not variance:
        return Tested(difference, difference, difference, float(not difference), "bootstrap")
    freedom = variance**2 / sum(part**2 / own for part, own in parts)
    error = float(variance**0.5)
    half, p = quantile(freedom) * error, 2 * float(stdtr(freedom, -abs(difference) / error))
    return Tested(difference, difference - half, difference + half, p, "bootstrap")


@cache
def _draws(days: int) -> np.ndarray:
    """float64 [day, RESAMPLES]: how often each day is drawn, in blocks that go round the end; always from seed 0."""
    block = block_length(days)
    starts = np.random.default_rng(0).integers(days, size=(RESAMPLES, -(-days // block)))
    drawn = ((starts[:, :, None] + np.arange(block)) % days).reshape(RESAMPLES, -1)[:, :days]
    return np.stack([np.bincount(one, minlength=days) for one in drawn], axis=1).astype(np.float64)
