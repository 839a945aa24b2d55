"""What CMuST trains where a task comes after the others, or alone; and what it keeps for figures."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from made.notes import without_seconds

from benchmark.checkpoints import Checkpoints
from benchmark.contract import Budget, RunContext
from methods.cmust import prompts, roada
from methods.cmust.method import CMuST
from methods.cmust.options import CMuSTOptions
from methods.cmust.roada import weights

TINY = {"observation_width": 4, "space_width": 2, "time_of_day_width": 2, "weekday_width": 2, "calendar_width": 2, "prompt_width": 4,
        "cross_width": 4, "self_width": 8, "heads": 2, "feed_forward_width": 8, "batch_size": 8}


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    monkeypatch.setattr(prompts, "STEPS", 3)


def context(**more):
    return RunContext(0, torch.device("cpu"), Budget(epochs=2, patience=30, epoch_windows=8, validation_windows=2), **more)


def make(problem, **options):
    torch.manual_seed(0)
    return CMuST(CMuSTOptions(**TINY, **options), problem)


def stages(run):
    return [(stage["stage"], stage["task"]) for stage in run.notes["cmust"]["stages"]]


@pytest.fixture
def arriving(make_problem):
    """A problem of some tasks, of which the named one arrives in its way."""
    def made(tasks, target, arrival, nodes=3):
        return replace(make_problem(nodes=nodes, tasks=tuple(tasks)), targets=(target,), arrival=arrival)
    return made


def test_a_cold_start_learns_the_others_in_their_order_and_then_refines_the_target_alone(arriving):
    run = context()
    make(arriving("abcd", "b", "after")).fit(run)
    assert stages(run) == [("start", "a"), ("roll", "c"), ("roll", "d"), ("close", "a"), ("refine", "b")]
    assert run.notes["cmust"]["task_order"] == ["a", "b", "c", "d"]
    seen = []
    make(arriving("abcd", "b", "after"), task_order=("d", "b", "a", "c")).fit(run := context(progress=seen.append))
    assert stages(run) == [("start", "d"), ("roll", "a"), ("roll", "c"), ("close", "d"), ("refine", "b")]
    assert [(sign.number, sign.stages) for sign in seen] == [(number, 5) for number in range(1, 6) for _ in range(2)]


def test_the_prompt_of_a_cold_start_is_fresh_and_what_was_frozen_stays_so(arriving, monkeypatch):
    seen, real = {}, roada.refine

    def watch(network, problem, common, frozen, options, run):
        seen.update(prompt=network.prompts["b"].detach().clone(), common=common, frozen=frozen)
        return real(network, problem, common, frozen, options, run)

    monkeypatch.setattr(roada, "refine", watch)
    method = make(arriving("abc", "b", "after"), stable_variance=math.inf)
    method.fit(context())
    fresh = prompts.initial(method.problem.tasks, 12, method.options, context())["b/prompt"]
    assert torch.equal(seen["prompt"], fresh)
    assert not torch.equal(method.network.prompts["b"], fresh)
    assert len(seen["frozen"]) == 140
    assert all(torch.equal(weight, seen["common"][name]) for name, weight in method.refined["b"].items())


def test_with_one_other_task_a_cold_start_neither_rolls_nor_freezes(arriving):
    run = context()
    make(arriving("ab", "a", "after"), stable_variance=math.inf).fit(run)
    assert stages(run) == [("start", "b"), ("refine", "a")]
    assert [stage["frozen_tensors"] for stage in run.notes["cmust"]["stages"]] == [0, 0]


def test_a_single_task_is_stage_a_alone_and_as_stage_a_of_a_fit_that_begins_with_it(arriving, make_problem):
    run = context()
    method = make(arriving("a", "a", "alone"))
    method.fit(run)
    assert stages(run) == [("start", "a")]
    assert all(torch.equal(weight, weights(method.network)[name]) for name, weight in method.refined["a"].items())
    longer = context()
    make(make_problem(nodes=3, tasks=("a",))).fit(longer)
    assert without_seconds(longer.notes["cmust"]["stages"][0]) == without_seconds(run.notes["cmust"]["stages"][0])
    assert stages(longer) == [("start", "a"), ("refine", "a")]


def test_beside_a_target_all_tasks_are_learnt_and_the_target_alone_is_refined_as_it_would_be_among_all(arriving, make_problem):
    alone, among = context(), context()
    method = make(arriving("ab", "a", "together"))
    method.fit(alone)
    whole = make(make_problem(nodes=3, tasks=("a", "b")))
    whole.fit(among)
    assert stages(alone) == [("start", "a"), ("roll", "b"), ("close", "a"), ("refine", "a")]
    assert set(method.refined) == {"a"}
    assert all(torch.equal(weight, whole.refined["a"][name]) for name, weight in method.refined["a"].items())
    assert method.parameter_count() == whole.parameter_count()


def test_cmust_declines_a_task_that_comes_after_no_others_and_nothing_else(arriving):
    cls, options = CMuST, CMuSTOptions(**TINY)
    assert "none comes after" in cls.declines(options, arriving("a", "a", "after"))
    for tasks, arrival in (("ab", "after"), ("a", "alone"), ("a", "together"), ("ab", "together")):
        assert cls.declines(options, arriving(tasks, "a", arrival)) is None


class Killed(Exception):
    """Stands for a kill between two epochs."""


def test_a_cold_start_broken_off_after_each_epoch_and_resumed_ends_in_the_same_bits_and_its_seconds_add_up(arriving, tmp_path):
    problem = arriving("abc", "b", "after")

    def fitted(checkpoints, stop_after=None):
        seen = []

        def progress(sign):
            seen.append(sign)
            if len(seen) == stop_after:
                raise Killed

        method, run = make(problem, stable_variance=2e-7), context(progress=progress, checkpoints=checkpoints, keeps_arrays=True)
        method.fit(run)
        return method, run, len(seen)

    whole, run, epochs = fitted(None)
    assert epochs == 8  # A, B, C, D of two epochs each
    for epoch in (1, 4, 7, 8):
        checkpoints = Checkpoints(tmp_path / str(epoch))
        with pytest.raises(Killed):
            fitted(checkpoints, epoch)
        again, resumed, trained = fitted(checkpoints)
        assert trained == epochs - epoch
        assert all(torch.equal(tensor, again.state_dict()[name]) for name, tensor in whole.state_dict().items())
        assert without_seconds(resumed.notes) == without_seconds(run.notes)
        assert list(resumed.arrays) == list(run.arrays)
        assert all(np.array_equal(run.arrays[name], resumed.arrays[name]) for name in run.arrays)
        for stage in resumed.notes["cmust"]["stages"]:
            spent = [line["seconds"] for line in resumed.history if (line["stage"], line["task"]) == (stage["stage"], stage["task"])]
            assert stage["seconds"] == pytest.approx(sum(spent), abs=2e-3)
            assert stage["best_seconds"] == pytest.approx(sum(spent[:stage["best_epoch"]]), abs=2e-3)


def test_maps_of_every_stage_are_kept_where_they_are_asked_for_and_change_nothing_of_the_fit(make_problem):
    problem, plain, kept = make_problem(nodes=5, tasks=("a", "b")), context(), context(keeps_arrays=True)
    one = make(problem)
    one.fit(plain)
    other = make(problem)
    other.fit(kept)
    assert plain.arrays == {}
    assert all(torch.equal(tensor, other.state_dict()[name]) for name, tensor in one.state_dict().items())
    layers = ("time_cross", "space_cross", "time_self", "space_self")
    assert list(kept.arrays) == [f"{k + 1}.{stage}.{task}.{layer}" for k, (stage, task) in enumerate(stages(kept)) for layer in layers]
    for name, array in kept.arrays.items():
        length = 12 if ".time_" in name else 5
        assert (array.shape, array.dtype) == ((length, length), np.float32)
        assert np.allclose(array.sum(axis=1), 1, atol=1e-5)


def test_a_kept_map_is_the_mean_of_the_maps_of_eight_validation_windows(make_problem):
    problem, run = make_problem(nodes=4, tasks=("a",)), context(keeps_arrays=True)
    method = make(replace(problem, arrival="alone"))
    method.fit(run)
    windows = problem.tasks["a"].validation
    starts = [round(k * (len(windows) - 1) / 7) for k in range(8)]
    sums = 0
    with torch.no_grad():
        for start in starts:
            _, maps = method.network.eval()(windows.inputs(torch.tensor([start])), return_attention=True)
            sums = sums + maps["space_self"].double().mean(dim=(0, 1, 2))
    assert np.allclose(run.arrays["1.start.a.space_self"], sums / 8, atol=1e-6)
