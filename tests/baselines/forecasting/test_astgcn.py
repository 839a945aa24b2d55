"""ASTGCN against its card and against a plain reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from plain.astgcn import plain_astgcn, spatial_attention, temporal_attention

from baselines.forecasting.astgcn import ASTGCN, ASTGCNNetwork, ASTGCNOptions, Block, GraphConvolution, polynomials_of
from benchmark import Asks, UserError
from benchmark.options import resolve

SMALL = {"graph_width": 6, "time_width": 5}
WHOLE = {"recent": 3, "days": 1, "weeks": 1}


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def with_past(problem, options: ASTGCNOptions):
    """The same problem, whose windows show the days that these options ask for."""
    task = problem.only
    past = ASTGCN.asks(options).past_days * task.steps_per_day
    return replace(problem, tasks={task.task: replace(task, train=replace(task.train, past=past))})


def true_polynomials(graph: np.ndarray, elementwise: bool = False) -> list[torch.Tensor]:
    """T_0, T_1, T_2 of the scaled Laplacian of neighbours, in numpy."""
    binary = ((graph > 0) | (graph.T > 0)) & ~np.eye(len(graph), dtype=bool)
    laplacian = np.diag(binary.sum(axis=1)) - binary.astype(float)
    scaled = 2 * laplacian / np.linalg.eigvals(laplacian).real.max() - np.eye(len(graph))
    second = 2 * (scaled * scaled if elementwise else scaled @ scaled) - np.eye(len(graph))
    return [torch.tensor(term, dtype=torch.float32) for term in (np.eye(len(graph)), scaled, second)]


@pytest.mark.parametrize(("nodes", "channels", "count"), [
    (207, 1, 237_731), (207, 2, 238_208), (207, 3, 238_685), (170, 1, 179_456), (307, 1, 450_031), (206, 3, 236_964)])
def test_parameter_counts_of_the_card(nodes, channels, count):
    network = ASTGCNNetwork(12, 12, torch.eye(nodes), ASTGCNOptions(channels=channels))
    assert sum(p.numel() for p in network.parameters()) == count


def test_parameter_count_of_the_three_components_of_the_authors_first_code():
    network = ASTGCNNetwork(12, 12, torch.eye(207), ASTGCNOptions(**WHOLE))
    assert sum(p.numel() for p in network.parameters()) == 725_907


@pytest.mark.parametrize("options", [{}, {"cheb": "elementwise", "channels": 1}, {"init": "torch", "channels": 2}, WHOLE,
                                     {"days": 2, "blocks": 1}], ids=str)
def test_outputs_and_gradients_equal_those_of_the_plain_form(options, make_problem):
    chosen = ASTGCNOptions(**SMALL, **options)
    problem = with_past(make_problem(nodes=5, steps=11 * 48), chosen)
    task = problem.only
    network = ASTGCN(chosen, problem).network
    inputs = task.train.inputs(torch.arange(0, 28, 9))
    expected = plain_astgcn(network, [part.channels(chosen.channels).permute(0, 2, 3, 1) for part in network.segments(inputs)],
                            true_polynomials(task.graph.numpy(), chosen.cheb == "elementwise"))
    predicted = network(inputs)
    torch.testing.assert_close(predicted, expected, atol=1e-5, rtol=1e-5)
    weights, cotangent = list(network.parameters()), torch.randn_like(predicted)
    gradients = torch.autograd.grad(predicted, weights, cotangent)
    torch.testing.assert_close(gradients, torch.autograd.grad(expected, weights, cotangent), atol=1e-4, rtol=1e-4)


def test_polynomials_are_true_ones_by_default_and_number_by_number_on_request(make_problem):
    graph = make_problem(nodes=9).only.graph.clone()
    graph[0, 5] = 0.3  # a link that goes one way counts for both
    for cheb in ("matmul", "elementwise"):
        expected = torch.stack(true_polynomials(graph.numpy(), cheb == "elementwise")[1:])
        torch.testing.assert_close(polynomials_of(graph, ASTGCNOptions(cheb=cheb)), expected, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(*(polynomials_of(graph, ASTGCNOptions(cheb=cheb))[1] for cheb in ("matmul", "elementwise")), atol=0.1)
    assert torch.linalg.eigvalsh(polynomials_of(graph, ASTGCNOptions())[0]).abs().max() <= 1 + 1e-5


def test_a_graph_without_edges_has_finite_polynomials_and_one_polynomial_needs_no_graph():
    assert torch.equal(polynomials_of(torch.eye(4), ASTGCNOptions(order=2)), -torch.eye(4)[None])
    assert polynomials_of(torch.ones(4, 4), ASTGCNOptions(order=1)).shape == (0, 4, 4)


@pytest.mark.parametrize("order", [1, 2, 4])
def test_any_number_of_polynomials_predicts(order, make_problem):
    problem = make_problem()
    network = ASTGCN(ASTGCNOptions(**SMALL, order=order), problem).network
    assert network(problem.only.train.inputs(torch.arange(3))).shape == (3, 12, 8)


def test_attention_is_that_of_the_plain_form_and_what_a_step_or_node_takes_sums_to_one(make_problem):
    problem = make_problem()
    block: Block = ASTGCN(ASTGCNOptions(), problem).network.components[0].blocks[0]
    x = problem.only.train.inputs(torch.arange(3)).channels(3).transpose(1, 2)
    over_steps = block.over_steps(x)
    torch.testing.assert_close(over_steps.sum(dim=-1), torch.ones(3, 12))
    e = temporal_attention(block.over_steps, x.mT)
    torch.testing.assert_close(over_steps, e.mT)
    over_nodes = block.over_nodes(x, over_steps)
    torch.testing.assert_close(over_nodes.sum(dim=-1), torch.ones(3, 8))
    x_hat = torch.einsum("bntc,btj->bncj", x, e)
    torch.testing.assert_close(over_nodes, spatial_attention(block.over_nodes, x_hat).mT)


def test_with_equal_attention_the_layer_is_a_chebyshev_convolution_over_the_number_of_nodes(make_problem):
    from torch_geometric.nn import ChebConv
    from torch_geometric.utils import dense_to_sparse

    graph = make_problem().only.graph
    binary = (graph > 0).float().fill_diagonal_(0)
    layer = GraphConvolution(3, ASTGCNOptions(**SMALL))
    x = torch.randn(1, 8, 1, 3)
    out = layer(x, torch.full((1, 8, 8), 1 / 8), polynomials_of(graph, ASTGCNOptions()).mT)
    reference = ChebConv(3, 6, K=3, normalization=None, bias=False)
    for linear, theta in zip(reference.lins, layer.theta, strict=True):
        linear.weight.data = theta.data.T
    laplacian = torch.diag(binary.sum(dim=1)) - binary
    largest = torch.linalg.eigvalsh(laplacian)[-1]
    expected = reference(x[0, :, 0], dense_to_sparse(binary)[0], lambda_max=largest)
    torch.testing.assert_close(out[0, :, 0], torch.relu(expected / 8), atol=1e-5, rtol=1e-5)


def test_nodes_are_permuted_only_with_the_weights_that_are_tied_to_them(make_problem):
    problem, order = make_problem(), torch.randperm(8)
    inputs = problem.only.train.inputs(torch.arange(3))
    network = ASTGCN(ASTGCNOptions(**SMALL), problem).network
    expected = network(inputs)[:, :, order]
    moved = ASTGCNNetwork(12, 12, problem.only.graph[order][:, order], ASTGCNOptions(**SMALL))
    moved.load_state_dict(network.state_dict())
    other = replace(inputs, scaled=inputs.scaled[:, :, order])
    assert not torch.allclose(moved(other), expected, atol=1e-4)
    with torch.no_grad():
        for block in moved.components[0].blocks:
            steps, nodes = block.over_steps, block.over_nodes.attention
            steps.u1.copy_(steps.u1[order])
            steps.u2.copy_(steps.u2[:, order])
            nodes.b.copy_(nodes.b[:, order][:, :, order])
            nodes.v.copy_(nodes.v[order][:, order])
    torch.testing.assert_close(moved(other), expected, atol=1e-5, rtol=1e-5)


def test_every_parameter_gets_a_gradient_where_no_sigmoid_is_flat(make_problem):
    options = ASTGCNOptions(**SMALL, **WHOLE)
    problem = with_past(make_problem(steps=11 * 48), options)
    network = ASTGCN(options, problem).network
    for name, parameter in network.named_parameters():
        if name.endswith((".u1", ".w1")):
            parameter.data *= 0.01
    network(problem.only.train.inputs(torch.arange(0, len(problem.only.train)))).square().sum().backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_the_official_start_leaves_the_second_block_a_flat_sigmoid(make_problem):
    problem = make_problem()
    network = ASTGCN(ASTGCNOptions(), problem).network
    network(problem.only.train.inputs(torch.arange(0, 100, 9))).square().sum().backward()
    silent = {name for name, p in network.named_parameters() if p.grad.abs().max() < 1e-6}
    second = {f"components.0.blocks.1.{name}" for name, _ in network.components[0].blocks[1].named_parameters() if name.startswith("over_")}
    assert silent == second - {"components.0.blocks.1.over_nodes.attention.v"}


def test_days_before_the_window_are_asked_for_as_the_components_need_them():
    wanted = {(): 0, ("days", 1): 1, ("days", 3): 3, ("weeks", 1): 7, ("weeks", 2): 14, ("recent", 3): 2}
    for given, days in wanted.items():
        assert ASTGCN.asks(ASTGCNOptions(**dict([given] if given else []))) == Asks(past_days=days)
    assert ASTGCN.asks(ASTGCNOptions(days=1, weeks=1)) == Asks(past_days=7)


def test_components_see_the_steps_before_the_targets_and_the_targets_own_slots_days_and_weeks_before(make_problem):
    options = ASTGCNOptions(recent=2, days=2, weeks=1)
    problem = with_past(make_problem(steps=11 * 48), options)
    train = problem.only.train
    starts = torch.tensor([0, len(train) - 1])
    inputs = train.inputs(starts)
    recent, daily, weekly = ASTGCN(options, problem).network.segments(inputs)
    first = starts[:, None] + train.past + 12  # the row of the first step asked for
    step = torch.arange(12)
    for part, rows in ((recent, first + torch.arange(-24, 0)), (weekly, first - 7 * 48 + step),
                       (daily, torch.cat([first - 2 * 48 + step, first - 48 + step], dim=1))):
        assert torch.equal(part.values, train.values[rows])
        assert torch.equal(part.observed, train.observed[rows])
        assert torch.equal(part.slot, train.slot[rows])
        assert torch.equal(part.weekday, train.weekday[rows])
    assert torch.equal(daily.slot[:, :12], inputs.slot[:, 12:])
    assert torch.equal(weekly.slot, inputs.slot[:, 12:])
    assert torch.equal(weekly.weekday, inputs.weekday[:, 12:])


def test_a_day_shorter_than_the_horizon_shows_no_step_that_is_asked_for(make_problem):
    options = ASTGCNOptions(**SMALL, days=1)
    problem = with_past(make_problem(steps_per_day=6, steps=80), options)
    inputs = problem.only.train.inputs(torch.arange(3))
    _, daily = ASTGCN(options, problem).network.segments(inputs)
    assert torch.equal(daily.slot, inputs.slot[:, 12:])
    assert torch.equal(daily.values, torch.cat([inputs.values[:, 6:]] * 2, dim=1))


def test_unobserved_steps_of_the_past_are_the_training_mean(make_problem):
    options = ASTGCNOptions(**SMALL, weeks=1)
    problem = with_past(make_problem(missing=0.4, steps=11 * 48), options)
    train = problem.only.train
    starts = torch.arange(5)
    network = ASTGCN(options, problem).network
    _, weekly = network.segments(train.inputs(starts))
    assert not weekly.observed.all()
    assert not weekly.scaled[~weekly.observed].any()
    corrupted = replace(train, values=torch.where(train.observed, train.values, 1e6))
    assert torch.equal(network(corrupted.inputs(starts)), network(train.inputs(starts)))


def test_recent_windows_that_reach_beyond_the_days_shown_are_refused(make_problem):
    with pytest.raises(UserError, match="recent=3 windows begin 12 steps before"):
        ASTGCN(ASTGCNOptions(recent=3), make_problem(steps_per_day=6))


def test_official_numbers_start_as_the_authors_factory_makes_them():
    block: Block = ASTGCNNetwork(12, 12, torch.eye(20), ASTGCNOptions()).components[0].blocks[1]
    for flat in (block.norm.weight, block.norm.bias, block.time.bias, block.residual.bias, block.over_steps.u1, block.over_nodes.w3):
        assert 0 <= flat.min() < 0.2
        assert 0.8 < flat.max() <= 1
    convolution = torch.nn.init.xavier_uniform_(torch.empty(64, 64, 1, 3))
    assert float(block.time.weight.detach().abs().max()) == pytest.approx(float(convolution.abs().max()), rel=0.01)
    assert float(block.graph.theta.detach().abs().max()) == pytest.approx((6 / 128) ** 0.5, rel=0.01)
    plain = ASTGCNNetwork(12, 12, torch.eye(20), ASTGCNOptions(init="torch")).components[0].blocks[1]
    assert torch.equal(plain.norm.weight, torch.ones(64))
    assert not plain.norm.bias.any()


def test_the_authors_input_is_the_value_with_the_parameters_of_the_card(make_problem):
    options = resolve(ASTGCNOptions, {"inputs": "paper"}, "astgcn")
    assert options == ASTGCNOptions(channels=1, inputs="paper") == ASTGCNOptions(inputs="paper")
    assert sum(p.numel() for p in ASTGCNNetwork(12, 12, torch.eye(207), options).parameters()) == 237_731
    problem = make_problem()
    network = ASTGCN(options, problem).network
    inputs = problem.only.train.inputs(torch.arange(3))
    assert torch.equal(network(replace(inputs, weekday=inputs.weekday + 1, slot=inputs.slot + 1)), network(inputs))
