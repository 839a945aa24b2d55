"""Graph operators, the temporal convolution and dropout: what the networks are made of."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from baselines.layers.dropout import Dropout
from baselines.layers.graph import chebyshev, random_walk, scaled_laplacian
from baselines.layers.temporal import TemporalConvolution


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def directed_graph(nodes: int = 9, seed: int = 0) -> torch.Tensor:
    """Random directed weights with self loops; the last node has no edge at all."""
    graph = torch.rand(nodes, nodes, generator=torch.Generator().manual_seed(seed))
    graph[graph < 0.6] = 0
    graph.fill_diagonal_(1)
    graph[-1] = graph[:, -1] = 0
    return graph


def test_rows_of_a_random_walk_sum_to_one_where_a_node_has_edges():
    rows = random_walk(directed_graph()).sum(dim=1)
    torch.testing.assert_close(rows[:-1], torch.ones(8))
    assert rows[-1] == 0


def test_a_walk_against_the_edges_divides_by_the_incoming_weights():
    graph = directed_graph()
    expected = graph.T[:-1] / graph.sum(dim=0)[:-1, None]
    torch.testing.assert_close(random_walk(graph.T)[:-1], expected)


def test_the_scaled_laplacian_has_its_eigenvalues_in_minus_one_to_one():
    operator = scaled_laplacian(directed_graph())
    eigenvalues = torch.linalg.eigvalsh(operator.double())
    assert eigenvalues[0] == pytest.approx(-1, abs=1e-6)
    assert eigenvalues[-1] == pytest.approx(1, abs=1e-6)


def test_the_scaled_laplacian_is_symmetric_and_ignores_self_loops():
    graph = directed_graph()
    operator = scaled_laplacian(graph)
    torch.testing.assert_close(operator, operator.T)
    assert torch.equal(operator, scaled_laplacian(graph.clone().fill_diagonal_(5)))
    assert torch.equal(operator, scaled_laplacian(torch.maximum(graph, graph.T)))


def test_a_graph_without_edges_gives_the_identity():
    torch.testing.assert_close(scaled_laplacian(torch.zeros(4, 4)), torch.eye(4))


def test_chebyshev_follows_the_cosine():
    operator = scaled_laplacian(directed_graph())
    first, second, third = chebyshev(operator, 3)
    assert torch.equal(first, operator)
    torch.testing.assert_close(second, 2 * operator @ operator - torch.eye(9))
    eigenvalues, vectors = torch.linalg.eigh(operator.double())
    cosine = vectors @ torch.diag(torch.cos(3 * torch.acos(eigenvalues.clamp(-1, 1)))) @ vectors.T
    torch.testing.assert_close(third, cosine.float(), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("kernel", "dilation"), [(1, 1), (2, 1), (2, 2), (3, 1), (3, 2)])
def test_the_temporal_convolution_is_a_two_dimensional_one(kernel: int, dilation: int):
    convolution = TemporalConvolution(4, 5, kernel, dilation)
    reference = nn.Conv2d(4, 5, (kernel, 1), dilation=(dilation, 1))
    weight = convolution.linear.weight.view(5, kernel, 4).permute(0, 2, 1)[..., None]
    reference.load_state_dict({"weight": weight, "bias": convolution.linear.bias})
    x = torch.randn(3, 9, 6, 4)
    torch.testing.assert_close(convolution(x), reference(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1), atol=1e-6, rtol=1e-5)


def test_dropout_drops_its_share_and_keeps_the_mean():
    torch.manual_seed(0)
    out = Dropout(0.3)(torch.ones(1001, 333))
    assert (out == 0).double().mean() == pytest.approx(0.3, abs=0.005)
    assert out.double().mean() == pytest.approx(1, abs=0.005)
    assert len(out.unique()) == 2


def test_dropout_neighbours_are_independent():
    torch.manual_seed(0)
    kept = (Dropout(0.5)(torch.ones(400_000)) > 0).double()
    for lag in range(1, 9):
        assert (kept[lag:] * kept[:-lag]).mean() == pytest.approx(0.25, abs=0.005)


def test_dropout_repeats_under_the_same_seed_and_rests_in_evaluation():
    x, dropout = torch.randn(7, 5), Dropout(0.4)
    torch.manual_seed(3)
    first = dropout(x)
    torch.manual_seed(3)
    assert torch.equal(first, dropout(x))
    assert dropout.eval()(x) is x
    assert torch.equal(Dropout(1.0)(x), torch.zeros(7, 5))
