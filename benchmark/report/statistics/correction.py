"""Several comparisons at once: Holm's correction, and how few pairs are too few for it."""

from __future__ import annotations

from collections.abc import Sequence

# a difference is called one if a p, corrected, is at most this
ALPHA = 0.05


def holm(ps: Sequence[float]) -> list[float]:
    """p corrected for all comparisons of a family, whatever their dependence (Holm, 1979).

    With p_(1) ≤ … ≤ p_(m) the k-th becomes max over j ≤ k of (m − j + 1) p_(j), at most 1.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected, largest = [1.0] * len(ps), 0.0
    for k, index in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        largest = max(largest, (len(ps) - k) * ps[index])
        corrected[index] = min(largest, 1.0)
    return corrected


def smallest_p(pairs: int) -> float:
    """The smallest p that a two-sided sign-flip test of so many pairs can give: 2 of 2^n patterns, 2^(1−n).

    >>> smallest_p(5)
    0.0625
    """
    return 2.0 ** (1 - pairs)


def too_few(pairs: int, comparisons: int, alpha: float = ALPHA) -> bool:
    """Whether so many pairs can never reach `alpha` in the first step of Holm's correction: 2^(1−n) > α / m.

    >>> [too_few(5, 1), too_few(6, 1), too_few(9, 15), too_few(10, 15)]
    [True, False, True, False]
    """
    return smallest_p(pairs) > alpha / comparisons
