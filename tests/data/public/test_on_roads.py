"""Porto's and GAIA's taxi trips in the providers' own files → cities by one command."""

import csv
import json
import re

import pytest
from made.rides import rides, write_osm
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.data.frames import wgs84_to_gcj02
from benchmark.data.trajectory.city import TrajectoryCity
from benchmark.errors import UserError
from benchmark.suites.catalogue import find_suite

pytest.importorskip("osmium")
PORTO = (-8.63, 41.14)
CHENGDU = (104.06, 30.67)
RIDES, DAY, FIRST = 240, 86_400, 1_477_958_400  # 2016-11-01 08:00 in China


@pytest.fixture
def porto(tmp_path):
    folder = tmp_path / "porto"
    folder.mkdir()
    write_osm(folder / "porto.osm", *PORTO)
    with (folder / "train.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(["TRIP_ID", "CALL_TYPE", "ORIGIN_CALL", "ORIGIN_STAND", "TAXI_ID", "TIMESTAMP", "DAY_TYPE", "MISSING_DATA",
                         "POLYLINE"])
        starts = [1_372_636_858 + 3 * DAY * (k // 10) + 900 * (k % 10) for k in range(RIDES)]
        for k, (times, points) in enumerate(rides(RIDES, starts, *PORTO)):
            # a third of the points, fifteen seconds apart
            line = [[round(lon, 6), round(lat, 6)] for lon, lat in points[::3].tolist()]
            writer.writerow([f"T{k}", "C", "", "", 20000000 + k % 7, int(times[0]), "A", "False", json.dumps(line)])
        writer.writerow(["gone", "C", "", "", 1, 1_372_636_858, "A", "True", "[]"])
    return folder


@pytest.fixture
def gaia(tmp_path):
    folder = tmp_path / "gaia"
    folder.mkdir()
    write_osm(folder / "chengdu.osm", *CHENGDU)
    made = rides(RIDES, [FIRST + DAY * (k // 80) + 500 * (k % 80) for k in range(RIDES)], *CHENGDU)
    for day in range(3):
        rows = []
        for k, (times, points) in enumerate(made[80 * day:80 * day + 80]):
            lon, lat = wgs84_to_gcj02(points[:, 0], points[:, 1])
            rows += [f"driver{k % 5},order{day}-{k},{time},{x:.5f},{y:.5f}" for time, x, y in zip(times, lon, lat, strict=True)]
        (folder / f"gps_2016110{day + 1}").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "gps_20161101.tar.gz").write_bytes(b"an archive")
    (folder / "xian_gps_20161001.csv").write_text("of another city\n", encoding="utf-8")
    return folder


def build(*arguments):
    return CliRunner().invoke(app, ["data", "build", *map(str, arguments)])


def test_porto_is_one_command_from_its_csv_and_an_osm_extract_to_a_suite(porto, own_home):
    done = build("porto", "--from", porto)
    assert done.exit_code == 0, done.output
    city = TrajectoryCity(own_home / "cities" / "porto" / "real")
    assert len(city.trip_ids) >= 0.95 * RIDES
    assert city.zone == "Europe/Lisbon"
    assert city.card["notes"]["repaired"]["trips that say that points are missing, left out"] == 1
    assert city.poi.sum() == 36
    assert city.card["notes"]["median_road_distance_m"]["train.csv"] < 10
    time = city.view("gps").trip(0)["time"]
    assert set(time[1:] - time[:-1]) == {15}
    assert find_suite("porto").editions == ("real",)
    assert "stbench run --method random,word2vec --suite porto --data real" in done.output


def test_portos_options_choose_box_and_trips(porto, own_home):
    # two rows of the lattice: half of the rides leave it after them, the others are elsewhere
    box = ("--set", "box=-8.635,41.139,-8.615,41.143")
    assert "None of 240 trips lies inside the box" in str(build("porto", "--from", porto, *box).exception)
    done = build("porto", "--from", porto, *box, "--set", "outside=clip", "--set", "most=220")
    assert done.exit_code == 0, done.output
    notes = TrajectoryCity(own_home / "cities" / "porto" / "real").card["notes"]
    clipped = notes["cut"]["trips clipped to their longest stretch inside the box"]
    assert clipped + notes["dropped"]["leaves the box"] == notes["trips_given"] == 220
    assert 100 <= clipped <= 120
    assert notes["repaired"]["trips of train.csv beyond 220, left out"] == 20
    with pytest.raises(UserError, match="west, south, east, north"):
        raise build("porto", "--from", porto, "--set", "box=1,2,3").exception
    (porto / "second.csv").write_text("", encoding="utf-8")
    assert re.search(r"has 2 files of trips \(second.csv, train.csv\).*--set trips=PATH", str(build("porto", "--from", porto).exception))
    (porto / "porto.osm").unlink()
    done = build("porto", "--from", porto, "--set", f"trips={porto / 'train.csv'}")
    assert "has 0 files of roads" in str(done.exception)


def test_gaia_files_become_the_real_edition_of_chengdu(gaia, own_home):
    done = build("didi", "--from", gaia, "--set", "city=chengdu")
    assert done.exit_code == 0, done.output
    city = TrajectoryCity(own_home / "cities" / "chengdu" / "real")
    assert len(city.trip_ids) >= 0.95 * RIDES
    assert {one.split("-", 1)[0] for one in city.trip_ids} == {"1", "2", "3"}
    assert max(city.card["notes"]["median_road_distance_m"].values()) < 10
    assert "real" in find_suite("chengdu").editions
    assert build("didi", "--from", gaia, "--set", "city=chengdu", "--set", "a_day=75", "--replace").exit_code == 0
    again = TrajectoryCity(own_home / "cities" / "chengdu" / "real")
    assert again.card["notes"]["repaired"]["trips of gps_20161102 beyond 75, left out"] == 5
    assert set(again.trip_ids) < set(city.trip_ids)


def test_a_folder_without_days_and_a_city_of_neither_are_sentences(gaia):
    assert "Unknown city of source didi 'xiam'" in str(build("didi", "--from", gaia, "--set", "city=xiam").exception)
    (gaia / "xian_gps_20161001.csv").unlink()
    for one in gaia.glob("gps_2016110?"):
        one.unlink()
    assert "has no file of a day of xian" in str(build("didi", "--from", gaia, "--set", "city=xian").exception)
    assert "is no folder" in str(build("didi", "--from", gaia / "chengdu.osm", "--set", "city=xian").exception)
