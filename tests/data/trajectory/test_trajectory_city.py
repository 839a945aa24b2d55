"""The canonical trajectory city: what is written is what is read, and what does not fit is refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made.ring_city import MATCHED, ORIGIN, PARTS, TRIPS, places

from benchmark.data.folder import verify
from benchmark.data.forecasting.city import ForecastingCity
from benchmark.data.trajectory.city import POI_CATEGORIES, TrajectoryCity, cell_path, write_trajectory_city
from benchmark.errors import UserError


@pytest.fixture
def city(tmp_path):
    return write_trajectory_city(tmp_path / "city", "ring", "own", ORIGIN, places(), TRIPS, MATCHED, PARTS)


def test_what_was_written_is_read_back_view_by_view(city):
    verify(city.folder)
    again = TrajectoryCity(city.folder)
    assert again.network.table["road_id"].tolist() == list("SENW")
    assert again.network.links.tolist() == [[0, 1], [1, 2], [2, 3], [3, 0]]
    assert again.trip_ids.tolist() == ["a", "b"]
    assert again.driver_ids.tolist() == ["d", ""]
    assert again.view("gps").trip(1)["time"].tolist() == [100, 100]
    assert again.view("gps").values["road"].tolist() == MATCHED.point_road.tolist()
    assert again.view("route").lengths().tolist() == [5, 1]
    assert again.view("route").trip(0)["entry"].tolist() == [0, 20, 32, 36, 39]
    assert again.poi.shape == (16, len(POI_CATEGORIES))
    assert (again.zone, again.card["trips"], again.card["notes"]["matcher"]) == ("Asia/Shanghai", 2, "by hand")


def test_the_cells_of_a_trip_are_its_runs_with_the_time_of_their_first_point(city):
    grid = city.view("grid")
    assert grid.trip(0)["cell"].tolist() == [0, 1, 2, 6, 0]
    assert grid.trip(0)["entry"].tolist() == [0, 10, 20, 30, 40]
    assert grid.trip(1)["cell"].tolist() == [8]


@given(st.lists(st.lists(st.integers(0, 2), min_size=0, max_size=8), min_size=1, max_size=5))
def test_cell_paths_equal_those_made_trip_by_trip(trips):
    offsets = np.concatenate([[0], np.cumsum([len(trip) for trip in trips])]).astype(np.int64)
    cells = np.array([cell for trip in trips for cell in trip], dtype=np.int64)
    run_offsets, first = cell_path(cells, offsets)
    for k, trip in enumerate(trips):
        expected = [cell for j, cell in enumerate(trip) if j == 0 or trip[j - 1] != cell]
        assert cells[first[run_offsets[k]:run_offsets[k + 1]]].tolist() == expected


def test_the_fingerprint_follows_content_and_matcher(city, tmp_path):
    other = write_trajectory_city(tmp_path / "other", "ring", "own", ORIGIN, places(), TRIPS, MATCHED, PARTS)
    assert other.fingerprint == city.fingerprint
    matched = write_trajectory_city(tmp_path / "third", "ring", "own", ORIGIN, places(facts={"matcher": "other"}), TRIPS, MATCHED, PARTS)
    assert matched.fingerprint != city.fingerprint


@pytest.mark.parametrize(("trips", "matched", "sentence"), [
    (replace(TRIPS, trip_id=np.array(["a", "a"])), MATCHED, "Trip 'a' stands twice"),
    (replace(TRIPS, lon=TRIPS.lon + 1), MATCHED, r"'a' leaves the grid \(2 trips"),
    (replace(TRIPS, time=TRIPS.time[::-1].copy()), MATCHED, "'a' has a time before"),
    (TRIPS, replace(MATCHED, reason=np.array(["", "no connected path"])), r"'b' is not matched to roads \(1 trips"),
    (TRIPS, replace(MATCHED, entry=np.array([0.0, 30.0, 20.0, 36.0, 39.0, 100.0])), "'a' enters a road before"),
    (TRIPS, replace(MATCHED, path=np.array([0, 2, 1, 3, 0, 2])), "'a' drives between roads that no link joins"),
    (TRIPS.part(np.array([False, False])), MATCHED, "No trip is left"),
], ids=["ids", "outside", "times", "unmatched", "entries", "jump", "none"])
def test_parts_that_do_not_fit_are_refused_and_nothing_is_written(tmp_path, trips, matched, sentence):
    with pytest.raises(UserError, match=sentence):
        write_trajectory_city(tmp_path / "city", "ring", "own", ORIGIN, places(), trips, matched, PARTS)
    assert list(tmp_path.iterdir()) in ([], [tmp_path / "home"])


def test_points_of_interest_must_fit_the_grid(tmp_path):
    with pytest.raises(UserError, match=r"need \(16, 13\)"):
        write_trajectory_city(tmp_path / "city", "ring", "own", ORIGIN, places(poi=np.zeros((4, 13))), TRIPS, MATCHED, PARTS)


def test_a_kind_of_city_is_opened_as_what_it_is(city):
    with pytest.raises(UserError, match="holds a trajectory city"):
        ForecastingCity(city.folder)
    with pytest.raises(UserError, match=r"Unknown view .gsp.\. Did you mean gps"):
        city.view("gsp")
