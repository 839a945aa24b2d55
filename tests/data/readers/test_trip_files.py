"""Trips from files: order, repairs, counts, and what is refused."""

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.data.readers.trip_files import GAIA, read_trips
from benchmark.errors import UserError

ROWS = [("b", 10, 104.0, 30.0), ("b", 13, 104.001, 30.0), ("a", 5, 104.1, 30.1), ("b", 16, 104.002, 30.0), ("a", 2, 104.2, 30.2)]
HEAD = "trip_id,unix_time,lon,lat\n"


def write(path, rows=ROWS, head=HEAD):
    path.write_text(head + "".join(",".join(map(str, row)) + "\n" for row in rows))
    return path


def test_trips_come_in_the_order_of_their_first_rows_with_points_in_time_order(tmp_path):
    trips, counts = read_trips(write(tmp_path / "trips.csv"), "wgs84")
    assert trips.trip_id.tolist() == ["b", "a"]
    assert trips.driver_id.tolist() == ["", ""]
    assert trips.offsets.tolist() == [0, 3, 5]
    assert trips.time.tolist() == [10, 13, 16, 2, 5]
    assert trips.lon.tolist() == [104.0, 104.001, 104.002, 104.2, 104.1]
    assert counts["trips whose points were not in time order, sorted"] == 1
    assert sum(counts.values()) == 1


def test_repeated_times_bad_places_and_trips_of_one_point_are_dropped_and_counted(tmp_path):
    rows = [*ROWS, ("b", 13, 104.5, 30.5), ("c", 1, 104.0, 30.0), ("a", 9, "", 30.0), ("a", 11, 104.0, 95.0)]
    trips, counts = read_trips(write(tmp_path / "trips.csv", rows), "wgs84")
    assert trips.trip_id.tolist() == ["b", "a"]
    assert trips.lon[:3].tolist() == [104.0, 104.001, 104.002]
    assert list(counts.values()) == [2, 0, 1, 2, 1]


def test_gaia_rows_gzip_and_parquet_give_the_same_trips(tmp_path):
    table, _ = read_trips(write(tmp_path / "trips.csv", [(*row, "d") for row in ROWS], HEAD.replace("\n", ",driver_id\n")), "wgs84")
    gaia, _ = read_trips(write(tmp_path / "gaia.csv", [("d", *row) for row in ROWS], ""), "wgs84", GAIA)
    packed = tmp_path / "trips.csv.gz"
    packed.write_bytes(gzip.compress((tmp_path / "trips.csv").read_bytes()))
    frame = pd.DataFrame([(*row, "d") for row in ROWS], columns=["trip_id", "unix_time", "lon", "lat", "driver_id"])
    frame.to_parquet(tmp_path / "trips.parquet")
    for other in (gaia, read_trips(packed, "wgs84")[0], read_trips(tmp_path / "trips.parquet", "wgs84")[0]):
        for name, array in vars(table).items():
            np.testing.assert_array_equal(getattr(other, name), array)


def test_a_declared_frame_moves_the_points(tmp_path):
    path = write(tmp_path / "trips.csv")
    (wgs84, _), (gcj02, _) = read_trips(path, "wgs84"), read_trips(path, "gcj02")
    assert 0.001 < np.abs(gcj02.lon - wgs84.lon).max() < 0.01
    with pytest.raises(UserError, match="Did you mean gcj02"):
        read_trips(path, "gcj2")


def test_chinas_frame_in_berlin_is_a_sentence_that_names_the_file(tmp_path):
    path = write(tmp_path / "berlin.csv", [(trip, time, lon - 91, lat + 22) for trip, time, lon, lat in ROWS])
    assert len(read_trips(path, "wgs84")[0].lon) == len(ROWS)
    with pytest.raises(UserError, match=r"berlin\.csv: frame = \"gcj02\", but 5 of 5 points lie outside China"):
        read_trips(path, "gcj02")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 20)), min_size=1, max_size=30))
def test_points_equal_those_sorted_trip_by_trip(tmp_path_factory, rows):
    path = write(tmp_path_factory.mktemp("trips") / "trips.csv",
                 [(trip, time, 104 + k / 1000, 30.0) for k, (trip, time) in enumerate(rows)])
    trips, _ = read_trips(path, "wgs84")
    expected = {}
    for trip in dict.fromkeys(trip for trip, _ in rows):
        first = {}
        for k, (other, time) in enumerate(rows):
            if other == trip:
                first.setdefault(time, 104 + k / 1000)
        if len(first) > 1:
            expected[trip] = sorted(first.items())
    found = {trip: list(zip(trips.time[i:j].tolist(), trips.lon[i:j].round(6).tolist(), strict=True))
             for trip, i, j in zip(trips.trip_id.tolist(), trips.offsets[:-1], trips.offsets[1:], strict=True)}
    assert found == {trip: [(time, round(lon, 6)) for time, lon in points] for trip, points in expected.items()}
    assert list(found) == list(expected)


@pytest.mark.parametrize(("text", "sentence"), [
    ("trip,unix_time,lon,lat\na,1,2,3\n", "lacks the column trip_id"),
    ("8f20,39a0,1477969147,104.07513,30.72724\n", "lacks the columns trip_id, unix_time, lon, lat.*gaia"),
    (HEAD + "a,1,30.0,104.0\na,2,30.1,104.1\n", "swapped"),
    (HEAD + "a,now,104.0,30.0\n", "column 'unix_time': row 1 is 'now', which is no time"),
    (HEAD + "a,7,104.0,30.0\na,0x10,104.0,30.0\n", "row 2 is '0x10', but row 1 is a number"),
    (HEAD + "a,1,104.0\n", "no table of trips"),
    (HEAD + "a,,104.0,30.0\n", "column 'unix_time' has 1 rows without a time"),
    (HEAD, "holds no point"),
    ("", "no table of trips"),
], ids=["column", "gaia", "swapped", "time", "hexadecimal", "ragged", "no time", "empty table", "empty"])
def test_a_file_that_holds_no_trips_is_refused_with_a_sentence(tmp_path, text, sentence):
    (tmp_path / "trips.csv").write_text(text)
    with pytest.raises(UserError, match=sentence):
        read_trips(tmp_path / "trips.csv", "wgs84")


def test_an_absent_file_is_a_sentence(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        read_trips(tmp_path / "none.csv", "wgs84")


@pytest.mark.samples
def test_the_real_samples_hold_what_their_notes_say(samples):
    chengdu, counts = read_trips(samples / "chengdu" / "trips.csv.gz", "wgs84")
    assert len(chengdu) == 9890
    assert len(chengdu.time) + counts["points at the time of the one before, dropped"] == 254_372
    assert counts["points at the time of the one before, dropped"] == 250
    assert len(read_trips(samples / "xian" / "trips_60s_gcj02.csv.gz", "gcj02")[0]) == 1000
    three_seconds, _ = read_trips(samples / "xian" / "trips_3s_wgs84.csv.gz", "wgs84")
    assert (len(three_seconds), int(np.median(np.diff(three_seconds.offsets)))) == (200, 271)
    gaia, _ = read_trips(samples / "raw-didi" / "chengdu_gps_20161101_small.csv", "gcj02", GAIA)
    assert len(gaia) == 34
