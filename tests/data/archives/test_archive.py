"""The authors' archive layout: every window comes back bit for bit, and whatever is wrong is one sentence and writes nothing."""

from __future__ import annotations

import pickle
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from made.archive_files import (
    FOLDERS,
    NODES,
    PAPER,
    PLACES,
    STEPS,
    Trap,
    assert_windows_equal,
    build,
    counts,
    refused,
    save_suite,
    save_task,
    windows,
)
from made.raw_city import stored
from typer.testing import CliRunner

from benchmark.cli.app import app
from benchmark.data.archives.cmust import build as archive_module
from benchmark.data.archives.cmust import windows as archive_windows
from benchmark.data.archives.cmust.layout import CITIES, TASKS, parse_task_map
from benchmark.data.archives.cmust.places import correlation_graph
from benchmark.data.built_in import SERIES
from benchmark.data.folder import cities_home
from benchmark.data.forecasting.city import ForecastingCity
from benchmark.errors import UserError
from benchmark.forecasting.posing import pose
from benchmark.suites.catalogue import built_in, find_suite

TASK_OF = {"CROWDIN": "crowd_in", "CROWDOUT": "crowd_out", "TAXIPICK": "taxi_pick", "TAXIDROP": "taxi_drop", "RISK": "risk",
           "FLOW": "traffic_flow", "SPEED": "traffic_speed"}


@pytest.mark.parametrize(("suite", "channels", "dtype", "fraction"), [
    ("nyc", 3, "float32", False), ("nyc", 11, "float64", True), ("chicago", 13, "float32", False), ("sip", 11, "float32", True)])
def test_every_window_of_the_archive_is_the_same_window_under_protocol_paper(suite, channels, dtype, fraction, raw):
    steps = STEPS if suite != "sip" else 1000
    written = save_suite(raw / "ANY", suite, channels=channels, dtype=dtype, fraction=fraction, steps=steps)
    city = build(raw / "ANY", suite)
    assert city.tasks == tuple(TASK_OF[name] for name in FOLDERS[suite]) == built_in()[suite].tasks
    for name, parts in written.items():
        assert_windows_equal(city, TASK_OF[name], parts, 288 if suite == "sip" else 48)


def test_windows_read_in_small_blocks_give_the_same_rows(raw, monkeypatch):
    save_suite(raw)
    whole = build(raw).fingerprint
    monkeypatch.setattr(archive_windows, "BLOCK", 5 * 12 * NODES * 3 * 4)
    assert build(raw, replace=True).fingerprint == whole


def test_compressed_big_endian_and_column_major_arrays_are_read_alike(raw):
    written = save_suite(raw)
    plain = build(raw).fingerprint
    for part, arrays in written["CROWDIN"].items():
        np.savez_compressed(raw / "CROWDIN" / f"{part}.npz", **arrays, x_offsets=np.arange(12))
    save_task(raw / "CROWDOUT", {part: {key: array.astype(">f4") for key, array in arrays.items()}
                                      for part, arrays in written["CROWDOUT"].items()})
    save_task(raw / "TAXIPICK", {part: {key: np.asfortranarray(array) for key, array in arrays.items()}
                                      for part, arrays in written["TAXIPICK"].items()})
    assert build(raw, replace=True).fingerprint == plain


@pytest.mark.parametrize(("suite", "folder"), [("nyc", "NYC"), ("chicago", "CHI"), ("chicago", "Chicago"), ("sip", "sip")])
def test_the_folder_above_the_suites_will_do(suite, folder, raw):
    save_suite(raw / folder, suite, steps=700)
    (raw / "__MACOSX").mkdir()
    assert build(raw, suite).name == suite


def test_the_edition_stands_before_the_simulated_one_and_its_card_says_how_it_came_about(raw):
    save_suite(raw, channels=11)
    card = build(raw).card
    assert find_suite("nyc").editions == ("archive", "sim")
    assert card["graph"] == "from coordinates"
    assert card["tasks"]["crowd_in"]["zero"].startswith("none, or no record")
    assert card["tasks"]["crowd_in"]["clock"] == {"start": "2016-01-01T00:00:00", "interval_minutes": 30, "zone": "UTC"}
    assert card["notes"]["windows"] == "320 / 46 / 91"
    assert card["notes"]["timestamp"] == "channels 5 to 10 equal our own calendar"
    assert card["notes"]["prompts"] == "none"
    assert len(card["notes"]["raw_files"]) == 12
    assert str(raw) not in str(card)


def test_every_known_folder_name_is_a_task_of_some_suite_and_the_suites_match_the_catalogue():
    tasks = {suite: tuple(SERIES[suite].units) for suite in CITIES}
    assert tasks == {name: suite.tasks for name, suite in built_in().items() if name in CITIES}
    assert set(TASKS.values()) == {task for each in tasks.values() for task in each}


def test_title_licence_clock_and_units_are_the_archives_where_they_differ_from_the_place(raw):
    save_suite(raw, "sip", steps=700)
    card = build(raw, "sip").card
    assert (card["title"], card["licence"]) == ("Suzhou Industrial Park, the authors' archive", "not stated by the archive")
    assert {task: about["unit"] for task, about in card["tasks"].items()} == {
        "traffic_flow": "vehicles per 5 min", "traffic_speed": "speed (unit not stated)"}
    assert card["tasks"]["traffic_flow"]["clock"] == {"start": "2017-01-01T00:00:00", "interval_minutes": 5, "zone": "UTC"}


# ---- places and graph

def test_coordinates_of_the_archive_become_longitude_and_latitude(raw):
    save_suite(raw, channels=11, dtype="float64")
    city = build(raw)
    np.testing.assert_array_equal(city.nodes[["lon", "lat"]], PLACES)
    assert city.adjacency is None
    assert "scaled" not in city.card["notes"]["coordinates"]


def test_scaled_coordinates_are_used_and_the_card_says_so(raw):
    save_suite(raw, channels=11, places=[(0, 0), (1, 0), (0, 1), (1, 1)])
    assert "min-max scaled" in build(raw).card["notes"]["coordinates"]


@pytest.mark.parametrize("how", [{"channels": 3}, {"channels": 11, "places": [(583000.0, 4507000.0)] * 3 + [(584000.0, 4507000.0)]},
                                 {"channels": 11, "places": [(0, 0)] * 4}], ids=["three channels", "metres", "all zero"])
def test_without_usable_coordinates_the_graph_comes_from_training_rows_of_strict(how, raw):
    save_suite(raw, **how, steps=48 * 28)
    city = build(raw)
    assert city.card["graph"] == "declared"
    assert city.card["notes"]["graph"].startswith("corr8")
    assert city.card["notes"]["coordinates"].startswith("unknown")
    assert len(city.nodes[["lon", "lat"]].drop_duplicates()) == NODES
    kind = np.arange(48 * 28) % (48 * 7)
    train = slice(0, int(0.7 * 48 * 28))
    np.testing.assert_array_equal(city.adjacency, correlation_graph(counts(0, 48 * 28)[train], kind[train]))


def test_a_correlation_graph_keeps_the_strongest_positive_of_each_node_and_is_symmetric():
    rng = np.random.default_rng(0)
    common, kind = rng.standard_normal((600, 1)), np.arange(600) % 12
    values = 100 * rng.random((12, 20))[kind] + rng.standard_normal((600, 20)) + common * np.where(np.arange(20) < 10, 2, -2)
    values[:, 19] = 7
    graph = correlation_graph(values, kind)
    residual = pd.DataFrame(values).groupby(kind).transform(lambda one: one - one.mean()).drop(columns=19).corr().to_numpy()
    assert np.array_equal(graph, graph.T)
    assert (np.diag(graph) == 1).all()
    assert not graph[:10, 10:].any()
    assert not graph[19, :19].any()
    others = residual - np.eye(19) * 2
    for node in range(10):
        strongest = np.sort(others[node])[-8:]
        np.testing.assert_allclose(graph[node, others[node].argsort()[-8:]], np.sort(strongest), atol=1e-4)


def test_a_node_table_wins_over_the_archives_coordinates(raw):
    save_suite(raw / "a", channels=11)
    table = pd.DataFrame({"node_id": ["007", "b", "c", "d"], "lon": [1.0, 2, 3, 4], "lat": 5.0, "name": ["x", "", "y", "z"]})
    table.to_csv(raw / "nodes.csv", index=False)
    city = build(raw / "a", nodes=raw / "nodes.csv")
    assert city.nodes.to_dict("list") == {
        "node_id": ["007", "b", "c", "d"], "name": ["x", "", "y", "z"], "lon": [1.0, 2, 3, 4], "lat": [5.0] * 4}
    assert city.card["notes"]["coordinates"] == "the node table nodes.csv"


@pytest.mark.parametrize(("text", "culprits"), [
    (None, ("nodes.csv does not exist", "node_id, lon, lat")), ("node_id,lon\n1,2\n", ("no column 'lat'",)),
    ("lon,lat\n1,2\n", ("node_id",)), ("node_id,lon,lat\na,1,2\n", ("1 rows", "4 nodes")),
    ("node_id,lon,lat\na,1,2\nb,1,2\nc,1,2\na,1,2\n", ("'a' stands twice",)), ("node_id,lon,lat\na,1,2\nb,1,2\nc,1,2\n,1,2\n", ("row 4",)),
    ("node_id,lon,lat\na,1,200\nb,1,2\nc,1,2\nd,1,2\n", ("lat = 200",)), ("node_id,lon,lat\na,1,x\nb,1,2\nc,1,2\nd,1,2\n", ("'x'",)),
])
def test_a_wrong_node_table_is_a_sentence(text, culprits, raw):
    save_suite(raw / "a")
    if text:
        (raw / "nodes.csv").write_text(text)
    refused(raw / "a", *culprits, nodes=raw / "nodes.csv")


# ---- folders

def test_a_task_map_names_folders_of_other_names(raw):
    save_suite(raw)
    (raw / "TAXIPICK").rename(raw / "Pick-Ups")
    refused(raw, "Pick-Ups", "no folder of taxi_pick", "--set task_map=Pick-Ups=taxi_pick")
    assert build(raw, task_map=("Pick-Ups=taxi_pick",)).tasks == built_in()["nyc"].tasks


def test_folder_names_match_without_case_and_separators(raw):
    save_suite(raw, "sip", steps=700)
    (raw / "FLOW").rename(raw / "traffic_flow")
    (raw / "SPEED").rename(raw / "Traffic-Speed")
    assert build(raw, "sip").tasks == ("traffic_flow", "traffic_speed")


def test_what_the_folder_lacks_or_has_too_much_is_named(raw):
    refused(raw, "holds no folder", "crowd_in, crowd_out, taxi_pick, taxi_drop")
    save_suite(raw)
    refused(raw / "nowhere", "nowhere could not be read", "NYC, CHI or SIP")
    refused(raw / "RISK", "could not be read")
    refused(raw / "CROWDIN" / "val.npz", "is a file")
    (raw / "BIKES").mkdir()
    assert build(raw).edition == "archive"
    shutil.rmtree(cities_home())
    save_task(raw / "BIKES", windows(7))
    refused(raw, "not known: BIKES", "--set task_map=BIKES=")
    refused(raw, "Unknown folder", "'BIKE'", "BIKES", task_map=("BIKE=crowd_in",))
    refused(raw, "Unknown task of nyc", "'risk'", task_map=("BIKES=risk",))
    refused(raw, "both hold crowd_in", task_map=("BIKES=crowd_in",))
    (raw / "BIKES").rename(raw / "taxi_pick")
    refused(raw, "TAXIPICK and taxi_pick", "both hold taxi_pick")


def test_an_archive_of_another_suite_is_told_by_its_folders_or_its_clock(raw):
    save_suite(raw / "SIP", "sip")
    refused(raw / "SIP", "no task of nyc: FLOW, SPEED", "or correct suite=nyc")
    refused(raw, "holds SIP;", "no folder of crowd_in, crowd_out, taxi_pick, taxi_drop was found.", suite="nyc")
    save_suite(raw / "x", "chicago", start="2016-01-01")
    refused(raw / "x", "starts on a Friday 00:00 (slot 0)", "Thursday 00:00", "--set start=2023-06-02T00:00:00", suite="chicago")
    refused(raw / "x", "Unknown suite", "xian", "chicago, nyc, sip", suite="xian")


@pytest.mark.parametrize("text", ["TAXIPICK", "=taxi_pick", "A=", "A=taxi_pick,A=taxi_drop"])
def test_a_malformed_task_map_is_a_sentence(text):
    with pytest.raises(UserError, match="TAXIPICK=taxi_pick"):
        parse_task_map(text.split(","))


@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_a_missing_part_is_a_sentence(part, raw):
    save_suite(raw)
    (raw / "TAXIDROP" / f"{part}.npz").unlink()
    refused(raw, "Task taxi_drop", f"{part}.npz does not exist")


# ---- prompt

def test_a_prompt_becomes_an_extra_of_its_task_alone(raw):
    save_suite(raw)
    prompt = torch.rand(12, NODES, 72, dtype=torch.float64)
    torch.save(prompt, raw / "TAXIPICK" / "prompt.pth")
    city = build(raw)
    assert (city.name, city.edition, city.card["notes"]["prompts"]) == ("nyc", "archive", ["taxi_pick"])
    problem = pose(city, ["taxi_pick", "taxi_drop"], PAPER)
    torch.testing.assert_close(problem.tasks["taxi_pick"].extras["prompt"], prompt.float(), rtol=0, atol=0)
    assert not problem.tasks["taxi_drop"].extras


@pytest.mark.parametrize(("prompt", "culprits"), [
    ({"prompt": torch.rand(12, NODES, 8)}, ("holds a dict", "bare float tensor")), ([torch.rand(12, NODES, 8)], ("holds a list",)),
    (torch.ones(12, NODES, 8, dtype=torch.int64), ("holds a tensor of torch.int64",)), (torch.rand(NODES, 12, 8), ("shape (4, 12, 8)",)),
    (torch.rand(12, 5, 8), ("(12, 5, 8)", "with 4 nodes")), (torch.rand(12, NODES), ("(12, 4)",)), (torch.rand(12, NODES, 0), ("0)",)),
    (torch.full((12, NODES, 8), float("nan")), ("NaN",)), (torch.nn.Linear(2, 2), ("damaged or holds more than a tensor",)),
    (torch.eye(3).to_sparse(), ("prompt.pth",)), (torch.empty(12, NODES, 8, device="meta"), ("damaged or holds more",)),
], ids=["dict", "list", "integers", "turned", "nodes", "flat", "empty", "NaN", "module", "sparse", "meta"])
def test_a_prompt_that_is_no_tensor_of_the_tasks_shape_is_a_sentence(prompt, culprits, raw):
    save_suite(raw)
    torch.save(prompt, raw / "TAXIPICK" / "prompt.pth")
    refused(raw, "Task taxi_pick", "TAXIPICK/prompt.pth", *culprits)


@pytest.mark.parametrize("way", ["torch", "pickle"])
def test_a_pickle_bomb_in_a_prompt_is_never_run(way, raw):
    save_suite(raw)
    path, trap = raw / "TAXIPICK" / "prompt.pth", Trap(raw / "sprung")
    torch.save(trap, path) if way == "torch" else path.write_bytes(pickle.dumps(trap, protocol=2))
    refused(raw, "TAXIPICK/prompt.pth", "holds more than a tensor")
    assert not (raw / "sprung").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x02", b"nonsense"])
def test_a_damaged_prompt_is_a_sentence(content, raw):
    save_suite(raw)
    (raw / "TAXIPICK" / "prompt.pth").write_bytes(content)
    refused(raw, "TAXIPICK/prompt.pth is damaged")


# ---- again, and end to end

def test_the_same_archive_twice_writes_nothing_and_another_one_needs_replace(raw, caplog):
    save_suite(raw)
    first = build(raw)
    before = {path: path.stat().st_mtime_ns for path in stored()}
    assert build(raw).fingerprint == first.fingerprint
    assert "already prepared from the same data" in caplog.text
    save_task(raw / "CROWDIN", windows(9))
    with pytest.raises(UserError, match="--replace"):
        build(raw)
    assert {path: path.stat().st_mtime_ns for path in stored()} == before
    assert build(raw, replace=True).fingerprint != first.fingerprint


def test_a_failed_replacement_leaves_the_edition_that_was_there(raw, monkeypatch):
    save_suite(raw)
    first = build(raw)

    def full(*_: object, **__: object) -> None:
        raise UserError("The disk is full")
    monkeypatch.setattr(archive_module, "write_city", full)
    with pytest.raises(UserError, match="disk is full"):
        build(raw, replace=True)
    assert ForecastingCity(first.folder).fingerprint == first.fingerprint
    assert {path.parent for path in stored()} == {first.folder}


def test_an_imported_archive_runs_under_protocol_paper_by_the_commands(raw):
    save_suite(raw / "NYC")
    call = CliRunner().invoke
    out = call(app, ["data", "build", "cmust", "--from", str(raw), "--set", "suite=nyc"])
    assert "nyc (archive): crowd_in, crowd_out, taxi_pick, taxi_drop; 4 nodes; 480 steps" in out.output
    assert "320 / 46 / 91" in out.output
    assert "archive" in call(app, ["data", "list"]).output
    run = call(app, ["run", "--method", "historical_average", "--suite", "nyc", "--task", "taxi_pick", "--protocol", "paper",
                     "--preset", "smoke", "--workers", "1"])
    assert run.exit_code == 0, run.output
    assert "data archive" in run.output
