"""The canonical city: what is written is what is read, wholly or not at all, and a changed byte is noticed."""

from __future__ import annotations

import errno
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmark.data.cards import Verified, find, overview, verify_cities
from benchmark.data.clock import Clock
from benchmark.data.folder import Origin, cities_home, prepared, verify
from benchmark.data.forecasting.city import ForecastingCity, Series, write_city
from benchmark.errors import UserError
from benchmark.files import disk_errors, write_atomic

ORIGIN = Origin("A city", "made for a test", "none")


@pytest.fixture
def series() -> Series:
    rng = np.random.default_rng(0)
    return Series("flow", rng.poisson(3, (96, 4)).astype(np.float32), rng.random((96, 4)) < 0.9, np.arange(4),
                  Clock("2019-03-10", 30, "America/New_York"), "vehicles")


@pytest.fixture
def city(series: Series, node_table) -> ForecastingCity:
    return write_city(cities_home() / "aba" / "sim", "aba", "sim", ORIGIN, node_table(4), [series], np.eye(4))


def test_a_city_reads_back_as_it_was_written(city: ForecastingCity, series: Series, node_table):
    back = city.series("flow")
    kept = series.observed & series.clock.exists(96)[:, None]
    assert isinstance(back.values, np.memmap)
    assert back.values.dtype == np.float32
    np.testing.assert_array_equal(back.observed, kept)
    np.testing.assert_array_equal(back.values, np.where(kept, series.values, 0))
    assert (back.clock, back.unit, back.zero, back.steps) == (series.clock, "vehicles", "a real count", 96)
    pd.testing.assert_frame_equal(city.nodes, node_table(4), check_dtype=False)
    np.testing.assert_array_equal(city.adjacency, np.eye(4))


def test_local_times_that_do_not_exist_become_unobserved_zeros(city: ForecastingCity):
    back = city.series("flow")
    assert not back.observed[[4, 5]].any()
    assert not back.values[[4, 5]].any()
    assert city.card["tasks"]["flow"]["skipped_steps"] == 2


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=arrays(np.float32, (5, 3), elements=st.floats(-1e6, 1e6, width=32)), observed=arrays(bool, (5, 3)))
def test_any_series_survives_the_round_trip_and_its_fingerprint_depends_on_content_only(values, observed, node_table, tmp_path):
    observed[0] = True
    one = Series("flow", values, observed, np.array([2, 0, 1]), Clock("2024-01-01", 60, "UTC"), "km/h")
    first, second = (write_city(tmp_path / place, "aba", "sim", ORIGIN, node_table(3), [one]) for place in ("a", "b"))
    back = first.series("flow")
    np.testing.assert_array_equal(back.values, np.where(observed, values, 0))
    np.testing.assert_array_equal(back.observed, observed)
    assert back.node_index.tolist() == [2, 0, 1]
    assert first.fingerprint == second.fingerprint


@pytest.mark.parametrize("change", [
    {"unit": "cars"}, {"clock": Clock("2019-03-11", 30, "America/New_York")}, {"clock": Clock("2019-03-10", 30, "UTC")},
    {"values": np.ones((96, 4), np.float32)}, {"node_index": np.array([1, 0, 2, 3])},
], ids=["unit", "start", "zone", "values", "nodes"])
def test_the_fingerprint_changes_with_every_part_of_the_content(city: ForecastingCity, series: Series, change, node_table, tmp_path):
    other = write_city(tmp_path / "x", "aba", "sim", ORIGIN, node_table(4), [replace(series, **change)], np.eye(4))
    assert other.fingerprint != city.fingerprint


@pytest.mark.parametrize(("change", "culprit"), [
    ({"observed": np.ones((96, 3), bool)}, "one .step, node. shape"),
    ({"node_index": np.array([0, 0, 1, 2])}, "4 columns need as many different nodes, got 3"),
    ({"node_index": np.array([0, 1, 2, 9])}, "outside the table of 4"),
    ({"values": np.full((96, 4), np.nan, np.float32)}, "NaN or infinite"),
    ({"observed": np.arange(4) * np.ones((96, 1)) > 0}, r"1 of 4 nodes are never observed \(first: '0'\)"),
    # the only observed steps are skipped by daylight saving
    ({"observed": np.isin(np.arange(96), [4, 5])[:, None] & np.ones((1, 4), bool)}, "4 of 4 nodes are never observed"),
], ids=["shapes", "repeated-node", "stranger", "nan", "empty-node", "observed-only-when-skipped"])
def test_a_series_that_is_not_right_is_refused_before_anything_is_written(series, change, culprit, node_table, tmp_path):
    with pytest.raises(UserError, match=culprit):
        write_city(tmp_path / "x", "aba", "sim", ORIGIN, node_table(4), [replace(series, **change)])
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(("adjacency", "culprit"), [
    (np.eye(3), "is 3×3, but there are 4 nodes"), (-np.eye(4), "-1.0 in row 1, column 1"), (np.eye(4) * np.nan, "nan in row 1, column 1"),
])
def test_an_adjacency_must_be_square_finite_and_not_negative(series, adjacency, culprit, node_table, tmp_path):
    with pytest.raises(UserError, match=culprit):
        write_city(tmp_path / "x", "aba", "sim", ORIGIN, node_table(4), [series], adjacency)


@pytest.mark.parametrize(("column", "value", "culprit"), [
    ("node_id", "0", "'0' stands twice"), ("lon", np.nan, "Node '1' has lon = nan"), ("lat", 91.0, r"Node '1' has lat = 91\.0"),
])
def test_node_ids_are_unique_and_places_lie_on_earth(series, column, value, culprit, node_table, tmp_path):
    nodes = node_table(4)
    nodes.loc[1, column] = value
    with pytest.raises(UserError, match=culprit):
        write_city(tmp_path / "x", "aba", "sim", ORIGIN, nodes, [series])


def test_an_unknown_task_is_answered_with_the_nearest_name(city: ForecastingCity):
    with pytest.raises(UserError, match="Did you mean flow"):
        city.series("flwo")


@pytest.mark.parametrize("name", ["flow.values.npy", "nodes.csv", "adjacency.npy"])
def test_a_changed_or_absent_file_is_noticed(city: ForecastingCity, name: str):
    verify(city.folder)
    path = city.folder / name
    path.write_bytes(path.read_bytes() + b"?")
    with pytest.raises(UserError, match=f"{name} has changed"):
        verify(city.folder)
    path.unlink()
    with pytest.raises(UserError, match=f"{name} is missing"):
        verify(city.folder)


def test_a_changed_card_is_noticed(city: ForecastingCity):
    path = city.folder / "card.json"
    card = json.loads(path.read_text())
    card["tasks"]["flow"]["clock"]["zone"] = "UTC"
    path.write_text(json.dumps(card))
    with pytest.raises(UserError, match=r"card\.json has changed"):
        verify(city.folder)


@pytest.mark.parametrize("content", ["{", "[]", '{"name": "aba"}', "\udcff"])
def test_a_broken_card_is_a_sentence(city: ForecastingCity, content: str):
    (city.folder / "card.json").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(UserError, match="prepare the city again"):
        ForecastingCity(city.folder)


def test_a_full_disk_leaves_the_old_city_and_no_rest(city: ForecastingCity, series: Series, node_table, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = {path.name: path.read_bytes() for path in city.folder.iterdir()}
    for target in ("numpy.save", "os.replace"):
        with monkeypatch.context() as patched:
            patched.setattr(target, full)
            with pytest.raises(UserError, match="disk is full"):
                write_city(city.folder, "aba", "sim", ORIGIN, node_table(4), [replace(series, unit="cars")])
        assert [path.name for path in city.folder.parent.iterdir()] == ["sim"]
        assert {path.name: path.read_bytes() for path in city.folder.iterdir() if path.name != ".lock"} == before


def test_an_open_city_goes_on_with_its_content_after_it_was_replaced(city: ForecastingCity, series: Series, node_table):
    for number, unit in enumerate(("cars", "bikes")):
        before, values = ForecastingCity(city.folder), city.series("flow").values
        new = write_city(city.folder, "aba", "sim", ORIGIN, node_table(4), [replace(series, unit=unit, values=series.values + number)])
        assert (new.folder, new.series("flow").unit) == (city.folder, unit)
        assert before.fingerprint != new.fingerprint
        np.testing.assert_array_equal(before.series("flow").values, values)
        assert (before.adjacency is None) == (number == 1)  # the first one's is declared
        assert new.adjacency is None
        verify(city.folder)
        assert prepared() == find("aba") == [city.folder]
        city = new


@pytest.mark.parametrize("part", ["nodes", "adjacency", "series"])
def test_a_city_that_is_removed_while_it_is_open_is_a_sentence_and_never_another_city(city: ForecastingCity, part: str):
    shutil.rmtree(city.folder)
    with pytest.raises(UserError, match=r"could not be read: it was removed meanwhile\. Run again\."):
        city.series("flow") if part == "series" else getattr(city, part)


def test_numpys_short_write_which_has_no_errno_is_a_full_disk_too(tmp_path: Path):
    with pytest.raises(UserError, match="disk is full"), disk_errors(tmp_path):
        raise OSError("1000000 requested and 124984 written")


def test_a_file_where_a_folder_should_be_is_a_sentence(tmp_path: Path):
    (tmp_path / "home").write_text("a file")
    with pytest.raises(UserError, match="a part of this path is a file"):
        write_atomic(tmp_path / "home" / "card.json", "{}")


def test_a_half_written_folder_is_no_prepared_city(city: ForecastingCity):
    (city.folder.parent / ".sim.rest").mkdir()
    (city.folder.parent / ".sim.rest" / "card.json").write_text("{")
    assert prepared() == [city.folder]


def test_cities_are_found_by_name_edition_or_folder(city: ForecastingCity, series: Series, node_table):
    other = write_city(cities_home() / "aba" / "own-2", "aba", "own", ORIGIN, node_table(4), [series])
    assert find("aba") == [other.folder, city.folder]
    assert find("aba", "own") == find("aba", "own-2") == [other.folder]
    assert [row["nodes"] for row in overview() if row["name"] != "flights"] == [4, 4]
    assert [*verify_cities(["aba"])] == [*verify_cities()] == [Verified("aba/own-2", None), Verified("aba/sim", None)]
    with pytest.raises(UserError, match="Did you mean aba"):
        find("abba")
    with pytest.raises(UserError, match="Unknown edition of aba 'archive'"):
        find("aba", "archive")
