"""What each task shows of a trip, against a slow transcription of the rules, trip by trip (trajectory-suite §5-7)."""

import copy
import math
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from made.hard_trips import MIDNIGHT, FakeCity, cell_of, cells_of, made_city, noisy_city, view_of

from benchmark.data.trajectory.city import View
from benchmark.errors import UserError
from benchmark.families import trajectory_protocol
from benchmark.testing.tiny_trips import tiny_trajectory_city
from benchmark.trajectory.cuts import (
    TripTable,
    UntilLastRoad,
    kept_units,
    pose_destination_grid,
    pose_destination_road,
    pose_travel_time,
    whole,
)
from benchmark.trajectory.exam import Exam
from benchmark.trajectory.posing import part_rows

STRICT, PAPER = trajectory_protocol("strict"), trajectory_protocol("paper")
SHANGHAI = ZoneInfo("Asia/Shanghai")
SEEDS = st.integers(0, 2**32 - 1)
SHARES = (None, 0.7)
PROTOCOLS = (STRICT, PAPER)
POSES = {"destination_road": pose_destination_road, "destination_grid": pose_destination_grid}
KINDS = tuple(POSES)
CASES = [(kind, protocol, share) for kind in KINDS for protocol in PROTOCOLS for share in SHARES]
every_case = pytest.mark.parametrize(("kind", "protocol", "share"), CASES,
                                     ids=[f"{kind}-{protocol.name}-{share}" for kind, protocol, share in CASES])


def trip_of(table, row):
    """Points (time, lon, lat, road, step, cell), route (road, entry) and cells (cell, entry) of a trip, as lists."""
    points, route, cells = (list(zip(*(one.trip(row)[name].tolist() for name in names), strict=True)) for one, names in (
        (table.gps, ("time", "lon", "lat", "road", "cell")), (table.route, ("road", "entry")), (table.grid, ("cell", "entry"))))
    return [(time, lon, lat, road, step_of(route, time, road), cell) for time, lon, lat, road, cell in points], route, cells


def step_of(route, time, road):
    """Which of the trip's roads a point lies on: the one entered last, one entered at that very moment, the next one or the last one of its
    number; where it has none, the one entered last."""
    entered = max((k for k, (_, entry) in enumerate(route) if entry <= time), default=0)
    same = [k for k, (number, _) in enumerate(route) if number == road]
    if entered in same or not same:
        return entered
    at_once = [k for k in same if k < entered and route[k + 1][1] == time]
    ahead, behind = [k for k in same if k > entered], [k for k in same if k < entered]
    return at_once[-1] if at_once else ahead[0] if ahead else behind[-1]


def expected_destination(table, row, kind, protocol, share):
    """(points, route, cells, label, last) as §5 and §7 say, or None where the cut leaves too little."""
    points, route, cells = trip_of(table, row)
    units = route if kind == "destination_road" else cells
    kept = len(units) - 1 if share is None else len(units) * 7 // 10
    label, cut = units[-1][0], units[kept][1]
    if protocol is PAPER:
        points = [point for point in points if point[0] <= cut]
        # of the other view without the unit that was entered last
        route, cells = ((route[:kept], [cell for cell in cells if cell[1] <= cut][:-1]) if kind == "destination_road" else
                        ([step for step in route if step[1] <= cut][:-1], cells[:kept]))
    else:
        points = [point for point in points if point[0] < cut]
        if kind == "destination_road":  # and before the first point of a removed road, whatever its entry time says
            points = points[:next((n for n, point in enumerate(points) if point[4] >= kept), None)]
        cells = cells_of(points)
        # up to the road of the last point, and no road that is entered later
        shown = [step for k, step in enumerate(route) if points and k <= points[-1][4] and step[1] < cut]
        route = route[:kept] if kind == "destination_road" else shown
    shown = route if kind == "destination_road" else cells
    if len(shown) < 5 or not points or not route:
        return None
    return points, route, cells, label, shown[-1][0]


def check_trip(trips, k, points, route, cells, departure, *, route_times=True, other_times=True):
    """Trip k shows exactly these entries, at these times from the minute of departure on."""
    start = departure - departure % 60
    local = datetime.fromtimestamp(departure, SHANGHAI)
    assert (int(trips.weekday[k]), int(trips.minute[k])) == (local.weekday(), 60 * local.hour + local.minute)
    # a point beyond the roads shown is on the last of them
    points = [(*place, min(step, len(route) - 1), cell) for *place, step, cell in points]
    for name, view, entries, columns, shown in (
            ("gps", trips.gps, points, ("lon", "lat", "road", "step", "cell"), True),
            ("route", trips.route, [(entry, road) for road, entry in route], ("road",), route_times),
            ("grid", trips.grid, [(entry, cell) for cell, entry in cells], ("cell",), True)):
        a, b = view.offsets[k:k + 2].tolist()
        for column, found in enumerate(columns, start=1):
            assert view.values[found][a:b].tolist() == [entry[column] for entry in entries], (name, found)
        times = np.array([entry[0] - start if shown else math.nan for entry in entries], np.float32)
        if not other_times:
            times = np.array([0.0, *[math.nan] * (len(entries) - 1)][:len(entries)], np.float32)
        np.testing.assert_array_equal(view.values["time"][a:b].numpy(), times, err_msg=f"times of {name}")
        if not shown:  # the days stay
            days = [datetime.fromtimestamp(entry[0], SHANGHAI).weekday() for entry in entries]
            assert view.values["weekday"][a:b].tolist() == days
        else:
            assert "weekday" not in view.values


def as_bits(trips):
    return [tensor.numpy().tobytes() for view in (trips.gps, trips.route, trips.grid) for tensor in (view.offsets, *view.values.values())]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return TripTable(tiny_trajectory_city(tmp_path_factory.mktemp("cuts") / "tiny"))


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.lists(st.integers(0, 11), min_size=1, max_size=8))
def test_whole_trips_show_all_points_roads_cells_and_times(seed, rows):
    table = TripTable(made_city(seed))
    trips = whole(table, np.array(rows))
    for k, row in enumerate(rows):
        points, route, cells = trip_of(table, row)
        check_trip(trips, k, points, route, cells, points[0][0])


@every_case
@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_a_destination_is_posed_as_the_rules_say_trip_by_trip(kind, protocol, share, seed):
    table, rows = TripTable(made_city(seed)), np.random.default_rng(seed).permutation(12)[:10]
    posed = POSES[kind](table, rows, protocol, share)
    expected = {row: found for row in rows.tolist() if (found := expected_destination(table, row, kind, protocol, share))}
    assert posed.rows.tolist() == list(expected)
    for k, (row, (points, route, cells, label, last)) in enumerate(expected.items()):
        check_trip(posed.trips, k, points, route, cells, trip_of(table, row)[0][0][0], route_times=protocol is STRICT)
        assert (int(posed.labels[k]), int(posed.last[k])) == (label, last)


def test_the_hard_trips_of_these_tests_do_have_equal_times_and_places_that_come_again():
    found = dict.fromkeys(("cut at a point", "usable", "left out", "equal entries", "road again", "cell again", "road without points"), 0)
    for seed in range(20):
        table = TripTable(made_city(seed))
        for row in range(12):
            points, route, cells = trip_of(table, row)
            usable = expected_destination(table, row, "destination_road", STRICT, None)
            found["usable" if usable else "left out"] += 1
            found["cut at a point"] += bool(usable) and route[-1][1] in [time for time, *_ in points]
            found["equal entries"] += len({entry for _, entry in route}) < len(route)
            found["road again"] += len({road for road, _ in route}) < len(route)
            found["cell again"] += len({cell for cell, _ in cells}) < len(cells)
            found["road without points"] += bool({road for road, _ in route} - {point[3] for point in points})
    assert min(found.values()) >= 10, found


@every_case
def test_a_cut_shows_nothing_behind_it_in_a_city_of_whole_trips(tiny, kind, protocol, share):
    rows = np.arange(len(tiny.city.parts))
    posed = POSES[kind](tiny, rows, protocol, share)
    assert len(posed.rows) > 200
    for k, row in enumerate(posed.rows.tolist()):
        points, route, cells, label, last = expected_destination(tiny, row, kind, protocol, share)
        check_trip(posed.trips, k, points, route, cells, trip_of(tiny, row)[0][0][0], route_times=protocol is STRICT)
        assert (int(posed.labels[k]), int(posed.last[k])) == (label, last)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("kind", KINDS)
def test_strict_cuts_end_before_the_moment_at_which_the_first_removed_unit_is_entered(tiny, kind, share):
    posed = POSES[kind](tiny, np.arange(240), STRICT, share)
    view = tiny.route if kind == "destination_road" else tiny.grid
    for k, row in enumerate(posed.rows.tolist()):
        entries = view.trip(row)["entry"]
        cut = entries[kept_units(np.array([len(entries)]), share)[0]]
        departure = int(tiny.departure(np.array([row]))[0])
        shown = [posed.trips.gps, posed.trips.grid] + ([posed.trips.route] if kind == "destination_grid" else [])
        for one in shown:
            times = one.values["time"][one.offsets[k]:one.offsets[k + 1]].numpy()
            assert np.isfinite(times).all()
            assert (departure - departure % 60 + times.astype(np.float64) < cut).all()


@pytest.mark.parametrize("share", SHARES)
def test_after_the_last_kept_cell_no_point_of_the_destination_cell_is_shown(tiny, share):
    posed = pose_destination_grid(tiny, np.arange(240), STRICT, share)
    for k in range(len(posed.rows)):
        (a, b), (c, d) = (one.offsets[k:k + 2].tolist() for one in (posed.trips.gps, posed.trips.grid))
        cells, shown = posed.trips.gps.values["cell"][a:b].tolist(), posed.trips.grid.values["cell"][c:d].tolist()
        assert shown == [cell for n, cell in enumerate(cells) if n == 0 or cells[n - 1] != cell]  # made anew from the points shown
        assert shown == tiny.grid.trip(posed.rows[k])["cell"][:len(shown)].tolist()
        assert cells[-1] == shown[-1] == int(posed.last[k])


def straight(roads, points_a_road=2, seconds=10):
    """A trip through these roads, `seconds` each, its points in one new cell a road."""
    points = [(MIDNIGHT + seconds * k + 3 * n, 104.0005 + 0.0025 * (k % 8), 30.0005 + 0.0025 * (k // 8), road)
              for k, road in enumerate(roads) for n in range(points_a_road)]
    return points, [(road, float(MIDNIGHT + seconds * k)) for k, road in enumerate(roads)]


def test_the_point_at_the_very_moment_of_a_cut_is_shown_by_paper_and_hidden_by_strict():
    table = TripTable(FakeCity([straight([0, 1, 2, 3, 4, 5])]))
    for pose in POSES.values():
        strict, paper = (pose(table, np.array([0]), protocol, None) for protocol in PROTOCOLS)
        assert strict.trips.gps.values["road"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
        assert paper.trips.gps.values["road"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5]
        assert strict.trips.gps.values["time"][-1] == 43


def test_paper_hides_the_times_of_the_route_alone_and_strict_none_of_the_prefix():
    table = TripTable(FakeCity([straight(range(8))]))
    for pose in POSES.values():
        strict, paper = (pose(table, np.array([0]), protocol, None).trips for protocol in PROTOCOLS)
        assert paper.route.values["time"].isnan().all()
        for view in (paper.gps, paper.grid, strict.gps, strict.grid, strict.route):
            assert view.values["time"].isfinite().all()


@every_case
def test_a_cut_that_leaves_four_is_left_out_and_one_that_leaves_five_is_not(kind, protocol, share):
    shortest = 6 if share is None else 8  # ⌊0.7 · 7⌋ = 4, ⌊0.7 · 8⌋ = 5
    table = TripTable(FakeCity([straight(range(shortest - 1)), straight(range(shortest)), straight(range(11))]))
    posed = POSES[kind](table, np.array([0, 1, 2]), protocol, share)
    assert posed.rows.tolist() == [1, 2]
    shown = posed.trips.route if kind == "destination_road" else posed.trips.grid
    assert shown.lengths().tolist() == [5, 10 if share is None else 7]


def test_a_share_is_rounded_down_exactly_and_at_least_one_unit_is_removed():
    lengths = np.arange(1, 2000)
    assert kept_units(lengths, 0.7).tolist() == [n * 7 // 10 for n in range(1, 2000)]
    assert kept_units(lengths, None).tolist() == list(range(1999))
    assert (kept_units(lengths, 1.0) < lengths).all()


@pytest.mark.parametrize("share", SHARES)
def test_the_destination_is_the_last_unit_however_much_is_removed(tiny, share):
    for kind, view, unit in (("destination_road", tiny.route, "road"), ("destination_grid", tiny.grid, "cell")):
        posed = POSES[kind](tiny, np.arange(240), STRICT, share)
        assert posed.labels.tolist() == [int(view.trip(row)[unit][-1]) for row in posed.rows]
        assert posed.labels.dtype == np.int64


def test_the_roads_of_a_cell_cut_end_with_that_of_the_last_point_shown():
    """What the matcher put behind it was found with the help of hidden points."""
    points, _ = straight(range(8))
    # two roads without points between the last shown one and the cut
    route = [(road, float(MIDNIGHT + 10 * road)) for road in range(7)] + [(8, MIDNIGHT + 64.0), (9, MIDNIGHT + 66.0), (7, MIDNIGHT + 70.0)]
    posed = pose_destination_grid(TripTable(FakeCity([(points, route)])), np.array([0]), STRICT, None)
    assert posed.trips.route.values["road"].tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_no_point_of_the_destination_road_is_shown_although_its_entry_is_late():
    """An archive's entry time may lie behind the first points of its road: entries that fall are raised to the one before (§1, §6.2)."""
    points, route = straight(range(8), points_a_road=3)
    route[-1] = (7, MIDNIGHT + 75.0)  # its points are at 70, 73 and 76
    posed = pose_destination_road(TripTable(FakeCity([(points, route)])), np.array([0]), STRICT, None)
    assert posed.labels.tolist() == [7]
    assert 7 not in posed.trips.gps.values["road"].tolist()


@every_case
@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_noisy_trips_are_posed_as_the_rules_say_too(kind, protocol, share, seed):
    table, rows = TripTable(noisy_city(seed)), np.arange(12)
    posed = POSES[kind](table, rows, protocol, share)
    expected = {row: found for row in rows.tolist() if (found := expected_destination(table, row, kind, protocol, share))}
    assert posed.rows.tolist() == list(expected)
    for k, (row, (points, route, cells, label, last)) in enumerate(expected.items()):
        a, b = posed.trips.gps.offsets[k:k + 2].tolist()
        assert posed.trips.gps.values["time"][a:b].tolist() == [
            point[0] - trip_of(table, row)[0][0][0] // 60 * 60 for point in points]
        assert posed.trips.route.values["road"][slice(*posed.trips.route.offsets[k:k + 2].tolist())].tolist() == [road for road, _ in route]
        assert posed.trips.grid.values["cell"][slice(*posed.trips.grid.offsets[k:k + 2].tolist())].tolist() == [cell for cell, _ in cells]
        assert (int(posed.labels[k]), int(posed.last[k])) == (label, last)


@every_case
@pytest.mark.parametrize("make", [made_city, noisy_city])
def test_the_step_of_every_point_shown_is_one_of_the_roads_shown(make, kind, protocol, share):
    """So that a method may take `route` at `step`, whatever was cut."""
    for seed in range(5):
        table, rows = TripTable(make(seed)), np.arange(12)
        for trips in (whole(table, rows), pose_travel_time(table, rows, protocol).trips, POSES[kind](table, rows, protocol, share).trips):
            roads = np.repeat(trips.route.lengths().numpy(), trips.gps.lengths().numpy())
            step = trips.gps.values["step"].numpy()
            assert ((step >= 0) & (step < roads)).all()


@pytest.mark.parametrize("share", SHARES)
def test_no_road_is_shown_that_is_entered_after_the_cut_although_a_point_lies_on_it(share):
    """A point before the cut that the matcher put on the trip's last road must not show the way there (§7)."""
    points, route = straight(range(14))
    points[10] = (*points[10][:3], 13)  # the last point before the cut of either share, at least nearly
    points[25] = (*points[25][:3], 13)
    points[17] = (*points[17][:3], 13)
    posed = pose_destination_grid(TripTable(FakeCity([(points, route)])), np.array([0]), STRICT, share)
    kept = 13 if share is None else 9
    assert set(posed.trips.route.values["road"].tolist()) <= set(range(kept))


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.name)
@pytest.mark.parametrize("kind", KINDS)
def test_trips_that_are_all_too_short_are_left_out_and_judging_says_so(kind, protocol):
    table = TripTable(FakeCity([straight([3]), straight([4])]))
    exam = Exam(table, None, protocol, None, None, None, None)
    with pytest.raises(UserError, match="No trip of city made is long enough"):
        exam.pose(kind, np.array([0, 1]))


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_paper_shows_travel_time_everything_but_the_times_of_the_route(seed):
    table, rows = TripTable(made_city(seed)), np.random.default_rng(seed).permutation(12)[:8]
    posed = pose_travel_time(table, rows, PAPER)
    assert posed.rows.tolist() == rows.tolist()
    for k, row in enumerate(rows.tolist()):
        points, route, cells = trip_of(table, row)
        check_trip(posed.trips, k, points, route, cells, points[0][0], route_times=False)
        assert posed.labels[k] == points[-1][0] - points[0][0]


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_strict_makes_all_that_travel_time_shows_from_the_driven_roads_and_the_minute_of_departure(seed):
    table, rows = TripTable(made_city(seed)), np.random.default_rng(seed).permutation(12)[:8]
    posed = pose_travel_time(table, rows, STRICT)
    assert posed.rows.tolist() == rows.tolist()
    for k, row in enumerate(rows.tolist()):
        points, route, _ = trip_of(table, row)
        _, lon, lat, step = table.lines.points(view_of([route], road=np.int64))
        line = [(0, x, y, route[k][0], k, cell_of(x, y)) for x, y, k in zip(lon.tolist(), lat.tolist(), step.tolist(), strict=True)]
        line = [point for point in line if point[-1] >= 0]
        check_trip(posed.trips, k, line, route, cells_of(line), points[0][0], other_times=False)
        assert posed.labels[k] == points[-1][0] - points[0][0]


def test_strict_travel_time_is_the_same_bits_whatever_the_points_their_number_and_the_cells():
    """§6.1: the number of points times three seconds is the answer."""
    points, route = straight(range(8))
    other = [(points[0][0] + 5, 104.001, 30.001, 0)] + [(MIDNIGHT + 400 + n, 104.011, 30.013, 5) for n in range(40)]
    slower = [(road, MIDNIGHT + 50.0 * k) for k, (road, _) in enumerate(route)]
    first, second = (pose_travel_time(TripTable(FakeCity([one])), np.array([0]), STRICT) for one in ((points, route), (other, slower)))
    assert as_bits(first.trips) == as_bits(second.trips)
    assert (first.trips.weekday, first.trips.minute) == (second.trips.weekday, second.trips.minute)
    assert (first.labels.tolist(), second.labels.tolist()) == ([73.0], [434.0])


def test_hours_and_weekdays_are_those_of_the_city_and_not_of_greenwich():
    before_midnight = straight(range(6))
    shifted = [(time - 30, *rest) for time, *rest in before_midnight[0]], [(road, entry - 30) for road, entry in before_midnight[1]]
    trips = whole(TripTable(FakeCity([before_midnight, shifted])), np.array([0, 1]))
    assert trips.weekday.tolist() == [1, 0]  # 1 November 2016 is a Tuesday
    assert trips.minute.tolist() == [0, 1439]
    assert trips.gps.values["time"][trips.gps.offsets[:-1]].tolist() == [0, 30]


def test_what_is_posed_is_a_copy_and_some_of_it_are_the_same_trips(tiny):
    rows = part_rows(tiny.city, {"unlabelled_trips": None, "labelled_trips": None}).test
    posed = pose_destination_road(tiny, rows, STRICT, None)
    before, index = as_bits(posed.trips), np.array([3, 0, 3])
    some = posed.some(index)
    assert (some.rows.tolist(), some.labels.tolist(), some.last.tolist()) == tuple(part[index].tolist() for part in (
        posed.rows, posed.labels, posed.last))
    for k, at in enumerate(index.tolist()):
        check_trip(some.trips, k, *expected_destination(tiny, posed.rows[at], "destination_road", STRICT, None)[:3],
                   trip_of(tiny, posed.rows[at])[0][0][0])
    for view in (some.trips.gps, some.trips.route, some.trips.grid):
        for values in view.values.values():
            values.zero_()
    assert as_bits(posed.trips) == before
    assert as_bits(pose_destination_road(tiny, rows, STRICT, None).trips) == before


def test_until_the_last_road_nothing_but_the_roads_before_it_and_the_departure_are_shown(tmp_path):
    table = TripTable(tiny_trajectory_city(tmp_path / "tiny"))
    rows = part_rows(table.city, {"unlabelled_trips": None, "labelled_trips": None}).test
    posed, total = pose_travel_time(UntilLastRoad(table), rows, STRICT), pose_travel_time(table, rows, STRICT)
    assert np.array_equal(posed.rows, rows)
    for k, row in enumerate(rows):
        points, route, _ = trip_of(table, row)
        trips = posed.trips.rows(torch.tensor([k]))
        assert trips.route.values["road"].tolist() == [road for road, _ in route[:-1]]
        assert posed.labels[k] == route[-1][1] - points[0][0]
        assert posed.labels[k] <= total.labels[k]
        for view in (trips.gps, trips.route, trips.grid):
            assert view.values["time"][0] == 0
            assert view.values["time"][1:].isnan().all()
        assert set(trips.gps.values["road"].tolist()) <= {road for road, _ in route[:-1]}
        assert trips.gps.values["step"].max() < len(route) - 1
    assert torch.equal(posed.trips.minute, total.trips.minute)


def test_other_last_roads_and_times_change_no_trip_that_is_shown_until_then(tmp_path):
    table = TripTable(tiny_trajectory_city(tmp_path / "tiny"))
    rows, other = np.arange(len(table.route.offsets) - 1), copy.copy(table)
    last = table.route.offsets[1:] - 1
    values = {name: np.array(array) for name, array in table.route.values.items()}
    values["road"][last] = 0
    values["entry"] += 7 * np.arange(len(values["entry"])) - 7 * np.repeat(table.route.offsets[:-1], table.route.lengths())
    other.route = View(table.route.offsets, values)
    one, two = (pose_travel_time(UntilLastRoad(each), rows, STRICT) for each in (table, other))
    assert not np.array_equal(one.labels, two.labels)
    for view in ("gps", "route", "grid"):
        for name, array in getattr(one.trips, view).values.items():
            assert torch.equal(array.nan_to_num(-1), getattr(two.trips, view).values[name].nan_to_num(-1)), (view, name)


def test_a_trip_of_one_road_has_no_road_before_its_last():
    table = TripTable(FakeCity([straight([3]), straight([3, 4])]))
    assert pose_travel_time(UntilLastRoad(table), np.arange(2), STRICT).rows.tolist() == [1]
