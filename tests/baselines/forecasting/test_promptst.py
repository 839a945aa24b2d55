"""PromptST against its card and against a plain reference; what each phase trains, and on which tasks."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from made.cuda import assert_same_on_cuda, needs_cuda
from made.notes import without_seconds
from plain.promptst import plain_promptst

from baselines.forecasting.promptst.method import PromptST, together
from baselines.forecasting.promptst.network import Backbone, Tuned
from baselines.forecasting.promptst.options import PromptSTOptions
from benchmark import RunContext, UserError
from benchmark.checkpoints import Checkpoints
from benchmark.contract import Budget
from benchmark.families import FORECASTING, forecasting_protocol
from benchmark.forecasting.posing import pose_under
from benchmark.forecasting.scenarios import under
from benchmark.options import resolve
from benchmark.testing.forecasting import tiny_city

SMALL = {"width": 8, "step_heads": 2, "node_heads": 4, "expansion": 2, "batch_size": 16}
FAMILIES = {"st_tokens": 2, "temporal_tokens": 3, "spatial_tokens": 1}
TASKS = ("in", "out", "speed")


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def make(problem, **options) -> PromptST:
    torch.manual_seed(0)
    return PromptST(resolve(PromptSTOptions, {**SMALL, **options}, "promptst"), problem)


def fit(problem, budget=Budget(2, 30, 32, 8), progress=lambda sign: None, checkpoints=None, **options):  # noqa: B008 (frozen)
    method, run = make(problem, **options), RunContext(0, torch.device("cpu"), budget, progress, checkpoints=checkpoints)
    method.fit(run)
    return method, run


def size(tensors) -> int:
    return sum(tensor.numel() for tensor in tensors)


def test_the_backbone_has_the_authors_parameters_of_which_they_train_two_thirds():
    backbone = Backbone(12, PromptSTOptions(inputs="paper"))
    assert size(backbone.state_dict().values()) == 76_876
    assert size(backbone.parameters()) == 51_276
    learnt = Backbone(12, PromptSTOptions(inputs="paper", learn_positions=True))
    assert size(learnt.parameters()) == size(learnt.state_dict().values()) == 76_876


@pytest.mark.parametrize(("nodes", "count"), [(200, 25_996), (206, 26_764), (220, 28_556), (108, 14_220), (64, 8_588)])
def test_what_is_tuned_for_a_task_has_the_authors_parameters(nodes: int, count: int):
    assert size(Tuned(nodes, 12, PromptSTOptions()).parameters()) == count


@pytest.mark.parametrize("families", [{}, {"st_tokens": 0}, FAMILIES, {"st_tokens": 0, "spatial_tokens": 2}],
                         ids=["st", "no prompts", "all families", "spatial alone"])
def test_outputs_and_gradients_equal_those_of_the_plain_form(make_problem, families):
    problem = make_problem()
    network = make(problem, prompt_init="normal", learn_positions=True, **families).network.eval()
    inputs = problem.only.train.inputs(torch.arange(5) * 20)
    predicted, expected = network(inputs), plain_promptst(network.backbone, inputs.channels(), network.own("taxi_pick"))
    assert predicted.shape == (5, 12, 8)
    torch.testing.assert_close(predicted, expected, atol=1e-5, rtol=1e-5)
    weights = [weight for name, weight in network.named_parameters() if "backbone.head" not in name]
    cotangent = torch.randn_like(predicted)
    gradients = torch.autograd.grad(predicted, weights, cotangent)
    torch.testing.assert_close(gradients, torch.autograd.grad(expected, weights, cotangent), atol=1e-4, rtol=1e-4)


def test_the_pre_trained_network_equals_its_plain_form_at_the_authors_sizes(make_problem):
    problem = make_problem()
    network = PromptST(PromptSTOptions(inputs="paper", mode="full"), problem).network.eval()
    inputs = problem.only.train.inputs(torch.arange(3))
    torch.testing.assert_close(network(inputs), plain_promptst(network.backbone, inputs.channels(1)), atol=1e-5, rtol=1e-5)


def test_without_prompts_and_with_the_copied_head_the_tuned_network_is_the_backbone(make_problem):
    problem = make_problem()
    network = make(problem, st_tokens=0).network.eval()
    inputs = problem.only.train.inputs(torch.arange(4))
    backbone = network.backbone(inputs.channels(), network.places("taxi_pick"))
    assert not torch.equal(network(inputs), backbone)
    network.own("taxi_pick").head.load_state_dict(network.backbone.head.state_dict())
    assert torch.equal(network(inputs), backbone)


def test_tasks_of_one_step_never_meet(make_problem):
    problem = make_problem(tasks=TASKS)
    network = make(problem).network.eval()
    parts = [problem.tasks[task].train.inputs(torch.arange(3)).channels() for task in TASKS]
    before = network.backbone(torch.cat(parts), network.places("in"))
    after = network.backbone(torch.cat([parts[0], parts[1] + 1, parts[2]]), network.places("in"))
    changed = [not torch.equal(*pair) for pair in zip(before.split(3), after.split(3), strict=True)]
    assert changed == [False, True, False]


def test_a_tasks_prompts_and_head_are_its_own(make_problem):
    problem = make_problem(tasks=TASKS)
    method = make(problem)
    inputs = {task: problem.tasks[task].validation.inputs(torch.arange(2)) for task in TASKS}
    before = {task: method.predict(inputs[task]) for task in TASKS}
    for parameter in (*method.network.own("out").tokens.values(), *method.network.own("speed").head.parameters()):
        parameter.data += 1
    assert [torch.equal(method.predict(inputs[task]), before[task]) for task in TASKS] == [True, False, False]


def test_every_step_and_node_is_seen_and_nodes_have_places(make_problem):
    problem = make_problem()
    network = make(problem, prompt_init="normal").network.eval()
    inputs = problem.only.train.inputs(torch.arange(1))
    scaled = inputs.scaled.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(network(replace(inputs, scaled=scaled))[0, 0, 2], scaled)
    assert gradient.all()
    order = torch.tensor([3, 1, 0, 2, 7, 6, 5, 4])
    for part in network.own("taxi_pick").tokens.values():
        torch.nn.init.ones_(part)  # prompts that are the same at all nodes
    permuted = network(replace(inputs, scaled=inputs.scaled[:, :, order]))
    assert not torch.allclose(permuted, network(inputs)[:, :, order], atol=1e-3)


def test_pre_training_trains_the_backbone_and_tuning_all_but_it(make_problem):
    problem = make_problem(tasks=TASKS)
    moments = []
    method = make(problem, **FAMILIES)

    def look(sign) -> None:
        moments.append({name: tensor.clone() for name, tensor in method.network.state_dict().items()})

    look(None)
    method.fit(RunContext(0, torch.device("cpu"), Budget(1, 30, 32, 8), look))
    assert len(moments) == 5
    trained = [{name for name in before if not torch.equal(before[name], after[name])}
               for before, after in pairwise(moments)]
    weights = {name for name, _ in method.network.named_parameters()}
    backbone = {name for name in weights if name.startswith("backbone.")}
    assert trained[0] == backbone  # all of it, and not the tables of positions
    for task, names in zip(TASKS, trained[1:], strict=True):
        assert names == {name for name in weights if name.startswith(f"tuned.task_{task}.")}
    full, _ = fit(problem, Budget(1, 30, 32, 8), mode="full")
    assert all(torch.equal(tensor, method.network.backbone.state_dict()[name])
               for name, tensor in full.network.backbone.state_dict().items())


def test_learnt_positions_are_learnt_and_then_frozen_with_the_rest(make_problem):
    problem = make_problem(steps=160)
    before = make(problem, learn_positions=True).network.backbone
    steps, nodes = before.steps.clone(), before.nodes.clone()
    after = fit(problem, Budget(1, 30, 32, 8), learn_positions=True, weight_decay=0)[0].network.backbone
    assert (after.steps != steps).any(dim=1).nonzero().flatten().tolist() == list(range(12))
    assert (after.nodes != nodes).any(dim=1).nonzero().flatten().tolist() == list(range(8))


def test_the_head_is_drawn_anew_or_copied_before_tuning(make_problem):
    problem, still = make_problem(), {"tuning_rate": 1e-30, "weight_decay": 0}
    new, fresh = fit(problem, **still)[0].network, make(problem).network
    assert torch.equal(new.own("taxi_pick").head.weight, fresh.own("taxi_pick").head.weight)
    assert new.own("taxi_pick").head.bias.abs().max() < 1e-20
    copied = fit(problem, head="copied", **still)[0].network
    torch.testing.assert_close(copied.own("taxi_pick").head.state_dict(), copied.backbone.head.state_dict())


@pytest.mark.parametrize("loss", ["rmse_mae", "masked_mae"])
def test_the_loss_is_of_the_targets_that_count_in_standard_deviations(make_problem, loss):
    """The first step of each phase, against the formula."""
    problem = make_problem(tasks=("in", "out"), missing=0.3)
    method, run = fit(problem, Budget(1, 30, 16, 8), loss=loss, dropout=0)
    fresh = make(problem)
    generator = RunContext(0, torch.device("cpu"), Budget(1, 30)).generator("order pretrain")
    starts = torch.randperm(len(problem.tasks["in"].train), generator=generator)[:16]
    errors = []
    for one in problem.tasks.values():
        inputs, targets = one.train.inputs(starts), one.train.targets(starts)
        answer = fresh.network.backbone(inputs.channels(), fresh.network.places(one.task)).detach()
        errors.append((answer - (targets.values - one.scaler.mean) / one.scaler.std)[targets.counted].numpy())

    def expected(errors: np.ndarray) -> float:
        return np.abs(errors).mean() + (np.sqrt((errors**2).mean()) if loss == "rmse_mae" else 0)

    assert run.history[0]["train_loss"] == pytest.approx(expected(np.concatenate(errors)), rel=1e-4)
    one, tuned = problem.tasks["out"], fresh.network
    tuned.backbone.load_state_dict(method.network.backbone.state_dict())
    starts = torch.randperm(len(one.train), generator=RunContext(0, torch.device("cpu"), Budget(1, 30)).generator("order tune out"))[:16]
    targets = one.train.targets(starts)
    error = (tuned(one.train.inputs(starts)).detach() - (targets.values - one.scaler.mean) / one.scaler.std)[targets.counted]
    assert run.history[2]["train_loss"] == pytest.approx(expected(error.numpy()), rel=1e-4)


@pytest.mark.parametrize("loss", ["rmse_mae", "masked_mae"])
def test_a_step_without_a_target_that_counts_has_no_gradient(make_problem, loss):
    error = torch.full((1, 12, 8), float("nan"), requires_grad=True)
    value = make(make_problem(), loss=loss)._error(error, torch.zeros(1, 12, 8, dtype=torch.bool))
    assert value.item() == pytest.approx(0, abs=1e-5)
    value.backward()
    assert not error.grad.any()


def test_epochs_are_chosen_over_all_tasks_and_then_by_each_and_noted_so(make_problem):
    problem = make_problem(tasks=TASKS)
    method, run = fit(problem, Budget(2, 30, 32, None))
    stages = run.notes["promptst"]["stages"]
    assert [(stage["stage"], stage["task"]) for stage in stages] == [*(("pretrain", task) for task in TASKS),
                                                                     *(("tune", task) for task in TASKS)]
    shares = [stage["validation_mae"] / problem.tasks[stage["task"]].scaler.std for stage in stages[:3]]
    assert stages[0]["selected_by"] == pytest.approx(np.mean(shares), rel=1e-4)
    assert stages[0]["selected_by"] == min(epoch["validation_loss"] for epoch in run.history if epoch["stage"] == "pretrain")
    for stage in stages[3:]:
        one = problem.tasks[stage["task"]]
        starts = torch.arange(len(one.validation))
        error = (method.predict(one.validation.inputs(starts)) - one.validation.targets(starts).values).abs().mean()
        assert stage["validation_mae"] == pytest.approx(float(error), rel=1e-4)


def test_a_fit_broken_off_after_each_epoch_and_resumed_ends_in_the_same_bits(make_problem, tmp_path):
    problem, options = make_problem(nodes=3, tasks=("a", "b")), {"layers": 1, "dropout": 0.1, "head": "copied"}
    whole, run = fit(problem, **options)
    assert len(run.history) == 6  # two epochs of pre-training and of each task
    for epoch in range(1, 7):
        checkpoints, seen = Checkpoints(tmp_path / str(epoch)), []

        def kill(sign, seen=seen, epoch=epoch) -> None:
            seen.append(sign)
            if len(seen) == epoch:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fit(problem, progress=kill, checkpoints=checkpoints, **options)
        again, resumed = fit(problem, checkpoints=checkpoints, **options)
        assert all(torch.equal(tensor, again.state_dict()[name]) for name, tensor in whole.state_dict().items())
        assert without_seconds(resumed.notes) == without_seconds(run.notes)


def posed(tmp_path, scenario):
    city = under(tiny_city(tmp_path / "city"), scenario, ("taxi_drop",))
    return pose_under(city, FORECASTING.scenario(scenario), "city", ("taxi_drop",), forecasting_protocol("strict"), PromptST.asks(None))


def test_a_task_that_comes_after_the_others_is_not_pre_trained_on(tmp_path):
    problem = posed(tmp_path, "cold-start")
    assert PromptST.declines(PromptSTOptions(), problem) is None
    assert PromptST.declines(PromptSTOptions(mode="full"), problem) == "the method cannot learn a task after others"
    _, run = fit(problem)
    assert [(stage["stage"], stage["task"]) for stage in run.notes["promptst"]["stages"]] == [
        ("pretrain", "taxi_pick"), ("tune", "taxi_drop")]


def test_a_task_of_fewer_nodes_has_steps_of_its_own_and_its_nodes_keep_their_places(tmp_path):
    problem = posed(tmp_path, "nodes-50")
    method, run = fit(problem, Budget(1, 30, 32, 8))
    assert together(problem, problem.tasks) == [(task,) for task in problem.tasks]
    assert run.notes["promptst"]["stages"][0]["steps"] == 4  # two batches of each
    assert torch.equal(method.network.places("taxi_drop"), problem.tasks["taxi_drop"].node_index)
    assert len(method.network.places("taxi_drop")) == 4
    assert [stage["task"] for stage in run.notes["promptst"]["stages"] if stage["stage"] == "tune"] == ["taxi_drop"]


def test_tasks_with_equal_nodes_and_clock_share_their_steps_whatever_the_others(make_problem):
    problem = make_problem(tasks=TASKS)
    fewer = replace(make_problem(nodes=5, tasks=("out",)).only, task="out")
    mixed = replace(problem, tasks={**problem.tasks, "out": fewer})
    assert together(mixed, mixed.tasks) == [("in", "speed"), ("out",)]
    _, run = fit(mixed, Budget(1, 30, 32, 8))
    assert run.notes["promptst"]["stages"][0]["steps"] == 4


def test_prompts_start_as_the_option_says():
    tokens = {start: Tuned(20, 12, PromptSTOptions(prompt_init=start)).tokens["st"]
              for start in ("xavier_normal", "xavier_uniform", "kaiming", "uniform", "normal", "ones")}
    spread = (2 / (2 * 20 * 32 + 2 * 20 * 32)) ** 0.5
    assert tokens["xavier_normal"].std().item() == pytest.approx(spread, rel=0.1)
    assert tokens["xavier_uniform"].abs().max().item() == pytest.approx(3**0.5 * 2**0.5 * spread, rel=0.05)
    assert tokens["kaiming"].std().item() == pytest.approx(2**0.5 * spread, rel=0.1)
    assert 0 <= tokens["uniform"].min() < tokens["uniform"].max() <= 1
    assert tokens["normal"].std().item() == pytest.approx(1, rel=0.1)
    assert (tokens["ones"] == 1).all()


def test_more_nodes_than_rows_of_the_table_are_a_sentence(make_problem):
    problem = make_problem(nodes=9)
    with pytest.raises(UserError, match=r"8 rows of positions for 9 nodes; add --set node_rows=9 or more"):
        make(problem, node_rows=8)
    with pytest.raises(UserError, match=r"11 rows of positions for 12 steps in a window"):
        make(problem, step_rows=11)
    make(problem, node_rows=9)


@pytest.mark.parametrize("heads", ["step_heads", "node_heads"])
def test_heads_that_do_not_divide_the_width_are_a_sentence(heads):
    with pytest.raises(UserError, match=f"{heads} must divide width=32, got {heads}=5"):
        resolve(PromptSTOptions, {heads: 5}, "promptst")


def test_no_weights_between_all_nodes_are_kept_for_the_backward_pass(make_problem):
    problem = make_problem(nodes=40)
    network, shapes = make(problem).network.train(), []

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
    network = PromptST(PromptSTOptions(**FAMILIES), problem).network.eval()
    inputs = problem.only.train.inputs(torch.arange(4))
    assert_same_on_cuda(network, inputs)
