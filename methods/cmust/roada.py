"""RoAda, the rolling adaptation (algorithm 1): A start, B roll, C close, D refine. Each stage is callable on its own.

All tasks of a problem are learnt in A to C, and D refines those that are asked for. A task that comes after the others (cold start) stays
out of A to C; one that comes alone (single task) has stage A alone.

A stage works on the network it is given and is told which shared weights are frozen; nothing else passes between stages. The network
keeps each task's prompt, so a prompt is always as the last stage on its task left it. Prompts never freeze, and neither does FC_p, from
which `summary_fc` makes them: it is the trained part of every prompt. As a shared weight it is refined for each task.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from benchmark import RunContext, TaskProblem, train
from methods.cmust.attention import keep_maps
from methods.cmust.freezing import RULES, Frozen, Hold, WeightBehaviour, count, joined, stable, whole
from methods.cmust.losses import Huber
from methods.cmust.network import TaskMSTI
from methods.cmust.options import CMuSTOptions

# Ten epochs of the full recipe on the NYC suite move a drifting weight by about this much (190 steps an epoch at 1e-5).
ROLL_DISTANCE = 0.019
ROLL_RATE_LIMIT = 1e-3
# share of frozen weights before stage D above which little but the prompts is refined
FROZEN_WARNING = 0.5


@dataclass(frozen=True)
class StageReport:
    """What a stage did, for the record."""

    stage: str
    task: str
    learning_rate: float
    epochs: int
    best_epoch: int
    steps: int
    # MAE of the restored best weights, in the task's unit
    validation_mae: float
    # after the stage: shared tensors frozen entirely, frozen weights in these and others, and their share of what may freeze
    frozen_tensors: int
    frozen_weights: int
    frozen_share: float
    # rule -> share of the tensors in training, held elements included, that this stage's variance calls stable; empty where there is none
    stable_share: dict[str, float]
    # wall seconds from the first step to the end of the last epoch, and to the end of the best one (time to best)
    seconds: float = 0.0
    best_seconds: float = 0.0


def start(network: TaskMSTI, problem: TaskProblem, options: CMuSTOptions, run: RunContext) -> StageReport:
    """A: the first task trains everything."""
    return _train("start", network, problem, {}, options, _within(run, options, options.start_epochs, options.start_windows))


def roll(network: TaskMSTI, problem: TaskProblem, frozen: Frozen, options: CMuSTOptions, run: RunContext,
         stage: str = "roll") -> tuple[Frozen, StageReport]:
    """B: one more task trains what is not frozen, slowly; what hardly moved freezes. Returns all that is frozen now."""
    run = _within(run, options, options.roll_epochs, options.roll_windows)
    slow = replace(options, learning_rate=roll_rate(problem, options, run), milestones=(), decay_every=0)
    if options.freeze_unit == "none":  # the ablation no_consistency: the same stages and rates
        return frozen, _train(stage, network, problem, frozen, slow, run)
    done = whole(frozen)
    behaviour = WeightBehaviour({name: weight for name, weight in freezable(network).items() if name not in done})
    report = _train(stage, network, problem, frozen, slow, run, companion=behaviour)
    variance, trained = behaviour.variance(), sum(weight.numel() for weight in behaviour.variance().values())
    shares = {rule: count(stable(variance, options.stable_variance, rule)) / max(trained, 1) for rule in RULES}
    frozen = joined(frozen, stable(variance, options.stable_variance, options.freeze_unit))
    return frozen, replace(report, **_frozen_facts(network, frozen), stable_share=shares)


def close(network: TaskMSTI, problem: TaskProblem, frozen: Frozen, options: CMuSTOptions, run: RunContext) -> tuple[Frozen, StageReport]:
    """C: the first task once more, as B."""
    return roll(network, problem, frozen, options, run, stage="close")


def refine(network: TaskMSTI, problem: TaskProblem, common: Mapping[str, Tensor], frozen: Frozen, options: CMuSTOptions,
           run: RunContext) -> StageReport:
    """D: from the common weights W* (copied into the network), one task trains its prompt and what is not frozen."""
    network.msti.load_state_dict(common)
    return _train("refine", network, problem, frozen, options, _within(run, options, options.refine_epochs, options.refine_windows))


def adapt(network: TaskMSTI, tasks: Mapping[str, TaskProblem], asked: Mapping[str, TaskProblem], options: CMuSTOptions,
          run: RunContext) -> tuple[dict[str, dict[str, Tensor]], list[StageReport]]:
    """All stages, tasks in their given order: the refined shared weights of each task that is asked for, and a report of every stage.

    tasks: those of A to C. asked: those of D; one that is not among the others comes after them, with a prompt that no stage has touched.

    DEVIATION: with one task nothing rolls and nothing freezes: A, then D. By the authors' stages C would follow, where the first task meets
    the weights that the others have changed; with no others it would only train A's weights on, slowly, and freeze by one task's own
    variance what is meant to be common to several.
    """
    stages = planned_stages(len(tasks), len(asked))
    frozen, reports = learn(network, tasks, options, run, stages)
    if (share := frozen_share(network, frozen)) > FROZEN_WARNING:
        run.notes.setdefault("warnings", []).append(
            f"{share:.0%} of the shared weights were frozen before the refinement, which trains little but the prompts: the rolling stages "
            "are too short for their learning rate; raise roll_epochs, roll_windows or roll_learning_rate.")
    common, refined = weights(network), {}
    for task, problem in asked.items():
        reports.append(refine(network, problem, common, frozen, options, run.at_stage(len(reports) + 1, stages)))
        refined[task] = weights(network)
    return refined, reports


def learn(network: TaskMSTI, tasks: Mapping[str, TaskProblem], options: CMuSTOptions, run: RunContext,
          stages: int) -> tuple[Frozen, list[StageReport]]:
    """A to C, of so many stages in all: what is common knowledge, and a report of every stage."""
    first, *others = tasks.values()
    frozen: Frozen = {}
    reports = [start(network, first, options, run.at_stage(1, stages))]
    for problem in others:
        frozen, report = roll(network, problem, frozen, options, run.at_stage(len(reports) + 1, stages))
        reports.append(report)
    if others:
        frozen, report = close(network, first, frozen, options, run.at_stage(len(reports) + 1, stages))
        reports.append(report)
    return frozen, reports


def planned_stages(learnt: int, asked: int) -> int:
    """How many stages `adapt` has: A, B for each further task, C if there is one, and D for each task that is asked for."""
    return learnt + (learnt > 1) + asked


def roll_rate(problem: TaskProblem, options: CMuSTOptions, run: RunContext) -> float:
    """Learning rate of a rolling stage under `run.budget`: the option's, raised where the stage is too short for it.

    DEVIATION: at 1e-5 a short stage moves no weight by the standard deviation that `stable_variance` asks for, and everything would
    freeze. So planned steps times rate is at least that of ten epochs of the full recipe, with at most the ordinary rate.
    """
    windows = min(len(problem.train), run.budget.epoch_windows or len(problem.train))
    planned = run.budget.epochs * -(-windows // options.batch_size)
    return max(options.roll_learning_rate, min(ROLL_DISTANCE / max(planned, 1), ROLL_RATE_LIMIT))


def weights(network: TaskMSTI) -> dict[str, Tensor]:
    """A copy of the shared weights."""
    return {name: weight.detach().clone() for name, weight in network.msti.state_dict().items()}


def freezable(network: TaskMSTI) -> dict[str, nn.Parameter]:
    """The shared weights that may become common knowledge: all but FC_p."""
    return {name: weight for name, weight in network.msti.named_parameters() if not name.startswith("prompt_map.")}


def frozen_share(network: TaskMSTI, frozen: Frozen) -> float:
    """Share of the weights that may freeze which is frozen."""
    return count(frozen) / sum(weight.numel() for weight in freezable(network).values())


def _frozen_facts(network: TaskMSTI, frozen: Frozen) -> dict[str, Any]:
    return {"frozen_tensors": len(whole(frozen)), "frozen_weights": count(frozen), "frozen_share": frozen_share(network, frozen)}


def _within(run: RunContext, options: CMuSTOptions, epochs: int | None, windows: int | None) -> RunContext:
    """The same run under a stage's own counts, never above the run's."""
    def least(*limits: int | None) -> int | None:
        return min((limit for limit in limits if limit is not None), default=None)

    budget = run.budget
    return replace(run, budget=replace(
        budget, epochs=min(budget.epochs, budget.epochs if epochs is None else epochs), epoch_windows=least(budget.epoch_windows, windows),
        validation_windows=least(budget.validation_windows, options.validation_windows)))


def _train(stage: str, network: TaskMSTI, problem: TaskProblem, frozen: Frozen, options: CMuSTOptions, run: RunContext,
           companion: WeightBehaviour | None = None) -> StageReport:
    """One training run with fresh Adam moments. Frozen tensors and other tasks' prompts get no gradient, hence no weight decay either;
    frozen elements of other tensors are put back after each step."""
    done = whole(frozen)
    for name, weight in network.msti.named_parameters():
        weight.requires_grad_(name not in done)
    for task, prompt in network.prompts.items():
        prompt.requires_grad_(task == problem.task)
    hold = Hold(freezable(network), frozen)
    result = train(network, problem, options, run, stage=stage, companion=companion, after_step=hold if hold else None,
                   loss=Huber(options.huber_delta) if options.loss == "huber" else None)
    if run.keeps_arrays:
        keep_maps(network, problem, stage, run)
    return StageReport(stage, problem.task, options.learning_rate, result.epochs, result.best_epoch, result.steps, result.best_loss,
                       **_frozen_facts(network, frozen), stable_share={}, **result.pace())
