"""STTN in both forms against its card and against plain references."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from made.cuda import assert_same_on_cuda, needs_cuda
from plain.axis import plain_weights
from plain.baselines import laplacian_of
from plain.sttn import plain_causal, plain_l, plain_p

from baselines.forecasting.sttn import STTN, NetworkL, NetworkP, STTNOptions
from benchmark import UserError
from benchmark.options import resolve

SMALL = {"width": 8, "heads": 2, "feed_forward_width": 12, "blocks": 2, "readout_width": 16}

each_form = pytest.mark.parametrize("form", ["P", "L"])


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def ring(nodes: int) -> torch.Tensor:
    """A directed ring: every node points at the next."""
    return torch.eye(nodes).roll(1, dims=1)


def small(problem, **options) -> NetworkP | NetworkL:
    return STTN(STTNOptions(**{**SMALL, **options}), problem).network.eval()


def stirred(network: NetworkP | NetworkL) -> NetworkP | NetworkL:
    """Every weight drawn again, as if trained: no bias is 0, and no table a unit matrix."""
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    for norm in (module for module in network.modules() if isinstance(module, torch.nn.BatchNorm1d)):
        torch.nn.init.normal_(norm.running_mean)
        torch.nn.init.uniform_(norm.running_var, 0.5, 2)
    return network


@pytest.mark.parametrize(("blocks", "channels", "count"), [(1, 2, 193_485), (2, 2, 347_342), (3, 2, 501_199), (3, 1, 501_135)])
def test_parameter_counts_of_form_p(blocks: int, channels: int, count: int):
    for heads in (1, 4):
        network = NetworkP(12, 12, ring(207), STTNOptions(blocks=blocks, channels=channels, heads=heads))
        assert sum(p.numel() for p in network.parameters()) == count


@pytest.mark.parametrize(("channels", "count"), [(2, 81_132), (3, 81_164)])
def test_parameter_counts_of_form_l(channels: int, count: int):
    network = NetworkL(12, 12, ring(207), STTNOptions(form="L", channels=channels))
    assert sum(p.numel() for p in network.parameters()) == count


def test_sizes_that_are_not_given_are_those_of_the_form():
    p, own, mixed = (resolve(STTNOptions, given, "sttn") for given in ({}, {"form": "L"}, {"form": "L", "width": "16", "blocks": "1"}))
    assert (p.width, p.heads, p.feed_forward_width, p.blocks) == (64, 1, 128, 3)
    assert (own.width, own.heads, own.feed_forward_width, own.blocks) == (32, 4, 64, 2)
    assert (mixed.width, mixed.heads, mixed.feed_forward_width, mixed.blocks) == (16, 4, 64, 1)


def test_heads_that_do_not_divide_the_width_and_options_of_the_other_form_are_sentences():
    with pytest.raises(UserError, match="heads must divide width=64, got heads=5"):
        resolve(STTNOptions, {"heads": 5}, "sttn")
    with pytest.raises(UserError, match="softmax_twice is an option of form L"):
        resolve(STTNOptions, {"softmax_twice": "true"}, "sttn")


@pytest.mark.parametrize("channels", [1, 3])
def test_form_p_equals_its_plain_form_on_a_directed_graph(channels: int, make_problem):
    problem = make_problem()
    graph = problem.only.graph + 0.3 * ring(8)
    network = stirred(NetworkP(12, 12, graph, STTNOptions(**SMALL, channels=channels)).eval())
    inputs = problem.only.train.inputs(torch.arange(5))
    assert_equal(network, network(inputs), plain_p(network, inputs.channels(channels), laplacian_of(graph)))


def test_form_l_equals_its_plain_form_on_a_directed_graph(make_problem):
    problem = make_problem()
    graph = problem.only.graph + 0.3 * ring(8)
    network = stirred(NetworkL(12, 12, graph, STTNOptions(**SMALL, form="L")).eval())
    inputs = problem.only.train.inputs(torch.arange(5))
    forth, back = graph / graph.sum(dim=1, keepdim=True), graph.T / graph.sum(dim=0)[:, None]
    assert_equal(network, network(inputs), plain_l(network, inputs.channels(3), forth, back))


def assert_equal(network, predicted: torch.Tensor, expected: torch.Tensor) -> None:
    assert predicted.shape == (5, 12, 8)
    torch.testing.assert_close(predicted, expected, atol=1e-5, rtol=1e-5)
    weights, cotangent = list(network.parameters()), torch.randn_like(predicted)
    gradients = torch.autograd.grad(predicted, weights, cotangent)
    torch.testing.assert_close(gradients, torch.autograd.grad(expected, weights, cotangent), atol=1e-4, rtol=1e-4)


def test_tables_of_form_p_start_as_adjacency_and_unit_matrix_and_not_at_zero(make_problem):
    problem = make_problem()
    graph = problem.only.graph + 0.3 * ring(8)
    for block in NetworkP(12, 12, graph, STTNOptions(**SMALL)).blocks:
        steps, nodes = block.embed_both.tables
        assert torch.equal(nodes, graph)
        assert torch.equal(steps, torch.eye(12))
        assert torch.equal(block.embed_steps.tables[0], torch.eye(12))
        assert nodes.requires_grad
        assert steps.data_ptr() != block.embed_steps.tables[0].data_ptr()


def test_matrices_of_form_p_start_as_in_the_authors_code(make_problem):
    network = NetworkP(12, 12, ring(8), STTNOptions())
    layer = network.blocks[0].over_nodes
    for matrix in (layer.attention.joined.weight, layer.attention.output.weight, layer.feed_forward[0].weight):
        assert matrix.abs().max() <= 0.04
        assert 0.015 < matrix.std() < 0.02
    for matrix in (network.blocks[0].gate_u.weight, network.readout[0].weight, network.blocks[0].embed_both.linear.weight):
        bound = (6 / sum(matrix.shape)) ** 0.5
        assert 0.95 * bound < matrix.abs().max() <= bound
    assert not any(p.any() for name, p in network.named_parameters() if name.endswith("bias"))


def test_the_gate_chooses_between_attention_and_graph_convolution(make_problem):
    problem = make_problem()
    network = small(problem, blocks=1)
    block, x = network.blocks[0], torch.randn(2, 12, 8, 8)
    seen = {}
    for name in ("graph", "over_nodes", "embed_steps"):
        getattr(block, name).register_forward_hook(lambda module, given, out, name=name: seen.update({name: (given[0], out)}))
    for bias, chosen in ((-50.0, "graph"), (50.0, "over_nodes")):
        torch.nn.init.constant_(block.gate_u.bias, bias)
        block(x, network.polynomials, 0)
        torch.testing.assert_close(seen["embed_steps"][0].transpose(1, 2), x + seen[chosen][1])


@each_form
def test_rows_of_attention_sum_to_one(form: str, make_problem):
    network, x = stirred(small(make_problem(), form=form)), torch.randn(2, 12, 8, 8)
    for weights in plain_weights(network.blocks[0].over_nodes.attention, x):
        torch.testing.assert_close(weights.sum(dim=-1), torch.ones(2, 12, 8))


def readings(network: NetworkP | NetworkL) -> torch.Tensor:
    """Bool [step that asks, step]: which steps the last block's layer along the steps reads."""
    layer = network.blocks[-1].over_steps
    x = torch.randn(1, 2, 12, 8, requires_grad=True)
    out = layer(x)[0, 0].square().sum(dim=-1)  # [step]
    return torch.stack([torch.autograd.grad(one, x, retain_graph=True)[0][0, 0].abs().sum(dim=-1) > 1e-9 for one in out])


def test_form_l_is_causal_along_the_steps_and_neither_form_p_nor_the_released_form_l_is(make_problem):
    problem = make_problem()
    earlier = torch.ones(12, 12, dtype=torch.bool).tril()
    assert torch.equal(readings(stirred(small(problem, form="L"))), earlier)
    for options in ({}, {"form": "L", "softmax_twice": True}):
        assert readings(stirred(small(problem, **options))).all()


def test_the_released_form_l_takes_its_weights_for_scores_once_more(make_problem):
    network = stirred(small(make_problem(), form="L", softmax_twice=True))
    layer, x = network.blocks[0].over_steps, torch.randn(3, 4, 12, 8)
    attention = layer.attention
    values = (x @ attention.joined.weight.chunk(3)[2].T).split(4, dim=-1)
    heads = [torch.softmax(once, dim=-1) @ value for once, value in zip(plain_causal(layer, x), values, strict=True)]
    expected = torch.cat(heads, dim=-1) @ attention.output.weight.T + attention.output.bias
    torch.testing.assert_close(attention(x), expected, atol=1e-5, rtol=1e-5)


@each_form
def test_permuting_nodes_graph_and_tables_permutes_the_predictions(form: str, make_problem):
    problem = make_problem()
    order = torch.randperm(8)
    inputs = problem.only.train.inputs(torch.arange(3))
    build = NetworkP if form == "P" else NetworkL
    options = STTNOptions(**SMALL, form=form)
    network, permuted = (build(12, 12, graph, options).eval() for graph in (problem.only.graph, problem.only.graph[order][:, order]))
    state = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    for name in state:
        if name.endswith("embed_both.tables.1"):
            state[name] = state[name][order][:, order]
        elif name.endswith("embed_both.linear.weight"):  # its last columns read a node's row of the table
            state[name][:, -8:] = state[name][:, -8:][:, order]
        elif name.endswith("over_nodes.table"):
            state[name] = state[name][order]
    permuted.load_state_dict(state)
    out = permuted(replace(inputs, scaled=inputs.scaled[:, :, order]))
    torch.testing.assert_close(out, network(inputs)[:, :, order], atol=1e-5, rtol=1e-5)


@each_form
def test_every_parameter_gets_a_gradient(form: str, make_problem):
    problem = make_problem()
    network = stirred(small(problem, form=form)).train()
    network(problem.only.train.inputs(torch.arange(4))).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.any(), name


@each_form
def test_evaluation_drops_nothing(form: str, make_problem):
    problem = make_problem()
    network = small(problem, form=form)
    inputs = problem.only.train.inputs(torch.arange(3))
    assert torch.equal(network(inputs), network(inputs))
    network.train()
    assert not torch.equal(network(inputs), network(inputs))


def test_the_authors_input_is_the_value(make_problem):
    problem = make_problem()
    network = STTN(resolve(STTNOptions, {**SMALL, "inputs": "paper"}, "sttn"), problem).network.eval()
    inputs = problem.only.train.inputs(torch.arange(3))
    assert network.channels == 1
    assert torch.equal(network(replace(inputs, weekday=inputs.weekday + 1, slot=inputs.slot + 1)), network(inputs))


@each_form
def test_any_history_and_horizon_will_do(form: str, make_problem):
    problem = make_problem(history=5, horizon=3)
    assert small(problem, form=form)(problem.only.train.inputs(torch.arange(2))).shape == (2, 3, 8)


@each_form
def test_no_weights_between_all_nodes_are_kept_for_the_backward_pass(form: str, make_problem):
    problem = make_problem(nodes=40)
    network, shapes = small(problem, form=form).train(), []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        shapes.append(tensor.shape)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network(problem.only.train.inputs(torch.arange(2)))
    assert shapes
    # the operators and the table D_S are so large, once for all samples and steps
    assert not [shape for shape in shapes if len(shape) > 3 and shape[-2:] == (40, 40)]


@needs_cuda
@each_form
def test_it_computes_the_same_on_cuda(form: str, make_problem):
    problem = make_problem()
    network = STTN(STTNOptions(form=form), problem).network.eval()
    inputs = problem.only.train.inputs(torch.arange(4))
    assert_same_on_cuda(network, inputs)
