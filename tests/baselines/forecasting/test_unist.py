"""UniST against its card, against a plain reference, and against its traps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from made.cuda import assert_same_on_cuda, needs_cuda
from plain.unist import plain_auto_encoder

from baselines.forecasting.unist.embedding import unpatchify
from baselines.forecasting.unist.masks import kept_tokens
from baselines.forecasting.unist.method import UniST
from baselines.forecasting.unist.network import UniSTNetwork
from baselines.forecasting.unist.options import UniSTOptions
from benchmark import Asks, RunContext, UserError
from benchmark.contract import Budget
from benchmark.families import forecasting_protocol
from benchmark.forecasting.posing import held_out_windows, pose
from benchmark.options import resolve
from benchmark.testing.forecasting import tiny_city

SMALL = {"width": 16, "encoder_layers": 2, "decoder_layers": 2, "encoder_heads": 4, "decoder_heads": 2, "space_memory": 12,
         "time_memory": 10, "batch_size": 16}
# the authors' sizes: width, layers of encoder and decoder, heads of each
SIZES = {"1": (64, 2, 2, 4, 2), "3": (128, 4, 3, 8, 4), "middle": (128, 6, 4, 8, 4), "5": (256, 4, 4, 8, 8), "7": (256, 12, 10, 16, 16),
         "large": (384, 6, 6, 8, 8)}
TINY = Budget(epochs=1, patience=30, epoch_windows=16, validation_windows=8)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.fixture
def with_past(make_problem):
    """A problem whose windows show three days before them."""
    def make(**about):
        problem = make_problem(**{"steps": 8 * 48, **about})
        tasks = {task: replace(one, train=replace(one.train, past=3 * one.steps_per_day)) for task, one in problem.tasks.items()}
        return replace(problem, tasks=tasks)

    return make


@pytest.fixture(scope="module")
def posed(tmp_path_factory):
    """Two tasks of a city with gaps, whose windows show three days before them, and those of the test part."""
    city = tiny_city(tmp_path_factory.mktemp("unist") / "city")
    strict = forecasting_protocol("strict")
    return pose(city, city.tasks, strict, Asks(past_days=3)), held_out_windows(city, "taxi_pick", strict, 3)


def small(**options) -> UniSTOptions:
    return resolve(UniSTOptions, {**SMALL, **options}, "unist")


def built(problem, **options) -> UniSTNetwork:
    """A network whose zero biases and equal layers are made different, so that nothing hides behind them."""
    network = UniSTNetwork(problem, small(**options)).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return network


def fit(problem, budget=TINY, **options):
    torch.manual_seed(0)
    method, run = UniST(small(**options), problem), RunContext(0, torch.device("cpu"), budget)
    method.fit(run)
    return method, run


def dead(width: int) -> int:
    """Weights of the authors' network that do nothing: four position tables, a second embedding of 24 slots with its convolutions."""
    return 2 * (1024 + 50) * width + (24 + 7) * width + 2 * width**2 + width + 9 * width


@pytest.mark.parametrize(("size", "bare", "prompted"), [
    ("middle", 1_730_056, 2_317_320), ("1", 307_848, 527_752), ("3", 1_332_616, 1_919_880), ("5", 5_256_712, 7_021_064),
    ("7", 12_636_168, 14_400_520), ("large", 16_110_344, 19_641_608)])
def test_parameter_counts_are_the_authors_without_their_dead_weights(size, bare, prompted, make_problem):
    names = ("width", "encoder_layers", "decoder_layers", "encoder_heads", "decoder_heads")
    sizes, problem = dict(zip(names, SIZES[size], strict=True)), make_problem(nodes=2, steps=60, history=6, horizon=6)
    assert dead(128) == 312_960
    for expected, prompts in ((bare, ()), (prompted, ("space", "closeness", "period"))):
        network = UniSTNetwork(problem, UniSTOptions(**sizes, prompts=prompts))
        assert sum(p.numel() for p in network.parameters()) == expected - dead(sizes["width"])


def test_the_default_has_the_count_of_a_clean_version_whatever_the_nodes(make_problem):
    for nodes in (5, 40):
        network = UniSTNetwork(make_problem(nodes=nodes, steps=60), UniSTOptions())
        assert sum(p.numel() for p in network.parameters()) == 2_344_200 - 312_960


def test_the_forecast_and_its_gradients_equal_the_plain_form(with_past):
    problem = with_past(nodes=11, missing=0.1)
    network, train = built(problem), problem.only.train
    starts = torch.tensor([3, 40, 77])
    inputs = train.inputs(starts)
    predicted = network(inputs)
    future = torch.randn(3, 12, 11)  # any: it is hidden
    frames = network.grid(torch.cat([inputs.scaled, future], dim=1), "taxi_pick")
    rows, columns = frames.shape[2:]
    rows_before = train.past + starts[:, None] + 12 + torch.arange(12)
    period = torch.stack([network.grid(torch.where(train.observed[at], train.scaler.scale(train.values[at]),
                                                   inputs.scaled.mean(dim=1, keepdim=True)), "taxi_pick")
                          for at in (rows_before - 48 * day for day in (1, 2, 3))], dim=1)
    kept = torch.arange(6 * rows * columns // 4).expand(3, -1)
    every = plain_auto_encoder(network, frames, inputs.slot, inputs.weekday, kept, period)
    made = unpatchify(every.unflatten(1, (12, -1)), rows, columns, 2, 2).flatten(2)[:, 12:, network.layouts[0].cell]
    least, largest = network.bounds[0]
    expected = (made + 1) / 2 * (largest - least) + least
    torch.testing.assert_close(predicted, expected, atol=1e-5, rtol=1e-5)
    weights, cotangent = list(network.parameters()), torch.randn_like(predicted)
    torch.testing.assert_close(torch.autograd.grad(predicted, weights, cotangent), torch.autograd.grad(expected, weights, cotangent),
                               atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("mask", ["random", "temporal", "tube", "block"])
def test_reconstruction_equals_the_plain_form(mask, make_problem):
    problem = make_problem(nodes=12)
    network, train = built(problem), problem.only.train
    starts = torch.tensor([0, 50])
    inputs, future = train.inputs(starts), train.targets(starts).scaled(train.scaler)
    kept = kept_tokens(mask, 2, 12, 4, 0.5, torch.Generator().manual_seed(1))
    made, hidden = network.reconstruct(inputs, future, kept)
    frames = network.grid(torch.cat([inputs.scaled, future], dim=1), "taxi_pick")
    rows, columns = frames.shape[2:]
    every = plain_auto_encoder(network, frames, inputs.slot, inputs.weekday, kept)
    least, largest = network.bounds[0]
    cell = network.layouts[0].cell
    expected = (unpatchify(every.unflatten(1, (12, -1)), rows, columns, 2, 2).flatten(2)[..., cell] + 1) / 2 * (largest - least) + least
    torch.testing.assert_close(made, expected, atol=1e-5, rtol=1e-5)
    token = (torch.arange(24)[:, None] // 2 * 4) + (cell // columns // 2 * (columns // 2) + cell % columns // 2)
    for k in range(2):
        assert torch.equal(hidden[k], ~torch.isin(token, kept[k]))
    for one in (0, 1):  # what is hidden is not seen
        other = torch.where(hidden, 9.0, torch.cat([inputs.scaled, future], dim=1))
        again, _ = network.reconstruct(replace(inputs, scaled=other[:, :12]), other[:, 12:], kept)
        assert torch.equal(again[one], made[one])


def test_the_forecast_does_not_depend_on_the_future_not_even_through_prompts(with_past):
    for about in ({}, {"steps_per_day": 12, "steps": 140}):  # a day as short as the horizon: yesterday's hours begin in the window
        problem = with_past(**about)
        network, train = built(problem), problem.only.train
        shown = torch.arange(len(train.values))[:, None] < train.past + 5 + 12
        other = replace(train, values=torch.where(shown, train.values, 1e6))
        starts = torch.tensor([5])
        assert torch.equal(network(train.inputs(starts)), network(other.inputs(starts)))


def test_the_period_is_the_same_hours_of_the_three_days_before(with_past):
    problem = with_past(nodes=4)
    network, train = built(problem), problem.only.train
    seen = []
    network.prompts.period = lambda days: seen.append(days) or 0
    starts = torch.tensor([7, 30])
    inputs = train.inputs(starts)
    network(inputs)
    asked = train.past + starts[:, None] + 12 + torch.arange(12)
    for day in (1, 2, 3):
        rows = asked - day * 48
        assert torch.equal(train.slot[rows], inputs.slot[:, 12:])
        tokens = network.patches(network.grid(train.scaler.scale(train.values[rows]), "taxi_pick"))
        torch.testing.assert_close(seen[0][:, day - 1], tokens)


def test_a_day_that_is_missing_is_the_mean_of_the_window(with_past):
    problem = with_past(nodes=4)
    train = problem.only.train
    train = replace(train, observed=train.observed & (torch.arange(len(train.values))[:, None] >= train.past))
    network, seen = built(problem), []
    network.prompts.period = lambda days: seen.append(days) or 0
    inputs = train.inputs(torch.tensor([0]))
    network(inputs)
    mean = network.grid(inputs.scaled.mean(dim=1, keepdim=True).expand(-1, 12, -1), "taxi_pick")
    torch.testing.assert_close(seen[0], network.patches(mean)[:, None].expand(-1, 3, -1, -1, -1))


def test_values_are_scaled_by_the_training_rows_alone_and_a_gap_is_their_mean(posed):
    problem, _ = posed
    network = UniSTNetwork(problem, small())
    for task, one in problem.tasks.items():
        seen = one.train.values[one.train.past:][one.train.observed[one.train.past:]]
        ends = network.grid(one.scaler.scale(torch.tensor([seen.min(), seen.max()]))[:, None, None].expand(-1, 1, 8), task)
        torch.testing.assert_close(ends.flatten(1).mean(dim=1), torch.tensor([-1.0, 1.0]))  # eight nodes on eight cells
        mean = network.grid(torch.zeros(1, 1, 8), task)  # unobserved
        torch.testing.assert_close(mean.mean(), 2 * (one.scaler.mean - seen.min()) / (seen.max() - seen.min()) - 1)
    validation = {task: replace(one, validation=replace(one.validation, values=one.validation.values * 100))
                  for task, one in problem.tasks.items()}
    assert torch.equal(UniSTNetwork(replace(problem, tasks=validation), small()).bounds, network.bounds)


def test_a_forecast_may_leave_the_range_of_the_training_rows(with_past):
    problem = with_past()
    method = UniST(small(), problem)
    with torch.no_grad():
        method.network.head[-1].bias.fill_(3.0)
    assert method.predict(problem.only.train.inputs(torch.arange(2))).min() > problem.only.train.values.max()


def test_attention_is_over_all_frames_and_places_and_its_answer_moves_not_with_the_clock(with_past):
    problem = with_past()
    network, train = built(problem), problem.only.train
    scaled = train.inputs(torch.arange(1)).scaled.requires_grad_()
    inputs = replace(train.inputs(torch.arange(1)), scaled=scaled)
    (gradient,) = torch.autograd.grad(network(inputs)[0, 0, 0], scaled)
    assert gradient.all()
    tokens = torch.randn(1, 12, 16, requires_grad=True)
    (gradient,) = torch.autograd.grad(network.encode(tokens)[0, 0].sum(), tokens)
    assert gradient.any(dim=-1).all()  # the first token sees the later ones
    later = replace(inputs, slot=(inputs.slot + 2) % 48)
    assert not torch.allclose(network(later), network(inputs), atol=1e-4)


def test_every_parameter_is_trained_by_one_of_the_stages(posed):
    problem, _ = posed
    network = UniSTNetwork(problem, small())
    for one in problem.tasks.values():
        starts = torch.arange(0, 300, 6)
        inputs, targets = one.train.inputs(starts), one.train.targets(starts)
        (network(inputs) - targets.scaled(one.scaler)).square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.any(), name
    for parameter in network.parameters():
        parameter.grad = None
    network.reconstruct(inputs, targets.scaled(one.scaler), kept_tokens("random", 50, 12, 2, 0.5, torch.Generator()))[0].sum().backward()
    assert [name for name, p in network.named_parameters() if p.grad is None and not name.startswith("prompts.")] == []
    assert all(p.grad is None for p in network.prompts.parameters())  # they are of the second stage


def test_both_layers_over_time_begin_alike(make_problem):
    network = UniSTNetwork(make_problem(), small())
    days = network.prompts.over_days.state_dict()
    assert all(torch.equal(tensor, days[name]) for name, tensor in network.prompts.over_frames.state_dict().items())


def test_any_prompts_may_be_chosen_and_only_the_period_asks_for_days(make_problem):
    assert UniST.asks(UniSTOptions()) == Asks(past_days=3)
    assert UniST.asks(UniSTOptions(prompts=("space", "closeness"))) == Asks()
    inputs = make_problem().only.train.inputs(torch.arange(2))
    for prompts in ((), ("space",), ("closeness",), ("closeness", "space")):
        network = built(make_problem(), prompts=prompts)
        assert network(inputs).shape == (2, 12, 8)


def test_two_stages_on_all_tasks_are_noted_and_chosen_by_validation_errors_in_standard_deviations(posed):
    problem, _ = posed
    method, run = fit(problem, Budget(2, 30, 32, None))
    notes = run.notes["unist"]["stages"]
    assert [(note["stage"], note["task"]) for note in notes] == [
        ("pretrain", "taxi_drop,taxi_pick"), ("tune", "taxi_drop"), ("tune", "taxi_pick")]
    assert all(note["steps"] == 2 * 2 * 2 for note in notes)  # two epochs of 32 windows of each of two tasks
    said = []
    for note in notes[1:]:
        one = problem.tasks[note["task"]]
        starts = torch.arange(len(one.validation))
        targets = one.validation.targets(starts)
        error = (method.predict(one.validation.inputs(starts)) - targets.values)[targets.counted].abs().mean()
        assert note["validation_mae"] == pytest.approx(float(error), rel=1e-4)
        said.append(float(error) / one.scaler.std)
    tuned = [epoch for epoch in run.history if epoch["stage"] == "tune"]
    assert min(epoch["validation_loss"] for epoch in tuned) == pytest.approx(np.mean(said), rel=1e-4)


def test_entries_that_were_not_observed_are_outside_both_losses(posed):
    problem, _ = posed

    def filled(one):
        return replace(one, train=replace(one.train, values=torch.where(one.train.observed, one.train.values, 1e6)))

    other = replace(problem, tasks={task: filled(one) for task, one in problem.tasks.items()})
    histories = [[epoch["train_loss"] for epoch in fit(each)[1].history] for each in (problem, other)]
    assert histories[0] == histories[1]


def test_a_frozen_backbone_is_tuned_by_its_prompts_alone(posed):
    problem, _ = posed
    torch.manual_seed(0)
    before = {name: tensor.clone() for name, tensor in UniST(small(), problem).state_dict().items()}
    method, run = fit(problem, freeze_backbone=True, pretraining_epochs=0)
    assert {note["stage"] for note in run.notes["unist"]["stages"]} == {"tune"}
    moved = {name for name, tensor in method.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved == {name for name in before if name.startswith("prompts.")}
    assert all(p.requires_grad for p in method.network.parameters())


def test_batches_are_of_one_task_shuffled_anew_unless_they_are_fixed(posed):
    problem, _ = posed

    def epochs(**options):
        method, run = UniST(small(**options), problem), RunContext(0, torch.device("cpu"), Budget(1, 1, 40))
        order, every = run.generator("x"), method._windows("train", run)
        return [[(task, starts.tolist()) for task, starts in method._drawn(every, method.options.tuning_share, run, None, order)]
                for _ in range(2)]

    first, second = epochs()
    assert first != second
    assert sorted(len(starts) for _, starts in first) == [8, 8, 16, 16, 16, 16]
    assert {task for task, _ in first} == set(problem.tasks)
    first, second = epochs(fixed_batches=True)
    assert first == second
    few, _ = epochs(tuning_share=0.05)
    assert {start for _, starts in few for start in starts} == set(range(int(0.05 * len(problem.tasks["taxi_pick"].train))))


def test_the_rate_rises_over_five_of_two_hundred_epochs_and_falls_along_a_cosine(make_problem):
    method = UniST(small(), make_problem())
    assert [method.rate(epoch, 200) for epoch in (1, 2, 5, 6)] == pytest.approx([6e-5, 1.2e-4, 3e-4, 3e-4])
    rates = [method.rate(epoch, 200) for epoch in range(6, 202)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(1e-5)
    assert method.rate(1, 6) <= 3e-4
    assert UniST(small(milestones=(3,), decay=0.5, warm_up=0.0, last_rate=0.0), make_problem()).rate(4, 6) == pytest.approx(7.5e-5)


def test_tasks_may_have_other_nodes_and_another_clock(with_past):
    one = with_past(tasks=("a",), nodes=8).tasks["a"]
    other = with_past(tasks=("b",), nodes=5, steps_per_day=24, steps=8 * 24).tasks["b"]
    problem = replace(with_past(), tasks={"b": other, "a": one})
    network = built(problem)
    assert network.times.slot.shape == (48, 16)
    assert network(one.train.inputs(torch.arange(2))).shape == (2, 12, 8)
    inputs = other.train.inputs(torch.arange(2))
    assert network(inputs).shape == (2, 12, 5)
    times = network.times(inputs.slot, inputs.weekday, 24)
    assert torch.equal(times, network.times(2 * inputs.slot, inputs.weekday, 48))  # the same hour


def test_it_declines_what_is_no_whole_number_of_patches_or_longer_than_a_day(make_problem):
    assert "whole patches of time" in UniST.declines(UniSTOptions(), make_problem(history=11))
    assert "at most a day" in UniST.declines(UniSTOptions(), make_problem(steps_per_day=6))
    assert UniST.declines(UniSTOptions(), make_problem()) is None
    assert UniST.declines(UniSTOptions(), replace(make_problem(), arrival="after")) is not None


@pytest.mark.parametrize(("given", "sentence"), [
    ({"width": 30}, "width is a multiple of 4"), ({"decoder_heads": 3}, "must divide the width, 16, got 3"),
    ({"prompts": "space,space"}, "each of its parts once"), ({"prompts": "", "freeze_backbone": "true"}, "trains the prompts alone")])
def test_options_that_do_not_go_together_are_a_sentence(given, sentence):
    with pytest.raises(UserError, match=sentence):
        small(**given)


def test_no_weights_between_all_tokens_or_memories_are_kept_for_the_backward_pass(with_past):
    problem = with_past(nodes=40)
    network, shapes = built(problem, space_memory=33).train(), []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        shapes.append(tuple(tensor.shape))
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network(problem.only.train.inputs(torch.arange(2)))
    tokens = 12 * network.layouts[0].rows * network.layouts[0].columns // 4
    assert shapes
    assert not [shape for shape in shapes if shape[-2:] in ((tokens, tokens), (tokens // 2, tokens // 2)) or shape[-1:] == (33,)]


def test_dropout_acts_in_training_alone(with_past):
    problem = with_past()
    network, inputs = built(problem), problem.only.train.inputs(torch.arange(3))
    assert torch.equal(network(inputs), network(inputs))
    network.train()
    assert not torch.equal(network(inputs), network(inputs))


@needs_cuda
def test_it_computes_the_same_on_cuda(with_past):
    problem = with_past()
    network, inputs = built(problem), problem.only.train.inputs(torch.arange(4))
    assert_same_on_cuda(network, inputs)
