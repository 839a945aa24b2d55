"""Means of observed values, with a fallback where nothing was observed."""

from __future__ import annotations

from torch import Tensor


def mean_or(total: Tensor, count: Tensor, fallback: Tensor | float) -> Tensor:
    """total / count, and `fallback` (broadcast) where the count is 0."""
    return (total / count.clamp(min=1)).where(count > 0, fallback)
