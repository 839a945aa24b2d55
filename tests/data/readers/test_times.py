"""Columns of times: ISO alone, on the clock of a zone; whatever else a cell holds is named."""

from datetime import UTC, datetime, timedelta, timezone

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.data.readers.times import local_times
from benchmark.errors import UserError

ZONE = "America/New_York"


def read(*cells):
    return local_times(pd.Series(cells, name="time"), "town.csv", ZONE)


def test_days_alone_are_local_midnights_and_no_offset():
    assert list(read("2024-01-01", "2024-01-02")) == [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02")]


@pytest.mark.parametrize("cell", ["2024-01-01T00:30:00Z", "2024-01-01 00:30Z", "2024-01-01 01:30+01:00", "20240101T0130+0100",
                                  "2023-12-31T19:30-05", " 2024-01-01 00:30:00.000 +00:00 "])
def test_a_time_with_an_offset_is_put_on_the_clock_of_the_zone(cell):
    assert list(read(cell)) == [pd.Timestamp("2023-12-31 19:30")]


@pytest.mark.parametrize("cell", ["now", "today", "2024-01-01 00:00:00-1", "2024-01-01 01:0:00", "2024-13-01", "01/02/2024", "nan", "",
                                  "2024-01-01 24:30", "2024-01-01+01:00", "2024-01-01T00:00:00 Europe/Paris"])
def test_what_is_no_iso_time_is_named_with_its_row(cell):
    with pytest.raises(UserError, match=r"town\.csv: row 2 of column 'time' is .*, which is no time"):
        read("2024-01-01 00:00:00", cell)


def test_times_with_and_without_an_offset_do_not_mix():
    with pytest.raises(UserError, match=r"with an offset and without one \(row 2"):
        read("2024-01-01T00:00:00Z", "2024-01-01T00:30:00")


@given(st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_a_moment_is_the_same_however_it_is_written(moment, minutes):
    moment = moment.replace(second=0, microsecond=0, tzinfo=UTC)
    texts = [moment.isoformat(), moment.isoformat(" "), moment.astimezone(timezone(timedelta(minutes=minutes))).isoformat()]
    assert len({read(text)[0] for text in texts}) == 1
