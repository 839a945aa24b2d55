"""RoAda: what each stage trains, what freezes, and what the method keeps of it."""

import json
import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmark.contract import Budget, RunContext
from methods.cmust import prompts
from methods.cmust.freezing import WeightBehaviour, tensor_all, whole
from methods.cmust.method import CMuST
from methods.cmust.options import CMuSTOptions
from methods.cmust.roada import adapt, close, frozen_share, refine, roll, roll_rate, start, weights

TINY = {"observation_width": 4, "space_width": 2, "time_of_day_width": 2, "weekday_width": 2, "calendar_width": 2, "prompt_width": 4,
        "cross_width": 4, "self_width": 8, "heads": 2, "feed_forward_width": 8}
BUDGET = Budget(epochs=2, patience=30, epoch_windows=32, validation_windows=4)


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    monkeypatch.setattr(prompts, "STEPS", 10)


def context(seed=0, budget=BUDGET):
    return RunContext(seed, torch.device("cpu"), budget)


def make(problem, seed=0, **options):
    torch.manual_seed(seed)
    return CMuST(CMuSTOptions(**TINY, **options), problem)


def masks(network, *names):
    """These shared tensors, frozen entirely."""
    return {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in network.msti.named_parameters() if name in names}


def changed(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


@pytest.fixture
def mixed(make_problem):
    """Two tasks with other nodes and other steps a day."""
    problem, other = make_problem(nodes=5, tasks=("a",)), make_problem(nodes=3, tasks=("b",), steps_per_day=24)
    return replace(problem, tasks={**problem.tasks, **other.tasks})


def test_stages_run_in_the_order_of_the_tasks_each_with_its_learning_rate(make_problem):
    method, run = make(make_problem(nodes=3, tasks=("b", "c", "a")), batch_size=8, milestones=(1,)), context()
    method.fit(run)
    notes = run.notes["cmust"]
    stages = [(stage["stage"], stage["task"]) for stage in notes["stages"]]
    assert notes["task_order"] == ["b", "c", "a"]
    assert stages == [("start", "b"), ("roll", "c"), ("roll", "a"), ("close", "b"), ("refine", "b"), ("refine", "c"), ("refine", "a")]
    slow = 1e-3  # 0.019 over 8 planned steps would be more
    assert [stage["learning_rate"] for stage in notes["stages"]] == [1e-3, slow, slow, slow, 1e-3, 1e-3, 1e-3]
    assert [line["stage"] for line in run.history] == [name for name, _ in stages for _ in range(2)]
    assert [line["learning_rate"] for line in run.history] == pytest.approx(
        [1e-3, 1e-4] + [slow] * 6 + [1e-3, 1e-4] * 3)  # B and C keep a constant rate
    assert json.loads(json.dumps(run.notes)) == run.notes


@pytest.mark.parametrize("tasks", ["a", "ab", "abcd"])
def test_every_stage_says_which_of_how_many_it_is(make_problem, tasks):
    seen = []
    run = replace(context(budget=Budget(1, 30, 8, 2)), progress=seen.append)
    make(make_problem(nodes=3, tasks=tuple(tasks))).fit(run)
    count = {1: 2, 2: 5, 4: 9}[len(tasks)]
    assert [(sign.number, sign.stages) for sign in seen] == [(number, count) for number in range(1, count + 1)]


def test_with_an_infinite_threshold_all_but_the_prompts_freezes_in_the_first_roll(make_problem):
    problem = make_problem(nodes=3, tasks=("a", "b", "c"))
    method, run = make(problem, stable_variance=math.inf), context()
    network = method.network
    start(network, problem.tasks["a"], method.options, run)
    frozen, report = roll(network, problem.tasks["b"], {}, method.options, run)
    assert whole(frozen) == set(dict(network.msti.named_parameters()))
    every = sum(weight.numel() for weight in network.msti.parameters())
    assert (report.frozen_tensors, report.frozen_weights, report.frozen_share) == (140, every, 1.0)
    common, prompt = weights(network), {task: prompt.detach().clone() for task, prompt in network.prompts.items()}
    frozen, _ = roll(network, problem.tasks["c"], frozen, method.options, run)
    frozen, _ = close(network, problem.tasks["a"], frozen, method.options, run)
    for task in problem.tasks.values():
        refine(network, task, common, frozen, method.options, run)
        assert changed(common, weights(network)) == set()
    assert changed(prompt, network.prompts) == {"a", "b", "c"}


def test_with_threshold_zero_nothing_freezes(mixed):
    method, run = make(mixed, stable_variance=0.0), context()
    method.fit(run)
    assert [stage["frozen_tensors"] for stage in run.notes["cmust"]["stages"]] == [0] * 5
    assert "warnings" not in run.notes


@pytest.mark.parametrize("threshold", [0.0, 1e-6, math.inf])
def test_the_prompt_of_the_task_in_training_never_freezes_and_other_prompts_rest(mixed, threshold):
    method, run = make(mixed, stable_variance=threshold), context()
    network, frozen = method.network, {}
    start(network, mixed.tasks["a"], method.options, run)
    for stage, task in ((roll, "b"), (close, "a"), (roll, "b")):
        before = {name: prompt.detach().clone() for name, prompt in network.prompts.items()}
        frozen, _ = stage(network, mixed.tasks[task], frozen, method.options, run)
        assert changed(before, network.prompts) == {task}
        assert not any("prompt" in name for name in frozen)


def test_frozen_tensors_are_bit_identical_between_stages_although_weight_decay_is_on(mixed):
    method, run = make(mixed, weight_decay=0.1), context()
    network, options = method.network, method.options
    start(network, mixed.tasks["a"], options, run)
    frozen = masks(network, "head.bias", "temporal.0.key.weight", "embedding.time_of_day.weight")
    before = weights(network)
    frozen, _ = roll(network, mixed.tasks["b"], frozen, replace(options, stable_variance=0.0), run)
    assert changed(before, weights(network)) == set(before) - set(frozen)
    frozen, _ = close(network, mixed.tasks["a"], frozen, replace(options, stable_variance=0.0), run)
    common = weights(network)
    assert changed(before, common) == set(before) - set(frozen)
    for task in mixed.tasks.values():
        refine(network, task, common, frozen, options, run)
        assert changed(before, weights(network)) == set(before) - set(frozen)


def test_freezing_is_permanent_and_adds_up(mixed):
    method, run = make(mixed), context()
    already = masks(method.network, "head.bias")
    frozen, report = roll(method.network, mixed.tasks["a"], already, replace(method.options, stable_variance=0.0), run)
    assert whole(frozen) == frozen.keys() == already.keys()
    share = method.network.msti.head.bias.numel() / sum(p.numel() for p in method.network.msti.parameters())
    assert report.frozen_share == frozen_share(method.network, frozen) == pytest.approx(share)


def test_refinement_starts_from_the_same_common_weights_for_every_task(mixed, monkeypatch):
    from methods.cmust import roada

    method, seen, real = make(mixed), {}, roada.train

    def watch(network, problem, *arguments, stage, **rest):
        result = None
        seen[stage, problem.task, "before"] = weights(network)
        result = real(network, problem, *arguments, stage=stage, **rest)
        seen[stage, problem.task, "after"] = weights(network)
        return result

    monkeypatch.setattr(roada, "train", watch)
    refined, _ = adapt(method.network, mixed.tasks, mixed.tasks, method.options, context())
    common = seen["close", "a", "after"]
    for task in ("a", "b"):
        assert changed(common, seen["refine", task, "before"]) == set()
        assert changed(refined[task], seen["refine", task, "after"]) == set()
    assert changed(refined["a"], refined["b"])


@given(st.integers(1, 12), st.floats(1e-9, 1e3), st.integers(0, 2**32 - 1))
def test_the_streamed_variance_equals_the_stacked_one(snapshots, spread, seed):
    rng = np.random.default_rng(seed)
    stack = torch.tensor(rng.normal(rng.normal(), spread, (snapshots, 3, 4)))
    behaviour = WeightBehaviour({"weight": stack[0]})
    for tensor in stack[1:]:
        behaviour.add({"weight": tensor})
    torch.testing.assert_close(behaviour.variance()["weight"], stack.var(0, correction=0), rtol=1e-12, atol=1e-12 * spread**2 + 1e-15)


def test_snapshots_are_taken_before_the_first_and_after_every_epoch(mixed, monkeypatch):
    taken = []
    monkeypatch.setattr(WeightBehaviour, "add", lambda self, tensors: taken.append({n: t.detach().clone() for n, t in tensors.items()}))
    monkeypatch.setattr(WeightBehaviour, "variance", lambda self: {})  # nothing freezes
    method = make(mixed)
    first = weights(method.network)
    roll(method.network, mixed.tasks["a"], masks(method.network, "head.bias"), method.options, context())
    assert len(taken) == 3
    assert changed(taken[0], first) == set()
    assert "head.bias" not in taken[0]
    assert changed(taken[1], taken[2])


def test_a_tensor_freezes_only_when_all_its_elements_vary_less_than_the_limit():
    assert tensor_all(torch.full((3,), 0.5), 1.0).tolist() == [True] * 3
    assert not tensor_all(torch.tensor([0.5, 0.5, 2.0]), 1.0).any()
    assert not tensor_all(torch.tensor([1.0]), 1.0).any()  # at the limit
    assert not tensor_all(torch.zeros(2), 0.0).any()  # never moved


@pytest.mark.parametrize(("epochs", "epoch_windows", "rate"), [
    (100, None, 0.019 / 1000),  # 157 windows, 10 steps an epoch
    (190, None, 1e-5),  # exactly ten epochs of the full recipe
    (4, 80, 0.019 / 20),
    (1, 16, 1e-3),  # at most the ordinary rate
])
def test_a_short_roll_raises_its_learning_rate(make_problem, epochs, epoch_windows, rate):
    problem = make_problem(nodes=2).only
    assert len(problem.train) == 157
    assert roll_rate(problem, CMuSTOptions(), context(budget=Budget(epochs, 30, epoch_windows))) == pytest.approx(rate)


def test_mostly_frozen_weights_are_a_warning_in_the_record(mixed):
    run = context()
    make(mixed, stable_variance=math.inf).fit(run)
    assert len(run.notes["warnings"]) == 1
    assert run.notes["warnings"][0].startswith("100% of the shared weights were frozen")


def test_stages_take_their_own_counts_but_never_more_than_the_run_s(mixed):
    run = context(budget=Budget(3, 30, 32, 4))
    method = make(mixed, start_epochs=9, start_windows=64, roll_epochs=2, roll_windows=16, refine_epochs=1, validation_windows=2)
    method.fit(run)
    assert [(stage["epochs"], stage["steps"]) for stage in run.notes["cmust"]["stages"]] == [(3, 6), (2, 2), (2, 2), (1, 2), (1, 2)]


def test_one_task_neither_rolls_nor_freezes(make_problem):
    run = context()
    make(make_problem(nodes=3), stable_variance=math.inf).fit(run)
    assert [(stage["stage"], stage["frozen_tensors"]) for stage in run.notes["cmust"]["stages"]] == [("start", 0), ("refine", 0)]


def predictions(method):
    return {task: method.predict(one.validation.inputs(torch.arange(5))) for task, one in method.problem.tasks.items()}


def test_tasks_with_other_nodes_and_steps_are_fitted_and_predicted_by_their_own_weights(mixed):
    method = make(mixed)
    method.fit(context())
    made = predictions(method)
    assert {task: tuple(tensor.shape) for task, tensor in made.items()} == {"a": (5, 12, 5), "b": (5, 12, 3)}
    method.refined["a"] = method.refined["b"]
    assert not torch.equal(made["a"], predictions(method)["a"])
    assert torch.equal(made["b"], predictions(method)["b"])


def test_a_seed_fixes_the_fit_bit_for_bit(mixed):
    fits = []
    for seed in (0, 0, 1):
        method = make(mixed, seed)
        method.fit(context(seed))
        fits.append(predictions(method))
    assert all(torch.equal(fits[0][task], fits[1][task]) for task in mixed.tasks)
    assert not any(torch.equal(fits[0][task], fits[2][task]) for task in mixed.tasks)


def test_a_state_gives_another_instance_the_same_predictions(mixed):
    method = make(mixed)
    method.fit(context())
    other = make(mixed, seed=5)
    other.load_state_dict(method.state_dict())
    made, again = predictions(method), predictions(other)
    assert all(torch.equal(made[task], again[task]) for task in mixed.tasks)
    assert all(isinstance(tensor, torch.Tensor) and not tensor.requires_grad for tensor in method.state_dict().values())
    copy = predictions(pickle.loads(pickle.dumps(method)))
    assert all(torch.equal(made[task], copy[task]) for task in mixed.tasks)


def test_a_state_of_another_problem_is_refused_with_a_sentence(mixed, make_problem):
    with pytest.raises(ValueError, match="not of an equal CMuST"):
        make(mixed).load_state_dict(make(make_problem(nodes=3)).state_dict())
