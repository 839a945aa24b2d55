"""DCRNN against its card and against a plain reference."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from plain.dcrnn import plain_dcrnn, transposed_walks

from baselines.forecasting.dcrnn import DCRNN, DCRNNNetwork, DCRNNOptions, diffusion, fitting_tau, spread, truth_share
from benchmark import RunContext
from benchmark.contract import Budget
from benchmark.options import resolve


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def small(**given) -> DCRNNOptions:
    return DCRNNOptions(**{"width": 6} | given)


def directed(problem) -> torch.Tensor:
    """A graph whose edges differ by direction, with one node that sends nothing."""
    graph = problem.only.graph + 0.7 * torch.eye(8).roll(1, dims=1)
    graph[3] = 0
    return graph


@pytest.mark.parametrize(("channels", "count"), [(2, 372_352), (3, 373_313 - 1)])
def test_parameter_counts_of_the_card_which_do_not_depend_on_the_nodes(channels: int, count: int):
    for nodes in (5, 207):
        network = DCRNNNetwork(12, torch.eye(nodes), DCRNNOptions(channels=channels))
        assert sum(p.numel() for p in network.parameters()) == count


@pytest.mark.parametrize("given", [{}, {"support_chain": "reset"}, {"walk_steps": 0}, {"walk_steps": 1, "layers": 1},
                                   {"walk_steps": 3, "channels": 1, "layers": 3}])
@pytest.mark.parametrize("taught", [False, True])
def test_outputs_and_gradients_equal_those_of_the_plain_form_on_a_directed_graph(given: dict, taught: bool, make_problem):
    problem, options = make_problem(), small(**given)
    graph, starts = directed(problem), torch.arange(5)
    network = DCRNNNetwork(12, graph, options)
    inputs = problem.only.train.inputs(starts)
    taught_by = (problem.only.train.targets(starts).scaled(problem.only.scaler), torch.arange(12) % 3 > 0) if taught else ()
    predicted = network(inputs, *taught_by)
    expected = plain_dcrnn(network, inputs.channels(options.channels), graph, options.walk_steps, options.support_chain, *taught_by)
    assert predicted.shape == (5, 12, 8)
    torch.testing.assert_close(predicted, expected, atol=1e-5, rtol=1e-5)
    weights, cotangent = list(network.parameters()), torch.randn_like(predicted)
    gradients = torch.autograd.grad(predicted, weights, cotangent)
    torch.testing.assert_close(gradients, torch.autograd.grad(expected, weights, cotangent), atol=1e-4, rtol=1e-4)


def test_the_terms_are_those_of_the_card_and_only_a_second_step_is_carried_over(make_problem):
    first, second = (walk.double() for walk in transposed_walks(directed(make_problem())))
    one = torch.eye(8).double()
    along = [one, first, 2 * first @ first - one]
    torch.testing.assert_close(diffusion([first, second], 2, "carry"), [*along, second @ first, 2 * second @ second @ first - first])
    torch.testing.assert_close(diffusion([first, second], 2, "reset"), [*along, second, 2 * second @ second - one])
    torch.testing.assert_close(diffusion([first, second], 1, "carry"), diffusion([first, second], 1, "reset"))
    assert len(diffusion([first, second], 3, "carry")) == 7


def test_carried_and_reset_walks_give_different_predictions_where_there_are_two_steps(make_problem):
    problem = make_problem()
    inputs = problem.only.train.inputs(torch.arange(3))
    carry, reset = (DCRNNNetwork(12, problem.only.graph, small(support_chain=chain)) for chain in ("carry", "reset"))
    reset.load_state_dict(carry.state_dict())
    assert not torch.allclose(carry(inputs), reset(inputs), atol=1e-3)


def test_a_node_receives_what_the_others_send(make_problem):
    graph = torch.tensor([[1.0, 3.0, 0.0], [0.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    network = DCRNNNetwork(12, graph, small(walk_steps=1))
    along, against = network.graph.view(2, 3, 3)
    torch.testing.assert_close(along.sum(dim=0), torch.tensor([1.0, 1.0, 0.0]))  # columns: what each node sends
    torch.testing.assert_close(against.sum(dim=0), torch.ones(3))
    torch.testing.assert_close(along[1], torch.tensor([0.75, 0.5, 0.0]))
    x = torch.tensor([[4.0], [0.0], [0.0]])
    torch.testing.assert_close(spread(x, network.graph), torch.tensor([[4.0, 1.0, 4.0], [0.0, 3.0, 0.0], [0.0, 0.0, 0.0]]))


@pytest.mark.parametrize("alone", [{"walk_steps": 0}, {"loops": True}])
def test_nodes_do_not_interact_without_walks_or_with_self_loops_alone(alone: dict, make_problem):
    problem, loops = make_problem(), alone.pop("loops", False)
    network = DCRNNNetwork(12, torch.eye(8) if loops else problem.only.graph, small(**alone))
    inputs = problem.only.train.inputs(torch.arange(3))
    changed = inputs.scaled.clone()
    changed[:, :, 0] += 1
    before, after = network(inputs), network(replace(inputs, scaled=changed))
    torch.testing.assert_close(after[:, :, 1:], before[:, :, 1:])
    assert not torch.allclose(after[:, :, 0], before[:, :, 0], atol=1e-4)


def test_permuting_nodes_and_graph_permutes_the_predictions(make_problem):
    problem, order = make_problem(), torch.randperm(8)
    graph = directed(problem)
    inputs = problem.only.train.inputs(torch.arange(3))
    network, permuted = (DCRNNNetwork(12, of, small()) for of in (graph, graph[order][:, order]))
    permuted.load_state_dict(network.state_dict())
    out = permuted(replace(inputs, scaled=inputs.scaled[:, :, order]))
    torch.testing.assert_close(out, network(inputs)[:, :, order], atol=1e-5, rtol=1e-5)


def test_every_parameter_gets_a_gradient(make_problem):
    problem = make_problem()
    network = DCRNNNetwork(12, directed(problem), small())
    network(problem.only.train.inputs(torch.arange(4))).square().sum().backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_weights_start_as_glorot_uniform_matrices_and_gates_with_a_bias_of_one(make_problem):
    network = DCRNNNetwork(12, make_problem().only.graph, DCRNNOptions())
    for cell, channels in zip([*network.encoder, *network.decoder], (3, 64, 1, 64), strict=True):
        for weight, out in ((cell.gates, 128), (cell.candidate, 64)):
            bound = math.sqrt(6 / (5 * (channels + 64) + out))
            assert 0.99 * bound < float(weight.detach().abs().max()) <= bound * (1 + 1e-6)
        assert torch.equal(cell.gates_bias, torch.ones(128))
        assert not cell.candidate_bias.any()
    assert float(network.readout.detach().abs().max()) <= math.sqrt(6 / 65) * (1 + 1e-6)


def test_a_shown_truth_reaches_the_steps_after_it_alone_and_a_hidden_one_nothing(make_problem):
    problem = make_problem()
    network, inputs = DCRNNNetwork(12, problem.only.graph, small()), problem.only.train.inputs(torch.arange(3))
    truth = problem.only.train.targets(torch.arange(3)).scaled(problem.only.scaler)
    changed = truth.clone()
    changed[:, 4] += 1
    every, none = torch.ones(12, dtype=torch.bool), torch.zeros(12, dtype=torch.bool)
    before, after = network(inputs, truth, every), network(inputs, changed, every)
    assert torch.equal(after[:, :5], before[:, :5])
    assert (after[:, 5:] != before[:, 5:]).all()
    assert torch.equal(network(inputs, truth, none), network(inputs))
    last = truth.clone()
    last[:, -1] += 1
    assert torch.equal(network(inputs, last, every), before)


def test_with_every_truth_shown_a_step_does_not_read_the_prediction_before_it(make_problem):
    problem = make_problem()
    network, inputs = DCRNNNetwork(12, problem.only.graph, small()), problem.only.train.inputs(torch.arange(3))
    truth = problem.only.train.targets(torch.arange(3)).scaled(problem.only.scaler)
    one = network(inputs, truth, torch.ones(12, dtype=torch.bool))
    with torch.no_grad():
        network.readout.mul_(2)  # doubles what is predicted, and what would be read
    torch.testing.assert_close(network(inputs, truth, torch.ones(12, dtype=torch.bool)), 2 * one)
    assert not torch.allclose(network(inputs), 2 * one, atol=1e-3)


def test_half_of_the_truths_are_shown_after_the_same_share_of_any_plan():
    for planned in (60, 480, 4_800, 37_500):
        tau = fitting_tau(planned)
        assert tau * math.log(tau) == pytest.approx(0.405 * planned)
        assert truth_share(round(0.405 * planned), tau) == pytest.approx(0.5, abs=0.02)
        shares = [truth_share(step, tau) for step in range(0, planned, planned // 20)]
        assert shares == sorted(shares, reverse=True)
        assert truth_share(planned, tau) < 0.11
    assert fitting_tau(37_500) == pytest.approx(2_000, rel=0.01)
    assert truth_share(0, 2_000) == pytest.approx(2_000 / 2_001)
    assert truth_share(10_000, 1.0) == pytest.approx(0)


def test_the_authors_schedule_shows_nearly_every_truth_to_the_end_of_a_short_plan():
    assert truth_share(4_800, 2_000) > 0.99
    assert truth_share(4_800, fitting_tau(4_800)) < 0.01


def test_training_shows_truths_by_the_share_of_its_step_and_evaluation_none(make_problem):
    problem = make_problem()
    method = DCRNN(small(), problem)
    starts = torch.arange(4)
    inputs, targets = problem.only.train.inputs(starts), problem.only.train.targets(starts)
    seen = []
    method.network.register_forward_hook(lambda module, given, out: seen.append(given[2:]))
    for step in (0, 37_500):
        for _ in range(20):
            method.training_forward(inputs, targets, step, 37_500)
    shares = np.array([[float(of.float().mean()) for (of,) in part] for part in (seen[:20], seen[20:])]).mean(axis=1)
    assert shares[0] > 0.98
    assert shares[1] == 0
    assert torch.equal(method.predict(inputs), method.predict(inputs))
    assert seen[-1] == ()


def test_the_rate_falls_at_the_codes_epochs_and_no_lower_than_its_floor(make_problem):
    method = DCRNN(DCRNNOptions(), make_problem())
    rates = [method.rate(epoch, 100) for epoch in (1, 20, 21, 31, 41, 51, 100)]
    assert rates == pytest.approx([1e-2, 1e-2, 1e-3, 1e-4, 1e-5, 2e-6, 2e-6])


def test_a_record_says_how_many_truths_the_last_steps_were_shown(make_problem):
    method = DCRNN(small(), make_problem())
    run = RunContext(0, torch.device("cpu"), Budget(epochs=2, patience=2, epoch_windows=128, validation_windows=4))
    method.fit(run)
    steps = run.notes["training"]["steps"]
    assert steps == 4
    tau = fitting_tau(4)
    assert run.notes["scheduled_sampling"] == {"tau": tau, "last_share": truth_share(3, tau)}


def test_the_authors_inputs_are_value_and_time_of_day_with_the_parameters_of_the_card(make_problem):
    options = resolve(DCRNNOptions, {"inputs": "paper"}, "dcrnn")
    assert options == DCRNNOptions(channels=2, inputs="paper") == DCRNNOptions(inputs="paper")
    problem = make_problem()
    method = DCRNN(options, problem)
    assert method.parameter_count() == 372_352
    inputs = problem.only.train.inputs(torch.arange(2))
    assert torch.equal(method.network(replace(inputs, weekday=inputs.weekday + 1)), method.network(inputs))
    assert not torch.equal(method.network(replace(inputs, slot=inputs.slot + 1)), method.network(inputs))


def test_it_trains_in_bfloat16(make_problem):
    method = DCRNN(small(amp=True), make_problem())
    run = RunContext(0, torch.device("cpu"), Budget(epochs=1, patience=1, epoch_windows=64, validation_windows=4))
    method.fit(run)
    assert math.isfinite(run.notes["training"]["validation_mae"])
