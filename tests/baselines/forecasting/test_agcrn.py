"""AGCRN against its card and against a plain reference."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from plain.agcrn import plain_agcrn

from baselines.forecasting.agcrn import AGCRN, AGCRNNetwork, AGCRNOptions, spread
from benchmark.options import resolve


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def small(**given) -> AGCRNOptions:
    return AGCRNOptions(**{"width": 6, "embedding": 3} | given)


@pytest.mark.parametrize(("nodes", "channels", "embedding", "count"),
                         [(207, 2, 10, 751_650), (207, 1, 10, 747_810), (307, 1, 10, 748_810), (170, 1, 2, 150_112), (206, 3, 10, 755_480)])
def test_parameter_counts_of_the_card(nodes: int, channels: int, embedding: int, count: int, make_problem):
    network = AGCRNNetwork(make_problem(nodes=nodes, steps=60), AGCRNOptions(channels=channels, embedding=embedding))
    assert sum(p.numel() for p in network.parameters()) == count


@pytest.mark.parametrize("given", [{}, {"channels": 1, "order": 1}, {"order": 3, "layers": 3}, {"order": 4, "layers": 1}])
def test_outputs_and_gradients_equal_those_of_the_plain_form(given: dict, make_problem):
    problem = make_problem()
    network = AGCRNNetwork(problem, small(**given))
    inputs = problem.only.train.inputs(torch.arange(5))
    predicted, expected = network(inputs), plain_agcrn(network, inputs.channels(network.channels))
    assert predicted.shape == (5, 12, 8)
    torch.testing.assert_close(predicted, expected, atol=1e-5, rtol=1e-5)
    weights, cotangent = list(network.parameters()), torch.randn_like(predicted)
    gradients = torch.autograd.grad(predicted, weights, cotangent)
    torch.testing.assert_close(gradients, torch.autograd.grad(expected, weights, cotangent), atol=1e-4, rtol=1e-4)


def test_the_learned_graph_is_that_of_numpy_and_has_rows_that_sum_to_one_without_a_zero(make_problem):
    network = AGCRNNetwork(make_problem(), small())
    nodes = network.nodes.detach().numpy().astype(np.float64)
    weights = np.exp(np.maximum(nodes @ nodes.T, 0))
    adjacency = network.adjacency()
    np.testing.assert_allclose(adjacency.detach(), weights / weights.sum(axis=1, keepdims=True), rtol=1e-5)
    torch.testing.assert_close(adjacency.sum(dim=1), torch.ones(8))
    assert adjacency.min() > 0


def test_nodes_that_do_not_agree_count_as_strangers_however_much_they_differ(make_problem):
    network = AGCRNNetwork(make_problem(nodes=3), small(embedding=1))
    with torch.no_grad():
        network.nodes.copy_(torch.tensor([[0.0], [1.0], [-5.0]]))
    adjacency = network.adjacency()
    torch.testing.assert_close(adjacency[0], torch.full((3,), 1 / 3))
    torch.testing.assert_close(adjacency[1, 0], adjacency[1, 2])


def test_two_supports_are_the_identity_and_the_graph(make_problem):
    network = AGCRNNetwork(make_problem(), small())
    x, adjacency = torch.randn(8, 4, 5), network.adjacency()
    torch.testing.assert_close(network.graph(), adjacency)
    torch.testing.assert_close(spread(x, network.graph()), torch.cat([x, torch.einsum("nm,mrc->nrc", adjacency, x)], dim=-1))


def test_embeddings_learn_through_the_graph_and_through_the_weights_of_the_nodes(make_problem):
    problem = make_problem()
    network, x = AGCRNNetwork(problem, small()), torch.randn(8, 12, 2, 3)
    nodes = network.nodes.detach()
    for embedding, graph in ((network.nodes, network.graph().detach()), (nodes, network.graph())):
        network.zero_grad()
        network.layers[0](x, embedding, graph).square().sum().backward()
        assert network.nodes.grad.abs().min() > 0


def test_every_parameter_gets_a_gradient(make_problem):
    problem = make_problem()
    network = AGCRNNetwork(problem, small())
    network(problem.only.train.inputs(torch.arange(4))).square().sum().backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_permuting_nodes_permutes_the_predictions_only_with_their_embeddings(make_problem):
    problem, order = make_problem(), torch.randperm(8)
    network = AGCRNNetwork(problem, small())
    inputs = problem.only.train.inputs(torch.arange(3))
    permuted = replace(inputs, scaled=inputs.scaled[:, :, order])
    expected = network(inputs)[:, :, order]
    assert not torch.allclose(network(permuted), expected, atol=1e-3)
    with torch.no_grad():
        network.nodes.copy_(network.nodes[order].clone())
    torch.testing.assert_close(network(permuted), expected, atol=1e-5, rtol=1e-5)


def test_without_the_graph_equal_embeddings_are_one_gru_for_all_nodes(make_problem):
    problem = make_problem()
    network = AGCRNNetwork(problem, small(order=1))
    with torch.no_grad():
        network.nodes.copy_(network.nodes[:1].clone().expand_as(network.nodes))
    inputs = problem.only.train.inputs(torch.arange(3))
    changed = inputs.scaled.clone()
    changed[:, :, 1:] = changed[:, :, :1]
    out = network(replace(inputs, scaled=changed))
    torch.testing.assert_close(out, out[:, :, :1].expand_as(out))
    torch.testing.assert_close(out[:, :, 0], network(inputs)[:, :, 0])


def test_the_module_itself_draws_every_weight_within_the_bounds_of_the_authors_script(make_problem):
    problem, options = make_problem(nodes=60), AGCRNOptions()
    network = AGCRNNetwork(problem, options)
    u, d, k = options.width, options.embedding, options.order
    bounds = {"nodes": 6 / (60 + d), "readout.weight": 6 / (u + 12 * u)}
    for number, channels in enumerate((3, u)):
        for pool, out in (("gates", 2 * u), ("candidate", u)):
            bounds[f"layers.{number}.{pool}.weight"] = 6 / ((k + d) * (channels + u) * out)
            bounds[f"layers.{number}.{pool}.bias"] = 6 / (d + out)
    drawn = {name: float(p.detach().abs().max()) for name, p in network.named_parameters() if name != "readout.bias"}
    assert drawn == pytest.approx({name: math.sqrt(square) for name, square in bounds.items()}, rel=0.03)
    assert drawn.keys() == bounds.keys()
    assert all(drawn[name] <= math.sqrt(square) * (1 + 1e-6) for name, square in bounds.items())
    assert 0 <= network.readout.bias.min() < 0.5 < network.readout.bias.max() <= 1


def test_the_authors_output_is_in_the_tasks_unit_and_ours_is_z_scored(make_problem):
    problem = make_problem()
    scaled, raw = AGCRN(small(), problem), AGCRN(small(output="raw"), problem)
    raw.load_state_dict(scaled.state_dict())
    inputs = problem.only.train.inputs(torch.arange(3))
    given = plain_agcrn(scaled.network, inputs.channels())
    torch.testing.assert_close(raw.predict(inputs), given, atol=1e-4, rtol=1e-5)
    torch.testing.assert_close(scaled.predict(inputs), problem.only.scaler.unscale(given))


def test_the_authors_input_is_the_value_with_the_parameters_of_the_card(make_problem):
    options = resolve(AGCRNOptions, {"inputs": "paper"}, "agcrn")
    assert options == AGCRNOptions(channels=1, inputs="paper") == AGCRNOptions(inputs="paper")
    problem = make_problem(nodes=207, steps=60)
    method = AGCRN(options, problem)
    assert method.parameter_count() == 747_810
    inputs = problem.only.train.inputs(torch.arange(2))
    assert torch.equal(method.network(replace(inputs, weekday=inputs.weekday + 1, slot=inputs.slot + 1)), method.network(inputs))
