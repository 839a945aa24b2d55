"""Methods side by side over all tasks: mean ranks, and error against what the training costs."""

from __future__ import annotations

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
from benchmark.report.ranks import FEWEST_METHODS, FEWEST_TASKS, make_ranks
from benchmark.report.statistics.correction import ALPHA
from benchmark.report.table import tables_of
from benchmark.report.words import FEWEST_FOR_SD
from benchmark.spec import Record

# what must agree for two times to be of one machine and version
MACHINE = ("stbench", "torch", "python", "system", "device", "cores", "threads")


def mean_ranks(runs: Runs) -> Picture:
    """Mean ranks over the tasks, with the critical difference of Nemenyi: what `stbench table --ranks` shows.

    Raises
    ------
    UserError: too few methods have a settled result of enough tasks.
    """
    found: dict[str, tuple[str, Record, list[str]]] = {}
    for _, task, some in runs.each():
        for run in some:
            found.setdefault(run.spec.id, ("local" if run.local else "published", run.record, []))[2].append(task)
    ranks = make_ranks(tables_of([(source, record, tuple(tasks)) for source, record, tasks in found.values()], runs.chosen))
    if ranks is None:
        raise UserError(f"Ranks need {FEWEST_METHODS} methods that have a settled result in each of {FEWEST_TASKS} tasks or more. Measure "
                        f"some: {runs.run_command()}")
    means, difference = dict(zip(ranks.names, ranks.mean_ranks, strict=True)), ranks.critical_difference
    alike = joined(means, lambda one, other: abs(means[one] - means[other]) > difference)
    metrics = ", ".join(dict.fromkeys(METRICS[metric].label for metric in ranks.metrics))
    return Picture("ranks", f"Mean rank by {metrics} over {len(ranks.tasks)} tasks, each method's mean over seeds; bars join what is not "
                            f"told apart (Nemenyi, α = {ALPHA:g}). Tasks of one city are not independent.",
                   RankLine(runs.title, "mean rank", means, alike, difference))


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
