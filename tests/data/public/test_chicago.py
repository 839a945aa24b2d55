"""Exports of Chicago's portal in the heads of both releases; a plain loop agrees on every value and every count of cleaning."""

from __future__ import annotations

import csv
import datetime
from collections import Counter

import numpy as np
import pytest

from benchmark.data.forecasting.city import ForecastingCity
from benchmark.data.grid import CHICAGO_GRID
from benchmark.data.public.chicago import TRIPS, rows_of
from benchmark.data.public.rides.batches import batches
from benchmark.data.sources import build_city
from benchmark.errors import UserError
from benchmark.suites.catalogue import find_suite

HEADS = {
    "export": "Trip ID,Taxi ID,Trip Start Timestamp,Trip End Timestamp,Trip Seconds,Trip Miles,Pickup Census Tract,Dropoff Census Tract,"
              "Pickup Community Area,Dropoff Community Area,Fare,Tips,Tolls,Extras,Trip Total,Payment Type,Company,"
              "Pickup Centroid Latitude,Pickup Centroid Longitude,Pickup Centroid Location,Dropoff Centroid Latitude,"
              "Dropoff Centroid Longitude,Dropoff Centroid  Location",
    "interface": "trip_id,taxi_id,trip_start_timestamp,trip_end_timestamp,trip_seconds,trip_miles,pickup_census_tract,"
                 "dropoff_census_tract,pickup_community_area,dropoff_community_area,fare,tips,tolls,extras,trip_total,payment_type,company,"
                 "pickup_centroid_latitude,pickup_centroid_longitude,pickup_centroid_location,dropoff_centroid_latitude,"
                 "dropoff_centroid_longitude,dropoff_centroid_location",
}
WRITTEN = {"export": "%m/%d/%Y %I:%M:%S %p", "interface": "%Y-%m-%dT%H:%M:%S.000"}
CRASHES = "CRASH_RECORD_ID,CRASH_DATE,INJURIES_FATAL,INJURIES_INCAPACITATING,INJURIES_NON_INCAPACITATING,INJURIES_REPORTED_NOT_EVIDENT," \
          "INJURIES_NO_INDICATION,LATITUDE,LONGITUDE\na,06/05/2023 10:15:00 AM,1,0,2,0,3,41.9,-87.63\nb,07/05/2023 10:20:00 PM,0,1,0,1,0," \
          "41.9,-87.63\n"
PEOPLE = 'PERSON_ID,PERSON_TYPE,CRASH_RECORD_ID,INJURY_CLASSIFICATION\nP1,DRIVER,a,FATAL\nP2,DRIVER,a,"REPORTED, NOT EVIDENT"\n' \
         "P2,DRIVER,a,FATAL\nP3,PASSENGER,b,INCAPACITATING INJURY\nP4,PASSENGER,b,NO INDICATION OF INJURY\nP5,CYCLIST,b,\n" \
         "P6,DRIVER,other,FATAL\nP7,PASSENGER,a,NONINCAPACITATING INJURY\n"
FIRST, STEPS = datetime.datetime(2023, 6, 1), 61 * 48
SPOTS = (("41.9", "-87.63"), ("41.88", "-87.65"), ("", ""), ("41.1", "-87.0"))
GIVEN = {"months": "2023-06,2023-07", "least_trips": "20"}


def write_raw(folder, release="export"):
    """Two months of trips, whose times are rounded to 15 minutes."""
    rng, lines = np.random.default_rng(5), []
    for number in range(300):
        start = FIRST + int(rng.integers(-96, 61 * 96)) * datetime.timedelta(minutes=15)
        seconds = int(rng.choice([0, 30, 300, 840, 1500, 30_000], p=[.04, .04, .4, .4, .1, .02]))
        end = start + datetime.timedelta(minutes=15 * round(seconds / 900))
        (lat, lon), (to_lat, to_lon) = (SPOTS[k] for k in rng.choice(4, 2, p=[.5, .4, .05, .05]))
        times = [time.strftime(WRITTEN[release]) for time in (start, end)]
        lines.append(f"t{number},x,{times[0]},{times[1]},{'' if number == 5 else seconds},{rng.choice([0, 1.2, 40, 300])},,,8,32,$5.25,0,"
                     f"0,0,5.25,Cash,Sun Taxi,{lat},{lon},POINT (0 0),{to_lat},{to_lon},POINT (0 0)")
    (folder / "Taxi_Trips_2023.csv").write_text("\n".join([HEADS[release], *lines, lines[7]]) + "\n", encoding="utf-8")
    (folder / "Traffic_Crashes_-_Crashes.csv").write_text(CRASHES, encoding="utf-8")


def cell(lat, lon):
    grid = CHICAGO_GRID
    if not (grid.south <= lat < grid.north and grid.west <= lon < grid.east):
        return None
    return f"r{int((lat - grid.south) / ((grid.north - grid.south) / grid.rows)):02d}" \
           f"c{int((lon - grid.west) / ((grid.east - grid.west) / grid.columns)):02d}"


def step(time):
    number = (time - FIRST) // datetime.timedelta(minutes=30)
    return number if 0 <= number < STEPS else None


def plainly(folder, release):
    counts, fates, seen = Counter(), Counter(), set()
    with (folder / "Taxi_Trips_2023.csv").open(encoding="utf-8", newline="") as file:
        for row in list(csv.reader(file))[1:]:
            start, end = (datetime.datetime.strptime(one, WRITTEN[release]) for one in row[2:4])
            seconds, miles, (lat, lon, _, to_lat, to_lon) = float(row[4] or "nan"), float(row[5]), row[17:22]
            placed = lat and to_lat
            origin, destination = (cell(float(lat), float(lon)), cell(float(to_lat), float(to_lon))) if placed else (None, None)
            fate = next((name for name, hit in (
                ("duplicated", row[0] in seen), ("wrong_month", step(start) is None), ("no_place", not placed),
                ("outside", not origin and not destination), ("duration", seconds < 60 or seconds > 21_600),
                ("distance", miles > 100), ("speed", miles * 3600 > 100 * seconds)) if hit), "kept")
            seen.add(row[0])
            fates[fate] += 1
            if fate == "kept":
                for task, time, place in (("taxi_pick", start, origin), ("taxi_drop", end, destination)):
                    if place and step(time) is not None:
                        counts[task, step(time), place] += 1
    return counts, fates


@pytest.mark.parametrize("release", HEADS)
def test_a_plain_loop_agrees_on_every_value_and_count_whatever_the_release(tmp_path, release):
    write_raw(tmp_path, release)
    counts, fates = plainly(tmp_path, release)
    city = ForecastingCity(build_city("chicago", tmp_path, GIVEN).folder)
    totals = Counter()
    for (_, _, place), number in counts.items():
        totals[place] += number
    nodes = city.nodes["node_id"].tolist()
    assert nodes == sorted(place for place, number in totals.items() if number >= 20)
    for task in ("taxi_pick", "taxi_drop"):
        expected = np.zeros((STEPS, len(nodes)))
        for (one, row, place), number in counts.items():
            if one == task and place in nodes:
                expected[row, nodes.index(place)] = number
        np.testing.assert_array_equal(city.series(task).values, expected)
    trips = city.card["notes"]["trips"]
    assert {name: about["rows"] for name, about in trips["left_out"].items()} == {name: fates[name] for name in trips["left_out"]}
    assert (trips["rows"], trips["kept"]) == (301, fates["kept"])
    assert find_suite("chicago").tasks == city.tasks == ("taxi_pick", "taxi_drop", "risk")


def test_persons_of_crashes_weigh_by_the_crashes_or_by_the_people(tmp_path):
    write_raw(tmp_path)
    city = ForecastingCity(build_city("chicago", tmp_path, GIVEN).folder)
    where = city.nodes["node_id"].tolist().index(cell(41.9, -87.63))
    first, second = 4 * 48 + 20, 34 * 48 + 44
    assert city.series("risk").values[[first, second], where].tolist() == [3 + 2 * 2 + 3, 2 + 1]
    (tmp_path / "Traffic_Crashes_-_People.csv").write_text(PEOPLE, encoding="utf-8")
    city = ForecastingCity(build_city("chicago", tmp_path, {**GIVEN, "weights": "100,10,7,3,1"}, replace=True).folder)
    assert city.series("risk").values[[first, second], where].tolist() == [100 + 3 + 7, 10 + 1]
    assert city.series("risk").values.sum() == 121
    people = city.card["notes"]["persons_of_crashes"]
    assert (people["rows"], people["kept"]) == (8, 6)
    assert {name: about["rows"] for name, about in people["left_out"].items()} == {"duplicated": 1, "unknown_injury": 1}


def test_divvys_bikes_of_stations_are_tasks_of_a_city_of_its_own(tmp_path):
    write_raw(tmp_path)
    heads = ("trip_id,start_time,end_time,bikeid,tripduration,from_station_id,from_station_name,to_station_id,to_station_name,usertype,"
             "gender,birthyear")
    lines = [f'{k},6/{k + 1}/2023 12:10,6/{k + 1}/2023 12:25,7,"1,900.0",35,A,{36 if k else 99},B,Customer,,' for k in range(9)]
    (tmp_path / "Divvy_Trips_2023_Q2.csv").write_text("\n".join([heads, *lines]), encoding="utf-8")
    with pytest.raises(UserError, match="no file of 2023-07"):
        build_city("chicago", tmp_path, GIVEN)
    given = {**GIVEN, "months": "2023-06"}
    with pytest.raises(UserError, match=r"do not say where they begin and end.*--set stations=FILE"):
        build_city("chicago", tmp_path, given)
    (tmp_path / "Divvy_Stations_2023_Q2.csv").write_text("id,name,latitude,longitude\n35,A,41.9,-87.63\n36,B,41.88,-87.65\n",
                                                         encoding="utf-8")
    city = ForecastingCity(build_city("chicago", tmp_path, given).folder)
    assert (city.card["name"], city.tasks) == ("chicago-taxi-bike", ("taxi_pick", "taxi_drop", "bike_pick", "bike_drop", "risk"))
    nodes = city.nodes["node_id"].tolist()
    for task, place in (("bike_pick", cell(41.9, -87.63)), ("bike_drop", cell(41.88, -87.65))):
        expected = np.zeros((30 * 48, len(nodes)))
        expected[[k * 48 + 24 for k in range(1, 9)], nodes.index(place)] = 1
        np.testing.assert_array_equal(city.series(task).values, expected)
    assert city.card["notes"]["bikes"]["left_out"]["no_place"]["rows"] == 1
    assert "Divvy_Stations_2023_Q2.csv" in city.card["notes"]["raw_files"]


@pytest.mark.parametrize(("given", "sentence"), [
    ({}, "No taxi trip begins in 2023-08"),
    ({**GIVEN, "months": "2023-06,2023-08"}, "no file of 2023-07, between"),
    ({**GIVEN, "months": ""}, "needs months"),
    ({**GIVEN, "least_trips": "1000"}, "No cell has 1,000"),
    ({**GIVEN, "weights": "1,2"}, "five weights"),
    ({**GIVEN, "crashes": "no.csv"}, r"no\.csv does not exist"),
])
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(tmp_path, given, sentence):
    write_raw(tmp_path)
    with pytest.raises(UserError, match=sentence):
        build_city("chicago", tmp_path, given)
    assert "grid" not in find_suite("chicago").editions


def test_the_real_sample_holds_the_rows_that_it_is_known_to_hold(samples):
    path = samples / "raw-trips" / "chicago_taxi_sample.csv"
    batch, = batches(path, TRIPS)
    assert len(batch["pick_time"]) == 15_002
    assert np.isnan(batch["drop_lat"]).sum() == 483
    assert len(rows_of(batch, CHICAGO_GRID)) == 15_002
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    started = batch["pick_time"].astype("datetime64[s]").astype(datetime.datetime)
    assert all((time.month, time.hour) == (int(row["trip_start_month"]), int(row["trip_start_hour"]))
               for time, row in zip(started, rows, strict=True))
