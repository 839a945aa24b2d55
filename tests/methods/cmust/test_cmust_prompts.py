"""Prompts: what they summarise, and what they may not see."""

from dataclasses import replace

import pytest
import torch

from benchmark.contract import Budget, RunContext
from methods.cmust import prompts
from methods.cmust.method import CMuST
from methods.cmust.options import CMuSTOptions
from methods.cmust.prompts import initial, mean_day, summarise, summary_prompts, whole_day


def context(seed=0):
    return RunContext(seed, torch.device("cpu"), Budget(1, 30))


@pytest.fixture
def brief(monkeypatch):
    """Few steps, where only equality matters."""
    monkeypatch.setattr(prompts, "STEPS", 20)


def test_the_mean_day_is_the_scaled_mean_of_observed_training_entries(make_problem):
    problem = make_problem(nodes=3, missing=0.3).only
    rows = problem.train
    days = mean_day(problem)
    assert days.shape == (3, 48)
    for node, slot in ((0, 0), (1, 17), (2, 47)):
        seen = rows.values[(rows.slot == slot) & rows.observed[:, node], node]
        expected = problem.scaler.scale(seen.double().mean()) if len(seen) else 0.0
        assert days[node, slot].item() == pytest.approx(float(expected), abs=1e-5)


def test_a_slot_that_was_never_observed_is_the_training_mean(make_problem):
    problem = make_problem(nodes=3).only
    observed = problem.train.observed.clone()
    observed[problem.train.slot == 5, 1] = False
    days = mean_day(replace(problem, train=replace(problem.train, observed=observed)))
    assert days[1, 5] == 0
    assert (days[[0, 2], 5] != 0).all()


@pytest.mark.usefixtures("brief")
def test_validation_rows_leave_the_prompt_bit_identical_and_training_rows_do_not(make_problem):
    problem = make_problem(nodes=4).only

    def prompt(**parts):
        changed = {name: replace(part, values=part.values + 50) for name, part in parts.items()}
        return summary_prompts({"taxi_pick": replace(problem, **changed)}, 12, 8, context())["taxi_pick"]

    assert torch.equal(prompt(), prompt(validation=problem.validation))
    assert not torch.equal(prompt(), prompt(train=problem.train))


@pytest.mark.usefixtures("brief")
def test_a_seed_fixes_the_prompts_and_the_global_generator_is_left_alone(make_problem):
    tasks = make_problem(nodes=4).tasks
    state = torch.get_rng_state()
    first = summary_prompts(tasks, 12, 8, context())["taxi_pick"]
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(99)
    assert first.shape == (12, 4, 8)
    assert torch.equal(first, summary_prompts(tasks, 12, 8, context())["taxi_pick"])
    assert not torch.equal(first, summary_prompts(tasks, 12, 8, context(seed=1))["taxi_pick"])


@pytest.mark.usefixtures("brief")
def test_equal_nodes_have_equal_prompts_in_every_task(make_problem):
    problem = make_problem(nodes=4).only
    values = problem.train.values.clone()
    values[:, 1] = values[:, 0]
    twin = replace(problem, train=replace(problem.train, values=values))
    made = summary_prompts({"a": twin, "b": twin}, 12, 8, context())
    torch.testing.assert_close(made["a"][:, 0], made["a"][:, 1])
    assert (made["a"][:, 0] - made["a"][:, 2]).abs().max() > 1e-3
    assert torch.equal(made["a"], made["b"])


def test_the_summary_keeps_what_tells_nodes_apart(make_problem):
    days = mean_day(make_problem(nodes=8, steps=480).only)
    summary = summarise(days, context().generator("test"))
    assert summary.shape == (8, prompts.SUMMARY_WIDTH)
    assert ((summary > 0) & (summary < 1)).all()
    design = torch.cat([summary, torch.ones(8, 1)], 1).double()
    rest = days.double() - design @ torch.linalg.lstsq(design, days.double(), driver="gelsd").solution
    assert rest.square().mean() < 0.05 * days.var()


def test_an_unfitted_network_has_empty_prompts_and_a_fitted_one_the_summary(make_problem, monkeypatch):
    problem = make_problem(nodes=4)
    method = CMuST(CMuSTOptions(prompt_width=8), problem)
    assert not method.network.prompts["taxi_pick"].any()
    given = {}
    monkeypatch.setattr("methods.cmust.method.adapt", lambda network, *_: (
        given.update({task: prompt.detach().clone() for task, prompt in network.prompts.items()}) or method.refined, []))
    method.fit(context())
    assert torch.equal(given["taxi_pick"], summary_prompts(problem.tasks, 12, 8, context())["taxi_pick"])


def test_a_xavier_prompt_fills_the_bound_of_pytorch_s_fans_from_a_generator_of_its_own(make_problem):
    tasks, given = make_problem(nodes=206, tasks=("a", "b")).tasks, CMuSTOptions(prompt_init="xavier")
    state = torch.get_rng_state()
    made = initial(tasks, 12, given, context())
    assert torch.equal(torch.get_rng_state(), state)
    prompt, bound = made["a/prompt"], (6 / ((12 + 206) * 72)) ** 0.5
    assert prompt.shape == (12, 206, 72)
    assert bound == pytest.approx(0.0195, abs=1e-4)
    assert bound * 0.999 < prompt.abs().max() <= bound
    assert prompt.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)
    assert torch.equal(prompt, initial(tasks, 12, given, context())["a/prompt"])
    assert not torch.equal(prompt, made["b/prompt"])
    assert not torch.equal(prompt, initial(tasks, 12, given, context(seed=1))["a/prompt"])


def test_a_prompt_shipped_with_the_data_is_taken_as_it_is(make_problem):
    problem = make_problem(nodes=4).only
    shipped = torch.randn(12, 4, 8, dtype=torch.float64)
    given = CMuSTOptions(prompt_init="file", prompt_width=8)
    made = initial({"taxi_pick": replace(problem, extras={"prompt": shipped})}, 12, given, context())
    assert torch.equal(made["taxi_pick/prompt"], shipped.float())
    with pytest.raises(ValueError, match=r"needs a tensor 'prompt' of shape \(12, 4, 8\) .* 'taxi_pick', which has none; use another"):
        initial({"taxi_pick": problem}, 12, given, context())
    with pytest.raises(ValueError, match=r"has shape \(12, 4, 8\); prompt_init=file needs \(12, 4, 9\)"):
        initial({"taxi_pick": replace(problem, extras={"prompt": shipped})}, 12, replace(given, prompt_width=9), context())


def test_a_task_without_prompts_brings_nothing(make_problem):
    assert initial(make_problem(nodes=4).tasks, 12, CMuSTOptions(prompt_init="none"), context()) == {}


@pytest.mark.usefixtures("brief")
def test_a_summary_of_all_days_uses_the_whole_series_and_says_where_it_may(make_problem):
    problem = make_problem(nodes=4).only
    day = torch.rand(48, 4) * 30
    shown = replace(problem, whole_day=day)
    torch.testing.assert_close(whole_day(shown), problem.scaler.scale(day).T)
    train, every = CMuSTOptions(prompt_width=8), CMuSTOptions(prompt_width=8, prompt_fit="all")
    made = [initial({"taxi_pick": shown}, 12, given, context())["taxi_pick/prompt"] for given in (train, every)]
    assert torch.equal(made[0], initial({"taxi_pick": problem}, 12, train, context())["taxi_pick/prompt"])
    assert not torch.equal(*made)
    with pytest.raises(ValueError, match=r"prompt_fit=all needs the mean day of the whole series.*--protocol paper"):
        initial({"taxi_pick": problem}, 12, every, context())


@pytest.mark.usefixtures("brief")
def test_summary_fc_keeps_the_summary_and_makes_the_prompt_from_it_in_each_pass(make_problem):
    problem = make_problem(nodes=4, tasks=("a", "b"))
    method = CMuST(CMuSTOptions(prompt_width=8, prompt_init="summary_fc"), problem)
    network = method.network
    given = initial(problem.tasks, 12, method.options, context())
    assert {name: tuple(summary.shape) for name, summary in given.items()} == {"a/summary": (4, 24), "b/summary": (4, 24)}
    for name, summary in given.items():
        network.own()[name].copy_(summary)
    weight, bias = network.msti.prompt_map.weight, network.msti.prompt_map.bias
    expected = (given["b/summary"] @ weight.T + bias).view(4, 12, 8).transpose(0, 1)
    torch.testing.assert_close(network.prompt("b"), expected)
    assert len(network.prompts) == 0
    assert not any("summary" in name for name, _ in network.named_parameters())
    network(problem.tasks["a"].train.inputs(torch.arange(2))).sum().backward()
    assert weight.grad.abs().max() > 0
    with torch.no_grad():
        weight.mul_(2)
    assert (network.prompt("b") - expected).abs().max() > 1e-2
