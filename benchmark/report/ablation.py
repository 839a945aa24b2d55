"""What each part of a method is worth, as a table. Each variant is found by the ids of its runs, so by its options."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmark.execution.jobs import Job, Plan
from benchmark.families import find_family
from benchmark.report.rows import Cell, missing_reason, over_seeds, past_days
from benchmark.spec import Record
from benchmark.store.records import Store


@dataclass(frozen=True)
class AblationCell:
    """One variant on one task."""

    # finished runs
    n: int
    # over these runs; None: there are none
    error: Cell | None = None
    # (variant - full) / full, of the means over the seeds that both have; None for the full method, or without such seeds
    change: float | None = None
    # the number of these seeds
    paired: int = 0
    # why the finished runs have no result; None: they have one
    missing: str | None = None


@dataclass(frozen=True)
class AblationTable:
    """A row a variant, the full method first."""

    method: str
    suite: str
    edition: str
    protocol: str
    preset: str
    fingerprint: str
    # size and origin of the city, in words
    city: str
    # task -> the first metric that the protocol has of it
    metrics: Mapping[str, str]
    # task -> unit of the metric
    units: Mapping[str, str]
    # variant -> the options that it sets
    changes: Mapping[str, Mapping[str, Any]]
    # variants whose options are those of the full method
    void: Sequence[str]
    # variant -> task -> cell
    rows: Mapping[str, Mapping[str, AblationCell]]
    # variant -> the days before each window that its runs were shown
    past_days: Mapping[str, int] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return f"{self.method}, ablations · {self.suite} · data {self.edition} · protocol {self.protocol} · preset {self.preset}"


def make_ablation_table(method: str, plan: Plan, variants: Mapping[str, Sequence[Job]],
                        changes: Mapping[str, Mapping[str, Any]], store: Store) -> AblationTable:
    """The finished runs of a plan as a table; a run that is not there is left out, never replaced.

    Parameters
    ----------
    variants: variant → its runs; the first one is the full method. changes: variant → the options that it sets.
    """
    (setting,) = plan.settings
    family = find_family(setting.suite.family)
    metrics = {task: family.metrics_of(task, setting.protocol)[0] for task in setting.tasks}
    found = {name: [store.read(job.spec) for job in jobs if store.has(job.spec)] for name, jobs in variants.items()}
    full, *others = variants
    rows = {name: {task: _cell(records, found[full] if name != full else [], task, metrics[task]) for task in setting.tasks}
            for name, records in found.items()}
    units = setting.units()
    same = {job.spec for job in variants[full]}
    return AblationTable(
        method, f"{setting.suite.name}@{setting.suite.version}", setting.cities.edition,
        f"{setting.protocol.name}@{setting.protocol.version}", setting.preset.name, setting.cities.fingerprint, setting.size(), metrics,
        {task: units[task] or "%" for task in setting.tasks}, changes,
        [name for name in others if {job.spec for job in variants[name]} == same], rows,
        {name: past_days(records) for name, records in found.items()})


def _by_seed(records: Sequence[Record], task: str, metric: str) -> dict[int, float]:
    return {record.spec.seed: value for record in records if (value := record.metrics.get(task, {}).get(metric)) is not None}


def _cell(records: Sequence[Record], full_records: Sequence[Record], task: str, metric: str) -> AblationCell:
    values, full = _by_seed(records, task, metric), _by_seed(full_records, task, metric)
    if not values:
        finished = [record for record in records if task in record.spec.tasks]
        return AblationCell(len(finished), missing=missing_reason(finished[0], task) if finished else None)
    error = over_seeds(list(values.values()))
    both = values.keys() & full.keys()
    if not both or not (base := statistics.fmean(full[seed] for seed in both)):
        return AblationCell(len(values), error)
    return AblationCell(len(values), error, statistics.fmean(values[seed] for seed in both) / base - 1, len(both))
