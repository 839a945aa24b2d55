"""MTGNN against its card and against a plain reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from plain.mtgnn import plain_graph, plain_mtgnn

from baselines.forecasting.mtgnn import MTGNN, LearnedGraph, MTGNNNetwork, MTGNNOptions, both_ways, level
from benchmark import RunContext, UserError
from benchmark.contract import Budget
from benchmark.options import resolve

# what the authors' code creates but never uses
DEAD = 3_168
SHARE = MTGNNOptions.curriculum


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def made(nodes: int = 8, history: int = 12, **options) -> MTGNNNetwork:
    options = MTGNNOptions(**options)
    return MTGNNNetwork(nodes, options.channels, history, 12, options)


def with_any_norms(network: MTGNNNetwork) -> MTGNNNetwork:
    """Scales and shifts that differ by node, step and channel."""
    for layer in network.layers:
        torch.nn.init.normal_(layer.norm.weight)
        torch.nn.init.normal_(layer.norm.bias)
    return network


@pytest.mark.parametrize(("nodes", "channels", "official"), [
    (207, 2, 405_452), (207, 1, 404_204), (325, 2, 573_484), (206, 3, 405_276)])
def test_parameter_counts_of_the_card_without_the_dead_ones(nodes: int, channels: int, official: int):
    assert sum(p.numel() for p in made(nodes, channels=channels).parameters()) == official - DEAD


def test_most_of_the_parameters_are_those_of_the_norms():
    network = made(207)
    assert sum(p.numel() for layer in network.layers for p in layer.norm.parameters()) == 278_208


@pytest.mark.parametrize(("history", "options", "steps", "lengths"), [
    (12, {}, 19, [13, 7, 1]), (24, {}, 24, [18, 12, 6]), (12, {"layers": 2, "dilation_growth": 2}, 19, [13, 1])])
def test_time_shrinks_from_the_receptive_field(history, options, steps, lengths, make_problem):
    problem = make_problem(history=history)
    network = MTGNN(MTGNNOptions(**options), problem).network
    seen: list[int] = []
    for layer in network.layers:
        layer.norm.register_forward_hook(lambda module, given, out: seen.append(out.shape[2]))
    assert network(problem.only.train.inputs(torch.arange(3))).shape == (3, 12, 8)
    assert (network.steps, seen) == (steps, lengths)


@pytest.mark.parametrize("nodes", [6, 40])
def test_the_learned_graph_is_that_of_the_equations_of_equal_edges_the_first(nodes: int):
    graph = LearnedGraph(nodes, MTGNNOptions(neighbours=10, saturation=0.5)).eval()
    np.testing.assert_allclose(graph().detach().numpy(), plain_graph(graph, 10), atol=1e-5)


def test_a_row_keeps_its_strongest_edges_which_run_one_way():
    for module in (LearnedGraph(100, MTGNNOptions()), LearnedGraph(100, MTGNNOptions()).eval()):
        graph = module()
        assert ((graph > 0).sum(dim=1) == 20).all()
        assert not (graph * graph.T).any()
    assert ((LearnedGraph(5, MTGNNOptions())() > 0).sum() == 10)  # fewer nodes than neighbours: each pair has its edge


def test_noise_chooses_edges_in_training_and_none_does_in_evaluation():
    def same(module: LearnedGraph) -> bool:
        return torch.equal(module(), module())

    graph = LearnedGraph(100, MTGNNOptions())
    assert not same(graph.train())
    assert same(graph.eval())
    assert not same(LearnedGraph(100, MTGNNOptions(graph_noise="always")).eval())


def test_noise_changes_which_edges_are_kept_and_not_their_weights():
    graph = LearnedGraph(100, MTGNNOptions())
    noisy, whole = graph().detach(), LearnedGraph(100, MTGNNOptions(neighbours=100)).eval()
    whole.load_state_dict(graph.state_dict())
    torch.testing.assert_close(noisy, whole().detach() * (noisy > 0))


def test_hops_average_over_the_nodes_that_a_row_points_at():
    graph = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 0.5], [0.0, 0.0, 0.0]])
    forth = torch.tensor([[0.5, 0.5, 0.0], [0.0, 2 / 3, 1 / 3], [0.0, 0.0, 1.0]])
    back = torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.0, 1 / 3, 2 / 3]])
    torch.testing.assert_close(both_ways(graph, 2), torch.cat([forth, forth @ forth, back, back @ back]))


@pytest.mark.parametrize("options", [{"channels": 2}, {"hops": 3, "kept_share": 0.2}, {"layers": 2, "dilation_growth": 2}, {"hops": 1}])
def test_outputs_and_gradients_equal_those_of_the_plain_form(options):
    network = with_any_norms(made(**options)).eval()
    x = torch.randn(5, 12, 8, network.channels)
    expected = plain_mtgnn(network, x.permute(0, 3, 2, 1), network.graph(), options.get("kept_share", 0.05))
    predicted = network.answer(x)
    torch.testing.assert_close(predicted, expected, atol=1e-5, rtol=1e-5)
    weights, cotangent = list(network.parameters()), torch.randn_like(predicted)
    gradients = torch.autograd.grad(predicted, weights, cotangent)
    torch.testing.assert_close(gradients, torch.autograd.grad(expected, weights, cotangent), atol=1e-4, rtol=1e-4)


def test_the_norm_is_of_each_window_over_nodes_steps_and_channels_together():
    network, seen = made(), []
    for layer in network.layers:
        layer.norm.register_forward_hook(lambda module, given, out: seen.append(out))
    network.answer(torch.randn(4, 12, 8, 3))
    for out in seen:
        torch.testing.assert_close(out.mean(dim=(0, 2, 3)), torch.zeros(4), atol=1e-5, rtol=0)
        torch.testing.assert_close(out.var(dim=(0, 2, 3), correction=0), torch.ones(4), atol=1e-2, rtol=0)


def test_permuting_nodes_tables_and_norms_permutes_the_predictions(make_problem):
    inputs, order = make_problem().only.train.inputs(torch.arange(3)), torch.randperm(8)
    network, permuted = with_any_norms(made()).eval(), made().eval()
    state = network.state_dict()
    tables = [name for name in state if name.endswith("_table") or ".norm." in name]
    permuted.load_state_dict(state | {name: state[name][order] for name in tables})
    out = permuted(replace(inputs, scaled=inputs.scaled[:, :, order]))
    torch.testing.assert_close(out, network(inputs)[:, :, order], atol=1e-5, rtol=1e-5)


def test_every_parameter_gets_a_gradient(make_problem):
    problem = make_problem()
    network = MTGNN(MTGNNOptions(), problem).network
    network(problem.only.train.inputs(torch.arange(4))).square().sum().backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_the_authors_inputs_are_value_and_time_of_day_with_the_parameters_of_the_card(make_problem):
    options = resolve(MTGNNOptions, {"inputs": "paper"}, "mtgnn")
    assert options == MTGNNOptions(channels=2, inputs="paper") == MTGNNOptions(inputs="paper")
    method = MTGNN(options, make_problem())
    inputs = method.problem.only.train.inputs(torch.arange(3))
    method.network.eval()
    assert torch.equal(method.network(replace(inputs, weekday=inputs.weekday + 1)), method.network(inputs))
    assert not torch.equal(method.network(replace(inputs, slot=inputs.slot + 1)), method.network(inputs))


# the curriculum

def test_on_the_authors_budget_every_2500_steps_show_one_step_more():
    steps = (0, 2_498, 2_499, 4_998, 4_999, 27_498, 27_499, 37_499)
    assert [level(step, 37_500, 12, SHARE) for step in steps] == [1, 1, 2, 2, 3, 11, 12, 12]


@given(planned=st.integers(1, 10_000), horizon=st.integers(1, 48), share=st.floats(0, 0.75))
def test_the_whole_horizon_is_taught_before_three_quarters_of_any_budget(planned: int, horizon: int, share: float):
    steps = sorted({0, planned // 3, planned // 2, -(-3 * planned // 4) - 1, planned - 1})
    levels = [level(step, planned, horizon, share) for step in steps]
    assert levels == sorted(levels)
    assert 1 <= levels[0] <= levels[-1] == horizon
    assert level(-(-3 * planned // 4) - 1, planned, horizon, share) == horizon


def test_a_curriculum_that_would_end_later_is_refused():
    with pytest.raises(UserError, match=r"curriculum is a finite number at least 0 and at most 0\.75"):
        resolve(MTGNNOptions, {"curriculum": "0.9"}, "mtgnn")


def test_the_loss_sees_the_first_steps_alone(make_problem):
    problem = make_problem(missing=0.2)
    method, targets = MTGNN(MTGNNOptions(), problem), problem.only.train.targets(torch.arange(4))
    prediction = targets.values + torch.arange(1.0, 13.0)[:, None]  # the error of step h is h
    assert method.loss(prediction, targets, 0, 1_500) == 1
    assert method.loss(prediction, targets, 99, 1_500) > 1  # 100 steps a level
    whole = MTGNN(MTGNNOptions(curriculum=0), problem).loss(prediction, targets, 0, 1_500)
    assert method.loss(prediction, targets, 1_400, 1_500) == whole


def fitted(problem, budget: Budget, **options) -> dict:
    run = RunContext(0, torch.device("cpu"), budget)
    smoke = resolve(MTGNNOptions, {**MTGNN.presets["smoke"], **options}, "mtgnn")
    MTGNN(smoke, problem).fit(run)
    return run.notes["training"]


def test_patience_counts_from_when_the_whole_horizon_is_taught(make_problem, monkeypatch):
    problem, budget = make_problem(), Budget(epochs=20, patience=2, epoch_windows=32, validation_windows=8)
    training = fitted(problem, budget, learning_rate=1.0)  # nothing is learnt
    assert training["steps_taught"] == 12
    assert training["epochs"] >= 17
    monkeypatch.setattr(MTGNN, "first_epochs", lambda self, epochs, patience: 0)
    with pytest.raises(RuntimeError, match="of 12 steps of the horizon taught"):
        fitted(problem, budget, learning_rate=1.0)


@pytest.mark.parametrize("epochs", [1, 3])
def test_the_shortest_fits_teach_the_whole_horizon(epochs: int, make_problem):
    assert fitted(make_problem(), Budget(epochs, 30, 16, 8))["steps_taught"] == 12


