"""Kept runs against one of them, answer by answer: differences of a metric, with intervals of a paired bootstrap.

Runs that were asked the same, in the same order, differ by their answers alone: the chance of which trips were drawn falls out of the
difference, so that its interval is far narrower than those of two separate numbers. It knows one test part and one seed a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from benchmark.errors import UserError
from benchmark.families import find_family, kind_of
from benchmark.report.labels import method_facts, told_apart
from benchmark.report.sheet import Sheet
from benchmark.report.words import UNSURE, better_or_worse, metric_head, printed, unit_of, with_brackets
from benchmark.store.kept import Kept, find_kept, unpack_predictions
from benchmark.store.records import Store

# resamples, and the ends of the 95 % interval among them
RESAMPLES, ENDS = 4000, (2.5, 97.5)
COLUMNS = ("suite", "task", "run", "method", "metric", "unit", "value", "reference", "reference_value", "difference", "low", "high", "n")


@dataclass(frozen=True)
class Difference:
    """One task of one run against the reference; all numbers as tables print them."""

    task: str
    run: str
    metric: str
    value: float
    reference: float
    # 95 % interval of value - reference
    low: float
    high: float
    # groups that were drawn from: trips, or streets
    n: int

    @property
    def difference(self) -> float:
        """Value less the reference's."""
        return self.value - self.reference

    @property
    def verdict(self) -> str:
        """In words, whether the interval leaves out 0."""
        return UNSURE if self.low <= 0 <= self.high else better_or_worse(self.difference, self.metric)


def compare(store: Store, reference: str | Path, others: Sequence[str | Path]) -> Sheet:
    """A sheet of the tasks that each run shares with the reference; runs by id, the beginning of one, or a path.

    Raises
    ------
    UserError: no such kept run, one that keeps no answers, no shared task, or other trips or roads than the reference was asked for.
    """
    first, rest = find_kept(store, reference), [find_kept(store, run) for run in others]
    said = told_apart({kept.spec.id: (kept.spec.method, method_facts(kept.spec) | {"seed": f"seed {kept.spec.seed}"})
                       for kept in (first, *rest)})
    names = {kept.spec.id: with_brackets(kept.spec.method, 0, said[kept.spec.id]) for kept in (first, *rest)}
    return sheet(first, [one for kept in rest for one in differences(first, kept)], names)


def differences(reference: Kept, other: Kept) -> list[Difference]:
    """The shared tasks of two kept runs."""
    tasks = [task for task in reference.spec.tasks if task in other.spec.tasks]
    if not tasks or reference.spec.suite != other.spec.suite:
        raise UserError(f"Runs {reference.spec.id} and {other.spec.id} share no task of one suite; compare runs of the same tasks.")
    mine, its = _answers(reference), _answers(other)
    found = []
    for task in tasks:
        if f"{task}.group" not in mine or f"{task}.group" not in its:  # a method that cannot do it
            continue
        metric = find_family(reference.spec.family).kind(task).paper_metric
        for part in ("truth", "group"):
            if not np.array_equal(mine[f"{task}.{part}"], its[f"{task}.{part}"]):
                raise UserError(f"Runs {reference.spec.id} and {other.spec.id} were asked for other trips or roads of {task}; compare runs "
                                "of one edition, preset, protocol and scenario.")
        groups, group = np.unique(mine[f"{task}.group"], return_inverse=True)
        marks = [scored(one[f"{task}.predicted"], one[f"{task}.truth"]) for one in (mine, its)]
        low, high = interval(marks[1] - marks[0], group, len(groups))
        values = [printed(float(each.mean()), metric) for each in marks]
        found.append(Difference(task, other.spec.id, metric, values[1], values[0], printed(low, metric),
                                printed(high, metric), len(groups)))
    return found


def scored(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """float64 [example]: absolute errors of numbers, hits of classes."""
    if predicted.dtype.kind == "f":
        return np.abs(predicted - truth)
    return ((predicted if predicted.ndim == 1 else predicted[:, 0]) == truth).astype(np.float64)


def interval(difference: np.ndarray, group: np.ndarray, groups: int) -> tuple[float, float]:
    """The 95 % interval of a mean difference: groups are drawn with replacement, and whole (percentile bootstrap, from seed 0).

    difference: float64 [example]. group: int64 [example] which of the groups each belongs to.
    """
    each = np.stack([np.bincount(group, difference, groups), np.bincount(group, minlength=groups)], axis=1)  # [group, 2]
    rng, means = np.random.default_rng(0), np.empty(RESAMPLES)
    for k in range(RESAMPLES):
        total, count = each[rng.integers(groups, size=groups)].sum(axis=0)
        means[k] = total / count
    low, high = np.percentile(means, ENDS)
    return float(low), float(high)


def sheet(reference: Kept, found: Sequence[Difference], names: Mapping[str, str]) -> Sheet:
    """Sections are tasks; a row a run. names: id → what a run is called."""
    spec = reference.spec
    found, name = sorted(found, key=lambda one: spec.tasks.index(one.task)), names[spec.id]
    units = {one.task: unit_of(one.metric, find_family(spec.family).kind(one.task).unit or "") for one in found}
    rows: list[list[str]] = []
    for task, runs in groupby(found, key=lambda one: one.task):
        for k, one in enumerate(runs):
            rows += [] if k else [[task, name, f"{one.reference:.1f}", "", "", ""]]
            rows.append([task, names[one.run], f"{one.value:.1f}", f"{one.difference:+.1f}", f"{one.low:+.1f} … {one.high:+.1f}",
                         one.verdict])
    data = [{"suite": spec.suite, "task": one.task, "run": one.run, "method": names[one.run], "metric": one.metric,
             "unit": units[one.task], "value": one.value, "reference": spec.id, "reference_value": one.reference,
             "difference": one.difference, "low": one.low, "high": one.high, "n": one.n} for one in found]
    shown = ", ".join(f"{metric_head(one.metric)} ({kind})" for kind, one in {kind_of(one.task): one for one in found}.items())
    counts = ", ".join(f"{task} {n:,}" for task, n in {one.task: one.n for one in found}.items())
    notes = [f"Values: {shown}; MAE in s. Difference: a run's value less that of the reference, run {spec.id}.",
             f"95 % interval: paired bootstrap over test trips (road_label: streets), {RESAMPLES:,} resamples of {counts}. It holds "
             "for one test part and one seed a run; another seed may differ by more."]
    title = f"{spec.suite} · data {spec.edition} · protocol {spec.protocol} · preset {spec.preset} · against {name}"
    heads = ["task", "method", "value", "difference", "95 % interval", ""]
    return Sheet(title, heads, rows, words=2, keys=2, sections=True, notes=notes, columns=COLUMNS, data=data, whole=data)


def _answers(kept: Kept) -> Mapping[str, np.ndarray]:
    arrays = unpack_predictions(kept)
    if not any(name.endswith(".group") for name in arrays):
        raise UserError(f"Run {kept.spec.id} ({kept.spec.method} on {kept.spec.suite}) keeps no answers one by one; those of trajectory "
                        "runs made with --keep can be compared.")
    return arrays
