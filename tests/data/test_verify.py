"""`stbench data verify`: a changed file is named; where its digest was made anew, the row that breaks a promise of the format is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made.ring_city import MATCHED, ORIGIN, TRIPS, places
from typer.testing import CliRunner

from benchmark.cli.data import app
from benchmark.data.cards import verify_cities
from benchmark.data.clock import Clock
from benchmark.data.folder import cities_home, seal
from benchmark.data.forecasting.city import Series, write_city
from benchmark.data.trajectory.city import write_trajectory_city
from benchmark.data.trajectory.trips import RawTrips


@pytest.fixture
def town(node_table) -> Path:
    """Two days of three nodes in a night that skips an hour; one entry is missing."""
    values = np.arange(96 * 3, dtype=np.float32).reshape(96, 3)
    observed = np.ones((96, 3), bool)
    observed[7, 1] = False
    one = Series("flow", values, observed, np.arange(3), Clock("2019-03-10T00:00:00", 30, "America/New_York"), "cars")
    return write_city(cities_home() / "town" / "own", "town", "own", ORIGIN, node_table(3), [one], np.eye(3)).folder


@pytest.fixture
def ring() -> Path:
    """A trip to learn from, one to validate on an hour later, one to test on after that."""
    lon, lat = (np.append(one, one[5:7]) for one in (TRIPS.lon, TRIPS.lat))
    trips = RawTrips(np.array(["a", "b", "c"]), np.array(["d", "", ""]), np.array([0, 5, 7, 9]),
                     np.concatenate([TRIPS.time[:5], [3700, 3710, 7300, 7310]]), lon, lat)
    matched = replace(MATCHED, point_road=np.append(MATCHED.point_road, [2, 2]), path_offsets=np.array([0, 5, 6, 7]), reason=np.full(3, ""),
                      path=np.append(MATCHED.path, 2), entry=np.concatenate([MATCHED.entry[:5], [3700.0, 7300.0]]))
    split = {"split": {"trips": {"unlabelled": 1, "validation": 1, "test": 1}}}
    return write_trajectory_city(cities_home() / "ring" / "own", "ring", "own", ORIGIN, places(facts=split), trips, matched,
                                 np.array([0, 2, 3])).folder


def problem(city: str) -> str:
    (one,) = verify_cities([city])
    return one.problem or "ok"


def change(path: Path, edit) -> None:
    """Edit an array, and seal its city again, as if it had been made so."""
    array = np.load(path)
    np.save(path, edit(array))
    sealed_again(path.parent)


def sealed_again(folder: Path, **more) -> None:
    card = {**json.loads((folder / "card.json").read_text(encoding="utf-8")), **more}
    seal(folder, {key: value for key, value in card.items() if key not in ("files", "fingerprint", "card_sha256")}, "")


def at(place, value):
    def edit(array: np.ndarray) -> np.ndarray:
        array[place] = value
        return array
    return edit


def swapped(a: int, b: int):
    return lambda array: at([a, b], array[[b, a]].copy())(array)


def test_sound_cities_are_ok_each_in_a_line_and_nothing_is_changed(town, ring):
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for folder in (town, ring) for path in folder.iterdir()}
    done = CliRunner().invoke(app, ["verify"])
    assert (done.exit_code, done.output) == (0, "ring/own: ok\ntown/own: ok\n")
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for folder in (town, ring) for path in folder.iterdir()} == before


def test_one_flipped_byte_is_named_and_the_other_cities_are_still_looked_at(town, ring):
    path = ring / "gps.lon.npy"
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(bytes(content))
    done = CliRunner().invoke(app, ["verify"])
    assert done.exit_code == 2
    first, second = done.output.splitlines()
    assert first.startswith(f"ring/own: {path} has changed since it was prepared (SHA-256 differs)")
    assert second == "town/own: ok"
    told = json.loads(CliRunner().invoke(app, ["verify", "--json"]).output)
    assert [(one["city"], bool(one["problem"])) for one in told] == [("ring/own", True), ("town/own", False)]


def test_two_swapped_rows_are_named_by_their_file_and_where_the_format_tells_by_their_row(town, ring):
    for path in (town / "flow.values.npy", ring / "gps.time.npy"):
        np.save(path, swapped(20, 21)(np.load(path)) if path.parent == town else swapped(1, 3)(np.load(path)))
    assert problem("town").startswith(f"{town / 'flow.values.npy'} has changed")
    assert f"Of its content: {ring / 'gps.time.npy'}, row 3: a time lies before the one in front of it." in problem("ring")


def test_a_missing_file_and_a_broken_card_are_named(town, ring):
    (town / "flow.nodes.npy").unlink()
    (ring / "card.json").write_text("{", encoding="utf-8")
    assert problem("town").startswith(f"{town / 'flow.nodes.npy'} is missing")
    said = CliRunner().invoke(app, ["verify"])
    assert said.exit_code == 2
    assert [line.partition(":")[0] for line in said.output.splitlines()] == ["ring/own", "town/own"]


def test_a_file_that_is_no_array_is_a_sentence(town):
    (town / "flow.observed.npy").write_bytes(b"\x93NUMPY rubbish")
    sealed_again(town)
    assert "flow.observed.npy is no array of numpy" in problem("town")


@pytest.mark.parametrize(("name", "edit", "said"), [
    ("flow.values", at((12, 1), np.nan), "flow.values.npy, row 13, column 2: a value is NaN or infinite"),
    ("flow.values", at((7, 1), 5), "flow.values.npy, row 8, column 2: an entry that is not observed holds another value than 0"),
    ("flow.observed", at((4, 0), True), "flow.observed.npy, row 5, column 1: an entry is observed at a time that daylight saving skips"),
    ("flow.values", at((90, 2), 9999), "flow.values.npy: its mean is"),
    ("flow.values", lambda array: array[:-1], "flow.values.npy: its shape is (95, 3), and must be (96, 3)"),
    ("flow.values", lambda array: array.astype(np.float64), "flow.values.npy: its type is float64, and must be float32"),
    ("flow.nodes", at(2, 3), "a column names a node outside the table of 3"),
    ("flow.nodes", at(2, 1), "3 columns need as many different nodes, got 2"),
    ("adjacency", at((1, 2), -1), "adjacency.npy: The adjacency holds -1.0 in row 2, column 3"),
    ("adjacency", lambda array: array[:2], "adjacency.npy: The adjacency is 2×3"),
])
def test_a_series_that_breaks_the_format_is_named_though_its_digest_was_made_anew(town, name, edit, said):
    change(town / f"{name}.npy", edit)
    assert said in problem("town")


@pytest.mark.parametrize(("old", "new", "said"), [
    ("\n1,zone 1", "\n0,zone 1", "nodes.csv: Node id '0' stands twice"), ("-73.99", "-190", "nodes.csv: Node '1' has lon = -190.0"),
    ("\n2,", "\n2,7,", "nodes.csv: "),
])
def test_a_node_table_that_breaks_the_format_is_named(town, old, new, said):
    path = town / "nodes.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    sealed_again(town)
    assert said in problem("town")


def test_a_clock_that_does_not_span_its_steps_is_named(town):
    tasks = json.loads((town / "card.json").read_text(encoding="utf-8"))["tasks"]
    tasks["flow"]["clock"]["start"] = "2019-03-11T00:00:00"
    sealed_again(town, tasks=tasks)
    assert "the span of its clock and steps is 2019-03-11" in problem("town")


@pytest.mark.parametrize(("name", "edit", "said"), [
    ("gps.offsets", at(1, 7), "gps.offsets.npy, row 3: an offset is not above the one before it"),
    ("gps.time", at(2, 5), "gps.time.npy, row 3: a time lies before the one in front of it"),
    ("gps.lon", at(3, 5.0), "gps.lon.npy, row 4: a point lies outside the grid"),
    ("gps.cell", at(3, 1), "gps.cell.npy, row 4: a cell is not the one that its point lies in"),
    ("gps.cell", at(3, 99), "gps.cell.npy, row 4: there is no cell of this number"),
    ("gps.road", at(0, 4), "gps.road.npy, row 1: there is no road of this number"),
    ("gps.lat", lambda array: array[:-1], "gps.lat.npy: its shape is (8,), and must be (9,)"),
    ("route.road", at(1, 2), "route.road.npy: Trip 'a' drives between roads that no link joins"),
    ("route.entry", at(1, 40.0), "route.road.npy: Trip 'a' enters a road before the last one"),
    ("route.entry", at(1, np.inf), "route.entry.npy, row 2: a number is NaN or infinite"),
    ("grid.cell", at(1, 2), "grid.cell.npy, row 2: a cell is not that of its first point"),
    ("grid.entry", at(1, 11.0), "grid.entry.npy, row 2: a time is not that of the cell's first point"),
    ("roads.links", swapped(1, 2), "roads.links.npy, row 3: a link stands twice, or before a smaller one"),
    ("roads.offsets", at(1, 1), "roads.csv: Road 'S' has fewer than two vertices"),
    ("roads.lat", at(2, 95.0), "roads.csv: Road 'E' has a vertex outside WGS84 degrees"),
    ("poi", at((2, 3), -1), "poi.npy, row 3, column 4: a count is below 0"),
    ("trips.part", at(1, 9), "trips.part.npy, row 2: there is no part of this number"),
    ("trips.part", at(1, 3), "trips.part.npy: the number of validation trips is 0, and must be 1"),
    ("trips.part", lambda array: array[[2, 1, 0]], "trips.part.npy, row 3: a training trip has not ended when the validation part begins"),
    ("trips.id", lambda array: array[[0, 0, 2]], "Trip 'a' stands twice"),
])
def test_trips_that_break_the_format_are_named_though_their_digest_was_made_anew(ring, name, edit, said):
    change(ring / f"{name}.npy", edit)
    assert said in problem("ring")
