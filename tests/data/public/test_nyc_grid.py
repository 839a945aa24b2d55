"""TLC's files with coordinates, in the providers' exact heads, and Citi Bike beside them; a plain loop agrees on every value and count."""

from __future__ import annotations

import csv
import datetime
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from benchmark.data.forecasting.city import ForecastingCity
from benchmark.data.sources import build_city
from benchmark.errors import UserError
from benchmark.suites.catalogue import find_suite

HEADS = {
    "2009": "vendor_name,Trip_Pickup_DateTime,Trip_Dropoff_DateTime,Passenger_Count,Trip_Distance,Start_Lon,Start_Lat,Rate_Code,"
            "store_and_forward,End_Lon,End_Lat,Payment_Type,Fare_Amt,surcharge,mta_tax,Tip_Amt,Tolls_Amt,Total_Amt",
    "2010": "vendor_id,pickup_datetime,dropoff_datetime,passenger_count,trip_distance,pickup_longitude,pickup_latitude,rate_code,"
            "store_and_fwd_flag,dropoff_longitude,dropoff_latitude,payment_type,fare_amount,surcharge,mta_tax,tip_amount,tolls_amount,"
            "total_amount",
    "2014": "vendor_id, pickup_datetime, dropoff_datetime, passenger_count, trip_distance, pickup_longitude, pickup_latitude, rate_code, "
            "store_and_fwd_flag, dropoff_longitude, dropoff_latitude, payment_type, fare_amount, surcharge, mta_tax, tip_amount, "
            "tolls_amount, total_amount\n",
    "2015": "VendorID,tpep_pickup_datetime,tpep_dropoff_datetime,passenger_count,trip_distance,pickup_longitude,pickup_latitude,RateCodeID,"
            "store_and_fwd_flag,dropoff_longitude,dropoff_latitude,payment_type,fare_amount,extra,mta_tax,tip_amount,tolls_amount,"
            "improvement_surcharge,total_amount",
}
# in the order of the columns, whatever they are called
PICK, DROP, PERSONS, MILES, PICK_LON, PICK_LAT, DROP_LON, DROP_LAT = 1, 2, 3, 4, 5, 6, 9, 10
OLD_BIKES = '"tripduration","starttime","stoptime","start station id","start station name","start station latitude",' \
            '"start station longitude","end station id","end station name","end station latitude","end station longitude","bikeid",' \
            '"usertype","birth year","gender"'
NEW_BIKES = "ride_id,rideable_type,started_at,ended_at,start_station_name,start_station_id,end_station_name,end_station_id,start_lat," \
            "start_lng,end_lat,end_lng,member_casual"
FIRST, STEPS, ROWS, COLUMNS = datetime.datetime(2016, 1, 1), 60 * 48, 30, 15
WEST, EAST, SOUTH, NORTH = -74.03, -73.90, 40.68, 40.88
SPOTS = ((-73.98, 40.75), (-73.97, 40.76), (-74.0, 40.7))
LEAST = {"edition": "grid", "least_trips": "20"}
SECOND = datetime.timedelta(seconds=1)


def write_taxis(folder, schema="2015"):
    rng, extra = np.random.default_rng(3), 1 if schema == "2015" else 0
    for month in (1, 2):
        start, lines = FIRST + (month - 1) * datetime.timedelta(days=31), []
        for _ in range(100):
            pick = start + int(rng.integers(-3600, 27 * 86400)) * SECOND
            drop = pick + int(rng.choice([-60, 30, 600, 1200, 3600, 30_000], p=[.05, .05, .4, .4, .05, .05])) * SECOND
            (lon, lat), (to_lon, to_lat) = ([*SPOTS, (0, 0), (-73.5, 40.75)][k] for k in rng.choice(5, 2, p=[.4, .3, .2, .05, .05]))
            miles = rng.choice([0, 0.5, 3, 90, 200], p=[.05, .5, .35, .05, .05])
            persons = rng.choice([0, 1, 2, 5, 11], p=[.05, .5, .3, .1, .05])
            lines.append(f"1,{pick},{drop},{persons},{miles},{lon},{lat},1,N,{to_lon},{to_lat},2,6.5,0.5,0.5,0,0,{'0.3,' * extra}7.5")
        lines += [lines[0], f"1,{start},{start + 600 * SECOND},1,1.0,-73,40,1,N,-73,40,2,6.5,0.5,0.5,0,0,{'0.3,' * extra}7.5",
                  f"1,2008-12-31 23:00:00,2008-12-31 23:10:00,1,{month},-73.98,40.75,1,N,-73.98,40.75,2,6.5,0,0,0,0,{'0.3,' * extra}7.5",
                  f"1,{start},{start + 60 * SECOND},1,9.0,-73.98,40.75,1,N,-73.98,40.75,2,6.5,0,0,0,0,{'0.3,' * extra}7.5",
                  f"1,{start},{start + 600 * SECOND},1,1.0,,,1,N,-73.98,40.75,2,6.5,0.5,0.5,0,0,{'0.3,' * extra}7.5"]
        (folder / f"yellow_tripdata_2016-0{month}.csv").write_text("\n".join([HEADS[schema], *lines]) + "\n", encoding="utf-8")


def write_bikes(folder, new):
    for month in (1, 2):
        start = FIRST + (month - 1) * datetime.timedelta(days=31)
        lines = [f'"600","{time}","{time + 600 * SECOND}","72","A","40.75","-73.98","79","B","40.76","-73.97","{k}","Subscriber","","0"'
                 if not new else f"R{month}{k},classic_bike,{time},{time + 600 * SECOND},A,5,B,6,40.75,-73.98,40.76,-73.97,member"
                 for k in range(20) for time in [start + k * 3600 * SECOND]]
        (folder / f"20160{month}-citibike-tripdata.csv").write_text("\n".join([NEW_BIKES if new else OLD_BIKES, *lines]) + "\n",
                                                                    encoding="utf-8")


def cell(lon, lat):
    if not (WEST <= lon < EAST and SOUTH <= lat < NORTH):
        return None
    return f"r{int((lat - SOUTH) / ((NORTH - SOUTH) / ROWS)):02d}c{int((lon - WEST) / ((EAST - WEST) / COLUMNS)):02d}"


def step(time):
    number = (time - FIRST) // datetime.timedelta(minutes=30)
    return number if 0 <= number < STEPS else None


def plainly(folder):
    """Counts of (task, step, cell) and fates, row by row."""
    counts, fates, seen = Counter(), Counter(), set()
    for path in sorted(folder.glob("yellow_*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.reader(file) if row][1:]
        for row in rows:
            pick, drop = (datetime.datetime.fromisoformat(row[k]) for k in (PICK, DROP))
            seconds, miles, persons = (drop - pick).total_seconds(), float(row[MILES]), float(row[PERSONS])
            places = [float(row[k] or 0) for k in (PICK_LON, PICK_LAT, DROP_LON, DROP_LAT)]
            origin, destination = cell(*places[:2]), cell(*places[2:])
            fate = next((name for name, hit in (
                ("duplicated", tuple(row) in seen), ("wrong_month", step(pick) is None), ("no_place", 0 in places),
                ("outside", not origin and not destination), ("duration", not 60 <= seconds <= 21_600),
                ("distance", not 0 < miles <= 100), ("speed", miles * 3600 > 100 * seconds),
                ("passengers", not 0 < persons <= 9)) if hit), "kept")
            seen.add(tuple(row))
            fates[fate] += 1
            if fate == "kept":
                for task, time, place, weight in (("taxi_pick", pick, origin, 1), ("taxi_drop", drop, destination, 1),
                                                  ("crowd_out", pick, origin, persons), ("crowd_in", drop, destination, persons)):
                    if place and step(time) is not None:
                        counts[task, step(time), place] += weight
    return counts, fates


def expected(counts, task, nodes):
    array = np.zeros((STEPS, len(nodes)))
    for (one, row, place), number in counts.items():
        if one == task and place in nodes:
            array[row, nodes.index(place)] = number
    return array


@pytest.mark.parametrize("schema", HEADS)
def test_a_plain_loop_agrees_on_every_value_and_count_whatever_the_schema(tmp_path, schema):
    write_taxis(tmp_path, schema)
    counts, fates = plainly(tmp_path)
    built = build_city("nyc", tmp_path, LEAST)
    city = ForecastingCity(built.folder)
    totals = Counter()
    for (task, _, place), number in counts.items():
        totals[place] += number * task.startswith("taxi")
    nodes = city.nodes["node_id"].tolist()
    assert nodes == sorted(place for place, number in totals.items() if number >= 20)
    assert city.tasks == ("crowd_in", "crowd_out", "taxi_pick", "taxi_drop")
    for task in city.tasks:
        np.testing.assert_array_equal(city.series(task).values, expected(counts, task, nodes))
    left_out = city.card["notes"]["trips"]["left_out"]
    assert {name: about["rows"] for name, about in left_out.items()} == {name: fates[name] for name in left_out}
    assert sum(fates.values()) - fates["kept"] == sum(about["rows"] for about in left_out.values())
    assert all(fates[name] for name in left_out if name != "no_time")
    assert any(f"Kept are {len(nodes)} cells; CMuST's New York has 206" in line for line in built.lines)
    assert "grid" in find_suite("nyc").editions


def test_the_parquet_files_that_have_coordinates_give_the_same(tmp_path):
    write_taxis(tmp_path, "2010")
    ours = ForecastingCity(build_city("nyc", tmp_path, LEAST).folder).series("crowd_in").values.copy()
    for path in tmp_path.glob("*.csv"):
        pd.read_csv(path).to_parquet(path.with_suffix(".parquet"))
    with pytest.raises(UserError, match=r"yellow_tripdata_2016-01\.csv and yellow_tripdata_2016-01\.parquet hold the same trips"):
        build_city("nyc", tmp_path, LEAST, replace=True)
    for path in tmp_path.glob("*.csv"):
        path.unlink()
    np.testing.assert_array_equal(ForecastingCity(build_city("nyc", tmp_path, LEAST, replace=True).folder).series("crowd_in").values, ours)


@pytest.mark.parametrize("new", [False, True])
def test_bikes_beside_the_taxis_are_two_tasks_of_a_city_of_its_own(tmp_path, new):
    write_taxis(tmp_path)
    alone = ForecastingCity(build_city("nyc", tmp_path, LEAST).folder).series("taxi_pick").values.copy()
    write_bikes(tmp_path, new)
    built = build_city("nyc", tmp_path, LEAST)
    city = ForecastingCity(built.folder)
    assert city.card["name"] == "nyc-taxi-bike"
    assert find_suite("nyc-taxi-bike").tasks == ("crowd_in", "crowd_out", "taxi_pick", "taxi_drop", "bike_pick", "bike_drop")
    np.testing.assert_array_equal(city.series("taxi_pick").values, alone)
    nodes, counts = city.nodes["node_id"].tolist(), Counter()
    for month in (1, 2):
        for k in range(20):
            time = FIRST + (month - 1) * datetime.timedelta(days=31) + k * 3600 * SECOND
            counts["bike_pick", step(time), cell(-73.98, 40.75)] += 1
            counts["bike_drop", step(time + 600 * SECOND), cell(-73.97, 40.76)] += 1
    for task in ("bike_pick", "bike_drop"):
        np.testing.assert_array_equal(city.series(task).values, expected(counts, task, nodes))
    assert city.card["notes"]["bikes"]["kept"] == 40
    assert any("Bikes: 40 of 40 rows count." in line for line in built.lines)
    (tmp_path / "201602-citibike-tripdata.csv").unlink()
    with pytest.raises(UserError, match="no file of 2016-02"):
        build_city("nyc", tmp_path, LEAST, replace=True)


@pytest.mark.parametrize(("given", "sentence"), [
    ({"edition": "gird"}, "Unknown edition"),
    ({"edition": "grid", "locations": "4"}, "Option locations of source nyc belongs to edition zones"),
    ({"box": "-74,40,-73,41"}, "Option box of source nyc belongs to edition grid"),
    ({**LEAST, "frame": "mercator"}, "Unknown frame"),
    ({**LEAST, "box": "1,2"}, "four degrees"),
    ({"edition": "grid"}, "No cell has 1,000 pick-ups and drop-offs"),
    ({**LEAST, "months": "2016-03"}, "named after 2016-03"),
])
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(tmp_path, given, sentence):
    write_taxis(tmp_path)
    with pytest.raises(UserError, match=sentence):
        build_city("nyc", tmp_path, given)
    assert "grid" not in find_suite("nyc").editions


def test_the_real_sample_is_in_metres_and_says_so(samples):
    path = samples / "raw-trips" / "nyc_yellow_2015_sample.csv"
    given = {**LEAST, "months": "2015-01"}
    with pytest.raises(UserError, match=r"are no degrees.*--set frame=epsg3857"):
        build_city("nyc", path, given)
    city = ForecastingCity(build_city("nyc", path, {**given, "frame": "epsg3857"}).folder)
    trips = city.card["notes"]["trips"]
    assert (trips["rows"], trips["left_out"]["no_place"]["rows"], trips["left_out"]["outside"]["rows"]) == (10_000, 0, 4)
