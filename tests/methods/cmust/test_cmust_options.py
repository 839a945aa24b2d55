"""Every row of the card's table of disagreements: what each option does, what the profiles hold, how many numbers they train."""

import math
from dataclasses import fields, replace

import pytest
import torch
from torch import nn

from benchmark.contract import Budget, RunContext
from benchmark.errors import UserError
from benchmark.families import FORECASTING
from benchmark.forecasting.problem import Targets
from benchmark.options import describe_options, resolve
from benchmark.registry import registry
from methods.cmust import prompts
from methods.cmust.embedding import sinusoid
from methods.cmust.heads import FusionHead
from methods.cmust.losses import Huber
from methods.cmust.method import CMuST
from methods.cmust.msti import MSTI
from methods.cmust.options import CMuSTOptions
from methods.cmust.prompts import SUMMARY_WIDTH

NARROW = {"observation_width": 8, "space_width": 4, "time_of_day_width": 4, "weekday_width": 4, "calendar_width": 4, "prompt_width": 8,
          "cross_width": 8, "self_width": 16, "heads": 2, "feed_forward_width": 16, "fusion_width": 8}


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    monkeypatch.setattr(prompts, "STEPS", 5)


def options(**given):
    return resolve(CMuSTOptions, given, "cmust")


def build(problem, **given):
    torch.manual_seed(0)
    method = CMuST(options(**given), problem)
    for tensor in method.network.own().values():
        nn.init.normal_(tensor)
    return method


def count(module):
    return sum(p.numel() for p in module.parameters())


def output(method, size=4):
    return method.network.eval()(method.problem.only.train.inputs(torch.arange(size) * 3))


def test_the_code_is_the_default_profile_and_the_text_differs_in_every_row_of_the_table():
    assert options() == options(profile="code") == CMuSTOptions()
    text = options(profile="text")
    differing = {f.name for f in fields(text) if getattr(text, f.name) != getattr(CMuSTOptions(), f.name)}
    assert differing == {"profile", "cross_order", "cross_parallel", "pos_encoding", "self_layers", "attention_scale", "head", "loss",
                         "prompt_init", "freeze_unit"}
    assert (text.obser_dim, text.prompt_fit, text.huber_delta, text.fusion_width, text.fusion_relu) == (3, "train", 1.0, 256, True)


def test_an_explicit_option_overrides_the_profile():
    mixed = options(profile="text", self_layers="2", freeze_unit="tensor_mean")
    assert (mixed.self_layers, mixed.freeze_unit, mixed.head) == (2, "tensor_mean", "fusion")


def test_every_option_says_what_it_means():
    described = describe_options(CMuSTOptions)
    assert "profiles" not in described
    assert [name for name, facts in described.items() if not facts["meaning"]] == []


@pytest.mark.parametrize("given", [{"cross_order": "sideways"}, {"obser_dim": "2"}, {"self_layers": "-1"}, {"profile": "poem"}])
def test_a_value_that_is_not_allowed_is_a_sentence(given):
    with pytest.raises(UserError, match=r"\w+ .*\."):
        options(**given)


def test_the_text_profile_has_the_card_s_count_with_a_free_prompt_and_fewer_with_the_shared_map(make_problem):
    """The card's 764,520 is the paper's network with a free prompt of 177,984; with P = FC_p(S) the map's 21,600 take its place."""
    problem = make_problem(nodes=206)
    free = build(problem, profile="text", prompt_init="summary")
    mapped = build(problem, profile="text")
    assert count(free.network.msti) == 586_536
    assert free.parameter_count() == count(free.network) == 586_536 + 177_984 == 764_520
    assert count(mapped.network.msti.prompt_map) == SUMMARY_WIDTH * 864 + 864 == 21_600
    assert mapped.parameter_count() == count(mapped.network) == 586_536 + 21_600 == 608_136
    assert mapped.network.summary("taxi_pick").shape == (206, SUMMARY_WIDTH)  # frozen: not counted


@pytest.mark.parametrize(("given", "parameters"), [
    ({"self_layers": 1}, 907_112 - 2 * 200_680),
    ({"head": "fusion"}, 907_112 + 80_784),
    ({"head": "fusion", "fusion_width": 64}, 907_112 + 3 * 64 + 96 * 64 + 64 * 168 + 168 + 72 * 168 + 168),
    ({"obser_dim": 1}, 907_112 - 2 * 24),
    ({"pos_encoding": True}, 907_112),
    ({"cross_order": "space_first", "cross_parallel": True, "attention_scale": "width", "fusion_relu": False}, 907_112),
    ({"prompt_init": "summary_fc"}, 907_112 + 21_600),
    ({"context_interaction": False}, 907_112 - (15_928 + 36_304 + 14_776 + 7_984)),
], ids=str)
def test_an_option_changes_the_shared_weights_by_what_it_adds_or_takes(given, parameters):
    assert count(MSTI(options(**given), 48, 12, 12)) == parameters


def test_the_ablations_are_declared_with_the_suite_of_the_paper_and_take_one_part_away(make_problem):
    cls = registry().load("cmust")
    assert cls.ablation_suite == "chicago"
    made = {name: options(**given) for name, given in cls.ablations.items()}
    assert made == {"no_context_interaction": options(context_interaction=False), "no_consistency": options(freeze_unit="none"),
                    "no_prompt": options(prompt_init="none")}
    problem = make_problem(nodes=6)
    names = {name for name, _ in build(problem, context_interaction=False, **NARROW).network.named_parameters()}
    assert not [name for name in names if "asks" in name]
    bare = CMuST(made["no_prompt"], problem)
    assert bare.options.hidden_width == 96
    assert {layer.query.out_features for layer in (*bare.network.msti.temporal, *bare.network.msti.spatial)} == {168}
    assert not [name for name in bare.state_dict() if "prompt" in name]


EFFECTS = [{"cross_order": "space_first"}, {"cross_parallel": True}, {"pos_encoding": True}, {"attention_scale": "width"},
           {"cross_order": "space_first", "pos_encoding": True}]


@pytest.mark.parametrize("given", EFFECTS, ids=str)
def test_an_option_without_weights_changes_the_output_of_equal_weights(make_problem, given):
    problem = make_problem(nodes=7)
    plain, other = build(problem, **NARROW), build(problem, **NARROW, **given)
    other.load_state_dict(plain.state_dict())
    other.network.msti.load_state_dict(plain.network.msti.state_dict())
    assert output(other).shape == output(plain).shape == (4, 12, 7)
    assert (output(other) - output(plain)).abs().max() > 1e-3


EVERY = [*EFFECTS, {"self_layers": 1}, {"self_layers": 0}, {"head": "fusion"}, {"head": "fusion", "prompt_init": "none"}, {"obser_dim": 1},
         {"context_interaction": False}, {"context_interaction": False, "pos_encoding": True}, {"prompt_init": "none"}, {"profile": "text"},
         {"prompt_init": "none", "pos_encoding": True}, {"profile": "text", "prompt_init": "none"}]


@pytest.mark.parametrize("given", EVERY, ids=str)
def test_permuted_nodes_permute_the_output_only_if_the_prompt_is_permuted_too(make_problem, given):
    method, order = build(make_problem(nodes=7), **NARROW, **given), torch.tensor([3, 0, 6, 1, 5, 2, 4])
    network, inputs = method.network.eval(), method.problem.only.train.inputs(torch.arange(4) * 3)
    prompt, coordinates = network.prompt("taxi_pick"), network.coordinates("taxi_pick")
    permuted = replace(inputs, **{name: getattr(inputs, name)[:, :, order] for name in ("values", "observed", "scaled")})
    expected = network(inputs)[:, :, order]
    moved = None if prompt is None else prompt[:, order]
    torch.testing.assert_close(network.msti(permuted, coordinates[order], moved), expected, rtol=0, atol=1e-5)
    if prompt is None:
        assert "prompt" not in " ".join(network.state_dict())
    else:
        assert (network.msti(permuted, coordinates[order], prompt) - expected).abs().max() > 1e-3
    parts = [network(method.problem.only.train.inputs(starts)) for starts in (torch.arange(4) * 3).split(2)]
    torch.testing.assert_close(torch.cat(parts), network(inputs), rtol=0, atol=1e-5)  # no batch statistics


def test_space_comes_first_where_it_is_asked_for_and_parallel_layers_read_what_was_there(make_problem, monkeypatch):
    from methods.cmust.layers import Interaction

    calls = []
    real = Interaction.forward
    monkeypatch.setattr(Interaction, "forward", lambda self, a, b: calls.append((self, a, b)) or real(self, a, b))
    for given, first in (({}, "time"), ({"cross_order": "space_first"}, "space"), ({"cross_parallel": True}, "time")):
        method = build(make_problem(nodes=5), **NARROW, **given)
        calls.clear()
        output(method)
        msti = method.network.msti
        pairs = {"time": [msti.time_asks_observation, msti.observation_asks_time],
                 "space": [msti.space_asks_observation, msti.observation_asks_space]}
        second = "space" if first == "time" else "time"
        assert [layer for layer, _, _ in calls] == [*pairs[first], *pairs[second], *msti.temporal, *msti.spatial]
        same = [torch.equal(calls[k][2], calls[k + 1][1]) for k in (0, 2)]  # what the pair's second reads is what the first read
        assert same == ([True, True] if method.options.cross_parallel else [False, False])


def test_the_sinusoids_are_those_of_the_paper_and_reach_the_first_layer_along_time_once(make_problem, monkeypatch):
    from methods.cmust.layers import Interaction

    table = sinusoid(12, 168)
    assert table.shape == (12, 168)
    for t, i in ((0, 0), (3, 5), (11, 83)):
        angle = t / 10000 ** (2 * i / 168)
        assert table[t, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-6)
        assert table[t, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-6)
    seen = []
    real = Interaction.forward
    monkeypatch.setattr(Interaction, "forward", lambda self, a, b: seen.append((self, a, b)) or real(self, a, b))
    problem = make_problem(nodes=5)
    for order in ("time_first", "space_first"):
        inputs = {}
        for on in (False, True):
            method = build(problem, **NARROW, cross_order=order, pos_encoding=on)
            seen.clear()
            output(method)
            inputs[on] = {name: call[1:] for name, layer in method.network.msti.named_children() for call in seen if call[0] is layer}
        at = dict(zip("ost", sinusoid(12, method.options.hidden_width).split(method.options.slice_widths, -1), strict=False))
        a, b = (inputs[True]["time_asks_observation"][k] - inputs[False]["time_asks_observation"][k] for k in (0, 1))
        torch.testing.assert_close(a, at["t"].expand_as(a), rtol=0, atol=1e-5)
        torch.testing.assert_close(b, at["o"].expand_as(b), rtol=0, atol=1e-5)
        before = [torch.equal(inputs[True]["space_asks_observation"][k], inputs[False]["space_asks_observation"][k]) for k in (0, 1)]
        assert before == [order == "space_first"] * 2


def test_the_fusion_head_is_the_formula_of_the_appendix():
    given = options(**NARROW, head="fusion")
    h = torch.randn(2, 5, 12, given.hidden_width)
    o, s, t, p = h.split(given.slice_widths, -1)
    for relu in (True, False):
        head = FusionHead(replace(given, fusion_relu=relu), 12, 12)

        def r(x, relu=relu):
            return x.clamp(min=0) if relu else x

        def linear(layer, x):
            return x @ layer.weight.T + layer.bias

        z = r(linear(head.slices[0], o)) + r(linear(head.slices[1], s)) + r(linear(head.slices[2], t))
        y = linear(head.output, (r(linear(head.fused, z)) + r(linear(head.prompt, r(p)))).reshape(2, 5, -1))
        torch.testing.assert_close(head(h), y, rtol=1e-5, atol=1e-5)
        doubled = head(2 * h) + head(torch.zeros_like(h)) - 2 * head(h)
        assert (doubled.abs().max() < 1e-4) == (not relu)  # without the ReLUs the head is affine


def test_a_value_only_embedding_reads_neither_time_of_day_nor_weekday(make_problem):
    for dimensions, differs in ((1, False), (3, True)):
        method = build(make_problem(nodes=4), **NARROW, obser_dim=dimensions)
        embedding, inputs = method.network.msti.embedding, method.problem.only.train.inputs(torch.arange(3))
        other = replace(inputs, slot=(inputs.slot + 5) % 48, weekday=(inputs.weekday + 2) % 7)
        o, again = (embedding(one, torch.zeros(4, 2))[0] for one in (inputs, other))
        assert o.shape == (3, 4, 12, 8)
        assert (not torch.equal(o, again)) == differs


def test_the_attention_scale_is_the_root_of_the_head_s_or_of_the_whole_width():
    heads, width = (MSTI(options(attention_scale=scale), 48, 12, 12) for scale in ("head", "width"))
    assert [heads.temporal[0].scale, heads.time_asks_observation.scale] == pytest.approx([42**-0.5, 6**-0.5])
    assert [width.temporal[0].scale, width.time_asks_observation.scale] == pytest.approx([168**-0.5, 24**-0.5])


def test_huber_counts_what_the_protocol_counts_and_nothing_else():
    values = torch.tensor([[[0.0, 5.0, 7.0]]])
    counted = torch.tensor([[[False, True, True]]])
    prediction = torch.tensor([[[90.0, 5.4, 17.0]]], requires_grad=True)
    loss = Huber(2.0)(prediction, Targets(values, torch.ones_like(counted), counted))
    assert loss.item() == pytest.approx((0.5 * 0.4**2 + 2.0 * (10 - 1.0)) / 2)
    loss.backward()
    assert prediction.grad.flatten().tolist() == pytest.approx([0, 0.2, 1.0])
    none = Huber(2.0)(prediction, Targets(values, counted, torch.zeros_like(counted)))
    assert none.item() == 0


def test_the_loss_option_and_its_delta_reach_the_training(make_problem):
    def trained(**given):
        method = build(make_problem(nodes=3), **NARROW, **given)
        method.fit(RunContext(0, torch.device("cpu"), Budget(1, 30, 32, 4)))
        return method.state_dict()["taxi_pick/head.bias"]

    made = [trained(loss="mae"), trained(loss="huber"), trained(loss="huber", huber_delta=50.0)]
    assert not any(torch.equal(a, b) for a, b in ((made[0], made[1]), (made[1], made[2])))


def test_the_task_order_decides_what_starts_and_each_task_is_named_once(make_problem):
    problem = make_problem(nodes=3, tasks=("a", "b", "c"))
    method, run = build(problem, task_order="c,a,b", **NARROW), RunContext(0, torch.device("cpu"), Budget(1, 30, 16, 2))
    method.fit(run)
    notes = run.notes["cmust"]
    assert notes["task_order"] == ["c", "a", "b"]
    assert [stage["task"] for stage in notes["stages"]] == ["c", "a", "b", "c", "c", "a", "b"]
    assert set(method.refined) == {"a", "b", "c"}
    for wrong in ("a,b", "a,b,c,d", "a,b,b", "a,b,x"):
        with pytest.raises(ValueError, match=rf"names each task of the problem once; it is '{wrong}', the tasks are a, b, c\."):
            build(problem, task_order=wrong, **NARROW)


def test_a_summary_of_the_whole_series_is_refused_where_methods_are_ranked():
    for protocol in FORECASTING.protocols.values():
        CMuST.check(options(profile="text"), protocol, ("a", "b"))
        if protocol.ranked:
            with pytest.raises(ValueError, match=r"prompt_fit=all reads the test part.*--protocol paper"):
                CMuST.check(options(prompt_fit="all"), protocol, ("a", "b"))
        else:
            CMuST.check(options(prompt_fit="all"), protocol, ("a", "b"))
    assert [protocol.ranked for protocol in FORECASTING.protocols.values()].count(True) >= 1
