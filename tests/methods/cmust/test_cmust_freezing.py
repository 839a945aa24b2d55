"""RoAda under every freeze_unit: single elements, means of tensors, nothing; and FC_p, the shared part of prompts."""

import json
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmark.contract import Budget, RunContext
from benchmark.options import resolve
from methods.cmust import prompts
from methods.cmust.freezing import RULES, Hold, count, element, joined, stable, tensor_mean, whole
from methods.cmust.method import CMuST
from methods.cmust.options import CMuSTOptions
from methods.cmust.roada import adapt, close, freezable, frozen_share, refine, roll, start, weights

TINY = {"observation_width": 4, "space_width": 2, "time_of_day_width": 2, "weekday_width": 2, "calendar_width": 2, "prompt_width": 4,
        "cross_width": 4, "self_width": 8, "heads": 2, "feed_forward_width": 8, "fusion_width": 8}
BUDGET = Budget(epochs=2, patience=30, epoch_windows=32, validation_windows=4)


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    monkeypatch.setattr(prompts, "STEPS", 10)


def context(seed=0):
    return RunContext(seed, torch.device("cpu"), BUDGET)


def make(problem, seed=0, **options):
    torch.manual_seed(seed)
    return CMuST(resolve(CMuSTOptions, {**TINY, **options}, "cmust"), problem)


@pytest.fixture
def mixed(make_problem):
    """Two tasks with other nodes and other steps a day."""
    problem, other = make_problem(nodes=5, tasks=("a",)), make_problem(nodes=3, tasks=("b",), steps_per_day=24)
    return replace(problem, tasks={**problem.tasks, **other.tasks})


def test_the_rules_on_a_variance_worked_out_by_hand():
    variance = {"mixed": torch.tensor([0.1, 0.2, 3.0]), "still": torch.tensor([0.1, 0.9]), "moving": torch.tensor([5.0])}
    assert {name: mask.tolist() for name, mask in stable(variance, 1.0, "element").items()} == {
        "mixed": [True, True, False], "still": [True, True]}
    assert stable(variance, 1.0, "tensor_all").keys() == {"still"}
    assert stable(variance, 1.2, "tensor_mean").keys() == {"mixed", "still"}  # 3.3 / 3 is below 1.2
    assert stable(variance, 1.0, "tensor_mean").keys() == {"still"}
    assert not element(torch.tensor([1.0]), 1.0).any()
    assert not tensor_mean(torch.tensor([0.0, 2.0]), 1.0).any()  # at the limit


@given(st.lists(st.lists(st.floats(0, 10), min_size=1, max_size=5), min_size=1, max_size=6), st.floats(0, 10))
def test_whole_tensors_are_stable_only_where_their_elements_are(values, limit):
    """tensor_all freezes a part of what tensor_mean and of what element freeze, whatever the variances."""
    variance = {str(k): torch.tensor(row, dtype=torch.float64) for k, row in enumerate(values)}
    made = {unit: stable(variance, limit, unit) for unit in RULES}
    assert whole(made["tensor_all"]) == made["tensor_all"].keys() == whole(made["element"])
    assert count(made["tensor_all"]) <= count(made["element"]) == sum(int((v < limit).sum()) for v in variance.values())
    strictly = {name for name in made["tensor_all"] if variance[name].mean() < limit}
    assert strictly <= made["tensor_mean"].keys()


def test_masks_only_grow():
    first = {"x": torch.tensor([True, False]), "y": torch.tensor([True])}
    second = {"x": torch.tensor([False, True]), "z": torch.tensor([True])}
    both = joined(first, second)
    assert {name: mask.tolist() for name, mask in both.items()} == {"x": [True, True], "y": [True], "z": [True]}
    assert whole(both) == {"x", "y", "z"}
    assert first["x"].tolist() == [True, False]


def test_what_is_held_is_put_back_to_the_bit_and_the_rest_is_left_alone():
    tensors = {"x": torch.nn.Parameter(torch.randn(50)), "y": torch.nn.Parameter(torch.randn(3))}
    mask = torch.arange(50) % 3 == 0
    hold = Hold(tensors, {"x": mask, "y": torch.ones(3, dtype=torch.bool)})  # y is frozen entirely: it is not trained at all
    before = tensors["x"].detach().clone()
    moved = before + torch.randn(50)
    tensors["x"].data.copy_(moved)
    tensors["y"].data.add_(1)
    y = tensors["y"].detach().clone()
    hold()
    assert torch.equal(tensors["x"].detach(), torch.where(mask, before, moved))
    assert torch.equal(tensors["y"].detach(), y)
    assert not Hold(tensors, {"y": torch.ones(3, dtype=torch.bool)})


@pytest.mark.parametrize("unit", ["element", "tensor_mean"])
def test_with_an_infinite_threshold_all_but_the_prompts_freezes_in_the_first_roll(make_problem, unit):
    problem = make_problem(nodes=3, tasks=("a", "b"))
    method, run = make(problem, stable_variance=1e30, freeze_unit=unit), context()
    network = method.network
    start(network, problem.tasks["a"], method.options, run)
    frozen, report = roll(network, problem.tasks["b"], {}, method.options, run)
    every = dict(network.msti.named_parameters())
    assert whole(frozen) == set(every)
    assert (report.frozen_tensors, report.frozen_share) == (140, 1.0)
    assert report.frozen_weights == sum(weight.numel() for weight in every.values())
    common, prompt = weights(network), network.prompts["a"].detach().clone()
    refine(network, problem.tasks["a"], common, frozen, method.options, run)
    assert all(torch.equal(common[name], weight) for name, weight in weights(network).items())
    assert not torch.equal(prompt, network.prompts["a"])


@pytest.mark.parametrize("unit", ["element", "tensor_mean"])
def test_with_threshold_zero_nothing_freezes(mixed, unit):
    run = context()
    make(mixed, stable_variance=0.0, freeze_unit=unit).fit(run)
    assert [(s["frozen_tensors"], s["frozen_weights"], s["frozen_share"]) for s in run.notes["cmust"]["stages"]] == [(0, 0, 0.0)] * 5


@pytest.mark.parametrize(("unit", "limit"), [("element", 3e-7), ("tensor_mean", 2e-6)])
def test_frozen_weights_are_bit_identical_through_all_stages_although_weight_decay_is_on(mixed, unit, limit):
    method, run = make(mixed, weight_decay=0.1, freeze_unit=unit, stable_variance=limit), context()
    network, options, tasks = method.network, method.options, mixed.tasks
    start(network, tasks["a"], options, run)
    frozen, report = roll(network, tasks["b"], {}, options, run)
    assert 0.02 < report.frozen_share < 0.98
    assert report.frozen_weights == count(frozen)
    assert (set(frozen) == whole(frozen)) == (unit == "tensor_mean")
    rolled = weights(network)
    more, second = close(network, tasks["a"], frozen, options, run)
    assert second.frozen_weights >= report.frozen_weights
    assert all((more[name] & mask).equal(mask) for name, mask in frozen.items())  # freezing is permanent
    common = weights(network)
    for name, weight in common.items():
        mask = frozen.get(name, torch.zeros_like(weight, dtype=torch.bool))
        assert torch.equal(weight[mask], rolled[name][mask]), name
        assert (weight != rolled[name])[~mask].float().mean() > 0.5 or bool(mask.all()), name
    for task in tasks.values():
        refine(network, task, common, more, options, run)
        assert sum(int((weight != common[name]).sum()) for name, weight in weights(network).items()) > 100
        for name, mask in more.items():
            assert torch.equal(weights(network)[name][mask], common[name][mask]), name


def test_a_held_element_does_not_disturb_its_neighbours(mixed, monkeypatch):
    """With one layer's element held, a stage is what it would be if Adam simply never moved that element."""
    method = make(mixed, dropout=0.0, batch_size=16)
    network, problem = method.network, mixed.tasks["a"]
    begin = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    mask = torch.zeros(network.msti.head.bias.shape, dtype=torch.bool)
    mask[3] = True
    refine(network, problem, weights(network), {"head.bias": mask}, method.options, context())
    held = weights(network)
    assert held["head.bias"][3] == begin["msti.head.bias"][3]
    network.load_state_dict(begin)
    real = torch.optim.Adam.step

    def step(self, *arguments):
        kept = network.msti.head.bias[3].detach().clone()
        real(self, *arguments)
        with torch.no_grad():
            network.msti.head.bias[3] = kept

    monkeypatch.setattr(torch.optim.Adam, "step", step)
    refine(network, problem, weights(network), {}, method.options, context())
    assert all(torch.equal(held[name], weight) for name, weight in weights(network).items())
    assert (held["head.bias"] != begin["msti.head.bias"]).sum() == len(mask) - 1


def test_no_consistency_runs_the_same_stages_at_the_same_rates_and_freezes_nothing(mixed):
    notes = {}
    for unit in ("tensor_all", "none"):
        run = context()
        make(mixed, freeze_unit=unit, stable_variance=1e30).fit(run)
        notes[unit] = run.notes["cmust"]["stages"]
    facts = ("stage", "task", "learning_rate", "steps")
    for one, other in zip(*notes.values(), strict=True):
        assert [one[key] for key in facts] == [other[key] for key in facts]
    assert notes["tensor_all"][-1]["frozen_share"] == 1.0
    assert [stage["frozen_weights"] for stage in notes["none"]] == [0] * 5
    assert [stage["stable_share"] for stage in notes["none"]] == [{}] * 5


def test_a_record_tells_what_each_rule_would_have_frozen(mixed):
    run = context()
    make(mixed, stable_variance=1e-6).fit(run)
    stages = run.notes["cmust"]["stages"]
    assert [set(stage["stable_share"]) for stage in stages] == [set(), set(RULES), set(RULES), set(), set()]
    rolled = stages[1]
    assert rolled["stable_share"]["tensor_all"] == rolled["frozen_share"] > 0
    assert rolled["stable_share"]["element"] > rolled["stable_share"]["tensor_all"]
    assert json.loads(json.dumps(run.notes)) == run.notes


def test_the_shared_prompt_map_never_freezes_and_each_task_keeps_its_own_refinement_of_it(mixed):
    method, run = make(mixed, profile="text", stable_variance=1e30), context()
    method.fit(run)
    stages, network = run.notes["cmust"]["stages"], method.network
    names = {name for name, _ in network.msti.named_parameters()}
    assert names - set(freezable(network)) == {"prompt_map.weight", "prompt_map.bias"}
    assert [stage["frozen_share"] for stage in stages] == [0.0, 1.0, 1.0, 1.0, 1.0]
    common = {name for name in names if torch.equal(method.refined["a"][name], method.refined["b"][name])}
    assert names - common == {"prompt_map.weight", "prompt_map.bias"}
    windows = {task: one.validation.inputs(torch.arange(3)) for task, one in mixed.tasks.items()}
    made = {task: method.predict(one) for task, one in windows.items()}
    other = make(mixed, seed=5, profile="text")
    other.load_state_dict(method.state_dict())
    assert all(torch.equal(other.predict(one), made[task]) for task, one in windows.items())
    swapped = {**method.state_dict(), "a/prompt_map.weight": method.state_dict()["b/prompt_map.weight"]}
    other.load_state_dict(swapped)
    assert not torch.equal(other.predict(windows["a"]), made["a"])
    assert torch.equal(other.predict(windows["b"]), made["b"])


def test_the_share_of_frozen_weights_counts_single_elements(mixed):
    network = make(mixed, profile="text").network
    mask = torch.zeros(network.msti.head.output.bias.shape, dtype=torch.bool)
    mask[:5] = True
    every = sum(weight.numel() for weight in network.msti.parameters()) - 24 * 48 - 48
    assert frozen_share(network, {"head.output.bias": mask}) == pytest.approx(5 / every)


def test_refinement_starts_from_the_same_common_weights_under_the_text_s_profile(mixed, monkeypatch):
    from methods.cmust import roada

    method, begins, real = make(mixed, profile="text"), {}, roada.train
    monkeypatch.setattr(roada, "train", lambda network, problem, *rest, stage, **more: begins.update(
        {(stage, problem.task): weights(network)}) or real(network, problem, *rest, stage=stage, **more))
    adapt(method.network, mixed.tasks, mixed.tasks, method.options, context())
    one, other = begins["refine", "a"], begins["refine", "b"]
    assert all(torch.equal(one[name], other[name]) for name in one)
