"""Cities of many nodes: their graphs are links alone, equal to the dense ones, wherever they go."""

import io
import pickle

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from benchmark.contract import Asks
from benchmark.data.clock import Clock
from benchmark.data.folder import Origin
from benchmark.data.forecasting import graph
from benchmark.data.forecasting.city import Series, write_city
from benchmark.data.forecasting.graph import distance_graph, gaussian_graph, gaussian_links, held
from benchmark.errors import UserError
from benchmark.families import forecasting_protocol
from benchmark.forecasting.posing import fit_scaler, pose
from benchmark.forecasting.using import fitted_forecaster, rebuilt_problem
from benchmark.isolation.wire import _Copies
from benchmark.registry import registry

STRICT = forecasting_protocol("strict")
MANY = 1200


@pytest.fixture
def sparse_from_three(monkeypatch):
    """Cities of three nodes are large."""
    monkeypatch.setattr(graph, "SPARSE_FROM", 3)


@pytest.fixture
def make_city(tmp_path, node_table):
    def make(nodes=5, adjacency=None):
        values = np.random.default_rng(0).poisson(20, (240, nodes)).astype(np.float32)
        series = [Series("taxi", values, np.ones(values.shape, bool), np.arange(nodes)[::-1].copy(), Clock("2016-01-01", 30, "UTC"), "u")]
        return write_city(tmp_path / "city", "city", "own", Origin("t", "s", "l"), node_table(nodes), series, adjacency)

    return make


def test_the_links_of_twelve_hundred_nodes_are_those_of_the_dense_graph():
    rng = np.random.default_rng(0)
    lon, lat = -118 + rng.uniform(0, 1, MANY), 34 + rng.uniform(0, 1, MANY)
    links, dense = distance_graph(lon, lat), gaussian_graph(lon, lat)
    assert isinstance(links, csr_array)
    assert (links.dtype, links.nnz) == (np.float32, (dense > 0).sum())
    np.testing.assert_allclose(links.toarray(), dense, rtol=0, atol=1e-6)


PLACES = st.lists(st.tuples(st.integers(-4, 4), st.integers(-4, 4), st.sampled_from([0.01, 1.0])), min_size=2, max_size=25)


@settings(max_examples=100, deadline=None)
@given(PLACES)
def test_links_are_those_of_the_dense_graph_wherever_nodes_lie_in_one_place_or_alone(places):
    lon, lat = np.array([x * size for x, _, size in places]), np.array([y * size for _, y, size in places])
    np.testing.assert_allclose(gaussian_links(lon, lat).toarray(), gaussian_graph(lon, lat), rtol=0, atol=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 0.9), st.sampled_from([1e-3, 1.0, 1e4]))
def test_the_scaler_s_deviation_has_the_bits_of_numpy_s_own(seed, missing, scale):
    rng = np.random.default_rng(seed)
    values, observed = (scale * rng.standard_normal((60, 7))).astype(np.float32), rng.random((60, 7)) >= missing
    observed[0] = True
    seen = values[observed].astype(np.float64)
    scaler = fit_scaler(values, observed, STRICT)
    assert (scaler.mean, scaler.std) == (seen.mean(), seen.std())


@pytest.mark.parametrize("declared", [False, True])
def test_a_method_reads_a_large_city_s_graph_dense_or_as_links(declared, make_city, sparse_from_three):
    adjacency = np.triu(np.arange(25, dtype=np.float32).reshape(5, 5)) if declared else None
    city = make_city(adjacency=adjacency)
    task = pose(city, ["taxi"], STRICT).only
    nodes = city.nodes.iloc[::-1]
    expected = adjacency[::-1, ::-1] if declared else gaussian_graph(nodes["lon"].to_numpy(), nodes["lat"].to_numpy())
    assert ("adjacency.npz" in city.card["files"]) == declared
    assert task.weights.is_sparse
    np.testing.assert_allclose(task.graph, expected, atol=1e-6)
    assert torch.equal(task.links.to_dense(), task.graph)


def test_a_small_city_s_graph_is_dense_and_has_links_as_well(make_city):
    task = pose(make_city(), ["taxi"], STRICT).only
    assert task.graph is task.weights
    assert torch.equal(task.links.to_dense(), task.graph)


def test_an_unplaced_large_city_links_each_node_with_itself(sparse_from_three, tmp_path):
    table = pd.DataFrame({"node_id": list("abcd"), "name": "", "lon": np.nan, "lat": np.nan})
    ones = np.ones((240, 4), np.float32)
    series = [Series("a", ones, ones > 0, np.arange(4), Clock("2016-01-01", 30, "UTC"), "u")]
    city = write_city(tmp_path / "c", "c", "own", Origin("t", "s", "l"), table, series)
    assert torch.equal(pose(city, ["a"], STRICT).only.graph, torch.eye(4))


def test_a_bad_weight_of_a_large_city_is_named(make_city, sparse_from_three):
    weights = np.eye(5)
    weights[1, 3] = -2
    with pytest.raises(UserError, match=r"holds -2\.0 in row 2, column 4"):
        make_city(adjacency=csr_array(weights))


def test_a_kept_method_of_a_large_city_finds_its_graph_again(make_city, sparse_from_three):
    city, cls = make_city(), registry().load("last_value")
    problem = pose(city, ["taxi"], STRICT)
    fitted = fitted_forecaster(cls(cls.Options(), problem), city, STRICT, {})
    assert "taxi/graph" not in fitted.problem
    again = rebuilt_problem(fitted, Asks()).only
    assert again.weights.is_sparse
    assert torch.equal(again.graph, problem.only.graph)


def test_a_sparse_graph_goes_over_the_wire(make_city, sparse_from_three):
    weights, buffer = pose(make_city(), ["taxi"], STRICT).only.weights, io.BytesIO()
    _Copies(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump(weights)
    assert torch.equal(pickle.loads(buffer.getvalue()).to_dense(), weights.to_dense())


def test_weights_are_held_as_so_many_nodes_need():
    dense = np.diag(np.arange(4.0))
    assert isinstance(held(csr_array(dense)), np.ndarray)
    large = held(np.eye(MANY) * (np.arange(MANY) % 2))
    assert isinstance(large, csr_array)
    assert large.nnz == MANY // 2


@pytest.mark.parametrize(("nodes", "expected"), [(8, 64), (1000, 64), (8600, 7), (100_000, 1)])
def test_fewer_windows_of_a_large_city_are_answered_at_once(nodes, expected, make_problem):
    train = make_problem(steps=40).only.train
    assert type(train)(*(getattr(train, name) for name in ("task", "history", "horizon", "scaler", "steps_per_day")),
                       torch.zeros(1, nodes), *(getattr(train, name) for name in ("observed", "slot", "weekday", "calendar"))
                       ).at_once == expected
