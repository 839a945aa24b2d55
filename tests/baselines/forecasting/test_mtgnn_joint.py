"""One MTGNN for all tasks: what it reads, what it minimises, what it is chosen by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from baselines.forecasting.mtgnn import MTGNNNetwork, MTGNNOptions
from baselines.forecasting.mtgnn_joint import JointNetwork, MTGNNJoint, MTGNNJointOptions
from benchmark import Asks, RunContext
from benchmark.contract import Budget
from benchmark.families import FORECASTING, forecasting_protocol
from benchmark.forecasting.posing import pose, pose_under, side_by_side
from benchmark.forecasting.scenarios import under
from benchmark.options import resolve
from benchmark.testing.forecasting import tiny_city

TASKS = ("in", "out", "speed")


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@pytest.fixture
def problem(make_problem):
    return side_by_side(make_problem(tasks=TASKS, missing=0.1))


def small(**options) -> MTGNNJointOptions:
    return resolve(MTGNNJointOptions, {**MTGNNJoint.presets["smoke"], **options}, "mtgnn_joint")


def test_the_channels_are_the_values_of_all_tasks_and_the_clock(problem):
    network = MTGNNJoint(small(), problem).network
    seen = []
    network.answer = lambda x: seen.append(x) or torch.zeros(2, 36, 8)
    starts = torch.arange(2)
    for task in TASKS:
        network(problem.tasks[task].train.inputs(starts))
    x = seen[0]
    assert x.shape == (2, 12, 8, 5)
    assert all(torch.equal(x, other) for other in seen)  # whichever task asks
    for k, task in enumerate(TASKS):
        assert torch.equal(x[..., k], problem.tasks[task].train.inputs(starts).scaled)
    assert torch.equal(x[..., 3:], problem.tasks["in"].train.inputs(starts).channels(3)[..., 1:])


def test_its_parameters_are_those_of_an_mtgnn_with_as_many_channels_and_outputs(problem):
    options = MTGNNJointOptions()
    plain = MTGNNNetwork(8, 5, 12, 36, MTGNNOptions())
    assert sum(p.numel() for p in plain.parameters()) == sum(p.numel() for p in JointNetwork(problem, options).parameters())
    # without the weekday, which is an input of the start, and of 19 steps of the first skip
    paper = JointNetwork(problem, MTGNNJointOptions(inputs="paper"))
    assert MTGNNJoint(options, problem).parameter_count() - sum(p.numel() for p in paper.parameters()) == 32 + 19 * 64


def test_each_task_is_answered_by_its_own_part_in_its_own_unit(problem):
    method = MTGNNJoint(small(), problem)
    starts = torch.arange(3)
    method.network.eval()
    answers = method.network(problem.tasks["in"].validation.inputs(starts)).unflatten(1, (3, 12))
    for k, task in enumerate(TASKS):
        one = problem.tasks[task]
        assert torch.equal(method.predict(one.validation.inputs(starts)), one.scaler.unscale(answers[:, k]))


def test_the_order_of_the_problem_changes_nothing(problem):
    method = MTGNNJoint(small(), problem)
    turned = MTGNNJoint(small(), replace(problem, tasks=dict(reversed(problem.tasks.items()))))
    turned.load_state_dict(method.state_dict())
    inputs = problem.tasks["out"].validation.inputs(torch.arange(2))
    assert torch.equal(turned.predict(inputs), method.predict(inputs))


def test_another_tasks_value_changes_a_prediction(problem):
    method, windows = MTGNNJoint(small(), problem), problem.tasks["in"].validation
    inputs = windows.inputs(torch.arange(2))
    other = replace(inputs.beside["speed"], scaled=inputs.beside["speed"].scaled + 1)
    assert not torch.equal(method.predict(replace(inputs, beside={**inputs.beside, "speed": other})), method.predict(inputs))


def fit(problem, budget=Budget(2, 30, 32, 8), **options):  # noqa: B008 (frozen)
    torch.manual_seed(0)
    method, run = MTGNNJoint(small(**options), problem), RunContext(0, torch.device("cpu"), budget)
    method.fit(run)
    return method, run


def test_the_best_epoch_is_chosen_by_the_mean_over_tasks_of_errors_in_standard_deviations(problem):
    method, run = fit(problem, Budget(2, 30, 32, None))
    said = {}
    for task, one in problem.tasks.items():
        starts = torch.arange(len(one.validation))
        targets = one.validation.targets(starts)
        error = np.abs(method.predict(one.validation.inputs(starts)).numpy() - targets.values.numpy())[targets.counted.numpy()]
        said[task] = float(error.mean())
    notes = run.notes["mtgnn_joint"]
    assert {stage["task"]: stage["validation_mae"] for stage in notes["stages"]} == pytest.approx(said, rel=1e-4)
    assert notes["selected_by"] == pytest.approx(np.mean([said[task] / problem.tasks[task].scaler.std for task in TASKS]), rel=1e-4)
    assert notes["selected_by"] == min(epoch["validation_loss"] for epoch in run.history)


def test_the_loss_weighs_every_task_alike_whatever_its_unit_and_its_gaps(problem):
    """One task in thousands, another mostly unobserved: the loss of the first step is the mean of the tasks' own."""
    train = problem.tasks["in"].train
    scarce = replace(train.beside["out"], observed=train.beside["out"].observed & (torch.rand(train.values.shape) > 0.8))
    train = replace(train, beside={**train.beside, "out": scarce})
    changed = replace(problem, tasks={**problem.tasks, "in": replace(problem.tasks["in"], train=train)})
    budget = Budget(1, 30, 16, 8)  # one step
    _, run = fit(changed, budget, dropout=0.0, curriculum=0.0)
    torch.manual_seed(0)
    fresh = MTGNNJoint(small(), changed)
    starts = torch.randperm(len(train), generator=RunContext(0, torch.device("cpu"), budget).generator("order fit all tasks"))[:16]
    answers, losses = fresh.network.eval()(train.inputs(starts)).unflatten(1, (3, 12)), []
    for k, windows in enumerate((train, scarce, train.beside["speed"])):
        targets = windows.targets(starts)
        error = (answers[:, k] - (targets.values - windows.scaler.mean) / windows.scaler.std).abs()
        losses.append(float(error[targets.counted].detach().mean()))
    assert run.history[0]["train_loss"] == pytest.approx(np.mean(losses), rel=1e-4)


def test_a_short_fit_learns_all_tasks(problem):
    method, run = fit(problem, Budget(8, 30, 160, 32), learning_rate=0.01)
    assert all(stage["steps_taught"] == 12 for stage in run.notes["mtgnn_joint"]["stages"])
    for one in problem.tasks.values():
        starts = torch.arange(len(one.validation))
        error = (method.predict(one.validation.inputs(starts)) - one.validation.targets(starts).values).abs().mean()
        assert error < 0.8 * (one.validation.targets(starts).values - one.scaler.mean).abs().mean()


@pytest.mark.parametrize(("scenario", "answered"), [
    ("nodes-50", False), ("interval-2x", False), ("cold-start", False), ("single-task", True)])
def test_it_declines_where_tasks_differ_in_nodes_or_clock_or_come_after_others(scenario, answered, tmp_path):
    city = under(tiny_city(tmp_path / "city"), scenario, ("taxi_drop",))
    posed = pose_under(city, FORECASTING.scenario(scenario), "city", ("taxi_drop",), forecasting_protocol("strict"), Asks(beside=True))
    assert (MTGNNJoint.declines(MTGNNJointOptions(), posed) is None) == answered


def test_it_is_posed_with_the_other_tasks_beside_each(tmp_path):
    posed = pose(tiny_city(tmp_path / "city"), ("taxi_pick", "taxi_drop"), forecasting_protocol("strict"),
                 MTGNNJoint.asks(MTGNNJointOptions()))
    assert set(posed.tasks["taxi_drop"].train.beside) == {"taxi_pick"}
