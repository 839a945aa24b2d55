"""Rows of unequal length as values + offsets: row k has the entries ``offsets[k]:offsets[k + 1]`` of each of its arrays. Light: numpy.

Everywhere `offsets` is int64 [row + 1], begins with 0 and never falls; a row may be empty. `lengths` is [row], a mask is bool.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def running_sums(values: np.ndarray) -> np.ndarray:
    """[entry + 1] 0, the first value, the sum of the first two, … of all; whole numbers and booleans in int64, else float64.

    >>> running_sums(np.array([0.5, 2.0, 1.0])).tolist()
    [0.0, 0.5, 2.5, 3.5]
    """
    return np.concatenate([[0], np.cumsum(values)])


def offsets_of(lengths: np.ndarray | Sequence[int]) -> np.ndarray:
    """int64 [row + 1]: where the entries of each row begin, and their number.

    >>> offsets_of([2, 0, 3]).tolist()
    [0, 2, 2, 5]
    """
    return running_sums(np.asarray(lengths)).astype(np.int64, copy=False)


def joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    """int64 offsets of all rows of some parts, part after part.

    >>> joined([np.array([0, 2, 2]), np.array([0, 3])]).tolist()
    [0, 2, 2, 5]
    """
    return offsets_of(np.concatenate([np.zeros(0, np.int64), *(np.diff(offsets) for offsets in parts)]))


def row_of(offsets: np.ndarray) -> np.ndarray:
    """int64 [entry]: the row of each entry.

    >>> row_of(np.array([0, 2, 2, 5])).tolist()
    [0, 0, 2, 2, 2]
    """
    return spread(np.arange(len(offsets) - 1), offsets)


def row_at(entries: np.ndarray | int, offsets: np.ndarray) -> np.ndarray:
    """int64, in the shape of `entries`: the row of each of these entries.

    >>> row_at(np.array([4, 0]), np.array([0, 2, 2, 5])).tolist()
    [2, 0]
    """
    return np.searchsorted(offsets, entries, side="right") - 1


def place_in_row(offsets: np.ndarray) -> np.ndarray:
    """int64 [entry]: the number of each entry in its row, from 0.

    >>> place_in_row(np.array([0, 2, 2, 5])).tolist()
    [0, 1, 0, 1, 2]
    """
    return np.arange(offsets[-1]) - spread(offsets[:-1], offsets)


def spread(values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """[row] values → [entry], each at all entries of its row, in the values' type.

    >>> spread(np.array([7.5, 1.0, 2.5]), np.array([0, 2, 2, 5])).tolist()
    [7.5, 7.5, 2.5, 2.5, 2.5]
    """
    return np.repeat(values, np.diff(offsets))


def ranges(first: np.ndarray, stop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(row, number), both int64: the numbers ``first[row]`` … ``stop[row] - 1`` of all rows, one after the other; first <= stop.

    >>> [part.tolist() for part in ranges(np.array([10, 5, 3]), np.array([12, 5, 4]))]
    [[0, 0, 2], [10, 11, 3]]
    """
    offsets = offsets_of(stop - first)
    return row_of(offsets), np.arange(offsets[-1]) + spread(first - offsets[:-1], offsets)


def offsets_kept(mask: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """int64 offsets of the same rows when only the entries of a mask, bool [entry], are kept.

    >>> offsets_kept(np.array([True, False, True, True, False]), np.array([0, 2, 2, 5])).tolist()
    [0, 1, 1, 3]
    """
    return running_sums(mask)[offsets]


def count_in_rows(mask: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """int64 [row]: how many entries of each row a mask, bool [entry], holds.

    >>> count_in_rows(np.array([True, False, True, True, False]), np.array([0, 2, 2, 5])).tolist()
    [1, 0, 2]
    """
    return np.diff(offsets_kept(mask, offsets))


def some_rows(chosen: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(int64 offsets, bool [entry] which entries are theirs) of the rows that a mask, bool [row], chooses.

    >>> [part.tolist() for part in some_rows(np.array([True, True, False]), np.array([0, 2, 2, 5]))]
    [[0, 2, 2], [True, True, False, False, False]]
    """
    return offsets_of(np.diff(offsets)[chosen]), spread(chosen, offsets)


def falls(values: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """int64: the entries that are smaller than the one before them in the same row; NaN is smaller than nothing.

    >>> falls(np.array([4.0, 3.0, 1.0, 2.0, 1.5]), np.array([0, 2, 2, 5])).tolist()
    [1, 4]
    """
    found = np.flatnonzero(np.diff(values) < 0) + 1
    return found[~np.isin(found, offsets)]
