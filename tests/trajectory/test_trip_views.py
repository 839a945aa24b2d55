"""Trips as values + offsets behave as lists of lists would."""

from itertools import pairwise

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.trajectory.trips import VIEWS, Trips, TripView

LENGTHS = st.lists(st.integers(0, 5), min_size=1, max_size=8)
ARRAYS = {"gps": ("time", "lon", "lat", "road", "cell", "step"), "route": ("time", "road"), "grid": ("time", "cell")}


def view_of(lists, **more):
    """A view with one array `road`, trip by trip."""
    offsets = torch.tensor([0, *np.cumsum([len(one) for one in lists]).tolist()])
    road = torch.tensor([entry for one in lists for entry in one], dtype=torch.int64)
    return TripView(offsets, {"road": road, **more})


def lists_of(view, name="road"):
    """Trip by trip, whatever the view holds."""
    ends = view.offsets.tolist()
    return [view.values[name].tolist()[a:b] for a, b in pairwise(ends)]


def trips_of(lengths, seed=0, city="here"):
    """Trips whose every entry is another number; a long route has few points and cells."""
    rng = np.random.default_rng(seed)
    views = []
    for number, view in enumerate(VIEWS):
        of_view = [length if view == "route" else 6 + number - length for length in lengths]
        offsets = torch.tensor([0, *np.cumsum(of_view).tolist()])
        views.append(TripView(offsets, {name: torch.from_numpy(rng.permutation(10_000)[: sum(of_view)]).to(
            torch.float64 if name in ("lon", "lat") else torch.float32 if name == "time" else torch.int64) for name in ARRAYS[view]}))
    weekday, minute = (torch.from_numpy(rng.integers(0, top, len(lengths))) for top in (7, 1440))
    return Trips(city, weekday, minute, *views)


def as_lists(trips):
    """[trip] of everything that is known of a trip."""
    columns = [lists_of(getattr(trips, view), name) for view in VIEWS for name in ARRAYS[view]]
    return [(weekday, minute, *entries) for weekday, minute, *entries in
            zip(trips.weekday.tolist(), trips.minute.tolist(), *columns, strict=True)]


@st.composite
def lists_and_rows(draw):
    lists = draw(st.lists(st.lists(st.integers(0, 99), max_size=5), min_size=1, max_size=8))
    return lists, draw(st.lists(st.integers(0, len(lists) - 1), max_size=12))


@settings(max_examples=80, deadline=None)
@given(lists_and_rows())
def test_rows_of_a_view_are_the_lists_at_these_places_repeats_and_none_included(given_lists):
    lists, rows = given_lists
    found = view_of(lists).rows(torch.tensor(rows, dtype=torch.int64))
    assert lists_of(found) == [lists[row] for row in rows]
    assert found.lengths().tolist() == [len(lists[row]) for row in rows]
    assert (found.offsets.dtype, int(found.offsets[0])) == (torch.int64, 0)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(st.integers(0, 99), max_size=5), min_size=1, max_size=8), st.integers(-9, -1))
def test_padded_puts_each_trip_in_its_own_row_and_fill_behind_it(lists, fill):
    view, longest = view_of(lists), max(len(one) for one in lists)
    assert view.padded("road", fill).tolist() == [one + [fill] * (longest - len(one)) for one in lists]
    assert view.mask().tolist() == [[True] * len(one) + [False] * (longest - len(one)) for one in lists]
    assert view.padded("road", fill)[view.mask()].tolist() == view.values["road"].tolist()


def test_padded_keeps_the_type_of_the_array_and_pads_with_0_by_default():
    view = view_of([[1], [2, 3]], lon=torch.tensor([1.5, 2.5, 3.5], dtype=torch.float64))
    assert view.padded("lon").dtype == torch.float64
    assert view.padded("road").dtype == torch.int64
    assert view.padded("lon").tolist() == [[1.5, 0], [2.5, 3.5]]
    assert torch.isnan(view.padded("lon", float("nan"))[0, 1])


def test_a_view_of_no_trips_has_an_empty_table():
    nothing = view_of([[1, 2]]).rows(torch.tensor([], dtype=torch.int64))
    assert nothing.mask().shape == nothing.padded("road").shape == (0, 0)
    assert nothing.offsets.tolist() == [0]


@settings(max_examples=40, deadline=None)
@given(LENGTHS, st.data())
def test_rows_of_trips_take_all_three_views_weekday_and_minute_of_the_same_trips(lengths, data):
    rows = data.draw(st.lists(st.integers(0, len(lengths) - 1), max_size=10))
    trips = trips_of(lengths)
    everything, found = as_lists(trips), trips.rows(torch.tensor(rows, dtype=torch.int64))
    assert as_lists(found) == [everything[row] for row in rows]
    assert (len(found), found.city) == (len(rows), "here")


def test_rows_are_copies_and_keep_nothing_of_the_other_trips_in_reach():
    trips = trips_of([3, 4, 2])
    before, part = as_lists(trips), trips.rows(torch.tensor([1]))
    for view in VIEWS:
        for name, values in getattr(part, view).values.items():
            assert values.untyped_storage().nbytes() == values.numel() * values.element_size(), (view, name)
            values.zero_()
    assert as_lists(trips) == before


@settings(max_examples=60, deadline=None)
@given(LENGTHS, st.integers(1, 9))
def test_batches_hold_every_trip_once_short_routes_first_and_no_more_than_asked(lengths, size):
    trips = trips_of(lengths)
    batches = list(trips.batches(size))
    order = [row for rows, _ in batches for row in rows.tolist()]
    assert sorted(order) == list(range(len(lengths)))
    assert [len(batch) for _, batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert 1 <= len(batches[-1][1]) <= size
    in_order = [int(length) for _, batch in batches for length in batch.route.lengths()]
    assert in_order == sorted(in_order)
    everything = as_lists(trips)
    for rows, batch in batches:
        assert as_lists(batch) == [everything[row] for row in rows.tolist()]


def test_trips_move_to_a_device_with_all_that_they_hold():
    moved = trips_of([2, 3]).to(torch.device("meta"))
    assert all(tensor.device.type == "meta" for tensor in (moved.weekday, moved.minute, *(
        tensor for view in VIEWS for tensor in (getattr(moved, view).offsets, *getattr(moved, view).values.values()))))
