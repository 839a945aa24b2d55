"""The files that papers share become cities by one command, and an independent reading agrees on every value."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from made.field_files import SENSORS, write_libcity, write_metr_la, write_pems
from made.raw_city import stored
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.data.forecasting.city import ForecastingCity
from benchmark.data.sources import build_city
from benchmark.errors import UserError
from benchmark.suites.catalogue import find_suite


def built(source, path, **options):
    return ForecastingCity(build_city(source, path, options).folder)


def test_pems_is_one_command_and_a_suite(raw):
    write_pems(raw)
    out = CliRunner().invoke(app, ["data", "build", "pems", "--from", str(raw / "PEMS08.npz")])
    assert out.exit_code == 0, out.output
    assert "The files say no coordinates" in out.output
    assert "series is divided 6:2:2" in out.output
    assert find_suite("pems08").tasks == ("traffic_flow", "occupancy", "traffic_speed")
    assert find_suite("pems08").editions == ("real",)


def test_every_value_of_pems_is_that_of_its_array_and_zeros_are_missing(raw):
    data = write_pems(raw)
    city = built("pems", raw / "PEMS08.npz")
    assert (city.split, city.placed, city.card["graph"]) == ((6, 2, 2), False, "declared")
    for channel, task in enumerate(city.tasks):
        series = city.series(task)
        assert (series.clock.start, series.clock.interval_minutes) == ("2016-07-01T00:00:00", 5)
        np.testing.assert_array_equal(series.observed, data[:, :, channel] != 0)
        np.testing.assert_array_equal(series.values, data[:, :, channel].astype("float32"))
    expected = np.eye(4)
    for row in csv.DictReader((raw / "PEMS08.csv").open(encoding="utf-8")):
        expected[int(row["from"]), int(row["to"])] = expected[int(row["to"]), int(row["from"])] = 1
    np.testing.assert_array_equal(city.adjacency, expected)


def test_pems03_has_one_channel_and_its_ids_in_a_list(raw):
    write_pems(raw, channels=1, name="PEMS03")
    (raw / "PEMS03.txt").write_text("\n".join(SENSORS) + "\n", encoding="utf-8")
    (raw / "PEMS03.csv").write_text(f"from,to,distance\n{SENSORS[3]},{SENSORS[1]},0.5\n", encoding="utf-8")
    city = built("pems", raw / "PEMS03.npz", zero_missing="false")
    assert (city.tasks, city.nodes["node_id"].tolist()) == (("traffic_flow",), SENSORS)
    assert np.argwhere(np.triu(city.adjacency, 1)).tolist() == [[1, 3]]
    assert city.series("traffic_flow").observed.all()


@pytest.mark.parametrize(("change", "sentence"), [
    (lambda folder: (folder / "PEMS08.npz").rename(folder / "mine.npz"), "When mine.npz starts is not known"),
    (lambda folder: np.savez(folder / "PEMS08.npz", data=np.ones((300, 4))), r"has shape \(300, 4\); it must be \[step, node, channel\]"),
    (lambda folder: np.savez(folder / "PEMS08.npz", x=np.ones(3)), r"Unknown key of PEMS08\.npz 'data'"),
    (lambda folder: (folder / "PEMS08.csv").write_text("a,b\n1,2\n", encoding="utf-8"), "it must begin with from, to"),
])
def test_what_is_wrong_with_a_file_of_pems_is_a_sentence(change, sentence, raw):
    write_pems(raw)
    change(raw)
    with pytest.raises(UserError, match=sentence):
        built("pems", next(raw.glob("*.npz")))
    assert stored() == []


def test_metr_la_brings_its_places_and_its_graph(raw):
    pytest.importorskip("h5py", reason="needs the extra hdf")
    values = write_metr_la(raw)
    city = built("metr_la", raw / "metr-la.h5")
    series = city.series("traffic_speed")
    assert (city.name, city.split, city.placed) == ("metr-la", None, True)
    assert city.nodes["node_id"].tolist() == SENSORS
    assert city.nodes.iloc[1][["lon", "lat"]].tolist() == [-118.31, 34.16]
    np.testing.assert_array_equal(series.observed, values != 0)
    np.testing.assert_array_equal(series.values, values.astype("float32"))
    expected = np.eye(4)
    expected[3, 2] = 0.5  # the pickle lists the sensors backwards
    np.testing.assert_array_equal(city.adjacency, expected)


def test_a_file_of_another_name_must_say_which_of_the_two_it_is(raw):
    with pytest.raises(UserError, match=r"--set name=metr-la"):
        built("metr_la", raw / "speeds.h5")


@pytest.mark.parametrize("placed", [True, False])
def test_the_atomic_files_of_libcity_become_a_task_a_column(placed, raw):
    folder = raw / "METR_X"
    folder.mkdir()
    data = write_libcity(folder)
    if not placed:
        geo = folder / "METR_X.geo"
        rows = list(csv.reader(geo.open(encoding="utf-8")))
        geo.write_text("\n".join(",".join([row[0], row[1], row[2] if k == 0 else "[]"]) for k, row in enumerate(rows)), encoding="utf-8")
    city = built("libcity", folder)
    assert (city.name, city.tasks, city.placed) == ("metr-x", ("traffic_speed", "traffic_flow"), placed)
    said = {(row["time"], row["entity_id"]): row for row in csv.DictReader((folder / "METR_X.dyna").open(encoding="utf-8"))}
    for task, column in (("traffic_speed", "traffic_speed"), ("traffic_flow", "Traffic Flow")):
        series = city.series(task)
        assert series.values.shape == data.shape[:2]
        for step, node in np.ndindex(series.values.shape):
            row = said[series.clock.time(step).isoformat() + "Z", SENSORS[node]]
            assert series.values[step, node] == np.float32(row[column])
    sigma = np.std([1000.0, 2000.0, 0.0])
    assert city.adjacency[0, 1] == pytest.approx(np.exp(-(1000 / sigma) ** 2))
    assert np.diag(city.adjacency).tolist() == [1] * 4


@pytest.mark.parametrize(("change", "sentence"), [
    (lambda folder: (folder / "config.json").unlink(), "type the minutes: --set interval_minutes=5"),
    (lambda folder: (folder / "config.json").write_text("{", encoding="utf-8"), r"config\.json is damaged or no JSON"),
    (lambda folder: (folder / "config.json").write_text(json.dumps({"info": {"time_intervals": "5m"}}), encoding="utf-8"), "says '5m' for"),
    (lambda folder: (folder / "METR_X.dyna").write_text("dyna_id,type,time,traj_id\n1,a,b,c\n", encoding="utf-8"), "a table of series has"),
    (lambda folder: (folder / "METR_X.geo").unlink(), r"0 files that end in \.geo"),
    (lambda folder: (folder / "METR_X.geo").write_text("geo_id,type,coordinates\n773869,Point,[1]\n", encoding="utf-8"),
     r"row 1 of column 'coordinates' is '\[1\]'"),
])
def test_what_is_wrong_with_a_folder_of_libcity_is_a_sentence(change, sentence, raw):
    write_libcity(raw)
    change(raw)
    with pytest.raises(UserError, match=sentence):
        built("libcity", raw, name="mine")
    assert stored() == []


def test_a_city_of_stbench_is_no_name_for_a_file(raw):
    write_pems(raw)
    with pytest.raises(UserError, match="--set name=my-nyc"):
        built("pems", raw / "PEMS08.npz", name="nyc")
