"""GMAN against its card and against a plain reference."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from plain.gman import plain_gman

from baselines.forecasting.gman import GMAN, GMANNetwork, GMANOptions, attend, eigenvectors, linear, node_vectors
from baselines.layers.walks import biased_walks
from benchmark import RunContext, UserError
from benchmark.contract import Budget
from benchmark.options import resolve

SMALL = {"blocks": 1, "heads": 2, "head_width": 4}
FEW_WALKS = {"walks": 5, "walk_length": 10, "passes": 2}


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def run(seed: int = 0, epochs: int = 1) -> RunContext:
    return RunContext(seed, torch.device("cpu"), Budget(epochs, 30, 32, 8))


def made(problem, **options) -> GMANNetwork:
    """A network whose nodes have vectors and whose running statistics are those of some windows, ready to predict."""
    network = GMAN(GMANOptions(**SMALL | options), problem).network
    network.nodes.copy_(eigenvectors(problem.only.graph))
    network.forget(1.0)
    network(problem.only.train.inputs(torch.arange(0, len(problem.only.train), 7)))
    return network.eval()


@pytest.mark.parametrize(("slots", "blocks", "count"), [(288, 1, 229_569), (288, 3, 565_185), (288, 5, 900_801), (48, 3, 549_825)])
def test_parameter_counts_of_the_card_whatever_the_number_of_nodes(slots, blocks, count):
    for nodes in (4, 207):
        network = GMANNetwork(nodes, slots, GMANOptions(blocks=blocks, inputs="paper"))
        assert sum(p.numel() for p in network.parameters()) == count


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("training", [True, False])
def test_outputs_and_gradients_equal_those_of_the_plain_form(training, causal, make_problem):
    problem = make_problem(nodes=5)
    network = made(problem, blocks=2, causal=causal, dropout=0.0).train(training)
    inputs = problem.only.train.inputs(torch.arange(0, 100, 25))
    expected, predicted = plain_gman(network, inputs), network(inputs)
    torch.testing.assert_close(predicted, expected, atol=1e-5, rtol=1e-5)
    weights, cotangent = list(network.parameters()), torch.randn_like(predicted)
    gradients = torch.autograd.grad(predicted, weights, cotangent)
    torch.testing.assert_close(gradients, torch.autograd.grad(expected, weights, cotangent), atol=1e-4, rtol=1e-4)


def test_attention_is_a_weighted_mean_and_the_causal_one_sees_no_later_step():
    query, key = torch.randn(2, 3, 6, 2, 4).unbind()
    weights = attend(query, key, torch.eye(6).expand(3, 2, 6, 6).transpose(1, 2)).view(3, 6, 2, 6)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(3, 6, 2))
    expected = torch.softmax(torch.einsum("aihd,ajhd->aihj", query, key) / 2, dim=-1)
    torch.testing.assert_close(weights, expected)
    causal = attend(query, key, torch.eye(6).expand(3, 2, 6, 6).transpose(1, 2), causal=True).view(3, 6, 2, 6)
    torch.testing.assert_close(causal.sum(dim=-1), torch.ones(3, 6, 2))
    assert not causal.transpose(1, 2).triu(1).any()


@pytest.mark.parametrize("causal", [False, True])
def test_a_step_of_the_encoder_knows_later_ones_only_without_the_mask(causal, make_problem):
    problem = make_problem()
    network = made(problem, blocks=2, causal=causal)
    inputs = problem.only.train.inputs(torch.arange(2))
    scaled = inputs.scaled.clone()
    scaled[:, 7:] += 1
    changed = replace(inputs, scaled=scaled)
    before, after = (network.encode(one, network.places(one)[0])[:, :7] for one in (inputs, changed))
    assert torch.allclose(before, after, atol=1e-6) == causal


def test_permuting_nodes_and_their_vectors_permutes_the_predictions(make_problem):
    problem = make_problem()
    network, order = made(problem), torch.randperm(8)
    inputs = problem.only.train.inputs(torch.arange(3))
    expected = network(inputs)[:, :, order]
    network.nodes.copy_(network.nodes[order])
    torch.testing.assert_close(network(replace(inputs, scaled=inputs.scaled[:, :, order])), expected, atol=1e-5, rtol=1e-5)


def test_the_clock_of_future_steps_changes_the_prediction_and_not_the_encoder(make_problem):
    problem = make_problem()
    network = made(problem)
    inputs = problem.only.train.inputs(torch.arange(3))
    slot = inputs.slot.clone()
    slot[:, inputs.history :] = (slot[:, inputs.history :] + 5) % 48
    changed = replace(inputs, slot=slot)
    assert torch.equal(network.encode(changed, network.places(changed)[0]), network.encode(inputs, network.places(inputs)[0]))
    assert not torch.allclose(network(changed), network(inputs))


def test_every_slot_and_weekday_has_a_row_of_its_own(make_problem):
    problem = make_problem()
    network = made(problem)
    inputs = problem.only.train.inputs(torch.tensor([0]))
    times = {tuple(network.places(replace(inputs, slot=torch.full_like(inputs.slot, slot)))[1].time[0, 0].tolist()) for slot in range(48)}
    assert len(times) == 48
    days = {tuple(network.places(replace(inputs, weekday=torch.full_like(inputs.slot, day)))[1].time[0, 0].tolist()) for day in range(7)}
    assert len(days) == 7


def test_every_parameter_gets_a_gradient(make_problem):
    problem = make_problem()
    network = made(problem, heads=4, head_width=8).train()
    network(problem.only.train.inputs(torch.arange(0, 100, 9))).square().sum().backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_no_map_of_node_pairs_is_kept_for_the_backward_pass(make_problem):
    problem = make_problem(nodes=150, steps=60)
    network = made(problem).train()
    inputs = problem.only.train.inputs(torch.arange(1))
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor.numel()) or tensor, lambda tensor: tensor):
        network(inputs)
    assert kept
    assert max(kept) < 12 * 2 * 150 * 150


def test_projections_in_one_layer_start_as_layers_of_their_own():
    bound = (6 / (128 + 64)) ** 0.5
    layer = linear(128, 384, together=6)
    assert 0.95 * bound < layer.weight.abs().max() <= bound
    assert not layer.bias.any()


def test_rate_and_batch_norms_follow_the_epochs_of_the_authors_code(make_problem):
    method = GMAN(GMANOptions(**SMALL), make_problem())
    rates, lost = [], []
    for epoch in range(1, 101):
        rates.append(method.rate(epoch, 100))
        lost.append({m.momentum for m in method.network.modules() if isinstance(m, torch.nn.BatchNorm1d)})
    assert rates[:5] == [1e-3] * 5
    assert rates[5] == pytest.approx(7e-4)
    assert rates[-1] == 1e-5
    assert [*lost[:5], lost[5], lost[10]] == [{0.5}] * 5 + [{0.25}, {0.125}]
    assert max(lost[-1]) == min(lost[-1]) == pytest.approx(0.01)


def test_training_sets_the_vectors_of_the_nodes_by_the_seed_and_keeps_them_fixed(make_problem):
    problem = make_problem(nodes=4, steps=120)
    options = GMANOptions(**SMALL, **FEW_WALKS)
    fitted = []
    for seed in (0, 0, 1):
        fitted.append(GMAN(options, problem))
        fitted[-1].fit(run(seed, epochs=2))
    first, again, other = (method.state_dict()["nodes"] for method in fitted)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(first, node_vectors(problem.only.graph, options, run()))


def test_a_walk_takes_a_link_as_often_as_its_weight_says():
    links = np.array([[0, 2], [0, 1], [1, 0], [2, 0]])  # out of order, as weights may come
    walks = biased_walks(links, 3, np.zeros(4000, np.int64), 2, 1.0, 1.0, np.random.default_rng(0), np.array([3.0, 1.0, 1.0, 1.0]))
    shares = Counter(walks[:, 1].tolist())
    assert shares[2] / 4000 == pytest.approx(0.75, abs=0.03)
    equal = biased_walks(links, 3, np.zeros(4000, np.int64), 5, 2.0, 1.0, np.random.default_rng(0))
    assert np.array_equal(biased_walks(links, 3, np.zeros(4000, np.int64), 5, 2.0, 1.0, np.random.default_rng(0), np.ones(4)), equal)


def test_nodes_that_are_linked_have_vectors_that_are_alike():
    graph = torch.block_diag(*[torch.full((6, 6), 0.5)] * 2)
    vectors = node_vectors(graph, GMANOptions(walks=20, walk_length=20, passes=10), run())
    cosine = torch.nn.functional.normalize(vectors) @ torch.nn.functional.normalize(vectors).T
    assert vectors.shape == (12, 64)
    assert cosine[:6, :6].mean() > cosine[:6, 6:].mean() + 0.2


def test_vectors_of_the_laplacian_are_its_lowest_eigenvectors_scaled_and_filled_with_zeros(make_problem):
    graph = make_problem(nodes=9).only.graph
    graph = graph + torch.rand(9, 9).triu(1)
    vectors = node_vectors(graph, GMANOptions(se="laplacian"), run())
    weights = np.maximum(graph.numpy(), graph.numpy().T) * (1 - np.eye(9))
    root = np.diag(weights.sum(axis=1) ** -0.5)
    laplacian = np.eye(9) - root @ weights @ root
    values = np.linalg.eigvalsh(laplacian)
    own = vectors[:, :8].double().numpy()
    np.testing.assert_allclose(own.std(axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(laplacian @ own, own * values[1:], atol=1e-5)
    assert not vectors[:, 8:].any()


def test_se_laplacian_trains_without_walks(make_problem):
    method = GMAN(GMANOptions(**SMALL, se="laplacian"), make_problem(nodes=4, steps=120))
    method.fit(run())
    assert method.state_dict()["nodes"].any()


def test_a_single_node_is_refused(make_problem):
    with pytest.raises(UserError, match="at least two, taxi_pick has one"):
        GMAN(GMANOptions(**SMALL), make_problem(nodes=1))


def test_the_authors_input_is_the_value(make_problem):
    options = resolve(GMANOptions, {"inputs": "paper"}, "gman")
    assert options == GMANOptions(channels=1, inputs="paper") == GMANOptions(inputs="paper")
    problem = make_problem()
    network = made(problem, inputs="paper")
    inputs = problem.only.train.inputs(torch.arange(3))
    x = network.value(inputs.channels(1))
    assert torch.equal(network.value(replace(inputs, slot=inputs.slot + 1).channels(network.channels)), x)
