"""Two methods over the seeds that both have: an exact test, an effect size, an interval."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from benchmark.report.statistics.correction import ALPHA

# all sign patterns are enumerated up to so many pairs: 2^16
MOST_ENUMERATED = 16
# sums of flipped differences that differ by less, relative to the largest, are equal: the order of adding must not decide
TOLERANCE = 1e-12


@dataclass(frozen=True)
class Tested:
    """A mean difference of two methods, and how sure it is."""

    difference: float
    # the 95 % interval, of this comparison alone
    low: float
    high: float
    # two-sided, not corrected for other comparisons
    p: float
    # how it was tested: "permutation", "wilcoxon" or "bootstrap"
    test: str


def paired_seeds(differences: np.ndarray) -> Tested:
    """The exact permutation test of at most `MOST_ENUMERATED` pairs, above Wilcoxon's signed-rank test; Student's t gives the interval.

    differences: float64 [pair], two or more.
    """
    few = len(differences) <= MOST_ENUMERATED
    mean, error = float(differences.mean()), float(differences.std(ddof=1)) / len(differences) ** 0.5
    half = quantile(len(differences) - 1) * error
    return Tested(mean, mean - half, mean + half, sign_flip_p(differences) if few else wilcoxon_p(differences),
                  "permutation" if few else "wilcoxon")


def sign_flip_p(differences: np.ndarray) -> float:
    """Two-sided exact p of paired differences: the share of all 2^n sign patterns s with |Σ s d| ≥ |Σ d| (Fisher, 1935).

    If both methods are alike, each difference is as likely as its opposite.

    >>> sign_flip_p(np.array([1.0, 2.0, 3.0]))
    0.25
    """
    sums = np.abs(_patterns(len(differences)) @ differences)
    least = abs(differences.sum()) - TOLERANCE * np.abs(differences).sum()
    return float((sums >= least).mean())


def wilcoxon_p(differences: np.ndarray) -> float:
    """Two-sided p of Wilcoxon's signed-rank test (1945), as scipy computes it: exact for few pairs without ties, else normal."""
    from scipy.stats import wilcoxon

    return float(wilcoxon(differences).pvalue) if differences.any() else 1.0


def effect_size(differences: np.ndarray) -> float | None:
    """Cohen's d of paired values, d_z (1988): mean difference / sample standard deviation of the differences; None where there is none.

    >>> effect_size(np.array([1.0, 2.0, 3.0]))
    2.0
    """
    spread = float(differences.std(ddof=1)) if len(differences) > 1 else 0.0
    return float(differences.mean()) / spread if spread else None


def quantile(freedom: float) -> float:
    """Of Student's t, two-sided at `ALPHA`: 2.26 for 9 degrees of freedom."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - ALPHA / 2))


@cache
def _patterns(pairs: int) -> np.ndarray:
    """int8 [2^(n−1), n] of ±1; the first sign stays, since a pattern and its opposite have one |sum|."""
    bits = np.arange(2 ** (pairs - 1))[:, None] >> np.arange(pairs - 1) & 1
    return np.concatenate([np.ones((len(bits), 1), dtype=np.int8), (1 - 2 * bits).astype(np.int8)], axis=1)
