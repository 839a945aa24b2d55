"""From a trajectory file to a city: real readers, the real matcher, tiny files."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from made.lattice_city import PITCH, SIZE, SOUTH, TOML, TRIPS, WEST, write_lattice
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.data.frames import wgs84_to_gcj02
from benchmark.data.own.kinds import KINDS, kind_of_file
from benchmark.data.own.trajectories import import_trajectories
from benchmark.data.own.trajectory_file import read_trajectory_file
from benchmark.data.trajectory.trips import Limits
from benchmark.errors import UserError

CITIES = Path(__file__).resolve().parents[2] / "cities"


@pytest.fixture
def folder(tmp_path):
    write_lattice(tmp_path)
    return tmp_path


def test_trips_are_driven_back_onto_their_streets_and_everything_is_counted(folder):
    city = import_trajectories(folder / "lattice.toml")
    assert city.trip_ids.tolist() == [f"t{k}" for k in range(TRIPS)]
    table, route = city.network.table, city.view("route")
    ends = {row: tuple(np.round([(city.network.lon[a] - WEST) / PITCH, (city.network.lat[a] - SOUTH) / PITCH]).astype(int))
            for row, a in enumerate(city.network.offsets[:-1])}
    first = [ends[road][0] + SIZE * ends[road][1] for road in route.trip(0)["road"]]
    assert first == [0, 1, 2, 8]
    assert table["highway"][route.trip(0)["road"]].tolist() == ["primary", "primary", "residential", "residential"]
    entry = route.trip(0)["entry"] - 1_540_000_000
    assert entry == pytest.approx([0, 40, 80, 120], abs=10)
    assert city.card["notes"]["dropped"] == {"leaves the box": 1}
    assert city.card["notes"]["repaired"] == {"trips of fewer than 2 points, dropped": 1}
    assert city.card["notes"]["matching"]["matcher"] == "hidden-markov"
    assert city.poi.sum() == 3
    assert city.poi[city.grid.locate(104.0001, 30.0001)[()]].tolist() == [2] + [0] * 12


def test_a_second_import_of_the_same_data_writes_nothing_and_of_others_is_refused(folder):
    first = import_trajectories(folder / "lattice.toml")
    before = (first.folder / "card.json").stat().st_mtime_ns
    assert import_trajectories(folder / "lattice.toml").fingerprint == first.fingerprint
    assert (first.folder / "card.json").stat().st_mtime_ns == before
    (folder / "lattice.toml").write_text(TOML.replace("[2, 60]", "[2, 50]"))
    with pytest.raises(UserError, match=r"already prepared from other data.*--replace"):
        import_trajectories(folder / "lattice.toml")
    assert import_trajectories(folder / "lattice.toml", replace=True).fingerprint != first.fingerprint


def test_the_same_files_with_other_line_ends_give_the_same_fingerprint(folder):
    first = import_trajectories(folder / "lattice.toml")
    trips = folder / "trips.csv"
    trips.write_bytes(trips.read_bytes().replace(b"\n", b"\r\n"))
    again = import_trajectories(folder / "lattice.toml", replace=True)
    assert again.fingerprint == first.fingerprint
    assert again.card["notes"]["raw_files"] != first.card["notes"]["raw_files"]


def test_files_in_several_frames_are_joined_with_ids_of_their_own(folder):
    lines = (folder / "trips.csv").read_text().splitlines()
    rows = [line.split(",") for line in lines[1:-3]]
    lon, lat = wgs84_to_gcj02(*np.array([row[3:] for row in rows], dtype=float).T)
    shifted = [",".join([*row[:3], f"{x:.7f}", f"{y:.7f}"]) for row, x, y in zip(rows, lon, lat, strict=True)]
    (folder / "shifted.csv").write_text("\n".join([lines[0], *shifted]) + "\n")
    (folder / "lattice.toml").write_text(TOML.replace("[poi]", '[[trips]]\nfile = "shifted.csv"\nframe = "gcj02"\n[poi]'))
    city = import_trajectories(folder / "lattice.toml")
    assert city.trip_ids.tolist() == [f"{number}-t{k}" for number in (1, 2) for k in range(TRIPS)]
    route = city.view("route")
    same = [route.trip(k)["road"].tolist() == route.trip(k + TRIPS)["road"].tolist() for k in range(TRIPS)]
    assert np.mean(same) > 0.95  # a first point on a junction may be of either road, and frames agree to a centimetre only


def test_a_frame_that_puts_the_points_beside_the_roads_is_warned_of(folder, caplog):
    import_trajectories(folder / "lattice.toml")
    assert "looks wrong" not in caplog.text
    wrong = TOML.replace('"wgs84"', '"gcj02"').replace("[roads]", "box = [103.9, 29.9, 104.1, 30.1]\n[roads]", 1)
    (folder / "lattice.toml").write_text(wrong)
    city = import_trajectories(folder / "lattice.toml", replace=True)
    assert 'trips.csv: its points lie' in caplog.text
    assert 'if their frame is wgs84; frame = "gcj02" looks wrong' in caplog.text
    assert city.card["notes"]["median_road_distance_m"]["trips.csv"] > 20


def test_the_command_says_what_was_kept_and_dropped_and_a_wrong_frame_is_a_sentence(folder):
    done = CliRunner().invoke(app, ["data", "import", str(folder / "lattice.toml")])
    assert done.exit_code == 0, done.output
    assert "lattice (own): 160 of 161 trips" in done.output
    assert "Dropped: 1 leaves the box." in done.output
    (folder / "trips.csv").write_text("trip_id,unix_time,lon,lat\na,1,30.0,104.0\na,2,30.1,104.1\n")
    with pytest.raises(UserError, match="swapped"):
        import_trajectories(folder / "lattice.toml", replace=True)
    assert (folder / "home" / "cities" / "lattice" / "own" / "card.json").is_file()


@pytest.mark.parametrize(("change", "sentence"), [
    (("zone =", "zoen ="), "Did you mean zone"), (('zone = "Asia/Shanghai"', ""), "lacks `zone`"),
    (("Asia/Shanghai", "Asia/Shangai"), "Unknown time zone"), (('frame = "wgs84"', 'frame = "gcj2"'), "Did you mean gcj02"),
    (('frame = "wgs84"', ""), "lacks `frame`"), (("[2, 20]", "[20, 2]"), "fewest and most"),
    (("[[trips]]", "[trips]"), r"lacks a table \[\[trips\]\]"),
    (("[poi]", "[pois]"), "Did you mean poi"),
    (('name = "lattice"', 'name = "lattice"\nbox = [104.1, 30.0, 104.0, 30.1]'), "west, south, east, north"),
    (('frame = "wgs84"', 'frame = "wgs84"\nlayout = "gps"'), "layout in"),
    (('frame = "wgs84"', 'frame = "wgs84"\nstart = 2013-07-01'), "no meaning"),
    (('frame = "wgs84"', 'frame = "wgs84"\ncolumns = { ident = "a" }'), "key in `columns`"),
    (('frame = "wgs84"', 'frame = "wgs84"\ncolumns = { lon = "a", point = "b" }'), "the one or both of the others"),
    (('frame = "wgs84"', 'frame = "wgs84"\ntime_unit = "h"'), "one of s, ms, us, ns"),
    (('frame = "wgs84"', 'frame = "wgs84"\nmost = 0'), "above 0"),
    (("[limits]", '[clean]\noutside = "keep"\n[limits]'), '"drop" or "clip"'),
    (("[limits]", '[clean]\ngap = 3\n[limits]'), "longest_gap_s"),
    (("[limits]", '[split]\nby = "weeks"\n[limits]'), '"days" or "hours" or "trips"'),
    (("[limits]", '[split]\nshares = [7, 1, 2]\n[limits]'), 'write by = "trips"'),
    (("[limits]", '[split]\nby = "trips"\ntest = [2018-11-01, 2018-11-02]\n[limits]'), "take `by` and `shares` out"),
    (('"edges.geojson"', '"edges.geojson"\ntolerance_m = 2'), "take tolerance_m out"),
    (('"edges.geojson"', '"edges.geojson"\ntolerance_m = 200'), "50 at most"),
    (("[limits]", "[grid]\ncell_size_m = -5\n[limits]"), "metres above 0"), (('file = "edges.geojson"', ""), "lacks `file`"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_wrong_trajectory_file_is_a_sentence_and_nothing_is_written(folder, change, sentence):
    (folder / "lattice.toml").write_text(TOML.replace(*change))
    with pytest.raises(UserError, match=sentence):
        import_trajectories(folder / "lattice.toml")
    assert not (folder / "home").exists() or not list((folder / "home").rglob("card.json"))


def test_only_a_file_that_says_so_is_a_trajectory_file(folder):
    assert kind_of_file(folder / "lattice.toml") == KINDS["trajectories"]
    assert kind_of_file(CITIES / "aarhus.toml") == KINDS["series"]
    with pytest.raises(UserError, match=r"none\.toml could not be read"):
        kind_of_file(folder / "none.toml")
    assert read_trajectory_file(folder / "lattice.toml").limits == Limits((4, 200), (2, 20), (2, 60))


def test_a_city_file_maps_the_columns_of_its_trips_and_takes_no_more_of_them_than_it_says(folder):
    first = import_trajectories(folder / "lattice.toml")
    lines = (folder / "trips.csv").read_text().splitlines()
    (folder / "trips.csv").write_text("\n".join(["ride,cab,when,x,y", *(
        ",".join([*row.split(",")[:2], str(int(row.split(",")[2]) * 1000), *row.split(",")[3:]]) for row in lines[1:])]) + "\n")
    columns = 'time_unit = "ms"\ncolumns = { id = "ride", driver = "cab", time = "when", lon = "x", lat = "y" }\n'
    (folder / "lattice.toml").write_text(TOML.replace("[poi]", f"{columns}[poi]"))
    again = import_trajectories(folder / "lattice.toml", replace=True)
    assert again.fingerprint == first.fingerprint
    (folder / "lattice.toml").write_text(TOML.replace("[poi]", f"{columns}most = 150\n[poi]"))
    fewer = import_trajectories(folder / "lattice.toml", replace=True)
    assert fewer.card["notes"]["repaired"]["trips of trips.csv beyond 150, left out"] == 12
    assert set(fewer.trip_ids) < set(first.trip_ids)


def test_trips_are_clipped_and_broken_where_the_file_says_so_and_the_card_counts_them(folder):
    box = "box = [103.999, 29.999, 104.009, 30.011]\n[roads]"
    (folder / "lattice.toml").write_text(TOML.replace("[roads]", box, 1).replace("[2, 20]", "[1, 20]").replace("[4, 200]", "[2, 200]"))
    dropped = import_trajectories(folder / "lattice.toml")
    # every fourth trip begins east of the box
    assert dropped.card["notes"]["dropped"]["leaves the box"] == 41
    clean = '[clean]\noutside = "clip"\nlongest_gap_s = 60\n[limits]'
    text = (folder / "lattice.toml").read_text()
    (folder / "lattice.toml").write_text(text.replace("[limits]", clean))
    said = CliRunner().invoke(app, ["data", "import", "--replace", str(folder / "lattice.toml")]).output
    assert "Cut: 0 trips broken at gaps of more than 60 s; 161 trips after that; 40 trips clipped to their longest stretch" in said
    clipped = import_trajectories(folder / "lattice.toml")
    assert clipped.card["notes"]["cut"] == {"trips broken at gaps of more than 60 s": 0, "trips after that": 161,
                                            "trips clipped to their longest stretch inside the box": 40}
    assert clipped.card["notes"]["dropped"]["leaves the box"] == 1
    assert clipped.card["trips"] > dropped.card["trips"]


def test_a_city_of_few_trips_says_how_it_is_divided_and_that_they_are_few(folder):
    said = CliRunner().invoke(app, ["data", "import", str(folder / "lattice.toml")]).output
    assert "; divided by trips in time order, 7:1:2, since 10 days do not suffice." in said
    few = "Too few to mean much: 21 labelled trips and 32 test trips; bring at least 100 of each"
    assert few in said
    assert few in " ".join(CliRunner().invoke(app, ["data", "show", "lattice"]).output.split())


def test_a_network_that_is_mostly_cut_off_is_said_by_name(folder, caplog):
    import_trajectories(folder / "lattice.toml")
    assert "largest part" not in caplog.text
    one_way = json.loads((folder / "edges.geojson").read_text())
    one_way["features"] = one_way["features"][::2]
    (folder / "edges.geojson").write_text(json.dumps(one_way))
    with suppress(UserError):  # few trips drive along such streets
        import_trajectories(folder / "lattice.toml", replace=True)
    assert "edges.geojson: the largest part in which one may drive from every road to every other has 1 of 60 roads" in caplog.text
    (folder / "lattice.toml").write_text(TOML.replace('"edges.geojson"', '"edges.geojson"\nboth_ways = true'))
    caplog.clear()
    assert len(import_trajectories(folder / "lattice.toml", replace=True).network) == 120
    assert "largest part" not in caplog.text


@pytest.mark.samples
@pytest.mark.slow
def test_the_real_chengdu_and_xian_are_built(samples):
    chengdu = import_trajectories(CITIES / "chengdu-2018.toml")
    notes = chengdu.card["notes"]
    assert notes["trips_given"] == 9890
    assert notes["trips_given"] == chengdu.card["trips"] + sum(notes["dropped"].values())
    assert chengdu.card["trips"] > 7500
    assert chengdu.poi.sum() > 500
    assert notes["median_road_distance_m"]["trips.csv.gz"] < 6
    xian = import_trajectories(CITIES / "xian-2018.toml")
    assert all(distance < 10 for distance in xian.card["notes"]["median_road_distance_m"].values())
    assert (xian.card["roads"], xian.card["links"], xian.card["notes"]["trips_given"]) == (4774, 11860, 1200)
    assert xian.card["trips"] > 400
