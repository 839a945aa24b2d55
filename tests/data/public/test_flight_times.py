"""When a flight left, on the one clock: zones as they were in 2001, midnight, the hour that daylight saving skips."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from benchmark.data.public.flights import build
from benchmark.data.public.flights.build import zone_table
from benchmark.data.public.flights.times import AS_DATED, DAY_AFTER, NOT_CERTAIN, days_to_add, first_hours, hours_on, scheduled_days

EASTERN, START = "America/New_York", "2001-01-01T00:00:00"
# zone → states that lie in it, as far as their airports are in the file
STATES = {"America/New_York": "CT DC DE FL GA KY MA MD ME NC NH NJ NY OH PA RI SC VA VT WV", "America/Detroit": "MI",
          "America/Indiana/Indianapolis": "IN", "America/Chicago": "AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI",
          "America/Denver": "CO MT NM UT WY", "America/Boise": "ID", "America/Phoenix": "AZ", "America/Los_Angeles": "CA NV OR WA",
          "Pacific/Honolulu": "HI", "America/Puerto_Rico": "PR", "America/St_Thomas": "VI"}
# zone → airports that lie in it, unlike most of their state
APART = {"America/Chicago": "EVV PNS VPS", "America/Denver": "ELP RAP", "America/New_York": "CHA TRI TYS",
         "America/Kentucky/Louisville": "SDF"}


def eastern_hour(airport, time):
    (hour,) = hours_on(EASTERN, START, pd.Series([pd.Timestamp(time)]), np.array([zone_table()[airport]]))
    return pd.Timestamp(START) + pd.Timedelta(hours=int(hour))


@pytest.mark.parametrize(("airport", "winter", "summer"), [
    ("JFK", 12, 12), ("ORD", 13, 13), ("DEN", 14, 14), ("LAX", 15, 15), ("ANC", 16, 16),
    # without daylight saving: Arizona, Hawaii, Puerto Rico, and Indiana as it was until 2006
    ("PHX", 14, 15), ("HNL", 17, 18), ("SJU", 11, 12), ("IND", 12, 13),
])
def test_noon_of_each_place_is_the_hour_of_the_one_clock_that_its_zone_gives_in_winter_and_in_summer(airport, winter, summer):
    assert eastern_hour(airport, "2001-01-15 12:30") == pd.Timestamp(2001, 1, 15, winter)
    assert eastern_hour(airport, "2001-06-15 12:30") == pd.Timestamp(2001, 6, 15, summer)


def test_daylight_saving_of_2001_begins_on_the_first_sunday_of_april():
    assert eastern_hour("PHX", "2001-03-31 12:00").hour == 14
    assert eastern_hour("PHX", "2001-04-01 12:00").hour == 15
    assert eastern_hour("JFK", "2001-04-01 01:59") == pd.Timestamp(2001, 4, 1, 1)
    assert eastern_hour("JFK", "2001-04-01 03:00") == pd.Timestamp(2001, 4, 1, 3)
    # New York has changed its clocks, Los Angeles not yet
    assert eastern_hour("LAX", "2001-04-01 01:30") == pd.Timestamp(2001, 4, 1, 5)
    assert eastern_hour("LAX", "2001-04-01 03:30") == pd.Timestamp(2001, 4, 1, 6)


def test_a_time_that_daylight_saving_skips_has_no_hour():
    times = pd.Series(pd.to_datetime(["2001-04-01 02:10"] * 2))
    hours = hours_on(EASTERN, START, times, np.array(["America/Los_Angeles", "America/Phoenix"]))
    assert hours[0] == np.iinfo(np.int64).min
    assert hours[1] == 90 * 24 + 5


def test_the_first_hour_of_a_place_is_its_own_1_january_and_never_before_the_clock():
    zones = {code: zone_table()[code] for code in ("JFK", "ORD", "DEN", "LAX", "ANC", "HNL", "SJU")}
    assert first_hours(EASTERN, START, zones) == {"JFK": 0, "ORD": 1, "DEN": 2, "LAX": 3, "ANC": 4, "HNL": 5, "SJU": 0}


@pytest.mark.parametrize(("minute", "delay", "days"), [
    (30, 200, DAY_AFTER),       # at 0:30 and 200 minutes late: it was to leave the evening before
    (90, 151, DAY_AFTER),
    (90, 150, NOT_CERTAIN),     # an hour lost on the way would explain it
    (30, 20, NOT_CERTAIN),
    (90, 31, NOT_CERTAIN),
    (90, 30, AS_DATED),         # had it left 91 minutes late, it would have made up an hour
    (90, -5, AS_DATED),
    (600, 700, DAY_AFTER),      # 11 h late at 10 h
    (600, 300, AS_DATED),
    (1439, 1431, NOT_CERTAIN),  # nearly a day too much: it left a little before midnight
    (1440, 1433, NOT_CERTAIN),
    (1440, 40, AS_DATED),
])
def test_a_flight_is_shifted_across_midnight_only_where_that_is_certain(minute, delay, days):
    assert days_to_add(np.array([minute]), np.array([delay])) == [days]


def test_midnight_is_the_24th_hour_of_the_day_that_ends():
    days, minutes = scheduled_days(pd.Series(pd.to_datetime(["2001-07-01 00:00", "2001-06-30 00:01", "2001-06-30 23:59"])))
    assert days.dt.strftime("%m-%d").tolist() == ["06-30"] * 3
    assert minutes.tolist() == [1440, 1, 1439]


def test_every_airports_zone_is_that_of_its_state_but_for_the_known_ones():
    table = pd.read_csv(Path(build.__file__).with_name("zones.csv"), keep_default_na=False)
    assert len(table) == table["iata"].nunique() == 229
    of_state = {state: zone for zone, states in STATES.items() for state in states.split()}
    apart = {code: zone for zone, codes in APART.items() for code in codes.split()}
    expected = [apart.get(code, of_state.get(state)) for code, state in zip(table["iata"], table["state"], strict=True)]
    alaska = table["state"] == "AK"
    assert table["zone"][~alaska].tolist() == [zone for zone, there in zip(expected, alaska, strict=True) if not there]
    # the zones of Alaska had one time in 2001
    offsets = {ZoneInfo(zone).utcoffset(datetime(2001, month, 15)) for zone in table["zone"][alaska] for month in (1, 6)}
    assert offsets == {timedelta(hours=-9), timedelta(hours=-8)}
