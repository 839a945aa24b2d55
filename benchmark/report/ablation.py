"""What the variants of a method are worth, as a table. Each variant is found by the ids of its runs, so by its options."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmark.execution.jobs import Setting
from benchmark.families import find_family
from benchmark.report.rows import Cell, missing_reason, over_seeds, past_days
from benchmark.spec import Record


@dataclass(frozen=True)
class AblationCell:
    """One variant on one task."""

    # finished runs
    n: int
    # over these runs; None: there are none
    error: Cell | None = None
    # (variant - reference) / reference, of the means over the seeds that both have; None for the reference, or without such seeds
    change: float | None = None
    # the number of these seeds
    paired: int = 0
    # why the finished runs have no result; None: they have one
    missing: str | None = None


@dataclass(frozen=True)
class AblationTable:
    """A row a variant."""

    method: str
    # what is varied, in words: "ablations", "heads"
    what: str
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
    # the variant against which changes are taken
    reference: str
    # other variants whose options are those of the reference
    void: Sequence[str]
    # variant -> task -> cell
    rows: Mapping[str, Mapping[str, AblationCell]]
    # variant -> the days before each window that its runs were shown
    past_days: Mapping[str, int] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return f"{self.method}, {self.what} · {self.suite} · data {self.edition} · protocol {self.protocol} · preset {self.preset}"


def make_ablation_table(method: str, what: str, setting: Setting, records: Mapping[str, Sequence[Record]],
                        changes: Mapping[str, Mapping[str, Any]], reference: str, void: Sequence[str]) -> AblationTable:
    """Finished runs of one setting as a table; a run that is not there is left out, never replaced.

    Parameters
    ----------
    records: variant → its finished runs. changes: variant → the options that it sets. reference: the variant against which changes are
    taken. void: other variants with the options of the reference.
    """
    family = find_family(setting.suite.family)
    metrics = {task: family.metrics_of(task, setting.protocol)[0] for task in setting.tasks}
    rows = {name: {task: _cell(found, records[reference] if name != reference else [], task, metrics[task]) for task in setting.tasks}
            for name, found in records.items()}
    units = setting.units()
    return AblationTable(
        method, what, f"{setting.suite.name}@{setting.suite.version}", setting.cities.edition,
        f"{setting.protocol.name}@{setting.protocol.version}", setting.preset.name, setting.cities.fingerprint, setting.size(), metrics,
        {task: units[task] or "%" for task in setting.tasks}, changes, reference, void, rows,
        {name: past_days(found) for name, found in records.items()})


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
