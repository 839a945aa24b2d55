"""Which trips a trajectory city keeps, and how the others are counted."""

import numpy as np
import pytest

from benchmark.data.frames import METRES_PER_DEGREE
from benchmark.data.grid import Grid
from benchmark.data.matching.keep import keep_trips
from benchmark.data.trajectory.trips import Limits, MatchedTrips, RawTrips
from benchmark.errors import UserError

GRID = Grid(0.0, 0.1, 0.0, 0.1, 10, 10)


class ByHand:
    """A road a cell: the path is the cells of the points, without repeats in a row; trips named 'lost…' have no path."""

    def settings(self):
        return {"matcher": "by hand"}

    def match(self, network, trips):
        paths, entries, reasons = [], [], []
        cell = GRID.locate(trips.lon, trips.lat)
        for k, name in enumerate(trips.trip_id):
            part = slice(trips.offsets[k], trips.offsets[k + 1])
            new = np.flatnonzero(np.diff(cell[part], prepend=-1))
            lost = name.startswith("lost")
            paths.append(cell[part][new][: 0 if lost else None])
            entries.append(trips.time[part][new][: 0 if lost else None].astype(float))
            reasons.append("no connected path" if lost else "")
        offsets = np.concatenate([[0], np.cumsum([len(path) for path in paths])]).astype(np.int64)
        join = np.concatenate
        return MatchedTrips(cell, offsets, join([*paths, np.zeros(0, int)]).astype(int), join([*entries, np.zeros(0)]), np.array(reasons))


def drive(names_and_columns):
    """Trips along row 0 of the grid, a point a second at the middle of each named column; column 10 is outside."""
    names, columns = zip(*names_and_columns, strict=True)
    flat = np.array([column for trip in columns for column in trip])
    offsets = np.concatenate([[0], np.cumsum([len(trip) for trip in columns])]).astype(np.int64)
    return RawTrips(np.array(names), np.array([""] * len(names)), offsets, np.arange(len(flat)), 0.01 * flat + 0.005,
                    np.full(len(flat), 0.005))


LIMITS = Limits(points=(3, 8), roads=(2, 4), cells=(2, 4))
GOOD = [(f"good{k}", [0, 1, 1, 2]) for k in range(5)]


def test_each_dropped_trip_is_counted_once_under_its_first_reason_and_the_rest_stay_whole():
    bad = [("out", [0, 1, 10]), ("short", [0, 1]), ("lost", [0, 1, 2]), ("still", [3, 3, 3]), ("far", [0, 1, 2, 3, 4, 5])]
    trips, matched, dropped = keep_trips(drive([bad[0], *GOOD[:3], *bad[1:], *GOOD[3:]]), None, GRID, ByHand(), LIMITS)
    assert trips.trip_id.tolist() == [name for name, _ in GOOD]
    assert {reason: count for reason, count in dropped.items() if count} == {
        "leaves the box": 1, "not 3 to 8 points": 1, "no connected path": 1, "not 2 to 4 roads": 2}
    assert matched.path_offsets.tolist() == [0, 3, 6, 9, 12, 15]
    assert matched.path.tolist() == [0, 1, 2] * 5
    assert matched.point_road.tolist() == [0, 1, 1, 2] * 5
    assert (matched.entry[0::3] == trips.time[trips.offsets[:-1]]).all()


def test_cells_have_limits_of_their_own():
    trips, _, dropped = keep_trips(drive([*GOOD, ("two", [0, 0, 1])]), None, GRID, ByHand(), Limits((3, 8), (1, 9), (3, 4)))
    assert len(trips) == 5
    assert dropped["not 3 to 4 cells"] == 1


def test_a_trip_without_points_leaves_no_box_and_drags_no_other_trip_with_it():
    given = drive([*GOOD, ("empty", []), ("out", [0, 1, 10]), ("empty, at the end", [])])
    trips, _, dropped = keep_trips(given, None, GRID, ByHand(), LIMITS)
    assert trips.trip_id.tolist() == [name for name, _ in GOOD]
    assert {reason: count for reason, count in dropped.items() if count} == {"leaves the box": 1, "not 3 to 8 points": 2}


def test_when_more_than_half_of_the_trips_are_lost_the_declaration_is_called_wrong():
    lost = [(f"lost{k}", [0, 1, 2]) for k in range(6)]
    out = [(f"out{k}", [9, 10, 10]) for k in range(20)]
    with pytest.raises(UserError, match=r"Only 5 of 11 trips inside the box.*\(20 leaves the box, 6 no connected path\); check"):
        keep_trips(drive([*GOOD, *lost, *out]), None, GRID, ByHand(), LIMITS)
    with pytest.raises(UserError, match="None of 20 trips lies inside the box"):
        keep_trips(drive(out), None, GRID, ByHand(), LIMITS)


def test_cells_of_a_size_in_metres_fill_the_box():
    grid = Grid.of_size(104.04, 104.13, 30.65, 30.73, 100.0)
    width, height = (pitch * METRES_PER_DEGREE for pitch in grid.pitch)
    assert height == pytest.approx(100)
    assert width * np.cos(np.radians(30.69)) == pytest.approx(100, rel=1e-6)
    assert grid.east >= 104.13 > grid.east - grid.pitch[0]
    assert grid.north >= 30.73 > grid.north - grid.pitch[1]
    with pytest.raises(UserError, match="no size of a cell"):
        Grid.of_size(0, 1, 0, 1, 0)
