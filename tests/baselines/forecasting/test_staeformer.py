"""STAEformer against its card and against a plain reference."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from made.cuda import assert_same_on_cuda, needs_cuda
from plain.staeformer import plain_staeformer

from baselines.forecasting.staeformer import STAEformer, STAEformerNetwork, STAEformerOptions
from benchmark import UserError
from benchmark.forecasting.problem import Targets
from benchmark.options import resolve

SMALL = {"input_width": 6, "slot_width": 4, "weekday_width": 4, "adaptive_width": 8, "heads": 2, "layers": 2, "feed_forward_width": 16}


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def small(problem, **options) -> STAEformerNetwork:
    return STAEformer(STAEformerOptions(**{**SMALL, **options}), problem).network.eval()


@pytest.mark.parametrize(("nodes", "steps_per_day", "count"), [
    pytest.param(307, 288, 1_354_980, id="PEMS04"),
    pytest.param(170, 288, 1_223_460, id="PEMS08"),
    pytest.param(207, 288, 1_258_980, id="METR-LA"),
    pytest.param(206, 48, 1_252_260, id="NYC"),
    pytest.param(220, 48, 1_265_700, id="Chicago"),
    pytest.param(108, 288, 1_163_940, id="SIP"),
])
def test_parameter_counts_of_the_authors(nodes: int, steps_per_day: int, count: int):
    network = STAEformerNetwork(12, 12, nodes, steps_per_day, STAEformerOptions(inputs="paper"))
    assert sum(p.numel() for p in network.parameters()) == count


def test_outputs_and_gradients_equal_those_of_the_plain_form(make_problem):
    problem = make_problem()
    network = small(problem, inputs="paper")
    inputs = problem.only.train.inputs(torch.arange(5) * 20)
    x = inputs.channels(3)
    x = torch.cat([x[..., :2], 7 * x[..., 2:]], dim=-1)
    expected, predicted = plain_staeformer(network, x), network(inputs)
    assert predicted.shape == (5, 12, 8)
    torch.testing.assert_close(predicted, expected, atol=1e-5, rtol=1e-5)
    weights, cotangent = list(network.parameters()), torch.randn_like(predicted)
    gradients = torch.autograd.grad(predicted, weights, cotangent)
    torch.testing.assert_close(gradients, torch.autograd.grad(expected, weights, cotangent), atol=1e-4, rtol=1e-4)


def test_the_authors_inputs_are_the_same_three_with_the_weekday_as_a_number_from_0_to_6(make_problem):
    options = resolve(STAEformerOptions, {"inputs": "paper"}, "staeformer")
    assert options.channels == 3
    problem = make_problem()
    inputs = problem.only.train.inputs(torch.arange(3) + 48)
    full, paper = small(problem), small(problem, inputs="paper")
    paper.load_state_dict(full.state_dict())
    assert not torch.allclose(paper(inputs), full(inputs))
    with torch.no_grad():
        paper.input.weight[:, 2] /= 7
    torch.testing.assert_close(paper(inputs), full(inputs))


def test_the_clock_is_read_as_numbers_beside_its_tables(make_problem):
    problem = make_problem()
    network = small(problem)
    inputs = problem.only.train.inputs(torch.arange(3))
    for table in (network.slot, network.weekday):
        torch.nn.init.zeros_(table)
    for other in (replace(inputs, slot=(inputs.slot + 1) % 48), replace(inputs, weekday=(inputs.weekday + 1) % 7)):
        assert not torch.equal(network(other), network(inputs))


def test_permuted_nodes_give_permuted_predictions_only_with_a_permuted_adaptive_embedding(make_problem):
    problem = make_problem()
    network, order = small(problem), torch.tensor([3, 1, 0, 2, 7, 6, 5, 4])
    inputs = problem.only.train.inputs(torch.arange(4))
    before, permuted = network(inputs), replace(inputs, scaled=inputs.scaled[:, :, order])
    assert not torch.allclose(network(permuted), before[:, :, order], atol=1e-3)
    network.adaptive.data = network.adaptive[:, order]
    torch.testing.assert_close(network(permuted), before[:, :, order], atol=1e-5, rtol=1e-5)


def test_every_step_of_the_window_and_every_node_is_seen_by_all(make_problem):
    problem = make_problem()
    network = small(problem)
    scaled = problem.only.train.inputs(torch.arange(1)).scaled.requires_grad_()
    inputs = replace(problem.only.train.inputs(torch.arange(1)), scaled=scaled)
    hidden = network.over_steps(network.embed(inputs))  # [1, node, step, width]
    (first_step,) = torch.autograd.grad(hidden[0, 2, 0, 0], scaled, retain_graph=True)
    assert first_step[0, :, 2].all()  # not causal: the first step reads the later ones
    assert not first_step[0, :, :2].any()  # each node alone
    (predicted,) = torch.autograd.grad(network(inputs)[0, 0, 2], scaled)
    assert predicted.all()


def test_the_tables_start_as_the_authors_do(make_problem):
    network = STAEformerNetwork(12, 12, 206, 288, STAEformerOptions())
    for table in (network.slot, network.weekday):
        assert abs(table.std().item() - 1) < 0.1
    bound = (6 / (12 * 80 + 206 * 80)) ** 0.5  # Xavier, with the steps as the kernel's outputs
    assert 0.9 * bound < network.adaptive.abs().max() <= bound


def test_every_parameter_gets_a_gradient(make_problem):
    problem = make_problem(steps=500)  # all weekdays
    network = small(problem)
    network(problem.only.train.inputs(torch.arange(0, 350, 7))).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.any(), name


def test_dropout_acts_in_training_alone(make_problem):
    problem = make_problem()
    network = small(problem)
    inputs = problem.only.train.inputs(torch.arange(3))
    assert torch.equal(network(inputs), network(inputs))
    network.train()
    assert not torch.equal(network(inputs), network(inputs))


def test_heads_that_do_not_divide_the_width_are_a_sentence():
    with pytest.raises(UserError, match="heads must divide the sum of the four widths, 152, got heads=5"):
        resolve(STAEformerOptions, {"heads": 5}, "staeformer")


def test_hubers_loss_counts_what_the_protocol_counts(make_problem):
    method = STAEformer(STAEformerOptions(**SMALL, loss="huber"), make_problem())
    values = torch.tensor([[[0.0, 1.0, 9.0]]])
    counted = torch.tensor([[[True, True, False]]])
    prediction = torch.tensor([[[3.0, 1.5, 2.0]]], requires_grad=True)
    loss = method.loss(prediction, Targets(values, counted, counted), 0, 1)
    assert loss.item() == pytest.approx(((3 - 0.5) + 0.5**2 / 2) / 2)
    loss.backward()
    assert prediction.grad.tolist() == [[[0.5, 0.25, 0.0]]]
    plain = STAEformer(STAEformerOptions(**SMALL), make_problem())
    assert plain.loss(prediction.detach(), Targets(values, counted, counted), 0, 1).item() == pytest.approx((3 + 0.5) / 2)


def test_no_weights_between_all_nodes_are_kept_for_the_backward_pass(make_problem):
    problem = make_problem(nodes=40)
    network, shapes = small(problem).train(), []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        shapes.append(tensor.shape)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network(problem.only.train.inputs(torch.arange(2)))
    assert shapes
    assert not [shape for shape in shapes if shape[-2:] == (40, 40)]


@needs_cuda
def test_it_computes_the_same_on_cuda(make_problem):
    problem = make_problem()
    network = STAEformer(STAEformerOptions(), problem).network.eval()
    inputs = problem.only.train.inputs(torch.arange(4))
    assert_same_on_cuda(network, inputs)
