"""Sums and counts of a series, from one pass over it, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmark.data.forecasting.city import Series

# values that are looked at together: 16 MiB
BLOCK = 4_194_304


@dataclass(frozen=True)
class Totals:
    """Sums and counts of the observed values of a series; an unobserved one is stored as 0."""

    # float64 and int64 [step]
    step_sums: np.ndarray
    step_counts: np.ndarray
    # float64 and int64 [node]
    node_sums: np.ndarray
    node_counts: np.ndarray
    # of the observed values
    zeros: int


def blocks(steps: int, nodes: int) -> Iterator[slice]:
    """Rows of a series, as many at once as make a block."""
    rows = max(BLOCK // max(nodes, 1), 1)
    yield from (slice(first, min(first + rows, steps)) for first in range(0, steps, rows))


def totals(series: Series) -> Totals:
    """One pass over a memory-mapped series."""
    steps, nodes = series.values.shape
    step_sums, step_counts, node_sums, node_counts = np.zeros(steps), np.zeros(steps, np.int64), np.zeros(nodes), np.zeros(nodes, np.int64)
    zeros = 0
    for rows in blocks(steps, nodes):
        values, observed = series.values[rows], series.observed[rows]
        step_sums[rows], step_counts[rows] = values.sum(axis=1, dtype=np.float64), observed.sum(axis=1)
        node_sums += values.sum(axis=0, dtype=np.float64)
        node_counts += observed.sum(axis=0)
        zeros += int(np.count_nonzero((values == 0) & observed))
    return Totals(step_sums, step_counts, node_sums, node_counts, zeros)
