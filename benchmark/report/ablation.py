"""What the variants of a method are worth, as a table. Each variant is found by the ids of its runs, so by its options."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from benchmark.execution.jobs import Setting
from benchmark.families import find_family
from benchmark.report.comparison import Comparison, compare_each
from benchmark.report.rows import Cell, missing_reason, over_seeds, past_days
from benchmark.report.table import size_of
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
    # what tells it from the reference; None: it is the reference, has no result, or the protocol does not rank
    compared: Comparison | None = None


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
    # a finished run says what its city is, which may not be on this machine
    some = [record for found in records.values() for record in found]
    cities = {task: record.city["tasks"][task]["unit"] for record in some for task in record.spec.tasks}
    units = {task: cities.get(task, unit) if family.kind(task).unit is None else unit for task, unit in setting.units().items()}
    fingerprint, size = (some[0].spec.fingerprint, size_of(some[0].city)) if some else (setting.cities.fingerprint, setting.size())
    if setting.protocol.ranked:
        rows = _compared(rows, records, metrics, reference, void)
    return AblationTable(
        method, what, f"{setting.suite.name}@{setting.suite.version}", setting.cities.edition,
        f"{setting.protocol.name}@{setting.protocol.version}", setting.preset.name, fingerprint, size, metrics,
        {task: units.get(task) or "%" for task in setting.tasks}, changes, reference, void, rows,
        {name: past_days(found) for name, found in records.items()})


def _compared(rows: Mapping[str, Mapping[str, AblationCell]], records: Mapping[str, Sequence[Record]], metrics: Mapping[str, str],
              reference: str, void: Sequence[str]) -> dict[str, dict[str, AblationCell]]:
    """The cells with what tells them from the reference, task by task."""
    made = {name: dict(cells) for name, cells in rows.items()}
    for task, metric in metrics.items():
        of_task = {name: [record for record in found if task in record.metrics] for name, found in records.items()}
        able = [name for name, cells in rows.items() if name not in (reference, *void) and cells[task].change is not None]
        told = compare_each([of_task[name] for name in able], of_task[reference], task, metric, reference)
        for name, one in zip(able, told, strict=True):
            made[name][task] = replace(made[name][task], compared=one)
    return made


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
