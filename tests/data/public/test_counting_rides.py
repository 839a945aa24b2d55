"""Rows of single rides: columns under any of their names, months without a gap, rules that count each row once."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.data.clock import Clock
from benchmark.data.public.rides.batches import NO_TIME, NUMBER, TEXT, TIME, Column, batches
from benchmark.data.public.rides.cleaning import RULES, Cleaning, Limits, Rows, Seen
from benchmark.data.public.rides.count import counted_series
from benchmark.data.public.rides.months import Span, files_of_months, months_named, months_of, span_of
from benchmark.errors import UserError

COLUMNS = (Column("time", TIME, ("Trip_Time", "when")), Column("size", NUMBER, ("size",)), Column("word", TEXT, ("word",), needed=False))
TEXTS = "when,word,size,other\n2021-01-01 00:00:01,a,1.5,x\n,,,\n2021-01-01 00:00:03.9,c,3,y\n"
SECONDS = [1_609_459_201, NO_TIME, 1_609_459_203]


def read(path: Path) -> dict[str, list[object]]:
    found = list(batches(path, COLUMNS))
    return {name: np.concatenate([batch[name] for batch in found]).tolist() for name in found[0]}


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "zip"])
def test_a_table_reads_alike_however_it_is_packed(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    if ending == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.csv", TEXTS)
            archive.writestr("__MACOSX/._a.csv", "junk")
    else:
        path.write_bytes(gzip.compress(TEXTS.encode()) if ending.endswith("gz") else TEXTS.encode())
    found = read(path)
    assert (found["time"], found["word"]) == (SECONDS, ["a", None, "c"])
    np.testing.assert_array_equal(found["size"], [1.5, np.nan, 3])


@pytest.mark.parametrize("kind", [pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("s"), pa.string()])
def test_times_of_parquet_read_alike_whatever_their_type(tmp_path, kind):
    times = pa.array(["2021-01-01 00:00:01", None, "2021-01-01 00:00:03"]).cast(kind)
    pa.parquet.write_table(pa.table({"trip time": times, "SIZE": pa.array([1, None, 3])}), tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet")
    assert found["time"] == SECONDS
    np.testing.assert_array_equal(found["size"], [1, np.nan, 3])
    assert "word" not in found


def test_the_portals_of_cities_write_times_in_their_own_way(tmp_path):
    (tmp_path / "a.csv").write_text("when,size\n01/01/2021 12:00:01 AM,1\n01/01/2021 01:30:00 PM,2\n", encoding="utf-8")
    assert read(tmp_path / "a.csv")["time"] == [1_609_459_201, 1_609_507_800]


def test_the_tables_of_a_zip_are_read_one_after_the_other(tmp_path):
    with zipfile.ZipFile(tmp_path / "202401-citibike-tripdata.zip", "w") as archive:
        archive.writestr("b_2.csv", "size,when\n2,2021-01-01 00:00:03\n")
        archive.writestr("a_1.csv", "when,size\n2021-01-01 00:00:01,1\n")
    assert read(tmp_path / "202401-citibike-tripdata.zip")["size"] == [1, 2]
    with zipfile.ZipFile(tmp_path / "none.zip", "w") as archive:
        archive.writestr("a.txt", "when,size\n")
    with pytest.raises(UserError, match=r"none\.zip holds 0 \.csv files"):
        read(tmp_path / "none.zip")


def test_times_may_be_seconds_since_1970(tmp_path):
    (tmp_path / "a.csv").write_text("when,size\n1609459201,1\n,2\n1609459203.0,3\n1e300,4\n", encoding="utf-8")
    assert read(tmp_path / "a.csv")["time"] == [*SECONDS, NO_TIME]


@pytest.mark.parametrize(("text", "sentence"), [
    ("when,word\n2021-01-01,a\n", r"a\.csv lacks the column size; it has when, word"),
    ("when,size,Size\n2021-01-01,1,1\n", r"a\.csv has two columns of the same meaning, 'size' and 'Size'"),
    ("when,size\nyesterday,1\n", r"a\.csv is no table of the columns that are read .*yesterday.*get it again"),
    ("when,size\n2021-01-01,many\n", r"a\.csv is no table .*many"),
    ("when,size\n2021-01-01\n", r"a\.csv is no table .*Expected 2 columns"),
    ("", r"a\.csv lacks the column Trip_Time"),
])
def test_a_wrong_table_is_one_sentence(tmp_path, text, sentence):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=sentence):
        read(tmp_path / "a.csv")


@pytest.mark.parametrize("name", ["a.parquet", "a.zip", "a.csv.gz"])
def test_a_damaged_file_is_one_sentence(tmp_path, name):
    (tmp_path / name).write_bytes(b"no such format")
    with pytest.raises(UserError, match=f"{name} (is damaged or no|could not be read|is no table)"):
        read(tmp_path / name)


def test_months_are_read_from_names_and_a_gap_is_refused(tmp_path):
    for name in ("202012-x.csv", "y_2021-01.csv", "2021-02.txt", "20210315.csv", "2021-04.csv"):
        (tmp_path / name).touch()
    found = files_of_months(tmp_path, (".csv",), ())
    assert [(path.name, month) for path, month in found.items()] == [
        ("202012-x.csv", ("2020-12",)), ("y_2021-01.csv", ("2021-01",)), ("2021-04.csv", ("2021-04",))]
    with pytest.raises(UserError, match="no file of 2021-02, between 2020-12 and 2021-04"):
        span_of(months_of(found.values(), ()), 30, "UTC")
    assert len(files_of_months(tmp_path, (".csv",), ("2020-12", "2021-01"))) == 2
    span = span_of(("2020-12", "2021-01"), 30, "America/Chicago")
    assert (span.clock.start, span.steps) == ("2020-12-01T00:00:00", 62 * 48)
    assert span.seconds[1] - span.seconds[0] == 62 * 86400


@pytest.mark.parametrize(("name", "months"), [
    ("Divvy_Trips_2013.zip", ()), ("Divvy_Stations_Trips_2014_Q1Q2.csv", [f"2014-0{month}" for month in range(1, 7)]),
    ("Divvy_Trips_2014-Q3-07.csv", ["2014-07"]), ("Divvy_Trips_2018_Q1.csv", ["2018-01", "2018-02", "2018-03"]),
    ("JC-202101-citibike-tripdata.csv.zip", ["2021-01"])])
def test_a_name_may_hold_a_month_or_quarters(name, months):
    assert months_named(name) == tuple(months)


@pytest.mark.parametrize(("months", "sentence"), [(("2021-1",), "write year and month"), (("2021-01", "2021-02"), "no file of 2021-02"),
                                                  (("2019-01",), "no file .* named after 2019-01")])
def test_months_that_are_not_there_are_a_sentence(tmp_path, months, sentence):
    (tmp_path / "y_2021-01.csv").touch()
    with pytest.raises(UserError, match=sentence):
        files_of_months(tmp_path, (".csv",), months)


@given(st.lists(st.lists(st.integers(0, 9))))
def test_a_row_is_seen_again_whatever_the_batches(parts):
    seen, known = Seen(), set()
    for part in parts:
        again = seen.again(np.array(part, dtype=np.uint64))
        for key, found in zip(part, again, strict=True):
            assert found == (key in known)
            known.add(key)


NUMBERS = st.sampled_from([NO_TIME, -5, 0, 10, 60, 100, 4000])
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, st.integers(-1, 1), st.integers(-1, 1), st.booleans(), st.integers(0, 20),
                          st.sampled_from([np.nan, -1, 0, 0.5, 3, 200]), st.sampled_from([np.nan, 0, 1, 99])))


def plain_fate(row, seen):
    pick, drop, origin, destination, placed, key, miles, persons = row
    if key in seen:
        return "duplicated"
    seen.add(key)
    if NO_TIME in (pick, drop):
        return "no_time"
    if not 0 <= pick < 1000:
        return "wrong_month"
    if not placed:
        return "no_place"
    if origin == destination == -1:
        return "outside"
    if not 10 <= drop - pick <= 2000:
        return "duration"
    if miles <= 0 or miles > 100:
        return "distance"
    if miles / ((drop - pick) / 3600) > 100:
        return "speed"
    return "passengers" if persons == 0 or persons > 9 else "kept"


@given(ROWS, st.integers(0, 10))
def test_each_row_counts_once_for_the_first_rule_that_it_breaks(rows, cut):
    cleaning, seen = Cleaning(Limits((0, 1000), 10, 2000, 100.0, 100.0)), set()
    fates = [plain_fate(row, seen) for row in rows]
    kept = []
    for part in (rows[:cut], rows[cut:]):
        columns = [np.array(column) for column in zip(*part, strict=True)] or [np.zeros(0)] * 8
        times, places = [c.astype(np.int64) for c in columns[:2]], [c.astype(np.int64) for c in columns[2:4]]
        kept += cleaning.keep(Rows(*times, *places, columns[4].astype(bool), columns[5].astype(np.uint64),
                                   columns[6].astype(float), columns[7].astype(float))).tolist()
    assert kept == [fate == "kept" for fate in fates]
    assert cleaning.left_out == {rule.name: fates.count(rule.name) for rule in RULES}
    assert (cleaning.rows, cleaning.kept) == (len(rows), fates.count("kept"))


def test_rules_that_are_not_applied_or_need_what_is_not_stated_count_nothing():
    rows = Rows(np.array([5, 5]), np.array([6, 6]), np.array([0, 0]), np.array([0, 0]), np.array([True, True]),
                np.array([1, 1], dtype=np.uint64))
    cleaning = Cleaning(Limits((0, 10), 60, 100, without=("duplicated", "duration")))
    assert cleaning.keep(rows).tolist() == [True, True]
    assert "distance" not in cleaning.left_out
    assert cleaning.notes()["rules_not_applied"] == ["duplicated", "duration"]
    assert cleaning.in_words() == "2 of 2 rows count."
    with pytest.raises(UserError, match=r"Unknown rule of cleaning 'durtion'\. Did you mean duration"):
        Cleaning(Limits((0, 10), 60, 100, without=("durtion",)))


def test_the_hour_that_autumn_repeats_is_unobserved():
    span = Span(Clock("2021-11-07T00:00:00", 30, "America/Chicago"), 48)
    series = counted_series("bike_pick", np.ones((48, 2), dtype=np.int64), span, "trips per 30 min")
    assert np.flatnonzero(~series.observed.any(axis=1)).tolist() == [2, 3]
