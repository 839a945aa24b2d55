"""Trips that are broken at gaps and clipped at the box: which points stay, and what is counted."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.data.grid import Grid
from benchmark.data.matching.cut import CLIP, Cut, cut_trips
from benchmark.data.trajectory.trips import RawTrips
from benchmark.ragged import offsets_of

GRID = Grid(0.0, 0.1, 0.0, 0.1, 10, 10)


def trips_of(trips):
    """Trips called 0, 1, …, each a list of (seconds, column of the grid); column 10 and -1 are outside."""
    flat = [point for trip in trips for point in trip]
    return RawTrips(np.array([str(k) for k in range(len(trips))]), np.array([f"d{k}" for k in range(len(trips))]),
                    offsets_of([len(trip) for trip in trips]), np.array([time for time, _ in flat], dtype=np.int64),
                    np.array([0.01 * column + 0.005 for _, column in flat]), np.full(len(flat), 0.005))


def said(trips):
    return {str(one): list(zip(trips.time[i:j].tolist(), np.round((trips.lon[i:j] - 0.005) / 0.01).astype(int).tolist(), strict=True))
            for one, i, j in zip(trips.trip_id, trips.offsets[:-1], trips.offsets[1:], strict=True)}


def test_without_a_word_nothing_is_cut():
    given = trips_of([[(0, 1), (900, 10), (901, 2)]])
    trips, counts = cut_trips(given, GRID, Cut())
    assert trips is given
    assert counts == {}


def test_a_trip_is_broken_where_two_points_lie_too_far_apart_and_its_pieces_are_numbered():
    given = trips_of([[(0, 1), (300, 2), (601, 3), (602, 4)], [(0, 5), (10, 6)], [(0, 1), (400, 2), (800, 3)]])
    trips, counts = cut_trips(given, GRID, Cut(longest_gap_s=300))
    assert said(trips) == {"0#1": [(0, 1), (300, 2)], "0#2": [(601, 3), (602, 4)], "1": [(0, 5), (10, 6)],
                           "2#1": [(0, 1)], "2#2": [(400, 2)], "2#3": [(800, 3)]}
    assert trips.driver_id.tolist() == ["d0", "d0", "d1", "d2", "d2", "d2"]
    assert counts == {"trips broken at gaps of more than 300 s": 2, "trips after that": 6}


def test_of_a_trip_that_leaves_the_box_the_longest_stretch_inside_stays_under_its_own_id():
    given = trips_of([[(0, 1), (1, 10), (2, 2), (3, 3), (4, 10)], [(0, 10), (1, 10)], [(0, 1), (1, 2)]])
    trips, counts = cut_trips(given, GRID, Cut(outside=CLIP))
    assert said(trips) == {"0": [(2, 2), (3, 3)], "1": [(0, 10), (1, 10)], "2": [(0, 1), (1, 2)]}
    assert counts == {"trips clipped to their longest stretch inside the box": 1}


def plain_clip(trip):
    """The longest run of points inside, the first of equals; all of a trip that is nowhere inside."""
    runs, run = [], []
    for point in [*trip, (0, -1)]:
        if 0 <= point[1] <= 9:
            run.append(point)
        elif run:
            runs.append(run)
            run = []
    return max(runs, key=len) if runs else trip


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(1, 500), st.integers(-1, 10)), max_size=12), min_size=1, max_size=6), st.integers(1, 400))
def test_cutting_equals_a_plain_walk_along_each_trip(steps, gap):
    trips = [list(zip(np.cumsum([step for step, _ in trip]).tolist(), [column for _, column in trip], strict=True)) for trip in steps]
    expected = {}
    for name, trip in enumerate(trips):
        pieces = []
        for k, point in enumerate(trip):
            if k == 0 or point[0] - trip[k - 1][0] > gap:
                pieces.append([])
            pieces[-1].append(point)
        expected |= {str(name) if len(pieces) == 1 else f"{name}#{k}": plain_clip(piece) for k, piece in enumerate(pieces, start=1)}
    assert said(cut_trips(trips_of(trips), GRID, Cut(gap, CLIP))[0]) == expected
