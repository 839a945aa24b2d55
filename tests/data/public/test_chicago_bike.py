"""Chicago's bikes and crashes: the samples' own row counts, and a plain reading that agrees on every value and every count."""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import zipfile
from collections import Counter
from dataclasses import astuple

import numpy as np
import pytest

from benchmark.data.folder import city_cards
from benchmark.data.forecasting.city import ForecastingCity
from benchmark.data.grid import CHICAGO_GRID
from benchmark.data.sources import build_city
from benchmark.errors import UserError
from benchmark.suites.catalogue import find_suite

HEAD = ("ride_id,rideable_type,started_at,ended_at,start_station_name,start_station_id,end_station_name,end_station_id,"
        "start_lat,start_lng,end_lat,end_lng,member_casual")
CRASHES = "crash_id,crash_time_local,lat,lon,first_crash_type,most_severe_injury,n_fatal,n_incapacitating,n_non_incapacitating," \
          "n_reported_not_evident"
FIRST, DAYS = datetime.datetime(2021, 1, 1), 59


def ride(number, start, seconds, pick=(41.9, -87.63), drop=(41.85, -87.65)):
    end = start + datetime.timedelta(seconds=seconds)
    return f"R{number},classic_bike,{start},{end},,,,,{pick[0]},{pick[1]},{drop[0]},{drop[1]},member"


def write_raw(folder):
    """Two months in the providers' layouts: 150 rides, and one for each rule."""
    rng = np.random.default_rng(0)
    starts = [FIRST + datetime.timedelta(minutes=int(m)) for m in rng.integers(0, DAYS * 1440, 150)]
    rows = {1: [], 2: []}
    for number, start in enumerate(starts):
        rows[start.month].append(ride(number, start, int(rng.integers(60, 3000))))
    rows[1] += [rows[1][0], ride(900, FIRST, 30), ride(901, FIRST, 90_000), ride(902, FIRST - datetime.timedelta(days=1), 600),
                ride(903, FIRST, 600, drop=("", "")), ride(904, FIRST, 600, (40, -87.6), (40, -87.6)),
                f"R905,classic_bike,{FIRST},,,,,,41.9,-87.63,41.9,-87.63,member"]
    for month, lines in rows.items():
        with zipfile.ZipFile(folder / f"20210{month}-divvy-tripdata.zip", "w") as archive:
            archive.writestr(f"20210{month}-divvy-tripdata.csv", "\n".join([HEAD, *lines]) + "\n")
    crashes = ["a,2021-01-05 10:15:00,41.9,-87.63,PEDESTRIAN,FATAL,1,0,2,0", "b,2021-01-05 10:20:00,41.9,-87.63,PEDESTRIAN,NONE,0,1,0,1",
               "a,2021-01-05 10:15:00,41.9,-87.63,PEDESTRIAN,FATAL,1,0,2,0", "c,2020-01-05 10:15:00,41.9,-87.63,PEDESTRIAN,FATAL,1,0,0,0",
               "d,2021-01-05 10:15:00,,,PEDESTRIAN,FATAL,1,0,0,0", "e,2021-01-05 10:15:00,41.7,-87.63,PEDESTRIAN,FATAL,1,0,0,0"]
    (folder / "crashes.csv.gz").write_bytes(gzip.compress("\n".join([CRASHES, *crashes]).encode()))


def cell(lat, lon):
    grid = CHICAGO_GRID
    if not (grid.south <= lat < grid.north and grid.west <= lon < grid.east):
        return None
    return (int((lat - grid.south) / ((grid.north - grid.south) / grid.rows)),
            int((lon - grid.west) / ((grid.east - grid.west) / grid.columns)))


def step(time):
    number = (time - FIRST) // datetime.timedelta(minutes=30)
    return number if 0 <= number < DAYS * 48 else None


def plainly(folder):
    """Counts (task, step, cell) and fates, row by row."""
    counts, fates, seen = Counter(), Counter(), set()
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            rows = list(csv.DictReader(io.TextIOWrapper(archive.open(archive.namelist()[0]), encoding="utf-8")))
        for row in rows:
            fates["rows"] += 1
            if tuple(row.values()) in seen:
                fates["duplicated"] += 1
                continue
            seen.add(tuple(row.values()))
            if not (row["started_at"] and row["ended_at"]):
                fates["no_time"] += 1
                continue
            start, end = (datetime.datetime.fromisoformat(row[key]) for key in ("started_at", "ended_at"))
            if step(start) is None:
                fates["wrong_month"] += 1
                continue
            if "" in [row[key] for key in ("start_lat", "start_lng", "end_lat", "end_lng")]:
                fates["no_place"] += 1
                continue
            pick, drop = cell(float(row["start_lat"]), float(row["start_lng"])), cell(float(row["end_lat"]), float(row["end_lng"]))
            if pick is None and drop is None:
                fates["outside"] += 1
                continue
            if not 60 <= (end - start).total_seconds() <= 86_400:
                fates["duration"] += 1
                continue
            fates["kept"] += 1
            if pick:
                counts["bike_pick", step(start), pick] += 1
            if drop and step(end) is not None:
                counts["bike_drop", step(end), drop] += 1
    return counts, fates


def agrees(city, folder, least):
    counts, fates = plainly(folder)
    totals = Counter()
    for (_, _, place), number in counts.items():
        totals[place] += number
    kept = {f"r{r:02d}c{c:02d}": (r, c) for (r, c), number in sorted(totals.items()) if number >= least}
    assert city.nodes["node_id"].tolist() == list(kept)
    for task in ("bike_pick", "bike_drop"):
        expected = np.zeros((DAYS * 48, len(kept)))
        for column, place in enumerate(kept.values()):
            for row in range(DAYS * 48):
                expected[row, column] = counts[task, row, place]
        np.testing.assert_array_equal(city.series(task).values, expected)
    trips = city.card["notes"]["trips"]
    assert {name: about["rows"] for name, about in trips["left_out"].items()} == {name: fates[name] for name in trips["left_out"]}
    assert (trips["rows"], trips["kept"]) == (fates["rows"], fates["kept"])


@pytest.fixture
def folder(tmp_path):
    write_raw(tmp_path)
    return tmp_path


def test_a_plain_reading_agrees_on_every_value_and_every_count_of_cleaning(folder):
    built = build_city("chicago_bike", folder, {"least_trips": "50"})
    city = ForecastingCity(built.folder)
    agrees(city, folder, 50)
    left_out = city.card["notes"]["trips"]["left_out"]
    assert {name: about["rows"] for name, about in left_out.items()} == {
        "duplicated": 1, "no_time": 1, "wrong_month": 1, "no_place": 1, "outside": 1, "duration": 2}
    assert left_out["duration"]["rule"] == "it takes less than 60 or more than 86400 seconds"
    assert any("150 of 157 rows count" in line for line in built.lines)
    assert find_suite("chicago-bike").tasks == ("bike_pick", "bike_drop", "risk")


def test_risk_weighs_persons_and_each_crash_has_one_fate(folder):
    city = ForecastingCity(build_city("chicago_bike", folder, {"least_trips": "50"}).folder)
    risk = city.series("risk").values
    row, column = 4 * 48 + 20, city.nodes["node_id"].tolist().index("r{:02d}c{:02d}".format(*cell(41.9, -87.63)))
    assert (risk[row, column], risk.sum()) == (3 + 2 * 2 + 2 + 1, 10)
    crashes = city.card["notes"]["crashes"]
    assert (crashes["rows"], crashes["kept"]) == (6, 2)
    assert {name: about["rows"] for name, about in crashes["left_out"].items()} == {
        "duplicated": 1, "outside_the_months": 1, "no_place": 1, "outside_the_cells": 1}
    assert crashes["weights"] == {"fatal": 3, "incapacitating": 2, "evident": 2, "reported": 1}
    assert ("crashes", "no_place: its place is absent", 1) in map(astuple, city_cards(city.card).left_out(city.card))


def test_the_citys_own_export_of_crashes_gives_the_same_risk(folder):
    ours = ForecastingCity(build_city("chicago_bike", folder, {"least_trips": "50"}).folder).series("risk").values.copy()
    (folder / "crashes.csv.gz").unlink()
    (folder / "Traffic_Crashes_-_Crashes.csv").write_text(
        "CRASH_RECORD_ID,CRASH_DATE,INJURIES_TOTAL,INJURIES_FATAL,INJURIES_INCAPACITATING,INJURIES_NON_INCAPACITATING,"
        "INJURIES_REPORTED_NOT_EVIDENT,INJURIES_NO_INDICATION,LATITUDE,LONGITUDE\n"
        "a,01/05/2021 10:15:00 AM,3,1,0,2,0,0,41.9,-87.63\nb,01/05/2021 10:20:00 AM,2,0,1,0,1,0,41.9,-87.63\n", encoding="utf-8")
    theirs = ForecastingCity(build_city("chicago_bike", folder, {"least_trips": "50"}, replace=True).folder)
    np.testing.assert_array_equal(theirs.series("risk").values, ours)
    assert theirs.card["notes"]["crashes"]["weights"]["unhurt"] == 1


@pytest.mark.parametrize(("given", "sentence"), [
    ({}, "No cell has 101 pick-ups"),
    ({"weights": "1,2", "least_trips": "5"}, "five weights"),
    ({"box": "1,2"}, "four degrees"),
    ({"crashes": "no.csv", "least_trips": "5"}, "no.csv does not exist"),
    ({"months": "2021-03"}, "named after 2021-03"),
])
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(folder, given, sentence):
    (folder / "202101-divvy-tripdata.zip").unlink()
    with pytest.raises(UserError, match=sentence):
        build_city("chicago_bike", folder, given)
    with pytest.raises(UserError, match="Unknown"):
        find_suite("chicago-bike")


def test_the_real_samples_hold_the_rows_that_they_are_known_to_hold(samples):
    folder = samples / "raw-trips"
    city = ForecastingCity(build_city("chicago_bike", folder, {}).folder)
    trips, crashes = city.card["notes"]["trips"], city.card["notes"]["crashes"]
    assert trips["rows"] == 96_834 + 49_622
    assert trips["left_out"]["no_place"]["rows"] == 103 + 214
    assert crashes["rows"] - crashes["left_out"]["outside_the_months"]["rows"] == 311
    agrees(city, folder, 101)
