"""Graph WaveNet against its card and against a plain reference."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from plain.baselines import doubletransition, plain_gwnet

from baselines.forecasting.gwnet import GWNET, GWNETNetwork, GWNETOptions
from benchmark.options import resolve

# what the authors' code creates but never trains
DEAD = 15_712


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.mark.parametrize(("channels", "official"), [(1, 309_368), (2, 309_400), (3, 309_432)])
def test_parameter_counts_of_the_card_without_the_dead_ones(channels: int, official: int):
    network = GWNETNetwork(12, torch.eye(207), GWNETOptions(channels=channels))
    assert sum(p.numel() for p in network.parameters()) == official - DEAD


def gated_outputs(network: GWNETNetwork, inputs) -> list[torch.Tensor]:
    """What each layer's convolution gives, [node, time, batch, channel]."""
    seen: list[torch.Tensor] = []
    hooks = [layer.convolution.register_forward_hook(lambda module, given, out: seen.append(out)) for layer in network.layers]
    network(inputs)
    for hook in hooks:
        hook.remove()
    return seen


def test_time_shrinks_as_on_the_card(make_problem):
    problem = make_problem()
    network = GWNET(GWNETOptions(), problem).network
    inputs = problem.only.train.inputs(torch.arange(3))
    assert network(inputs).shape == (3, 12, 8)
    assert network.receptive == 13
    assert [out.shape[1] for out in gated_outputs(network, inputs)] == [12, 10, 9, 7, 6, 4, 3, 1]


def test_a_step_changes_nothing_before_it(make_problem):
    problem = make_problem()
    network = GWNET(GWNETOptions(), problem).network.eval()
    inputs = problem.only.train.inputs(torch.arange(2))
    step = 8
    scaled = inputs.scaled.clone()
    scaled[:, step] += 1
    for before, after in zip(gated_outputs(network, inputs), gated_outputs(network, replace(inputs, scaled=scaled)), strict=True):
        first = before.shape[1] - (inputs.history - step)  # every layer ends with the last step shown
        assert torch.equal(before[:, : max(first, 0)], after[:, : max(first, 0)])
        assert not torch.equal(before, after)


def test_a_zero_step_before_the_window_changes_nothing(make_problem):
    problem = make_problem()
    network = GWNET(GWNETOptions(channels=1), problem).network.eval()
    inputs = problem.only.train.inputs(torch.arange(4))
    longer = replace(inputs, values=F.pad(inputs.values, (0, 0, 1, 0)), scaled=F.pad(inputs.scaled, (0, 0, 1, 0)))
    assert longer.history == 13
    torch.testing.assert_close(network(longer), network(inputs), atol=1e-6, rtol=1e-6)


def test_rows_of_the_learned_graph_sum_to_one(make_problem):
    adjacency = GWNET(GWNETOptions(), make_problem()).network.adjacency()
    assert adjacency.shape == (8, 8)
    torch.testing.assert_close(adjacency.sum(dim=1), torch.ones(8))


def test_every_parameter_gets_a_gradient(make_problem):
    problem = make_problem()
    network = GWNET(GWNETOptions(), problem).network
    network(problem.only.train.inputs(torch.arange(4))).square().sum().backward()
    silent = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    # A bias in front of a batch norm moves only the mean that the norm takes out again.
    assert [name for name in silent if not name.endswith("theta.bias")] == []
    assert network.source.grad.any()
    assert network.target.grad.any()


def test_walks_follow_the_edges_both_ways_and_self_loops_are_added_only_where_missing():
    graph = torch.tensor([[0.5, 2.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    forth = torch.tensor([[0.2, 0.8, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]])
    back = torch.tensor([[1.0, 0.0, 0.0], [2 / 3, 1 / 3, 0.0], [0.0, 0.5, 0.5]])
    given = GWNETNetwork(12, graph, GWNETOptions()).given
    expected = torch.cat([forth.T, (forth @ forth).T, back.T, (back @ back).T])
    torch.testing.assert_close(given, expected)


def test_walks_of_a_symmetric_graph_are_kept_once():
    graph = torch.tensor([[1.0, 0.5, 0.0], [0.5, 1.0, 0.2], [0.0, 0.2, 1.0]])
    walk = graph / graph.sum(dim=1, keepdim=True)
    torch.testing.assert_close(GWNETNetwork(12, graph, GWNETOptions()).given, torch.cat([walk.T, (walk @ walk).T]))


@pytest.mark.parametrize("directed", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_outputs_and_gradients_equal_those_of_the_plain_form(training: bool, directed: bool, make_problem):
    problem = make_problem()
    graph = (problem.only.graph + 0.3 * directed * torch.eye(8).roll(1, dims=1)).fill_diagonal_(0)
    network = GWNETNetwork(12, graph, GWNETOptions(channels=2, dropout=0.0)).train(training)
    inputs = problem.only.train.inputs(torch.arange(5))
    expected = plain_gwnet(network, inputs.channels(2).permute(0, 3, 2, 1), doubletransition(graph))
    predicted = network(inputs)
    torch.testing.assert_close(predicted, expected, atol=1e-5, rtol=1e-5)
    weights, cotangent = list(network.parameters()), torch.randn_like(predicted)
    gradients = torch.autograd.grad(predicted, weights, cotangent)
    torch.testing.assert_close(gradients, torch.autograd.grad(expected, weights, cotangent), atol=1e-4, rtol=1e-4)


def test_the_authors_inputs_are_value_and_time_of_day_with_the_parameters_of_the_card(make_problem):
    options = resolve(GWNETOptions, {"inputs": "paper"}, "gwnet")
    assert options == GWNETOptions(channels=2, inputs="paper") == GWNETOptions(inputs="paper")
    network = GWNETNetwork(12, torch.eye(207), options)
    assert sum(p.numel() for p in network.parameters()) == 309_400 - DEAD
    problem = make_problem()
    method = GWNET(options, problem)
    method.network.eval()
    inputs = problem.only.train.inputs(torch.arange(3))
    assert torch.equal(method.network(replace(inputs, weekday=inputs.weekday + 1)), method.network(inputs))
    assert not torch.equal(method.network(replace(inputs, slot=inputs.slot + 1)), method.network(inputs))
