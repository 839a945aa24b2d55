"""When a flight left: the file's day and minute → an hour of the one clock."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

MINUTES_PER_DAY = 24 * 60
# what a flight makes up or loses between departure and arrival is taken to stay below this. Of the flights that leave at 5 and 6 h, nearly
# all of them on time, one in 1,000 arrives more than 41 minutes early, and of those over 1,500 miles one in 1,000 more than 51
SLACK_MINUTES = 60
# days to add to a date; no number of days for what is not certain
AS_DATED, DAY_AFTER, NOT_CERTAIN = 0, 1, -1


def scheduled_days(times: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """The day of each flight, and the minute of it (1 … 1440) at which it left.

    The source writes midnight as 24:00 of the day that ends, and the file turns that into 0:00 of the next.
    """
    days = times.dt.floor("D")
    minutes = ((times - days) // pd.Timedelta(minutes=1)).to_numpy(np.int64)
    return days - pd.to_timedelta((minutes == 0).astype(np.int64), unit="D"), np.where(minutes == 0, MINUTES_PER_DAY, minutes)


def days_to_add(minutes: np.ndarray, delays: np.ndarray) -> np.ndarray:
    """[flight] AS_DATED, DAY_AFTER or NOT_CERTAIN.

    The file joins the day that a flight was scheduled on with the minute at which it left. One that was scheduled on that day left at most
    as many minutes late as the day had passed, and arrived so late up to the slack; one that was delayed across midnight left later than
    that. A delay of a whole day more is an early departure across midnight, of which the file does not say more.

    minutes: of the day, 1 … 1440. delays: at arrival, in minutes.
    """
    beyond = delays - minutes
    choice = np.full(len(beyond), NOT_CERTAIN, dtype=np.int8)
    choice[beyond <= -SLACK_MINUTES] = AS_DATED
    choice[(beyond > SLACK_MINUTES) & (beyond <= MINUTES_PER_DAY - SLACK_MINUTES)] = DAY_AFTER
    return choice


def hours_on(zone: str, start: str, times: pd.Series, zones: np.ndarray) -> np.ndarray:
    """[flight] int64: the wall-clock hour of `zone` since `start` at which each local time lies, whatever its own zone.

    A time that daylight saving skips has no hour: the smallest int64.

    zones: [flight] IANA zones of the local times.
    """
    hours = np.full(len(times), np.iinfo(np.int64).min)
    for own in np.unique(zones):
        here = zones == own
        there = times[here].dt.tz_localize(own, nonexistent="NaT", ambiguous="NaT").dt.tz_convert(zone).dt.tz_localize(None)
        since = ((there - pd.Timestamp(start)) // pd.Timedelta(hours=1)).to_numpy(float, na_value=np.nan)
        hours[here] = np.where(np.isnan(since), hours[here], np.nan_to_num(since)).astype(np.int64)
    return hours


def first_hours(zone: str, start: str, zones: Mapping[str, str]) -> dict[str, int]:
    """Of each place the hour on the clock of `zone` at which its own day of `start` begins, never below 0.

    zones: place → IANA zone.
    """
    begins = hours_on(zone, start, pd.Series([pd.Timestamp(start)] * len(zones)), np.array(list(zones.values())))
    return {place: max(int(hour), 0) for place, hour in zip(zones, begins, strict=True)}
