"""MSTI: sizes, symmetries, and an independent reference of its one layer."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from benchmark.contract import Budget, RunContext
from benchmark.forecasting.problem import ForecastProblem
from methods.cmust.layers import Interaction
from methods.cmust.method import CMuST
from methods.cmust.msti import MSTI
from methods.cmust.options import CMuSTOptions
from methods.cmust.prompts import summary_prompts
from methods.cmust.roada import start

NARROW = {"observation_width": 8, "space_width": 4, "time_of_day_width": 4, "weekday_width": 4, "calendar_width": 4, "prompt_width": 8,
          "cross_width": 8, "self_width": 16, "heads": 2, "feed_forward_width": 16}


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.fixture
def method(make_problem):
    torch.manual_seed(0)
    method = CMuST(CMuSTOptions(**NARROW), make_problem(nodes=7))
    for prompt in method.network.prompts.values():
        nn.init.normal_(prompt)
    return method


def batch(method, size=4):
    return method.problem.only.train.inputs(torch.arange(size) * 3)


def permuted(inputs, order):
    return replace(inputs, **{name: getattr(inputs, name)[:, :, order] for name in ("values", "observed", "scaled")})


@pytest.mark.parametrize(("nodes", "steps_per_day", "parameters", "prompt"), [
    (206, 48, 1_085_096, 177_984), (220, 48, 1_097_192, 190_080), (108, 288, 1_006_184, 93_312)], ids=["nyc", "chicago", "sip"])
def test_the_parameters_are_those_of_the_authors_model(make_problem, nodes, steps_per_day, parameters, prompt):
    method = CMuST(CMuSTOptions(), make_problem(nodes=nodes, steps_per_day=steps_per_day))
    assert method.parameter_count() == count(method.network) == parameters
    assert method.network.prompts["taxi_pick"].numel() == prompt
    assert len(list(method.network.parameters())) == 141


@pytest.mark.parametrize(("steps_per_day", "parameters"), [(48, 907_112), (288, 912_872)])
def test_the_shared_weights_do_not_depend_on_the_nodes(steps_per_day, parameters):
    assert count(MSTI(CMuSTOptions(), steps_per_day, 12, 12)) == parameters


@pytest.mark.parametrize(("prompt_width", "parameters"), [(18, 686_792), (36, 819_560), (72, 1_085_096), (144, 1_616_168)])
def test_the_self_attention_keeps_its_width_when_the_prompt_grows(make_problem, prompt_width, parameters):
    assert CMuST(CMuSTOptions(prompt_width=prompt_width), make_problem(nodes=206)).parameter_count() == parameters


def test_one_self_layer_and_the_head_have_the_authors_size():
    msti = MSTI(CMuSTOptions(), 48, 12, 12)
    assert [count(layer) for layer in (*msti.temporal, *msti.spatial)] == [200_680] * 4
    assert count(msti.head) == 24_204


@pytest.mark.parametrize(("heads", "width"), [(1, 168), (8, 168), (16, 176)])
def test_an_attention_width_that_the_heads_do_not_divide_is_rounded_up(heads, width):
    assert Interaction(168, 168, 168, heads, 256, 0.1).query.out_features == width


def test_one_network_serves_tasks_with_other_nodes_and_steps(make_problem):
    problem = make_problem(nodes=6, tasks=("a",))
    other = make_problem(nodes=9, tasks=("b",), steps_per_day=24)
    problem = replace(problem, tasks={**problem.tasks, **other.tasks})
    method = CMuST(CMuSTOptions(**NARROW), problem)
    for task, nodes in (("a", 6), ("b", 9)):
        assert method.predict(problem.tasks[task].train.inputs(torch.arange(3))).shape == (3, 12, nodes)


@pytest.mark.parametrize("steps_per_day", [24, 48, 96, 144, 288])
def test_a_slot_of_the_day_finds_its_row_of_the_table_exactly(make_problem, steps_per_day):
    problem = make_problem(nodes=2, steps_per_day=steps_per_day, steps=3 * steps_per_day + 24).only
    inputs = problem.train.inputs(torch.arange(0, len(problem.train), 12))
    for table in (steps_per_day, 288):
        embedding = MSTI(CMuSTOptions(**NARROW), table, 12, 12).embedding
        assert torch.equal(embedding.slot(inputs), inputs.slot[:, :12] * (table // steps_per_day))


def test_permuted_nodes_permute_the_output_only_if_the_prompt_is_permuted_too(method):
    network, inputs, order = method.network.eval(), batch(method), torch.tensor([3, 0, 6, 1, 5, 2, 4])
    coordinates, prompt = network.coordinates("taxi_pick"), network.prompts["taxi_pick"]
    expected = network(inputs)[:, :, order]
    permute = permuted(inputs, order)
    torch.testing.assert_close(network.msti(permute, coordinates[order], prompt[:, order]), expected, rtol=0, atol=1e-5)
    assert (network.msti(permute, coordinates[order], prompt) - expected).abs().max() > 1e-2
    assert (network.msti(permute, coordinates, prompt[:, order]) - expected).abs().max() > 1e-4


def test_the_last_input_step_changes_every_horizon_and_every_node(method):
    inputs = batch(method)
    changed = inputs.scaled.clone()
    changed[:, -1, 0] += 1
    network = method.network.eval()
    difference = (network(replace(inputs, scaled=changed)) - network(inputs)).abs()
    assert (difference > 0).all()


def test_a_split_batch_gives_the_same_outputs(method):
    network = method.network.eval()
    rows = method.problem.only.train
    parts = [network(rows.inputs(starts)) for starts in torch.arange(8).split(3)]
    torch.testing.assert_close(torch.cat(parts), network(rows.inputs(torch.arange(8))), rtol=0, atol=1e-6)


def reference(layer, a, b):
    """One interaction of one sequence, written from the card: [length, asking], [length, asked] -> [length, asked]."""
    q, k, v = layer.query(a), layer.key(b), layer.value(b)
    width = q.shape[1] // layer.heads
    heads = []
    for head in range(layer.heads):
        part = slice(head * width, (head + 1) * width)
        scores = q[:, part] @ k[:, part].T / math.sqrt(width)
        attention = scores.exp() / scores.exp().sum(1, keepdim=True)
        heads.append(attention @ v[:, part])

    def norm(x, weights):
        centred = x - x.mean(1, keepdim=True)
        return centred / (centred.square().mean(1, keepdim=True) + 1e-5).sqrt() * weights.weight + weights.bias

    u = norm(b + layer.output(torch.cat(heads, 1)), layer.attention_norm)
    first, last = layer.feed_forward[0], layer.feed_forward[-1]
    return norm(u + last(first(u).clamp(min=0)), layer.feed_forward_norm)


@pytest.mark.parametrize(("asking", "asked"), [(5, 8), (8, 8)], ids=["cross", "self"])
def test_a_layer_equals_the_reference_with_an_explicit_softmax(asking, asked):
    torch.manual_seed(1)
    layer = Interaction(asking, asked, 6, 2, 16, 0.1).eval()
    b = torch.randn(3, 4, 9, asked)
    a = b if asking == asked else torch.randn(3, 4, 9, asking)
    out = layer(a, b)
    for i in range(3):
        for j in range(4):
            torch.testing.assert_close(out[i, j], reference(layer, a[i, j], b[i, j]), rtol=1e-5, atol=1e-5)


def test_msti_equals_the_card_s_table_of_layers_on_dense_tensors(method):
    network, inputs = method.network.eval(), batch(method, 2)
    msti, prompt, places = network.msti, network.prompts["taxi_pick"], network.coordinates("taxi_pick")
    embedding, shape = msti.embedding, inputs.scaled.shape  # [batch, step, node]
    tod, weekday = inputs.slot[:, :12] / 48, inputs.weekday[:, :12]
    channels = [inputs.scaled, tod[..., None].expand(shape), weekday[..., None].float().expand(shape)]
    times = [embedding.calendar(inputs.calendar), embedding.time_of_day.weight[inputs.slot[:, :12]], embedding.weekday.weight[weekday]]
    o = embedding.observation(torch.stack(channels, -1))
    s = embedding.space(places).expand(*shape, -1)
    t = embedding.time(torch.cat(times, -1))[:, :, None].expand(*shape, -1)
    p = prompt.expand(*shape, -1)

    def along_time(layer, a, b):
        return layer(a.transpose(1, 2), b.transpose(1, 2)).transpose(1, 2)

    o = along_time(msti.time_asks_observation, t, o)
    t = along_time(msti.observation_asks_time, o, t)
    o = msti.space_asks_observation(s, o)
    s = msti.observation_asks_space(o, s)
    h = torch.cat([o, s, t, p], -1)
    for layer in msti.temporal:
        h = along_time(layer, h, h)
    for layer in msti.spatial:
        h = layer(h, h)
    flat = torch.stack([torch.cat([h[:, step, node] for step in range(12)], -1) for node in range(7)], 1)  # step-major
    torch.testing.assert_close(network(inputs), msti.head(flat).transpose(1, 2), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("which", ["asking", "asked"])
def test_an_axis_of_length_one_stands_for_equal_entries(which):
    torch.manual_seed(1)
    layer = Interaction(5, 8, 6, 2, 16, 0.1).eval()
    a, b = torch.randn(3, 1 if which == "asking" else 4, 9, 5), torch.randn(3, 1 if which == "asked" else 4, 9, 8)
    torch.testing.assert_close(layer(a, b), layer(a.expand(3, 4, 9, 5), b.expand(3, 4, 9, 8)))


def test_coordinates_span_zero_to_one_over_the_nodes_of_all_tasks(make_problem):
    problem = make_problem(nodes=9, tasks=("a", "b"))
    few = replace(problem.tasks["b"], coordinates=problem.tasks["b"].coordinates[:4])
    network = CMuST(CMuSTOptions(**NARROW), replace(problem, tasks={"a": problem.tasks["a"], "b": few})).network
    assert network.coordinates("a").amin() == 0
    assert torch.equal(network.coordinates("a").amax(0), torch.ones(2))
    assert torch.equal(network.coordinates("b"), network.coordinates("a")[:4])  # the same place has the same numbers in each task
    assert network.coordinates("b")[:, 1].abs().max() == 0


def test_it_overfits_a_few_windows(make_problem):
    torch.manual_seed(0)
    problem = make_problem(nodes=8, steps=116).only
    problem = replace(problem, validation=problem.train)  # the best weights are those that fit best
    assert len(problem.train) == 64
    options = CMuSTOptions(**{**NARROW, "observation_width": 16, "self_width": 32, "feed_forward_width": 32}, dropout=0.0)
    network = CMuST(options, ForecastProblem(12, 12, {"taxi_pick": problem})).network
    run = RunContext(0, torch.device("cpu"), Budget(epochs=15, patience=30, validation_windows=16))
    network.prompts["taxi_pick"].data = summary_prompts({"taxi_pick": problem}, 12, 8, run)["taxi_pick"]
    start(network, problem, options, run)  # 60 steps
    inputs, targets = problem.train.inputs(torch.arange(64)), problem.train.targets(torch.arange(64))
    error = (problem.scaler.unscale(network(inputs)) - targets.values).abs().mean()
    persistence = (inputs.values[:, -1:] - targets.values).abs().mean()
    assert error < 0.45 * persistence  # 9.4; the Poisson noise alone is about 3.3


def test_a_short_fit_still_ends_where_it_did_before_there_were_profiles(make_problem):
    """Golden numbers of commit a403509 (torch 2.13, CPU), to the rounding that other products of the same sums bring."""
    torch.manual_seed(0)
    method = CMuST(CMuSTOptions(observation_width=4, space_width=2, time_of_day_width=2, weekday_width=2, calendar_width=2, prompt_width=4,
                                cross_width=4, self_width=8, heads=2, feed_forward_width=8), make_problem(nodes=5, tasks=("a", "b", "c")))
    method.fit(RunContext(0, torch.device("cpu"), Budget(2, 30, 32, 4)))
    made = {task: method.predict(one.validation.inputs(torch.arange(5))) for task, one in method.problem.tasks.items()}
    golden = {
        "a": [17.81041, 21.47623, 17.33036, 16.01998, 16.08748],
        "b": [24.35086, 19.60341, 20.25015, 21.41113, 18.4222],
        "c": [17.92962, 19.39641, 19.34245, 18.53961, 18.14592],
    }
    for task, numbers in golden.items():
        torch.testing.assert_close(made[task][0, 0], torch.tensor(numbers), rtol=0, atol=1e-3)
    assert len(method.state_dict()) == 3 * 141
