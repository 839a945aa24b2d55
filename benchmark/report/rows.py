"""Records of equal runs → the rows of a table: means over seeds, floors, ranks."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from benchmark.families import STANDARD, find_family
from benchmark.metrics import METRICS, values
from benchmark.report.paper import paper_numbers
from benchmark.spec import Record
from benchmark.training_notes import has_settled

if TYPE_CHECKING:
    from benchmark.report.comparison import Comparison

# a mean over the steps of the horizon → the metric that is the same of one step alone
OF_ONE_STEP = {"mae_mean12": "mae_nonzero", "rmse_mean12": "rmse_nonzero", "mape_mean12": "mape_nonzero"}
# the presets from which conclusions are drawn, so that training must have come to its end
CONCLUSIVE = ("medium", "full")


@dataclass(frozen=True)
class Cell:
    """One metric over the seeds of a row."""

    mean: float
    # sample standard deviation; None for fewer than two runs
    sd: float | None
    # 1: best of the task, 2: second, 0: neither
    rank: int = 0


@dataclass(frozen=True)
class Row:
    """One method on one task, or a floor."""

    task: str
    # the floor's name for a floor
    method: str
    # the options a user changed, e.g. "hidden=64"
    changed: str
    # 0 for a floor
    n: int
    # metric -> cell; a metric that could not be computed is absent
    cells: dict[str, Cell]
    # the paper's number, if it has this method, suite and task
    paper: float | None
    # "local" or "published"; empty for a floor
    source: str
    # whether it is what can be reached without the methods' inputs; never ranked
    floor: bool = False
    # why the method has no result here; None: it has one
    missing: str | None = None
    # the days before each window that the method was shown
    past_days: int = 0
    # whether each window came with those of the other tasks
    beside: bool = False
    # of the method
    version: int = 1
    # what tells it from other rows of its method that would look alike, e.g. "version 2" or "batch_size=8"
    differs: str = ""
    # false: training was stopped by the budget while the validation error still fell; never ranked
    settled: bool = True
    # the events of the test part, where they are too few to tell methods apart; never ranked
    few_events: int | None = None
    # against the best row of its task, or the one that was named; None: it is that row, or is not compared
    compared: Comparison | None = None
    # what it was made of, a record a seed; none of a floor
    runs: tuple[Record, ...] = field(default=(), repr=False, compare=False)

    @property
    def rankable(self) -> bool:
        """Whether its numbers may stand in an order."""
        return self.settled and self.few_events is None


def make_row(task: str, source: str, records: Sequence[Record], horizon: int | None, differs: str = "") -> Row:
    """One method on one task, over the seeds of its records."""
    cells, each = {}, [task_values(record, task, horizon) for record in records]
    for metric in METRICS:
        found = [value for one in each if (value := one.get(metric)) is not None]
        if len(found) == len(records):
            cells[metric] = over_seeds(found)
    first, spec = records[0], records[0].spec
    # the papers have no number of one step, and none of a scenario in these tables
    paper = (paper_numbers().get((spec.suite, task, spec.method, find_family(spec.family).kind(task).paper_metric))
             if spec.scenario == STANDARD and not horizon else None)
    return Row(task, spec.method, changed_options(first), len(records), cells, paper, source, missing=missing_reason(first, task),
               past_days=past_days(records), beside=beside(records),
               version=spec.method_version, differs=differs, settled=all(is_settled(record, task) for record in records),
               few_events=few_events(first, task),
               runs=tuple(records))


def over_seeds(values: Sequence[float]) -> Cell:
    """Mean and sample standard deviation of one value a seed."""
    mean = statistics.fmean(values)
    # not statistics.stdev, whose fractions take most of the time of a large table
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)) if len(values) > 1 else None
    return Cell(mean, spread)


def task_values(record: Record, task: str, horizon: int | None) -> Mapping[str, float | None]:
    """Metric → what the record says of one of its tasks; with a horizon, what its sums tell of this step alone."""
    if horizon:
        made = values(record.sums.get(task, {}), horizon)
        return {metric: value for metric, value in made.items() if metric not in OF_ONE_STEP}
    return record.metrics.get(task, {})


def shown_metrics(metrics: Sequence[str], horizon: int | None) -> tuple[str, ...]:
    """The same metrics; of one step, what is a mean over all steps is that step's own."""
    return tuple(dict.fromkeys(OF_ONE_STEP.get(metric, metric) if horizon else metric for metric in metrics))


def is_settled(record: Record, task: str) -> bool:
    """Whether a run that conclusions are drawn from had its best epoch well before its last; patience sees to that, a budget may not."""
    return record.spec.preset not in CONCLUSIVE or has_settled(record.notes, task)


def few_events(record: Record, task: str) -> int | None:
    """The events of the test part (entries above 0, of the step that meets most of them), where a kind of task needs more; None: enough."""
    counts = record.sums.get(task, {}).get("nonzero", {}).get("count", [])
    events = int(max(counts, default=0))
    return events if counts and events < find_family(record.spec.family).kind(task).fewest_events else None


def changed_options(record: Record) -> str:
    """The options that the user changed: ``hidden=64, layers=2``."""
    return ", ".join(f"{key}={value}" for key, value in sorted(record.notes.get("user_overrides", {}).items()))


def past_days(records: Iterable[Record]) -> int:
    """The most days before each window that these runs were shown."""
    return max((record.notes.get("asks", {}).get("past_days", 0) for record in records), default=0)


def beside(records: Iterable[Record]) -> bool:
    """Whether one of these runs was shown the windows of the other tasks."""
    return any(record.notes.get("asks", {}).get("beside") for record in records)


def missing_reason(record: Record, task: str) -> str | None:
    """Why a finished run has no result of one of its tasks; None: it has one."""
    if task in record.metrics:
        return None
    return str(record.notes.get("missing", {}).get(task, "the record holds no result"))


def make_floors(task: str, records: Iterable[Record]) -> list[Row]:
    """The floors of a task. They know nothing of the methods, but some depend on the seed: one value a seed, then their mean."""
    found: dict[str, dict[str, dict[int, list[float]]]] = {}
    for record in records:
        for name, one in record.floors.get(task, {}).items():
            for metric, value in one.items():
                if value is not None:
                    found.setdefault(name, {}).setdefault(metric, {}).setdefault(record.spec.seed, []).append(value)
    return [Row(task, name, "", 0, {metric: Cell(statistics.fmean(map(statistics.fmean, by_seed.values())), None)
                                    for metric, by_seed in one.items()}, None, "", floor=True) for name, one in found.items()]


def ranked(rows: Sequence[Row], metrics: Iterable[str]) -> list[Row]:
    """The rows with the best and the second of each task and metric marked, among those that may be ranked."""
    ranks: dict[tuple[int, str], int] = {}
    for task in dict.fromkeys(row.task for row in rows):
        for metric in metrics:
            values = {k: row.cells[metric].mean for k, row in enumerate(rows) if row.task == task and row.rankable and metric in row.cells}
            best = sorted(set(values.values()), reverse=METRICS[metric].higher_is_better)
            ranks |= {(k, metric): best.index(value) + 1 for k, value in values.items() if len(values) > 1 and value in best[:2]}
    return [replace(row, cells={metric: replace(cell, rank=ranks.get((k, metric), 0)) for metric, cell in row.cells.items()})
            for k, row in enumerate(rows)]
