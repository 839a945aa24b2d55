"""How a city becomes a problem: cuts, scaler, windows, graph."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.data.clock import Clock
from benchmark.data.folder import Origin
from benchmark.data.forecasting.city import Series, write_city
from benchmark.data.forecasting.graph import gaussian_graph
from benchmark.data.frames import great_circle_m
from benchmark.errors import UserError
from benchmark.families import forecasting_protocol
from benchmark.forecasting.posing import cut, held_out_windows, pose

STRICT = forecasting_protocol("strict")


@pytest.fixture
def city(tmp_path, node_table):
    rng = np.random.default_rng(0)
    values = rng.poisson(20, (240, 5)).astype(np.float32)
    observed = rng.random((240, 5)) > 0.1
    hourly = rng.poisson(9, (250, 3)).astype(np.float32)
    half_hours, hours = Clock("2016-01-01T00:00:00", 30, "UTC"), Clock("2016-01-02T00:00:00", 60, "UTC")
    series = [Series("taxi", values, observed, np.arange(5), half_hours, "trips"),
              Series("bike", hourly, np.ones_like(hourly, dtype=bool), np.array([4, 0, 2]), hours, "trips")]
    return write_city(tmp_path / "city", "mixed", "own", Origin("t", "s", "l"), node_table(5), series)


@settings(max_examples=50, deadline=None)
@given(st.integers(240, 100_000))
def test_rows_are_cut_into_floor_shares_with_the_rest_as_validation(steps):
    parts = cut(steps, STRICT)
    assert parts.train == slice(0, 7 * steps // 10)
    assert parts.validation == slice(7 * steps // 10, steps - 2 * steps // 10)
    assert parts.test == slice(steps - 2 * steps // 10, steps)


def test_too_few_rows_for_one_window_a_part_are_refused_with_the_counts():
    with pytest.raises(UserError, match=r"200 rows are too few.*24 rows.*140 / 20 / 40"):
        cut(200, STRICT)


def test_the_scaler_sees_observed_training_rows_only(city):
    series = city.series("taxi")
    train = series.values[:168][series.observed[:168]].astype(np.float64)
    scaler = pose(city, ["taxi"], STRICT).only.scaler
    assert scaler.mean == pytest.approx(train.mean())
    assert scaler.std == pytest.approx(train.std())


def test_windows_equal_a_direct_cut_of_the_series_and_never_cross_a_part(city):
    series, problem = city.series("taxi"), pose(city, ["taxi"], STRICT).only
    parts = ((problem.train, 0, 168), (problem.validation, 168, 192), (held_out_windows(city, "taxi", STRICT), 192, 240))
    for windows, first, end in parts:
        assert len(windows) == end - first - 23
        last = torch.tensor([0, len(windows) - 1])
        inputs, targets = windows.inputs(last), windows.targets(last)
        for k, start in enumerate((first, end - 24)):
            assert np.array_equal(inputs.values[k], series.values[start:start + 12])
            assert np.array_equal(targets.values[k], series.values[start + 12:start + 24])
            assert np.array_equal(targets.observed[k], series.observed[start + 12:start + 24])
            assert inputs.slot[k].tolist() == [(start + s) % 48 for s in range(24)]
            assert inputs.weekday[k].tolist() == [(4 + (start + s) // 48) % 7 for s in range(24)]  # 2016-01-01 is a Friday


def test_unobserved_inputs_carry_the_training_mean(city):
    inputs = pose(city, ["taxi"], STRICT).only.train.inputs(torch.arange(100))
    assert (~inputs.observed).any()
    assert (inputs.scaled[~inputs.observed] == 0).all()


def test_tasks_may_differ_in_nodes_interval_and_length(city):
    problem = pose(city, ["taxi", "bike"], STRICT)
    taxi, bike = problem.tasks["taxi"], problem.tasks["bike"]
    assert (taxi.nodes, bike.nodes) == (5, 3)
    assert (taxi.steps_per_day, bike.steps_per_day) == (48, 24)
    assert bike.node_index.tolist() == [4, 0, 2]
    assert torch.equal(bike.coordinates, taxi.coordinates[[4, 0, 2]])
    assert bike.graph.shape == (3, 3)


def test_channels_are_value_time_of_day_and_weekday(city):
    inputs = pose(city, ["taxi"], STRICT).only.train.inputs(torch.tensor([50]))
    channels = inputs.channels(3)
    assert channels.shape == (1, 12, 5, 3)
    assert torch.equal(channels[..., 0], inputs.scaled)
    assert channels[0, 0, :, 1].tolist() == [pytest.approx(2 / 48)] * 5
    assert channels[0, 0, :, 2].tolist() == [pytest.approx(5 / 7)] * 5
    assert torch.equal(inputs.channels(1), channels[..., :1])


def test_no_row_of_the_test_part_is_reachable_from_a_problem(city):
    from benchmark.testing.shared import reachable_arrays

    sizes = [array.shape[0] for array in reachable_arrays(pose(city, ["taxi"], STRICT)) if array.ndim]
    assert max(sizes) <= 168 * 6  # a storage holds training or validation rows, never the series' 240 × …
    problem = pose(city, ["taxi"], STRICT).only
    assert problem.train.values.untyped_storage().nbytes() == 168 * 5 * 4


def test_a_declared_adjacency_is_used_and_cut_to_the_tasks_nodes(tmp_path, node_table):
    adjacency = np.arange(16, dtype=np.float32).reshape(4, 4)
    values = np.ones((240, 2), dtype=np.float32)
    series = [Series("a", values, np.ones_like(values, dtype=bool), np.array([3, 1]), Clock("2016-01-01", 30, "UTC"), "u")]
    city = write_city(tmp_path / "c", "c", "own", Origin("t", "s", "l"), node_table(4), series, adjacency)
    assert pose(city, ["a"], STRICT).only.graph.tolist() == [[15, 13], [7, 5]]


def test_great_circle_distance_of_one_degree_of_latitude_is_111_km():
    metres = great_circle_m(np.array([0.0]), np.array([0.0]), np.array([0.0]), np.array([1.0]))
    assert metres[0] == pytest.approx(111_195, rel=1e-3)


def test_the_graph_of_a_grid_links_the_eight_neighbours():
    lon, lat = np.meshgrid(np.arange(6) * 0.01, np.arange(6) * 0.01)
    degree = (gaussian_graph(lon.ravel(), lat.ravel()) > 0).sum(axis=1).reshape(6, 6) - 1
    assert (degree[1:-1, 1:-1] == 8).all()
    assert degree[0, 0] == 3


def test_the_graph_leaves_no_node_alone():
    graph = gaussian_graph(np.array([0, 0.01, 0.02, 5.0]), np.zeros(4))
    assert ((graph > 0).sum(axis=1) >= 2).all()
    assert np.array_equal(graph, graph.T)
    assert (np.diag(graph) == 1).all()
