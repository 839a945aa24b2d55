"""The fast network against the plain one, its attention maps, and the ways it may be run."""

from dataclasses import replace

import pytest
import torch
from plain.cmust import channels, plain_copy, plain_name
from torch import nn

from benchmark.options import resolve
from methods.cmust import layers
from methods.cmust.layers import Interaction
from methods.cmust.method import CMuST
from methods.cmust.options import CMuSTOptions

NARROW = {"observation_width": 8, "space_width": 4, "time_of_day_width": 4, "weekday_width": 4, "calendar_width": 4, "prompt_width": 8,
          "cross_width": 6, "self_width": 18, "heads": 2, "feed_forward_width": 16, "fusion_width": 8}


def build(problem, **options):
    torch.manual_seed(0)
    method = CMuST(resolve(CMuSTOptions, options, "cmust"), problem)
    for tensor in method.network.own().values():
        nn.init.normal_(tensor)
    return method


@pytest.fixture
def method(make_problem):
    return build(make_problem(nodes=9), **NARROW)


def batch(method, size=4):
    return method.problem.only.train.inputs(torch.arange(size) * 3)


def gradients(network, out):
    network.zero_grad()
    (out * torch.linspace(-1, 1, out.numel()).view(out.shape)).sum().backward()
    return {name: parameter.grad.clone() for name, parameter in network.named_parameters()}


@pytest.mark.parametrize("nodes", [9, 40])  # 40 nodes: heads are padded
def test_outputs_and_gradients_are_those_of_the_plain_form_at_full_width(make_problem, nodes):
    method = build(make_problem(nodes=nodes), dropout=0.0)
    fast, plain, inputs = method.network.train(), plain_copy(method).train(), batch(method, 2)
    torch.testing.assert_close(fast(inputs), plain(channels(inputs, fast.coordinates("taxi_pick"))), rtol=1e-5, atol=1e-5)
    # gradients in float64, where rounding does not hide a small difference
    fast, plain = fast.double(), plain.double()
    inputs = replace(inputs, scaled=inputs.scaled.double(), calendar=inputs.calendar.double())
    ours = gradients(fast, fast(inputs))
    theirs = gradients(plain, plain(channels(inputs, fast.coordinates("taxi_pick"))))
    assert {plain_name(name) for name in ours} == theirs.keys()
    for name, gradient in ours.items():
        torch.testing.assert_close(gradient, theirs[plain_name(name)], rtol=1e-4, atol=1e-10)


@pytest.mark.parametrize("scale", ["head", "width"])
@pytest.mark.parametrize("width", [6, 8, 10])
def test_zero_padded_heads_change_nothing(monkeypatch, width, scale):
    torch.manual_seed(1)
    layer = Interaction(5, 8, width, 2, 16, 0.0, scale)
    a, b = torch.randn(3, 1, 9, 5), torch.randn(3, 4, 9, 8)
    plain = layer(a, b)
    expected = gradients(layer, plain)
    monkeypatch.setattr(layers, "LONG", 0)
    assert layer._padding(a) > 0
    padded = layer(a, b)
    torch.testing.assert_close(padded, plain, rtol=1e-5, atol=1e-5)
    for name, gradient in gradients(layer, padded).items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-4, atol=1e-5)


def test_queries_keys_and_values_of_a_self_layer_are_one_product_over_three_parameters(method, monkeypatch):
    layer, products = method.network.msti.temporal[0], []
    real = layers.F.linear
    monkeypatch.setattr(layers.F, "linear", lambda x, weight, bias: products.append(tuple(weight.shape)) or real(x, weight, bias))
    h = torch.randn(2, 3, 5, 32)
    layer(h, h)
    assert products[:2] == [(3 * 18, 32), (32, 18)]
    assert {"query.weight", "key.weight", "value.weight"} <= dict(layer.named_parameters()).keys()


@pytest.mark.parametrize("profile", ["code", "text"])
def test_attention_maps_are_those_the_layers_use(make_problem, monkeypatch, profile):
    method = build(make_problem(nodes=9), profile=profile, **NARROW)
    network, inputs = method.network.eval(), batch(method)
    used = []
    real = layers.Interaction._attend
    monkeypatch.setattr(layers.Interaction, "_attend", lambda self, a, b: used.append((self, a, b)) or real(self, a, b))
    out, maps = network(inputs, return_attention=True)
    torch.testing.assert_close(out, network(inputs))
    assert {name: tuple(attention.shape) for name, attention in maps.items()} == {
        "time_cross": (4, 9, 2, 12, 12), "space_cross": (maps["space_cross"].shape[0], 12, 2, 9, 9), "time_self": (4, 9, 2, 12, 12),
        "space_self": (4, 12, 2, 9, 9)}
    msti = network.msti
    layer_of = {"time_cross": msti.time_asks_observation, "space_cross": msti.space_asks_observation, "time_self": msti.temporal[0],
                "space_self": msti.spatial[0]}
    for name, attention in maps.items():
        torch.testing.assert_close(attention.sum(-1), torch.ones(attention.shape[:-1]))
        layer, a, b = next(call for call in used if call[0] is layer_of[name])
        values = layer.value(b).unflatten(-1, (layer.heads, -1)).transpose(-2, -3)
        mixed = layer.output((attention @ values).transpose(-2, -3).flatten(-2))
        torch.testing.assert_close(mixed, real(layer, a, b), rtol=1e-5, atol=1e-5)
        assert attention.std(-1).max() > 1e-3  # no map is uniform


def test_layers_that_are_not_there_have_no_map(make_problem):
    method = build(make_problem(nodes=4), context_interaction=False, self_layers=1, **NARROW)
    assert method.network(batch(method), return_attention=True)[1].keys() == {"time_self", "space_self"}


@pytest.mark.parametrize("profile", ["code", "text"])
def test_bfloat16_autocast_stays_near_the_float32_network_and_its_gradients_are_finite(make_problem, profile):
    method = build(make_problem(nodes=9), profile=profile, **NARROW)
    network, inputs = method.network.eval(), batch(method)
    exact = network(inputs)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = network(inputs)
    assert rough.dtype == torch.bfloat16
    assert (rough.float() - exact).abs().max() < 0.05 * exact.abs().max()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        trained = network.train()(inputs)
    trained.float().square().mean().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


@pytest.mark.parametrize("profile", ["code", "text"])
def test_the_network_is_one_graph_for_the_compiler(make_problem, profile):
    method = build(make_problem(nodes=5), profile=profile, dropout=0.0, **NARROW)
    network, inputs = method.network, batch(method)
    torch._dynamo.reset()
    compiled = torch.compile(network, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(inputs), network(inputs), rtol=1e-5, atol=1e-5)


def test_dropout_is_drawn_anew_in_each_pass_of_a_compiled_layer():
    torch._dynamo.reset()
    layer, a = torch.compile(Interaction(4, 4, 4, 1, 8, 0.3).train(), backend="eager"), torch.randn(2, 3, 5, 4)
    assert not torch.equal(layer(a, a), layer(a, a))


def test_dropout_before_relu_keeps_the_mean(method):
    part = Interaction(4, 4, 4, 1, 512, 0.4).train().feed_forward
    u = torch.randn(64, 4)
    hidden = torch.stack([part[:3](u) for _ in range(64)]).mean(0)
    torch.testing.assert_close(hidden, part[0](u).relu(), rtol=0, atol=0.6)
    assert ((part[:3](u) == 0).float().mean() - 0.7).abs() < 0.05


@pytest.mark.parametrize("profile", ["code", "text"])
def test_no_operation_of_a_step_waits_for_the_device(make_problem, profile):
    """On the meta device every read of a value fails, as it would stall a GPU."""
    method = build(make_problem(nodes=5), profile=profile, **NARROW)
    network, inputs = method.network.to("meta"), batch(method)
    fields = ("values", "observed", "scaled", "slot", "weekday", "calendar")
    network(replace(inputs, **{name: getattr(inputs, name).to("meta") for name in fields})).sum().backward()
