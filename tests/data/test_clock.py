"""The clock: wall-clock steps of one zone, and the local times that do not exist."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.data.clock import Clock
from benchmark.errors import UserError

INTERVALS = st.sampled_from([5, 10, 15, 30, 60])
ZONES = st.sampled_from(["UTC", "America/New_York", "Europe/Copenhagen", "Asia/Shanghai", "Australia/Lord_Howe", "Pacific/Apia"])
DAYS = st.dates(datetime(2010, 1, 1).date(), datetime(2024, 12, 31).date())


@settings(max_examples=50, deadline=None)
@given(day=DAYS, zone=ZONES, interval=INTERVALS)
def test_a_step_exists_if_and_only_if_its_local_time_survives_the_way_to_utc_and_back(day, zone, interval):
    clock, info = Clock(day.isoformat(), interval, zone), ZoneInfo(zone)
    steps = 2 * clock.steps_per_day
    there_and_back = [clock.time(i).replace(tzinfo=info).astimezone(UTC).astimezone(info).replace(tzinfo=None) for i in range(steps)]
    assert clock.exists(steps).tolist() == [there_and_back[i] == clock.time(i) for i in range(steps)]


@settings(max_examples=50, deadline=None)
@given(day=DAYS, slot=st.integers(0, 23), interval=INTERVALS)
def test_slot_and_weekday_follow_the_wall_clock(day, slot, interval):
    start = datetime(day.year, day.month, day.day) + timedelta(hours=slot)
    clock = Clock(start.isoformat(), interval, "America/New_York")
    times = [clock.time(step) for step in range(300)]
    assert clock.slot(300).tolist() == [(t.hour * 60 + t.minute) // interval for t in times]
    assert clock.weekday(300).tolist() == [t.weekday() for t in times]
    assert list(clock.times(300)) == times


@settings(max_examples=50, deadline=None)
@given(day=DAYS, zone=ZONES, interval=INTERVALS)
def test_a_step_is_repeated_if_and_only_if_each_of_its_minutes_stands_for_two_moments(day, zone, interval):
    clock, info = Clock(day.isoformat(), interval, zone), ZoneInfo(zone)
    steps = 2 * clock.steps_per_day
    def twice(local):
        return local.replace(tzinfo=info, fold=0).utcoffset() > local.replace(tzinfo=info, fold=1).utcoffset()
    expected = [all(twice(clock.time(i) + timedelta(minutes=k)) for k in range(interval)) for i in range(steps)]
    assert clock.repeated(steps).tolist() == expected


@pytest.mark.parametrize(("zone", "day", "interval", "rows"), [
    ("America/New_York", "2019-11-03", 30, [2, 3]), ("America/New_York", "2019-11-03", 60, [1]),
    ("America/New_York", "2019-11-03", 120, []), ("America/New_York", "2019-03-10", 30, []), ("UTC", "2019-11-03", 30, []),
    ("Australia/Lord_Howe", "2019-04-07", 30, [3]), ("Australia/Lord_Howe", "2019-04-07", 60, []),
])
def test_autumn_repeats_the_steps_that_lie_wholly_in_its_doubled_hour(zone, day, interval, rows):
    assert np.flatnonzero(Clock(day, interval, zone).repeated(24 * 60 // interval)).tolist() == rows


def test_spring_skips_an_hour_and_autumn_keeps_the_repeated_one_once():
    spring, autumn = Clock("2019-03-10", 30, "America/New_York"), Clock("2019-11-03", 30, "America/New_York")
    assert np.flatnonzero(~spring.exists(48)).tolist() == [4, 5]
    assert autumn.exists(48).all()


def test_the_calendar_holds_year_month_day_and_time_of_each_step():
    calendar = Clock("2019-12-31T23:30:00", 30, "UTC").calendar(2)
    assert calendar.dtype == np.float32
    np.testing.assert_allclose(calendar, [[0, 1, 1, 23 / 24, 0.5, 0], [1, 1 / 12, 1 / 31, 0, 0, 0]], rtol=1e-6)


@pytest.mark.parametrize(("start", "interval", "zone", "culprit"), [
    ("2019-01-01", 7, "UTC", "interval_minutes = 7"),
    ("2019-01-01", 0, "UTC", "interval_minutes = 0"),
    ("yesterday", 30, "UTC", "'yesterday'"),
    ("2019-01-01T00:00:00+01:00", 30, "UTC", "carries an offset"),
    ("2019-01-01T00:10:00", 30, "UTC", "does not lie on a step"),
    ("2019-01-01T00:00:00.5", 30, "UTC", "does not lie on a step"),
    ("2019-01-01", 30, "Mars/Olympus", "'Mars/Olympus'"),
    ("2019-01-01", 30, "America", "'America'"),
    ("2019-01-01", 30, "../UTC", "'../UTC'"),
])
def test_a_clock_that_cannot_be_is_a_sentence_that_names_the_culprit(start, interval, zone, culprit):
    with pytest.raises(UserError, match=culprit.replace(".", r"\.")):
        Clock(start, interval, zone)
