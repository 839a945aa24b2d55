"""Parts of a trajectory city: by local day, in time order, independent of the order of the rows."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given as given_by
from hypothesis import settings
from hypothesis import strategies as st

from benchmark.data.trajectory.splits import LABELLED, NO_PART, TEST, UNLABELLED, VALIDATION, Split, hash_order, split_trips
from benchmark.data.trajectory.trips import RawTrips
from benchmark.errors import UserError

ZONE = "Asia/Shanghai"


def trips(starts, minutes=10):
    """Two points a trip; `starts` are local times."""
    begin = pd.DatetimeIndex(starts).tz_localize(ZONE).tz_convert("UTC").as_unit("s").asi8
    count = len(begin)
    return RawTrips(np.array([f"trip {k}" for k in range(count)]), np.full(count, ""), np.arange(0, 2 * count + 1, 2),
                    np.stack([begin, begin + 60 * minutes], axis=1).ravel(), np.zeros(2 * count), np.zeros(2 * count))


def fifteen_days(a_day=40):
    return trips(np.repeat(pd.date_range("2016-11-01 00:30", periods=15, freq="D"), a_day))


def local_days(given):
    return pd.to_datetime(given.time[given.offsets[:-1]], unit="s", utc=True).tz_convert(ZONE).day.to_numpy()


def test_of_fifteen_days_the_last_is_tested_on_and_the_one_before_validated_on():
    given = fifteen_days()
    parts, facts = split_trips(Split(by="days"), given, ZONE)
    day = local_days(given)
    assert set(day[parts == TEST]) == {15}
    assert set(day[parts == VALIDATION]) == {14}
    assert set(day[(parts == UNLABELLED) | (parts == LABELLED)]) == set(range(1, 14))
    assert facts["days"] == {"train": ["2016-11-01", "2016-11-13"], "validation": ["2016-11-14"] * 2, "test": ["2016-11-15"] * 2}
    assert facts["trips"] == {"unlabelled": 420, "labelled": 100, "validation": 40, "test": 40}  # 520 in the proportion 50 : 12


def test_days_are_local_so_an_early_trip_in_china_is_not_of_the_utc_day_before():
    given = fifteen_days()
    assert (pd.to_datetime(given.time[-2], unit="s").day, local_days(given)[-1]) == (14, 15)


def test_parts_take_no_more_trips_than_declared_and_the_rest_is_unused():
    given = fifteen_days()
    parts, facts = split_trips(Split(unlabelled_trips=50, labelled_trips=20, validation_trips=15, test_trips=12), given, ZONE)
    assert np.bincount(parts[parts >= 0]).tolist() == [50, 20, 15, 12]
    assert (parts == NO_PART).sum() == len(given) - 97
    assert facts["most"]["unlabelled_trips"] == 50


def test_a_part_does_not_depend_on_the_order_of_the_trips():
    given = fifteen_days()
    split = Split(unlabelled_trips=50, labelled_trips=20, validation_trips=15, test_trips=12)
    parts, _ = split_trips(split, given, ZONE)
    order = np.random.default_rng(0).permutation(len(given))
    point = (2 * order[:, None] + np.arange(2)).ravel()
    shuffled = RawTrips(given.trip_id[order], given.driver_id[order], given.offsets, given.time[point], given.lon, given.lat)
    assert np.array_equal(split_trips(split, shuffled, ZONE)[0], parts[order])
    assert sorted(hash_order(given.trip_id)) == list(range(len(given)))


def test_a_trip_that_drives_into_another_parts_day_belongs_to_none():
    given = trips([*np.repeat(pd.date_range("2016-11-01 12:00", periods=15, freq="D"), 40), pd.Timestamp("2016-11-13 23:55"),
                   pd.Timestamp("2016-11-12 23:55")])
    parts, _ = split_trips(Split(by="days"), given, ZONE)
    assert parts[-2] == NO_PART
    assert parts[-1] in (UNLABELLED, LABELLED)


def test_declared_days_are_used():
    days = [(date(2016, 11, a), date(2016, 11, b)) for a, b in ((1, 3), (5, 6), (8, 9))]
    parts, facts = split_trips(Split(*days), fifteen_days(), ZONE)
    day = local_days(fifteen_days())
    assert [set(day[parts == part]) for part in (VALIDATION, TEST, NO_PART)] == [{5, 6}, {8, 9}, {4, 7, *range(10, 16)}]
    assert facts["declared"]


@pytest.mark.parametrize(("days", "sentence"), [
    (((1, 3), (3, 6), (8, 9)), "begin on 2016-11-03, not after the train days"), (((1, 3), (5, 9), (8, 9)), "not after the validation"),
    (((3, 1), (5, 6), (8, 9)), "before they begin"), (((1, 3), (5, 6), (20, 21)), "test part .* holds 0 trips"),
])
def test_overlapping_reversed_and_empty_parts_are_refused(days, sentence):
    split = Split(*((date(2016, 11, a), date(2016, 11, b)) for a, b in days))
    with pytest.raises(UserError, match=sentence):
        split_trips(split, fifteen_days(), ZONE)


def test_days_for_some_parts_only_and_too_few_days_or_trips_are_refused():
    with pytest.raises(UserError, match="for all of train, validation and test"):
        split_trips(Split(train=(date(2016, 11, 1), date(2016, 11, 2))), fifteen_days(), ZONE)
    with pytest.raises(UserError, match="begin on 1 days"):
        split_trips(Split(by="days"), trips([pd.Timestamp("2016-11-01")] * 50), ZONE)
    with pytest.raises(UserError, match=r"labelled part .* holds \d trips"):
        split_trips(Split(by="days"), fifteen_days(2), ZONE)


def test_where_few_trips_are_driven_a_day_more_days_are_tested_on_and_the_card_says_why():
    parts, facts = split_trips(Split(), fifteen_days(), ZONE)
    day = local_days(fifteen_days())
    assert [set(day[parts == part]) for part in (VALIDATION, TEST)] == [{10, 11, 12}, {13, 14, 15}]
    assert facts["why"] == "the last fifteenth of the days has too few trips"
    assert "by" not in facts
    many, facts = split_trips(Split(), fifteen_days(120), ZONE)
    assert set(local_days(fifteen_days(120))[many == TEST]) == {15}
    assert "why" not in facts


def test_where_days_do_not_suffice_the_trips_are_divided_in_time_order_and_no_trip_lies_in_two_parts():
    given = trips(pd.date_range("2016-11-01 06:00", periods=400, freq="2min"), minutes=5)
    parts, facts = split_trips(Split(), given, ZONE)
    # of 400 trips 7:1:2; the two that have not ended when the next period begins belong to none
    assert facts["trips"] == {"unlabelled": 225, "labelled": 53, "validation": 38, "test": 80}
    assert (facts["by"], facts["shares"], facts["why"]) == ("trips", [7, 1, 2], "1 day does not suffice")
    assert facts["days"]["validation"] == ["2016-11-01T15:20:00", "2016-11-01T16:39:59"]
    period = np.select([parts < 0, parts <= LABELLED], [-1, 0], parts)
    begin, end = given.time[::2], given.time[1::2]
    for earlier, later in ((0, VALIDATION), (VALIDATION, TEST)):
        assert end[period == earlier].max() < begin[period == later].min()
    assert np.flatnonzero(parts == NO_PART).tolist() == [278, 279, 318, 319]


def test_hours_and_declared_local_times_divide_a_day():
    given = trips(pd.date_range("2016-11-01 00:00", periods=24 * 30, freq="2min"), minutes=1)
    hour = local_days(given) * 0 + pd.to_datetime(given.time[::2], unit="s", utc=True).tz_convert(ZONE).hour.to_numpy()
    parts, facts = split_trips(Split(by="hours"), given, ZONE)
    assert [set(hour[parts == part]) for part in (VALIDATION, TEST)] == [{20, 21}, {22, 23}]
    assert facts["days"]["test"] == ["2016-11-01T22", "2016-11-01T23"]
    times = [(datetime(2016, 11, 1, a), datetime(2016, 11, 1, b)) for a, b in ((0, 12), (12, 18), (18, 23))]
    parts, facts = split_trips(Split(*times), given, ZONE)
    assert [set(hour[parts == part]) for part in (VALIDATION, TEST, NO_PART)] == [set(range(12, 18)), set(range(18, 23)), {23}]
    assert facts["days"]["train"] == ["2016-11-01T00:00:00", "2016-11-01T11:59:59"]
    with pytest.raises(UserError, match="days or local times, not both"):
        split_trips(Split(times[0], times[1], (date(2016, 11, 2), date(2016, 11, 2))), given, ZONE)


@settings(max_examples=40, deadline=None)
@given_by(st.lists(st.integers(0, 5000), min_size=60, max_size=200), st.tuples(*[st.integers(1, 9)] * 3))
def test_shares_cut_where_an_independent_count_does(starts, shares):
    given = trips(pd.Timestamp("2016-11-01") + pd.to_timedelta(starts, unit="s"), minutes=1)
    ordered, total, k = sorted(starts), sum(shares), len(starts)
    first = ordered[k * shares[0] // total]
    second = ordered[k * (shares[0] + shares[1]) // total]
    expected = [sum(s + 60 < first for s in starts), sum(s >= first and s + 60 < second for s in starts), sum(s >= second for s in starts)]
    try:
        _, facts = split_trips(Split(by="trips", shares=shares), given, ZONE)
    except UserError:
        assert min(expected[0] * 12 // 62, *expected[1:]) < 10
        return
    counts = facts["trips"]
    assert [counts["unlabelled"] + counts["labelled"], counts["validation"], counts["test"]] == expected
