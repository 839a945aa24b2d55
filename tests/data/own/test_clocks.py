"""Clocks as files write them: hours of service, ends that are checked, rows that lack, several markers, moments and numbers of seconds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made.raw_city import IDS, TASK

from benchmark.data.own.city_file import TaskFile
from benchmark.data.own.clocks import clock_of, steps_of_rows
from benchmark.data.own.series import import_city
from benchmark.data.readers.times import local_times
from benchmark.errors import UserError

SERVICE = 'zone = "UTC"\nstart = 2024-01-01T05:30:00\ninterval_minutes = 30\nservice = ["05:30", "23:30"]\n'
TIMES = pd.Series(pd.date_range("2024-01-01", periods=231, freq="30min"), name="time")
TIMED = 'file = "t.csv"\nunit = "trips"\ntime = "time"\n'


def wide(counts, times=TIMES):
    return pd.DataFrame(counts, columns=IDS).assign(time=list(times))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.integers(0, 47), open_for=st.integers(1, 48), rows=st.integers(1, 300))
def test_rows_without_times_fill_the_hours_of_service_of_day_after_day(first, open_for, rows):
    begins, ends = (f"{slot // 2:02}:{30 * (slot % 2):02}" for slot in (first, (first + open_for) % 48))
    if begins == ends:
        begins, ends = "00:00", "24:00"
        first = 0
    task = TaskFile("a.npy", "trips", 30, "UTC", f"2024-01-01T{begins}:00", service=(begins, ends))
    clock = clock_of(task, None, rows)
    expected = [48 * (row // open_for) + row % open_for for row in range(rows)]  # step 0 is the first slot of service
    assert steps_of_rows(task, clock, rows).tolist() == expected


def test_hours_of_service_leave_the_night_unobserved_and_need_no_marker(counts, city_file):
    city = import_city(city_file(clock=SERVICE))
    series = city.series("taxi_pick")
    hours = np.array([series.clock.time(step).hour + series.clock.time(step).minute / 60 for step in range(series.steps)])
    np.testing.assert_array_equal(series.observed.all(axis=1), (hours >= 5.5) & (hours < 23.5))
    np.testing.assert_array_equal(series.values[series.observed.all(axis=1)], counts)
    assert series.missing == "nothing is missing, and all outside the hours of service, 05:30–23:30"


def test_a_table_with_times_may_leave_the_night_out_but_hold_nothing_of_it(counts, city_file):
    times = [time for time in pd.date_range("2024-01-01 05:30", periods=400, freq="30min") if "05:30" <= f"{time:%H:%M}" < "23:30"][:231]
    clock = SERVICE.replace("start = 2024-01-01T05:30:00\n", "")
    series = import_city(city_file(TIMED, clock=clock, files={"t.csv": wide(counts, times)})).series("taxi_pick")
    assert series.observed.sum() == counts.size
    with pytest.raises(UserError, match=r"00:00:00 lies outside the hours of service, 05:30–23:30"):
        import_city(city_file(TIMED, clock=clock + "start = 2023-12-31T05:30:00\n", files={"t.csv": wide(counts)}))


@pytest.mark.parametrize(("clock", "sentence"), [
    (SERVICE.replace("T05:30", "T05:00"), "lies outside the hours of service"),
    (SERVICE.replace("23:30", "23:40"), "which does not lie on steps of 30 minutes"),
    (SERVICE.replace("23:30", "25:00"), "`service` in .* is .*; write when a day's rows begin and end"),
])
def test_hours_of_service_that_cannot_be_are_a_sentence(clock, sentence, city_file):
    with pytest.raises(UserError, match=sentence):
        import_city(city_file(clock=clock))


def test_what_rows_come_to_is_compared_with_the_end_that_is_said(city_file):
    good = import_city(city_file(TASK + "end = 2024-01-05T19:00:00\nrows = 231\n"))
    assert "unchecked" not in good.card["tasks"]["taxi_pick"]
    with pytest.raises(UserError, match=r"231 rows end on 2024-01-05 19:00:00, but `end` says 2024-01-07 .*; if a day has rows between"):
        import_city(city_file(TASK + "end = 2024-01-07T19:00:00\n"))
    with pytest.raises(UserError, match="has 231 rows, not the 230 that `rows` says"):
        import_city(city_file(TASK + "rows = 230\n"))


def test_an_array_without_times_and_end_says_where_it_is_taken_to_end(city_file):
    assert "are taken to end on 2024-01-05 19:00:00" in import_city(city_file()).card["tasks"]["taxi_pick"]["unchecked"]


def test_an_end_alone_gives_the_start(city_file):
    clock = 'zone = "UTC"\nend = 2024-01-05T19:00:00\ninterval_minutes = 30\n'
    assert import_city(city_file(clock=clock)).series("taxi_pick").clock.start == "2024-01-01T00:00:00"


def test_rows_that_a_wide_table_lacks_are_unobserved_once_a_marker_is_declared(counts, city_file):
    rows = wide(counts).drop(index=[5, *range(40, 44)])
    series = import_city(city_file(f'{TIMED}missing = "nan"\n', files={"t.csv": rows})).series("taxi_pick")
    assert np.flatnonzero(~series.observed.any(axis=1)).tolist() == [5, 40, 41, 42, 43]
    assert series.missing == "NaN or an empty cell, or an absent row"


def test_several_markers_and_markers_of_each_node(counts, city_file):
    values = np.where(counts == 3, -1, np.where(counts == 4, 99, counts))
    series = import_city(city_file(TASK + "missing = [-1, 99]\n", files={"counts.npy": values})).series("taxi_pick")
    np.testing.assert_array_equal(series.observed, (counts != 3) & (counts != 4))
    values = counts.copy()
    values[:, 0][counts[:, 0] == 3] = 77
    by_node = TASK + "[tasks.taxi_pick.missing]\n4 = 77\n13 = [5, 6]\n"
    series = import_city(city_file(by_node, files={"counts.npy": values}), replace=True).series("taxi_pick")
    expected = np.ones(counts.shape, dtype=bool)
    expected[:, 0], expected[:, 2] = counts[:, 0] != 3, ~np.isin(counts[:, 2], [5, 6])
    np.testing.assert_array_equal(series.observed, expected)
    assert series.missing == "77 of node 4, 5 or 6 of node 13"
    with pytest.raises(UserError, match=r"Unknown node in `missing` of counts\.npy '14'"):
        import_city(city_file(by_node.replace("13 =", "14 =")))


@pytest.mark.parametrize("layout", ["wide", "long"])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize(("write", "unit"), [
    (lambda utc: utc.strftime("%Y-%m-%dT%H:%M:%SZ"), ""), (lambda utc: utc.strftime("%Y-%m-%d %H:%M:%S.000+00:00"), ""),
    (lambda utc: utc.tz_convert("Asia/Tokyo").map(lambda one: one.isoformat()), ""), (lambda utc: utc, ""),
    (lambda utc: [int(one.timestamp()) for one in utc], 'time_unit = "s"\n'),
    (lambda utc: [one.timestamp() + 0.0 for one in utc], 'time_unit = "s"\n'),
    (lambda utc: [int(1000 * one.timestamp()) for one in utc], 'time_unit = "ms"\n'),
    (lambda utc: [int(one.timestamp()) * 10**9 for one in utc], 'time_unit = "ns"\n'),
], ids=["Z", "+00:00", "tokyo", "moments", "seconds", "float-seconds", "milliseconds", "nanoseconds"])
def test_moments_of_any_writing_stand_on_the_clock_of_the_zone(layout, suffix, write, unit, counts, city_file):
    local = pd.date_range("2024-06-01", periods=231, freq="30min", tz="Europe/Paris")
    written = list(write(local.tz_convert("UTC")))
    rows = wide(counts, written) if layout == "wide" else pd.DataFrame(
        {"time": [one for one in written for _ in IDS], "node": np.tile(IDS, 231), "value": counts.ravel()})
    task = f'file = "t.{suffix}"\nunit = "trips"\nlayout = "{layout}"\ntime = "time"\n{unit}'
    clock = 'zone = "Europe/Paris"\ninterval_minutes = 30\n'
    series = import_city(city_file(task, clock=clock, files={f"t.{suffix}": rows})).series("taxi_pick")
    assert series.clock.start == "2024-06-01T00:00:00"
    np.testing.assert_array_equal(series.values, counts)


def test_moments_that_autumn_calls_alike_are_refused_with_the_way_out():
    cells = pd.Series(["2024-10-27T00:30:00Z", "2024-10-27T01:30:00Z"], name="time")
    with pytest.raises(UserError, match=r"two moments that Europe/Paris calls 2024-10-27 02:30:00.*zone = \"UTC\""):
        local_times(cells, "t.csv", "Europe/Paris")
    assert local_times(cells, "t.csv", "UTC").hour.tolist() == [0, 1]


@pytest.mark.parametrize(("cells", "unit", "sentence"), [
    ([1704067200000], None, 'declare time_unit = "ms"'), (["1704067200"], None, 'declare time_unit = "s"'),
    ([1704067200000], "s", "which is no time in s since 1970"), (["noon"], "s", "row 1 of column 'time' is 'noon'"),
    ([np.nan], "ms", "is 'nan', which is no time in ms"), (["9" * 400], "s", "which is no time in s"),
])
def test_numbers_that_are_no_times_of_their_unit_are_a_sentence(cells, unit, sentence):
    with pytest.raises(UserError, match=sentence):
        local_times(pd.Series(cells, name="time"), "t.csv", "UTC", unit)
