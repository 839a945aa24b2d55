"""TLC's Parquet files of every schema with zones → one city; a plain loop agrees on every value and every count of cleaning."""

from __future__ import annotations

import datetime
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.data.forecasting.city import ForecastingCity
from benchmark.data.public.tlc import MANHATTAN
from benchmark.data.sources import build_city
from benchmark.errors import UserError
from benchmark.suites.catalogue import find_suite

# name → its heads in the releases: 2011 and later; 2025, with one column more; and those before, were they published with zones
SCHEMAS = {
    "today": ("VendorID", "tpep_pickup_datetime", "tpep_dropoff_datetime", "passenger_count", "trip_distance", "PULocationID",
              "DOLocationID", "total_amount"),
    "2025": ("VendorID", "tpep_pickup_datetime", "tpep_dropoff_datetime", "passenger_count", "trip_distance", "PULocationID",
             "DOLocationID", "total_amount", "cbd_congestion_fee"),
    "2010": ("vendor_id", "pickup_datetime", "dropoff_datetime", "passenger_count", "trip_distance", "PULocationID", "DOLocationID",
             "total_amount"),
    "2009": ("vendor_name", "Trip_Pickup_DateTime", "Trip_Dropoff_DateTime", "Passenger_Count", "Trip_Distance", "PULocationID",
             "DOLocationID", "Total_Amt"),
}
FIRST, STEPS, NODES = datetime.datetime(2019, 1, 1), 59 * 48, (4, 24, 103)
SECOND = datetime.timedelta(seconds=1)


def trips(month, rng):
    """(vendor, pick, drop, passengers, miles, from, to, paid): 100 at random, many of them wrong, one twice and one of 2008."""
    start = FIRST + (month - 1) * datetime.timedelta(days=31)
    rows = []
    for _ in range(100):
        pick = start + int(rng.integers(-3600, 27 * 86400)) * SECOND
        drop = pick + int(rng.choice([-60, 0, 30, 600, 1200, 3600, 30_000])) * SECOND
        rows.append((int(rng.integers(1, 3)), pick, drop, [None, 0, 1, 2, 5, 11][rng.integers(6)], float(rng.choice([0, 0.5, 3, 90, 200])),
                     int(rng.choice([4, 24, 103, 132, 264])), [4, 24, 103, 265, None][rng.integers(5)], float(rng.integers(3, 60))))
    past = datetime.datetime(2008, 12, 31, 23, 1)
    return [*rows, rows[0], (1, past, past + 600 * SECOND, 1, 2.0, 4, 24, float(month))]


def write_raw(folder, schema="today"):
    rng, texts = np.random.default_rng(1), schema in ("2009", "2010")
    (folder / "taxi_zones.csv").write_text(
        "LocationID,zone,borough,lon,lat\n" + "".join(f"{one},Zone {one},Manhattan,{-74 + one / 1e4},40.7\n" for one in (103, 24, 132, 4)),
        encoding="utf-8")
    rows = {month: trips(month, rng) for month in (1, 2)}
    for month, some in rows.items():
        columns = [list(column) for column in zip(*some, strict=True)]
        if texts:
            columns[1:3] = [[str(one) for one in column] for column in columns[1:3]]
        if schema == "2025":
            columns.append([0.75] * len(some))
        pa.parquet.write_table(pa.table(dict(zip(SCHEMAS[schema], columns, strict=True))),
                               folder / f"yellow_tripdata_2019-0{month}.parquet")
    return rows[1] + rows[2]


def step(time):
    number = (time - FIRST) // datetime.timedelta(minutes=30)
    return number if 0 <= number < STEPS else None


def plainly(rows):
    counts, fates, seen, unstated = {task: np.zeros((STEPS, 3)) for task in ("crowd_in", "crowd_out", "taxi_pick", "taxi_drop")}, \
        Counter(), set(), 0
    for row in rows:
        _, pick, drop, persons, miles, origin, destination, _ = row
        seconds = (drop - pick).total_seconds()
        fate = next((name for name, hit in (
            ("duplicated", row in seen), ("no_time", False), ("wrong_month", step(pick) is None),
            ("no_place", origin in (None, 264) or destination in (None, 264)),
            ("outside", origin not in NODES and destination not in NODES), ("duration", seconds < 60 or seconds > 21_600),
            ("distance", miles <= 0 or miles > 100), ("speed", seconds > 0 and miles * 3600 / seconds > 100),
            ("passengers", persons is not None and (persons <= 0 or persons > 9))) if hit), "kept")
        seen.add(row)
        fates[fate] += 1
        if fate == "kept":
            unstated += persons is None
            for task, time, place, weight in (("taxi_pick", pick, origin, 1), ("taxi_drop", drop, destination, 1),
                                              ("crowd_out", pick, origin, persons or 0), ("crowd_in", drop, destination, persons or 0)):
                if place in NODES and step(time) is not None:
                    counts[task][step(time), NODES.index(place)] += weight
    return counts, fates, unstated


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_plain_loop_agrees_on_every_value_and_count_whatever_the_schema(tmp_path, schema):
    counts, fates, unstated = plainly(write_raw(tmp_path, schema))
    city = ForecastingCity(build_city("nyc", tmp_path, {"locations": "24,4,103"}).folder)
    assert city.nodes["node_id"].tolist() == ["4", "24", "103"]
    assert city.nodes["name"].tolist() == ["Zone 4", "Zone 24", "Zone 103"]
    assert city.tasks == tuple(counts)
    for task, expected in counts.items():
        np.testing.assert_array_equal(city.series(task).values, expected)
        assert expected.sum() > 0
    notes = city.card["notes"]
    assert {name: about["rows"] for name, about in notes["trips"]["left_out"].items()} == {
        name: fates[name] for name in notes["trips"]["left_out"]}
    assert {name for name in fates if fates[name]} == {*notes["trips"]["left_out"], "kept"} - {"no_time"}
    assert (notes["trips"]["kept"], notes["unstated_passengers"]) == (fates["kept"], unstated)


def test_it_is_one_command_and_a_suite_of_its_own(tmp_path):
    write_raw(tmp_path)
    result = CliRunner().invoke(app, ["data", "build", "nyc", "--from", str(tmp_path), "--set", "locations=4,24,103",
                                      "--set", "months=2019-02"])
    assert result.exit_code == 0, result.output
    assert "of 102 rows count; left out:" in result.output
    suite = find_suite("nyc-zones")
    assert (suite.tasks, suite.editions) == (("crowd_in", "crowd_out", "taxi_pick", "taxi_drop"), ("real",))
    assert "real" not in find_suite("nyc").editions


def test_thresholds_and_rules_are_options(tmp_path):
    rows = write_raw(tmp_path)
    base = {"locations": "4,24,103"}
    notes = ForecastingCity(build_city("nyc", tmp_path, {**base, "without": "distance,duplicated", "most_miles_per_hour": "1e9",
                                                         "most_passengers": "11"}).folder).card["notes"]["trips"]
    assert notes["rules_not_applied"] == ["distance", "duplicated"]
    assert notes["left_out"]["speed"]["rows"] == 0
    assert notes["left_out"]["passengers"]["rule"] == "it says that nobody or more than 11 persons were in the vehicle"
    assert notes["rows"] == len(rows)


@pytest.mark.parametrize(("change", "given", "sentence"), [
    (lambda folder: (folder / "taxi_zones.csv").unlink(), {}, r"Put taxi_zones\.csv beside them, or name it: --set zones=FILE"),
    (lambda folder: None, {}, r"taxi_zones\.csv lacks the zone 12"),
    (lambda folder: None, {"locations": "0"}, "at least 1"),
    (lambda folder: None, {"without": "speeed", "locations": "4"}, "Unknown rule of cleaning 'speeed'"),
    (lambda folder: (folder / "taxi_zones.csv").write_text("LocationID,lon\n4,-74\n"), {"locations": "4"}, r"lacks the column lat"),
    (lambda folder: (folder / "taxi_zones.csv").write_text("LocationID,lon,lat\n4,,\n"), {"locations": "4"}, r"lacks the place of zone 4"),
    (lambda folder: (folder / "yellow_tripdata_2019-02.parquet").write_bytes(b"PAR1"), {"locations": "4"},
     r"2019-02\.parquet .*get it again"),
    (lambda folder: pa.parquet.write_table(pa.table({"Start_Lon": [1.0]}), folder / "yellow_tripdata_2019-02.parquet"), {"locations": "4"},
     r"2019-02\.parquet lacks the column tpep_pickup_datetime; it has Start_Lon"),
])
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(tmp_path, change, given, sentence):
    write_raw(tmp_path)
    change(tmp_path)
    with pytest.raises(UserError, match=sentence):
        build_city("nyc", tmp_path, given)
    with pytest.raises(UserError, match="Unknown"):
        find_suite("nyc-zones")


def test_the_zones_of_manhattan_are_those_of_a_real_table(samples, tmp_path):
    write_raw(tmp_path)
    city = ForecastingCity(build_city("nyc", tmp_path, {"zones": str(samples / "nyc-manhattan" / "zones.csv")}).folder)
    assert city.nodes["node_id"].tolist() == [str(one) for one in MANHATTAN]
    assert len(MANHATTAN) == 69
    assert city.nodes["name"].iloc[0] == "Alphabet City"
