"""Every layout of trips, in the provider's own form, against a plain parse of the same bytes; and what is refused."""

import csv
import gzip
import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.data.readers.trip_files import read_trips
from benchmark.data.readers.trip_layouts import TripLayout
from benchmark.errors import UserError

PORTO = TripLayout("polylines")
# as the UCI and Kaggle copies have it: every cell in quotes, a trip a row
PORTO_HEAD = '"TRIP_ID","CALL_TYPE","ORIGIN_CALL","ORIGIN_STAND","TAXI_ID","TIMESTAMP","DAY_TYPE","MISSING_DATA","POLYLINE"\n'
PORTO_ROWS = [
    '"1372636858620000589","C","","","20000589","1372636858","A","False","[[-8.618643,41.141412],[-8.618499,41.141376],[-8.620326,41.14251]]"',
    '"1372637303620000596","B","","7","20000596","1372637303","A","False","[[-8.639847,41.159826],[-8.640351,41.159871]]"',
    '"1372636951620000320","C","","","20000320","1372636951","A","True","[[-8.612964,41.140359],[-8.613378,41.14035]]"',
    '"1372636854620000520","C","","","20000520","1372636854","A","False","[]"',
    '"1372637303620000596","B","","7","20000596","1372637999","A","False","[[-8.1,41.1],[-8.2,41.2],[-8.3,41.3]]"',
    '"1372637091620000337","A","31508","","20000337","1372637091","A","False","[[-8.645994,41.18049]]"']
LIBCITY = """dyna_id,type,time,entity_id,traj_id,coordinates
0,trajectory,2009-01-17T20:27:37Z,4,0,"[-122.39, 47.6667]"
1,trajectory,2009-01-17T20:27:38Z,4,0,"[-122.3901,47.6668]"
2,trajectory,2009-01-17T21:00:00Z,4,1,"[-122.4, 47.61]"
3,trajectory,2009-01-17T21:00:09Z,4,1,"[-122.41, 47.62]"
4,trajectory,2009-01-17T21:00:00Z,5,0,"[-122.5, 47.5]"
5,trajectory,2009-01-17T21:01:00Z,5,0,"[-122.51, 47.51]"
"""


def written(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def points_of(trips):
    """{id: [(time, lon, lat)]}"""
    return {str(one): [(int(trips.time[k]), float(trips.lon[k]), float(trips.lat[k])) for k in range(i, j)]
            for one, i, j in zip(trips.trip_id, trips.offsets[:-1], trips.offsets[1:], strict=True)}


def plain_porto(path):
    """By json and csv alone: rows without missing data, the first of an id, two points at least."""
    found = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            line = json.loads(row["POLYLINE"])
            if row["MISSING_DATA"] == "False":
                found.setdefault(row["TRIP_ID"], [(int(row["TIMESTAMP"]) + 15 * k, *point) for k, point in enumerate(line)])
    return {one: points for one, points in found.items() if len(points) > 1}


def test_portos_polylines_give_every_point_fifteen_seconds_apart(tmp_path):
    path = written(tmp_path / "train.csv", PORTO_HEAD + "\n".join(PORTO_ROWS) + "\n")
    trips, counts = read_trips(path, "wgs84", PORTO)
    assert points_of(trips) == plain_porto(path)
    assert list(points_of(trips)) == ["1372636858620000589", "1372637303620000596"]
    assert trips.driver_id.tolist() == ["20000589", "20000596"]
    assert counts["trips that say that points are missing, left out"] == 1
    assert counts["trips of an id that stood before, left out"] == 1
    assert counts["trips of fewer than 2 points, dropped"] == 1
    packed = tmp_path / "train.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert points_of(read_trips(packed, "wgs84", PORTO)[0]) == points_of(trips)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(10**9, 2 * 10**9), st.booleans(),
                          st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), max_size=6)), min_size=1, max_size=12))
def test_polylines_of_any_numbers_equal_a_plain_parse(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("porto") / "train.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["TRIP_ID", "TAXI_ID", "TIMESTAMP", "MISSING_DATA", "POLYLINE"])
        writer.writerows([one, "7", time, missing, json.dumps([list(point) for point in line])] for one, time, missing, line in rows)
    trips, _ = read_trips(path, "wgs84", PORTO)
    assert points_of(trips) == plain_porto(path)


def test_columns_of_any_names_are_mapped_and_columns_that_nobody_reads_may_hold_anything(tmp_path):
    path = written(tmp_path / "t.csv", "n,bezirk,fahrt,wann,x,y\n" + "".join(
        f"{k % 3},{'zwölf' if k > 5000 else k},f{k // 3},{1_540_000_000_000 + 1000 * k},{104 + k / 1e5:.5f},30.5\n" for k in range(9000)))
    layout = TripLayout(columns={"id": "fahrt", "time": "wann", "lon": "x", "lat": "y", "order": "n"}, time_unit="ms")
    found = points_of(read_trips(path, "wgs84", layout)[0])
    with path.open(newline="", encoding="utf-8") as file:
        said = {}
        for row in csv.DictReader(file):
            said.setdefault(row["fahrt"], []).append((int(row["wann"]) // 1000, float(row["x"]), float(row["y"])))
    assert found == said


def test_a_point_column_and_a_table_without_names_are_read(tmp_path):
    path = written(tmp_path / "t.csv", 'a;,1540000000,"[104.5, 30.5]"\na;,1540000005,"[104.6, 30.6]"\na;,1540000006,\n')
    layout = TripLayout(columns={"id": "0", "time": "1", "point": "2"}, header=False)
    trips, counts = read_trips(path, "wgs84", layout)
    assert points_of(trips) == {"a;": [(1540000000, 104.5, 30.5), (1540000005, 104.6, 30.6)]}
    assert counts["points without a place on earth, dropped"] == 1


def test_of_points_at_one_time_the_first_in_order_stays(tmp_path):
    path = written(tmp_path / "t.csv", "trip_id,unix_time,n,lon,lat\na,10,3,1,1\na,10,2,2,2\na,11,9,3,3\n")
    assert points_of(read_trips(path, "wgs84", TripLayout(columns={"order": "n"}))[0]) == {"a": [(10, 2, 2), (11, 3, 3)]}


def test_libcitys_trajectories_are_numbered_by_each_entity_for_itself(tmp_path):
    trips, _ = read_trips(written(tmp_path / "Seattle.dyna", LIBCITY), "wgs84", TripLayout("libcity"))
    said = {}
    with (tmp_path / "Seattle.dyna").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            when = datetime.strptime(row["time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
            said.setdefault(f"{row['entity_id']}/{row['traj_id']}", []).append((int(when.timestamp()), *json.loads(row["coordinates"])))
    assert points_of(trips) == said
    assert trips.driver_id.tolist() == ["4", "4", "5"]
    # one trip of one entity is no other
    one = "\n".join(LIBCITY.splitlines()[:3]) + "\n"
    assert read_trips(written(tmp_path / "one.dyna", one), "wgs84", TripLayout("libcity"))[0].trip_id.tolist() == ["4/0"]
    # without numbers an entity is one trip
    bare = "\n".join(",".join([*line.split(",")[:4], *line.split(",")[5:]]) for line in LIBCITY.splitlines()) + "\n"
    assert read_trips(written(tmp_path / "bare.dyna", bare), "wgs84", TripLayout("libcity"))[0].trip_id.tolist() == ["4", "5"]


@pytest.mark.parametrize(("cells", "unit", "seconds"), [
    (["2018-10-20T08:00:00Z", "2018-10-20T08:00:03.5+00:00"], "s", [1540022400, 1540022403]),
    (["2018-10-20 08:00:00", "2018-10-20 08:00:03"], "s", [1539993600, 1539993603]),
    (["1540022400000", "1540022403999"], "ms", [1540022400, 1540022403]),
    (["1540022400.25", "1540022403.9"], "s", [1540022400, 1540022403])])
def test_moments_are_numbers_iso_texts_or_local_times(tmp_path, cells, unit, seconds):
    rows = "".join(f"a,{cell},104,{30 + k}\n" for k, cell in enumerate(cells))
    path = written(tmp_path / "t.csv", "trip_id,unix_time,lon,lat\n" + rows)
    assert read_trips(path, "wgs84", TripLayout(time_unit=unit), "Asia/Shanghai")[0].time.tolist() == seconds
    frame = pd.read_csv(path)
    frame["unix_time"] = (pd.to_datetime(cells, format="ISO8601") if "-" in cells[0] else [*map(float, cells)])
    frame.to_parquet(tmp_path / "t.parquet")
    assert read_trips(tmp_path / "t.parquet", "wgs84", TripLayout(time_unit=unit), "Asia/Shanghai")[0].time.tolist() == seconds


def test_local_times_that_a_clock_skips_or_shows_twice_tell_no_moment_and_are_dropped(tmp_path):
    local = ["2018-10-28 01:59:59", "2018-10-28 02:30:00", "2018-10-28 03:00:00"]
    path = written(tmp_path / "t.csv", "trip_id,unix_time,lon,lat\n" + "".join(f"a,{one},8,{50 + k}\n" for k, one in enumerate(local)))
    trips, counts = read_trips(path, "wgs84", zone="Europe/Berlin")
    berlin = ZoneInfo("Europe/Berlin")
    assert trips.time.tolist() == [int(datetime.fromisoformat(local[k]).replace(tzinfo=berlin).timestamp()) for k in (0, 2)]
    assert counts["points at local times that a clock skips or shows twice, dropped"] == 1


def test_trips_in_hdf5_are_read_as_t2vec_keeps_them(tmp_path):
    h5py = pytest.importorskip("h5py")
    path, rng = tmp_path / "porto.h5", np.random.default_rng(0)
    said = {}
    with h5py.File(path, "w") as file:
        for number in (1, 2, 10):
            points = rng.uniform(40, 41, (number + 1, 2))
            times = 1_372_636_858 + 15.0 * np.arange(number + 1) + number
            file[f"trips/{number}"], file[f"timestamps/{number}"] = points if number != 10 else points.T, times
            said[str(number)] = [(int(time), *point) for time, point in zip(times, points.tolist(), strict=True)]
        file.attrs["num"] = 3
    trips, _ = read_trips(path, "wgs84", TripLayout("hdf"))
    assert points_of(trips) == said
    assert trips.trip_id.tolist() == ["1", "2", "10"]


def test_hdf5_times_that_begin_with_0_say_no_day_until_one_is_declared(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "porto.h5", "w") as file:
        file["trips/1"], file["timestamps/1"] = [[-8.61, 41.14], [-8.62, 41.15]], [0.0, 15.0]
    with pytest.raises(UserError, match=r"times of every trip begin with 0.*such as start = 2013-07-01T00:00:00"):
        read_trips(tmp_path / "porto.h5", "wgs84", TripLayout("hdf"))
    layout = TripLayout("hdf", start="2013-07-01T00:00:00")
    zero = int(datetime(2013, 7, 1, tzinfo=ZoneInfo("Europe/Lisbon")).timestamp())
    assert read_trips(tmp_path / "porto.h5", "wgs84", layout, "Europe/Lisbon")[0].time.tolist() == [zero, zero + 15]


def test_hdf5_that_is_no_file_of_trips_is_a_sentence(tmp_path):
    h5py = pytest.importorskip("h5py")
    layout = TripLayout("hdf")
    for content, sentence in (({"trips/1": [[1.0, 2.0]]}, "no group 'timestamps'"),
                              ({"trips/1": [[1.0, 2.0]], "timestamps/2": [0.0]}, "trip 1 has places, but no times"),
                              ({"trips/1": [[1.0, 2.0]], "timestamps/1": [0.0, 1.0]}, r"trip 1 has places of shape \(1, 2\) and times"),
                              ({"trips/1/2": [[1.0, 2.0]], "timestamps/1": [0.0]}, "is no array of numbers"),
                              ({"trips/a": [[1.0, 2.0]], "timestamps/1": [0.0]}, "holds no trip")):
        with h5py.File(tmp_path / "t.h5", "w") as file:
            for key, value in content.items():
                file[key] = value
        with pytest.raises(UserError, match=sentence):
            read_trips(tmp_path / "t.h5", "wgs84", layout)
    written(tmp_path / "t.h5", "hello")
    with pytest.raises(UserError, match="damaged or no HDF5 file"):
        read_trips(tmp_path / "t.h5", "wgs84", layout)


TABLE_HEAD = "trip_id,unix_time,lon,lat\n"


@pytest.mark.parametrize(("layout", "text", "sentence"), [
    (PORTO, PORTO_HEAD.replace("POLYLINE", "LINE") + PORTO_ROWS[0], 'lacks the column POLYLINE; a file of layout "polylines"'),
    (PORTO, PORTO_HEAD + PORTO_ROWS[0].replace("41.141412]", "41.141412"), "column 'POLYLINE': row 1 is '.*which is no list of points"),
    (PORTO, PORTO_HEAD + PORTO_ROWS[0].replace("False", "maybe"), "column 'MISSING_DATA': row 1 is 'maybe'; write True or False"),
    (PORTO, PORTO_HEAD, "holds no trip"),
    (PORTO, PORTO_HEAD + PORTO_ROWS[0].replace("1372636858\"", "soon\""), "column 'TIMESTAMP': row 1 is 'soon', which is no time"),
    (TripLayout("libcity"), LIBCITY.replace("1,trajectory", "1,state"), "row 2 is of type 'state'; only rows of type trajectory"),
    (TripLayout("libcity"), LIBCITY.replace("coordinates", "location"), "lacks the column coordinates"),
    (TripLayout("libcity"), LIBCITY.replace("[-122.39, 47.6667]", "-122.39"), "row 1 is '-122.39', which is no point"),
    (TripLayout("gaia"), "d,o,1477969147,104.0,30.7,9\n", "has 6 columns; a GAIA row is"),
    (TripLayout(columns={"id": "fahrt"}), TABLE_HEAD + "a,1,2,3\n", "lacks the column fahrt.*It has 'trip_id, unix_time, lon, lat'"),
    (TripLayout(), TABLE_HEAD + "a,1540000000000,1,2\n", 'if it is in ms, declare time_unit = "ms"'),
    (TripLayout(), TABLE_HEAD + "a,2018-10-20T08:00:00Z,1,2\na,2018-10-20T08:00:01,1,2\n", r"with an offset and without one \(row 2"),
    (TripLayout(), TABLE_HEAD + "a,now,1,2\n", "row 1 is 'now', which is no time"),
    (TripLayout(), TABLE_HEAD + ",1,1,2\n", "column 'trip_id' has 1 rows without an id"),
    (TripLayout(), TABLE_HEAD.replace("lat", "lon") + "a,1,1,2\n", "lacks the column lat"),
    (TripLayout(), TABLE_HEAD.replace("\n", ",lat\n") + "a,1,1,2,3\n", "two columns 'lat'"),
], ids=["no polylines", "broken polyline", "neither yes nor no", "no trips", "no moment", "a state", "roads", "no point", "six of five",
        "mapped to nothing", "milliseconds", "offsets", "now", "no id", "one degree", "twice"])
def test_what_a_layout_does_not_hold_is_one_sentence(tmp_path, layout, text, sentence):
    with pytest.raises(UserError, match=sentence):
        read_trips(written(tmp_path / "t.csv", text), "wgs84", layout)


@pytest.mark.samples
def test_the_gaia_samples_hold_every_row_that_a_plain_parse_reads(samples):
    for name, orders in (("chengdu_gps_20161101_small", 34), ("xian_gps_20161001_small", 19)):
        path = samples / "raw-didi" / f"{name}.csv"
        said = {}
        with path.open(newline="", encoding="utf-8") as file:
            for _, order, time, lon, lat in csv.reader(file):
                said.setdefault(order, []).append((int(time), float(lon), float(lat)))
        trips, counts = read_trips(path, "wgs84", TripLayout("gaia"))
        assert points_of(trips) == {order: sorted(points) for order, points in said.items()}
        assert (len(trips), len(trips.time), counts["points at the time of the one before, dropped"]) == (orders, 5000, 0)
