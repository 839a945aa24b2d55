"""Methods side by side over all tasks: mean ranks, and error against what the training costs."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.errors import UserError
from benchmark.metrics import METRICS
from benchmark.report.figures.charts.cost import Cost, CostPanel, Point
from benchmark.report.figures.charts.ranks import RankLine, joined
from benchmark.report.figures.kinds.runs import Run, Runs, values
from benchmark.report.figures.picture import Picture
from benchmark.report.rows import is_settled
from benchmark.report.words import FEWEST_FOR_SD

# the level of the critical difference
ALPHA = 0.05
# what must agree for two times to be of one machine and version
MACHINE = ("stbench", "torch", "python", "system", "device", "cores", "threads")


def mean_ranks(runs: Runs) -> Picture:
    """Mean ranks over the tasks, with the critical difference of Nemenyi.

    Raises
    ------
    UserError: fewer than two methods have a settled result of every task.
    """
    means = _means(runs)
    if len(means) < 2:
        raise UserError(f"Ranks need two methods that have a settled result of each task ({', '.join(runs.tasks)}); there "
                        f"{'is one' if means else 'is none'}. Measure some: {runs.run_command()}")
    ranks = {name: statistics.fmean(_rank(means, name, runs, task) for task in runs.tasks) for name in means}
    difference = critical_difference(len(ranks), len(runs.tasks))
    alike = joined(ranks, lambda one, other: abs(ranks[one] - ranks[other]) > difference)
    metrics = ", ".join(dict.fromkeys(METRICS[runs.metric(task)].label for task in runs.tasks))
    return Picture("ranks", f"Mean rank by {metrics} over {len(runs.tasks)} tasks, each method's mean over seeds; bars join what is not "
                            f"told apart (Nemenyi, α = {ALPHA:g}). Tasks of one city are not independent.",
                   RankLine(runs.title, "mean rank", ranks, alike, difference))


def critical_difference(methods: int, tasks: int) -> float:
    """The least difference of two mean ranks that Nemenyi's test tells at `ALPHA`.

    >>> round(critical_difference(4, 14), 2)
    1.25
    """
    from scipy.stats import studentized_range

    quantile = float(studentized_range.ppf(1 - ALPHA, methods, math.inf)) / math.sqrt(2)
    return quantile * math.sqrt(methods * (methods + 1) / (6 * tasks))


def by_cost(runs: Runs) -> Picture:
    """Error against the seconds of training that all shown tasks take together.

    Raises
    ------
    UserError: no method has all tasks and was measured on one machine.
    """
    machines = Counter(_machine(run) for _, _, found in runs.each() for run in found)
    (machine, _), *others = sorted(machines.items(), key=lambda item: (-item[1], item[0]))
    panels: dict[str, list[Point]] = {task: [] for task in runs.tasks}
    for name, by_task in runs.methods.items():
        kept = {task: [run for run in found if _machine(run) == machine] for task, found in by_task.items()}
        seconds = _seconds(kept, runs.tasks)
        for task in runs.tasks:
            if seconds and (found := values(kept[task], task, runs.metric(task))):
                sd = statistics.stdev(found) if len(found) >= FEWEST_FOR_SD else None
                panels[task].append(Point(name, seconds, statistics.fmean(found), sd))
    drawn = [CostPanel(task, runs.label(runs.metric(task), task), points, METRICS[runs.metric(task)].higher_is_better)
             for task, points in panels.items() if points]
    if not drawn:
        raise UserError(f"No method has a result and a time of each task ({', '.join(runs.tasks)}). Measure some: {runs.run_command()}")
    said = dict(zip(MACHINE, machine, strict=True))
    left = f" {sum(count for _, count in others)} results of other machines or versions are left out." if others else ""
    return Picture("cost", f"Error against the seconds of training of all {len(runs.tasks)} tasks together, one seed; mean over seeds, "
                           f"whiskers ± sample sd (n ≥ {FEWEST_FOR_SD}). Measured with stbench {said['stbench']}, torch {said['torch']}, "
                           f"{said['system']}, {said['device']}, {said['threads']} thread(s).{left}",
                   Cost(runs.title, "training of all tasks (s)", drawn))


def _means(runs: Runs) -> dict[str, dict[str, float]]:
    """Method → task → mean over seeds, of the methods that have a settled result of every task."""
    found: dict[str, dict[str, float]] = {}
    for name, task, seeds in runs.each():
        one = values(seeds, task, runs.metric(task))
        if len(one) == len(seeds) and all(is_settled(run.record, task) for run in seeds):
            found.setdefault(name, {})[task] = statistics.fmean(one)
    return {name: by_task for name, by_task in found.items() if len(by_task) == len(runs.tasks)}


def _rank(means: Mapping[str, Mapping[str, float]], name: str, runs: Runs, task: str) -> float:
    """1 is the best; equal means share the mean of their ranks."""
    sign = -1 if METRICS[runs.metric(task)].higher_is_better else 1
    own, every = sign * means[name][task], [sign * one[task] for one in means.values()]
    return sum(one < own for one in every) + (sum(one == own for one in every) + 1) / 2


def _machine(run: Run) -> tuple[str, ...]:
    return tuple(str(run.record.environment.get(key, "unknown")) for key in MACHINE)


def _seconds(by_task: Mapping[str, Sequence[Run]], tasks: Sequence[str]) -> float | None:
    """Mean over seeds of the seconds that the fits of all tasks take; None: a task is missing, or a time. A fit of several counts once."""
    totals = []
    seeds: set[Any] = set.intersection(*({run.spec.seed for run in by_task.get(task, ())} for task in tasks))
    for seed in sorted(seeds):
        fits = {run.spec.id: run.record.timings.get("fit_s") for task in tasks for run in by_task[task] if run.spec.seed == seed}
        known = [seconds for seconds in fits.values() if seconds is not None]
        totals += [sum(known)] if len(known) == len(fits) else []
    return statistics.fmean(totals) if totals and statistics.fmean(totals) > 0 else None
