"""STGCN against its card and against a plain reference."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from plain.baselines import laplacian_of, plain_stgcn

from baselines.forecasting.stgcn import STGCN, STGCNNetwork, STGCNOptions
from benchmark import UserError
from benchmark.options import resolve


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def ring(nodes: int) -> torch.Tensor:
    """A directed ring: every node points at the next."""
    return torch.eye(nodes).roll(1, dims=1)


@pytest.mark.parametrize(("channels", "count"), [(1, 231_244), (2, 231_628)])
def test_parameter_counts_of_the_card(channels: int, count: int):
    network = STGCNNetwork(12, 12, ring(207), STGCNOptions(channels=channels))
    assert sum(p.numel() for p in network.parameters()) == count


def test_time_shrinks_from_twelve_to_one(make_problem):
    problem = make_problem()
    network = STGCN(STGCNOptions(), problem).network
    lengths = []
    for module in (layer for block in network.blocks for layer in (block.first, block.second)):
        module.register_forward_hook(lambda module, given, out: lengths.append(out.shape[1]))
    network.gate.register_forward_hook(lambda module, given, out: lengths.append(out.shape[1]))
    assert network(problem.only.train.inputs(torch.arange(3))).shape == (3, 12, 8)
    assert lengths == [10, 8, 6, 4, 1]


def test_fewer_than_nine_input_steps_are_refused(make_problem):
    with pytest.raises(UserError, match="at least 9 input steps, got 8"):
        STGCN(STGCNOptions(), make_problem(history=8))
    problem = make_problem(history=9)
    assert STGCN(STGCNOptions(), problem).network(problem.only.train.inputs(torch.arange(2))).shape == (2, 12, 8)


def test_layer_norm_standardises_each_time_slice_over_nodes_and_channels(make_problem):
    problem = make_problem()
    network = STGCN(STGCNOptions(), problem).network
    slices = []
    for norm in (network.blocks[0].norm, network.blocks[1].norm, network.norm):
        norm.register_forward_hook(lambda module, given, out: slices.append(out))
    network(problem.only.train.inputs(torch.arange(3)))
    for out in slices:
        torch.testing.assert_close(out.mean(dim=(2, 3)), torch.zeros(out.shape[:2]), atol=1e-5, rtol=0)
        torch.testing.assert_close(out.var(dim=(2, 3), correction=0), torch.ones(out.shape[:2]), atol=1e-2, rtol=0)


def test_graph_weights_start_within_the_bound_of_the_other_codes(make_problem):
    network = STGCN(STGCNOptions(), make_problem()).network
    for block in network.blocks:
        for tensor in (block.graph.theta.weight, block.graph.theta.bias):
            assert tensor.abs().max() <= 1 / 16
        assert block.graph.theta.weight.abs().max() > 0.9 / 16


@pytest.mark.parametrize("channels", [1, 3])
def test_outputs_and_gradients_equal_those_of_the_plain_form_on_a_directed_graph(channels: int, make_problem):
    problem = make_problem()
    graph = problem.only.graph + 0.3 * ring(8)
    network = STGCNNetwork(12, 12, graph, STGCNOptions(channels=channels)).eval()
    for block in network.blocks:  # scale and shift that differ by node and channel
        torch.nn.init.normal_(block.norm.weight)
        torch.nn.init.normal_(block.norm.bias)
    inputs = problem.only.train.inputs(torch.arange(5))
    expected = plain_stgcn(network, inputs.channels(channels).permute(0, 3, 1, 2), laplacian_of(graph))
    predicted = network(inputs)
    torch.testing.assert_close(predicted, expected, atol=1e-5, rtol=1e-5)
    weights, cotangent = list(network.parameters()), torch.randn_like(predicted)
    gradients = torch.autograd.grad(predicted, weights, cotangent)
    torch.testing.assert_close(gradients, torch.autograd.grad(expected, weights, cotangent), atol=1e-4, rtol=1e-4)


def test_permuting_nodes_graph_and_norms_permutes_the_predictions(make_problem):
    problem = make_problem()
    order = torch.randperm(8)
    inputs = problem.only.train.inputs(torch.arange(3))
    torch.manual_seed(0)
    network = STGCNNetwork(12, 12, problem.only.graph, STGCNOptions()).eval()
    torch.manual_seed(0)
    permuted = STGCNNetwork(12, 12, problem.only.graph[order][:, order], STGCNOptions()).eval()
    out = permuted(replace(inputs, scaled=inputs.scaled[:, :, order]))
    torch.testing.assert_close(out, network(inputs)[:, :, order], atol=1e-5, rtol=1e-5)


def test_the_authors_input_is_the_value_with_the_parameters_of_the_card(make_problem):
    options = resolve(STGCNOptions, {"inputs": "paper"}, "stgcn")
    assert options == STGCNOptions(channels=1, inputs="paper") == STGCNOptions(inputs="paper")
    assert sum(p.numel() for p in STGCNNetwork(12, 12, ring(207), options).parameters()) == 231_244
    problem = make_problem()
    method = STGCN(options, problem)
    method.network.eval()
    inputs = problem.only.train.inputs(torch.arange(3))
    assert torch.equal(method.network(replace(inputs, weekday=inputs.weekday + 1, slot=inputs.slot + 1)), method.network(inputs))


def test_layer_norms_and_the_read_out_are_those_of_the_later_benchmarks(make_problem):
    network = STGCN(STGCNOptions(), make_problem()).network
    assert {norm.eps for norm in (network.blocks[0].norm, network.blocks[1].norm, network.norm)} == {1e-5}
    assert [type(layer).__name__ for layer in network.readout] == ["Linear", "ReLU", "Linear"]
    assert [block.dropout.rate for block in network.blocks] == [0.5, 0.5]
