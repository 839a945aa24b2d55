"""The clock of a series: wall-clock steps of one time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from benchmark.data.bounds import shown
from benchmark.errors import UserError

MINUTES_PER_DAY = 24 * 60
# no city is measured before or after; beyond, local times and pandas' nanoseconds end
FIRST_YEAR, LAST_YEAR = 1900, 2200
# both in seconds since 1970
EARLIEST, LATEST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (FIRST_YEAR, LAST_YEAR))
# of one series: 19 years of minutes
MOST_STEPS = 10_000_000


def check_zone(zone: str) -> None:
    """Refuse what names no time zone."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, such as "America"
        raise UserError(f"Unknown time zone {shown(zone)}; write an IANA name such as America/New_York or UTC.") from None


@dataclass(frozen=True)
class Clock:
    """Step i is the local wall-clock time ``start + i * interval``; each calendar day has the same number of steps."""

    # local wall-clock time of step 0, ISO format without offset, e.g. "2019-01-01T00:00:00"
    start: str
    # minutes from one step to the next; divides a day
    interval_minutes: int
    # IANA time zone, e.g. "America/New_York"
    zone: str

    def __post_init__(self) -> None:
        if self.interval_minutes < 1 or MINUTES_PER_DAY % self.interval_minutes:
            raise UserError(f"interval_minutes = {shown(self.interval_minutes)} does not divide a day; use e.g. 5, 15, 30 or 60.")
        try:
            start = datetime.fromisoformat(self.start)
        except ValueError:
            raise UserError(f"start = '{self.start}' is no ISO time; write e.g. 2019-01-01T00:00:00.") from None
        if not FIRST_YEAR <= start.year < LAST_YEAR:
            raise UserError(f"start = '{self.start}' lies in the year {start.year}; a clock runs from {FIRST_YEAR} to {LAST_YEAR}.")
        if start.tzinfo is not None:
            raise UserError(f"start = '{self.start}' carries an offset; write the local time and name the zone instead.")
        if start.second or start.microsecond or (start.hour * 60 + start.minute) % self.interval_minutes:
            raise UserError(f"start = '{self.start}' does not lie on a step of {self.interval_minutes} minutes.")
        check_zone(self.zone)

    @property
    def steps_per_day(self) -> int:
        return MINUTES_PER_DAY // self.interval_minutes

    def time(self, step: int) -> datetime:
        """Local wall-clock time of one step."""
        return datetime.fromisoformat(self.start) + timedelta(minutes=self.interval_minutes * step)

    def times(self, steps: int) -> pd.DatetimeIndex:
        """Local wall-clock times of steps 0 … steps-1, without zone; see `check`."""
        self.check(steps)
        return pd.date_range(self.start, periods=steps, freq=f"{self.interval_minutes}min")

    def check(self, steps: int) -> None:
        """Raise a UserError where so many steps are more than a series may have, or end too late."""
        if steps > MOST_STEPS:
            raise UserError(f"{steps:,} steps of {self.interval_minutes} minutes from {self.start} are more than the {MOST_STEPS:,} that a "
                            "series may have.")
        if steps and self.time(steps - 1).year >= LAST_YEAR:
            raise UserError(f"{steps:,} steps of {self.interval_minutes} minutes from {self.start} end after the year {LAST_YEAR}.")

    def slot(self, steps: int) -> np.ndarray:
        """Slot of the day (0 … steps_per_day-1) of each step, int64."""
        start = datetime.fromisoformat(self.start)
        first = (start.hour * 60 + start.minute) // self.interval_minutes
        return (np.arange(steps, dtype=np.int64) + first) % self.steps_per_day

    def weekday(self, steps: int) -> np.ndarray:
        """Day of the week (Monday 0 … Sunday 6) of each step, int64."""
        return np.asarray(self.times(steps).day_of_week, dtype=np.int64)

    def calendar(self, steps: int) -> np.ndarray:
        """[step, 6] float32: year - first year, month/12, day/31, hour/24, minute/60, second/60."""
        t = self.times(steps)
        fields = [t.year - t.year[0], t.month / 12, t.day / 31, t.hour / 24, t.minute / 60, t.second / 60]
        return np.stack([np.asarray(f, dtype=np.float32) for f in fields], axis=1)

    def exists(self, steps: int) -> np.ndarray:
        """[step] bool: false where daylight saving skips the local time."""
        local = self.times(steps).tz_localize(self.zone, nonexistent="NaT", ambiguous=np.ones(steps, dtype=bool))
        return ~np.asarray(local.isna())

    def repeated(self, steps: int) -> np.ndarray:
        """[step] bool: true where daylight saving repeats the whole of the step's local time; a longer step is not repeated."""
        def twice(times: pd.DatetimeIndex) -> np.ndarray:
            return np.asarray(times.tz_localize(self.zone, nonexistent="shift_forward", ambiguous="NaT").isna())

        first = self.times(steps)
        return twice(first) & twice(first + pd.Timedelta(minutes=self.interval_minutes - 1))
