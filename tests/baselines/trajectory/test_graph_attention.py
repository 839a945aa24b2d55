"""Graph attention against torch-geometric's."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.nn import GATConv

from baselines.trajectory.multi_view.road_graph import NEGATIVE_SLOPE, GraphAttention

CLOSE = {"rtol": 1e-6, "atol": 1e-6}


def both(width, seed):
    """The layer in float64 and torch-geometric's of one head with the same weights; both add what they add for self loops themselves."""
    torch.manual_seed(seed)
    layer, theirs = GraphAttention(width).double(), GATConv(width, width, heads=1, negative_slope=NEGATIVE_SLOPE).double()
    with torch.no_grad():
        layer.bias.normal_()
        theirs.lin.weight.copy_(layer.weight)
        theirs.att_src.copy_(layer.giving[None])
        theirs.att_dst.copy_(layer.taking[None])
        theirs.bias.copy_(layer.bias)
    return layer, theirs


def with_loops(links, roads):
    """What `RoadGraph` gives the layer: links between different roads, then a self loop each."""
    return torch.cat([links[links[:, 0] != links[:, 1]], torch.arange(roads)[:, None].expand(-1, 2)])


def check(roads, links, width, seed):
    layer, theirs = both(width, seed)
    x = torch.randn(roads, width, dtype=torch.float64)
    ours_x, their_x = x.clone().requires_grad_(), x.clone().requires_grad_()
    given, expected = layer(ours_x, with_loops(links, roads)), theirs(their_x, links.T)
    torch.testing.assert_close(given, expected, **CLOSE)
    pull = torch.randn(roads, width, dtype=torch.float64)
    (given * pull).sum().backward()
    (expected * pull).sum().backward()
    torch.testing.assert_close(ours_x.grad, their_x.grad, **CLOSE)
    for own, other in ((layer.weight, theirs.lin.weight), (layer.giving, theirs.att_src), (layer.taking, theirs.att_dst),
                       (layer.bias, theirs.bias)):
        torch.testing.assert_close(own.grad, other.grad.view_as(own), **CLOSE)


@given(st.data(), st.integers(1, 12), st.integers(1, 6), st.integers(0, 1000))
@settings(max_examples=50, deadline=None)
def test_outputs_and_gradients_are_those_of_torch_geometrics_gatconv_on_any_graph(data, roads, width, seed):
    road = st.integers(0, roads - 1)
    pairs = data.draw(st.lists(st.tuples(road, road), max_size=40, unique=True))
    check(roads, torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2), width, seed)


@pytest.mark.parametrize("pairs", [[], [(0, 1)], [(1, 0)], [(0, 1), (1, 0), (2, 1)], [(3, 3), (0, 3)]],
                         ids=["all alone", "one gives", "one takes", "some alone", "a loop of its own"])
def test_roads_without_links_and_the_direction_of_links_count_as_in_torch_geometric(pairs):
    check(5, torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2), 4, 0)


def test_the_comparison_would_see_links_turned_round():
    layer, theirs = both(4, 0)
    x, links = torch.randn(5, 4, dtype=torch.float64), torch.tensor([[0, 1], [2, 1], [3, 4]])
    assert not torch.allclose(layer(x, with_loops(links.flip(1), 5)), theirs(x, links.T), **CLOSE)
