"""Values + offsets, against plain lists of lists."""

from itertools import accumulate, chain, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark import ragged

NUMBERS = st.integers(-1000, 1000)
ROWS = st.lists(st.lists(NUMBERS, max_size=6), max_size=8)
PARTS = st.lists(ROWS, max_size=4)


def flat(rows):
    return list(chain.from_iterable(rows))


def offsets_of(rows):
    return np.array([0, *accumulate(len(row) for row in rows)], dtype=np.int64)


def rows_of(values, offsets):
    return [list(values[a:b]) for a, b in pairwise(offsets.tolist())]


def array(rows, kind=np.int64):
    return np.array(flat(rows), dtype=kind)


def drawn(draw, length):
    return draw(st.lists(st.booleans(), min_size=length, max_size=length))


def masks(draw, rows):
    """One bool an entry, in rows."""
    return [drawn(draw, len(row)) for row in rows]


@given(st.lists(NUMBERS))
def test_running_sums_are_those_of_a_list_and_keep_whole_numbers_whole(values):
    found = ragged.running_sums(np.array(values, dtype=np.int32))
    assert found.tolist() == [0, *accumulate(values)]
    assert found.dtype == np.int64


@given(st.lists(st.floats(-1e6, 1e6)))
def test_running_sums_of_floats_are_numpys_bit_for_bit(values):
    found = ragged.running_sums(np.array(values, dtype=np.float64))
    assert found.dtype == np.float64
    assert found[1:].tobytes() == np.cumsum(np.array(values, dtype=np.float64)).tobytes()


@given(ROWS)
def test_offsets_cut_the_values_into_their_rows(rows):
    values, offsets = flat(rows), ragged.offsets_of([len(row) for row in rows])
    assert rows_of(values, offsets) == rows


@pytest.mark.parametrize("lengths", [[], [0], np.zeros(0), np.zeros(0, np.int32), np.array([3, 4], np.int32), np.array([2.0, 1.0]),
                                     np.array([True, False])], ids=str)
def test_offsets_are_int64_whatever_the_lengths_are(lengths):
    found = ragged.offsets_of(lengths)
    assert found.dtype == np.int64
    assert found.tolist() == [0, *accumulate(int(one) for one in lengths)]


@given(PARTS)
def test_joined_parts_have_all_rows_one_after_the_other(parts):
    found = ragged.joined([offsets_of(rows) for rows in parts])
    assert found.dtype == np.int64
    assert rows_of(flat(flat(parts)), found) == flat(parts)


@given(ROWS)
def test_every_entry_knows_its_row_and_its_place_there(rows):
    offsets = offsets_of(rows)
    assert ragged.row_of(offsets).tolist() == [k for k, row in enumerate(rows) for _ in row]
    assert ragged.place_in_row(offsets).tolist() == [k for row in rows for k in range(len(row))]
    assert ragged.row_at(np.arange(offsets[-1]), offsets).tolist() == ragged.row_of(offsets).tolist()


@given(ROWS, st.sampled_from(["i4", "i8", "f4", "f8", "?", "U3"]))
def test_spread_values_stand_at_all_entries_of_their_row_in_their_own_type(rows, kind):
    values = np.arange(len(rows)).astype(kind)
    found = ragged.spread(values, offsets_of(rows))
    assert found.dtype == values.dtype
    assert found.tolist() == [value for value, row in zip(values.tolist(), rows, strict=True) for _ in row]


@given(st.lists(st.tuples(NUMBERS, st.integers(0, 5))))
def test_ranges_are_pythons_ranges_one_after_the_other(pairs):
    first, count = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    row, number = ragged.ranges(first, first + count)
    assert row.dtype == number.dtype == np.int64
    assert row.tolist() == [k for k, (_, many) in enumerate(pairs) for _ in range(many)]
    assert number.tolist() == [one for begin, many in pairs for one in range(begin, begin + many)]


@given(ROWS, st.data())
def test_kept_entries_stay_in_their_rows_and_are_counted_there(rows, data):
    mask = masks(data.draw, rows)
    offsets, flags = offsets_of(rows), array(mask, bool)
    left = [[value for value, one in zip(row, of_row, strict=True) if one] for row, of_row in zip(rows, mask, strict=True)]
    assert rows_of(array(rows)[flags].tolist(), ragged.offsets_kept(flags, offsets)) == left
    assert ragged.count_in_rows(flags, offsets).tolist() == [len(row) for row in left]


@given(ROWS, st.data())
def test_some_rows_are_the_chosen_ones_whole_and_in_order(rows, data):
    chosen = drawn(data.draw, len(rows))
    offsets, entries = ragged.some_rows(np.array(chosen, dtype=bool), offsets_of(rows))
    assert entries.dtype == bool
    assert offsets.dtype == np.int64
    assert rows_of(array(rows)[entries].tolist(), offsets) == [row for row, one in zip(rows, chosen, strict=True) if one]


@given(st.lists(st.lists(st.one_of(st.integers(0, 3).map(float), st.just(float("nan"))), max_size=6), max_size=8))
def test_falls_are_within_rows_and_nan_neither_falls_nor_is_fallen_to(rows):
    found = ragged.falls(array(rows, np.float64), offsets_of(rows))
    places = [(k, j) for k, row in enumerate(rows) for j in range(1, len(row)) if row[j] < row[j - 1]]
    assert found.tolist() == [int(offsets_of(rows)[k]) + j for k, j in places]
