"""Records → tables. A table holds one suite version, city, edition, protocol and preset; only equals are ranked."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from benchmark.errors import unknown
from benchmark.metrics import METRICS, values
from benchmark.registry import registry
from benchmark.report.paper import paper_numbers
from benchmark.spec import Record, find_protocol
from benchmark.store.records import Store

PAPER_LABEL = "paper (real, y≠0)"
# a standard deviation of fewer runs is not printed
FEWEST_FOR_SD = 3


@dataclass(frozen=True)
class Filter:
    """Which tables and rows to make; None: all."""

    suites: tuple[str, ...] | None = None
    editions: tuple[str, ...] | None = None
    presets: tuple[str, ...] | None = None
    protocols: tuple[str, ...] | None = None
    tasks: tuple[str, ...] | None = None
    methods: tuple[str, ...] | None = None
    metrics: tuple[str, ...] | None = None
    fingerprint: str | None = None
    # one step of the horizon, counted from 1, instead of all
    horizon: int | None = None

    def takes(self, record: Record) -> bool:
        spec = record.spec
        pairs = ((self.suites, spec.suite), (self.editions, spec.edition), (self.presets, spec.preset),
                 (self.protocols, spec.protocol), (self.methods, spec.method))
        return all(allowed is None or value in allowed for allowed, value in pairs) and self.fingerprint in (None, spec.fingerprint)


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
    """One method on one task."""

    task: str
    method: str
    # the options a user changed, e.g. "hidden=64"
    changed: str
    n: int
    # metric -> cell; a metric that could not be computed is absent
    cells: dict[str, Cell]
    # the paper's MAE, if it has this method, suite and task
    paper: float | None
    # "local" or "published"
    source: str


@dataclass(frozen=True)
class Table:
    """Rows that may be ranked against each other."""

    suite: str
    edition: str
    protocol: str
    preset: str
    fingerprint: str
    # size and origin of the city, in words
    city: str
    metrics: tuple[str, ...]
    tasks: tuple[str, ...]
    # task -> unit of its MAE and RMSE
    units: dict[str, str]
    rows: tuple[Row, ...]
    # whether its protocol ranks methods
    ranked: bool
    horizon: int | None = None

    @property
    def title(self) -> str:
        step = "" if self.horizon is None else f" · horizon {self.horizon} only"
        return f"{self.suite} · data {self.edition} · protocol {self.protocol} · preset {self.preset}{step}"

    @property
    def comparable(self) -> bool:
        """Whether the paper's numbers were made the same way (real data, its protocol, its budget)."""
        return self.edition == "archive" and self.protocol.startswith("paper") and self.preset == "full"


def make_tables(local: Store, published: Store | None, chosen: Filter | None = None) -> list[Table]:
    """All tables of two stores. A row takes one source: local if it has any run of that row, else published.

    Raises
    ------
    UserError: an unknown metric, or a broken record.
    """
    chosen = chosen or Filter()
    for name in chosen.metrics or ():
        if name not in METRICS:
            raise unknown("metric", name, METRICS)
    groups: dict[tuple[Any, ...], dict[tuple[Any, ...], dict[str, list[Record]]]] = {}
    for source, store in (("local", local), ("published", published)):
        for record in store.records() if store else ():
            if not chosen.takes(record):
                continue
            spec = record.spec
            group = (spec.suite, spec.suite_version, spec.edition, spec.fingerprint, spec.protocol, spec.protocol_version, spec.preset,
                     tuple(spec.budget.items()), spec.scenario)
            for task in spec.tasks:
                row = (task, spec.method, spec.method_version, str(sorted(spec.options.items())), len(spec.tasks))
                groups.setdefault(group, {}).setdefault(row, {}).setdefault(source, []).append(record)
    return [table for _, rows in sorted(groups.items(), key=lambda item: str(item[0])) if (table := _table(rows, chosen))]


def _table(rows: dict[tuple[Any, ...], dict[str, list[Record]]], chosen: Filter) -> Table | None:
    first = next(iter(next(iter(rows.values())).values()))[0]
    order = {task: k for k, task in enumerate(first.city["suite_tasks"])}
    names = registry().names()
    made = []
    for (task, method, *_), sources in rows.items():
        if chosen.tasks and task not in chosen.tasks:
            continue
        source = "local" if "local" in sources else "published"
        made.append(_row(task, method, source, sources[source], chosen.horizon))
    if not made:
        return None
    made.sort(key=lambda row: (order.get(row.task, 99), names.index(row.method) if row.method in names else 99, row.changed))
    spec = first.spec
    protocol = find_protocol(spec.protocol)
    present = tuple(m for m in chosen.metrics or protocol.metrics if chosen.metrics or any(m in row.cells for row in made))
    rows_made = tuple(_ranked(made, present) if protocol.ranked else made)
    facts = first.city["tasks"]
    sizes = sorted({f"{facts[task]['nodes']} nodes × {facts[task]['steps']:,} steps" for task in order if task in facts})
    tasks = tuple(dict.fromkeys(row.task for row in rows_made))
    return Table(f"{spec.suite}@{spec.suite_version}", spec.edition, f"{spec.protocol}@{spec.protocol_version}", spec.preset,
                 spec.fingerprint, "; ".join(sizes), present, tasks, {task: facts[task]["unit"] for task in tasks}, rows_made,
                 protocol.ranked, chosen.horizon)


def _row(task: str, method: str, source: str, records: list[Record], horizon: int | None) -> Row:
    cells, each = {}, [_values(record, task, horizon) for record in records]
    for metric in METRICS:
        found = [value for one in each if (value := one.get(metric)) is not None]
        if len(found) == len(records):
            cells[metric] = Cell(statistics.fmean(found), statistics.stdev(found) if len(found) > 1 else None)
    changed = ", ".join(f"{key}={value}" for key, value in sorted(records[0].notes.get("user_overrides", {}).items()))
    spec = records[0].spec
    return Row(task, method, changed, len(records), cells, paper_numbers().get((spec.suite, task, method, "mae")), source)


def _values(record: Record, task: str, horizon: int | None) -> Mapping[str, float | None]:
    """What the record says, and what its sums tell beyond."""
    made = values(record.sums.get(task, {}), horizon)
    return made if horizon else {**made, **record.metrics[task]}


def _ranked(rows: list[Row], metrics: Iterable[str]) -> list[Row]:
    """Mark the best and the second of each task and metric."""
    ranks: dict[tuple[int, str], int] = {}
    for task in dict.fromkeys(row.task for row in rows):
        for metric in metrics:
            values = {k: row.cells[metric].mean for k, row in enumerate(rows) if row.task == task and metric in row.cells}
            best = sorted(set(values.values()), reverse=METRICS[metric].higher_is_better)
            ranks |= {(k, metric): best.index(value) + 1 for k, value in values.items() if len(values) > 1 and value in best[:2]}
    return [replace(row, cells={metric: replace(cell, rank=ranks.get((k, metric), 0)) for metric, cell in row.cells.items()})
            for k, row in enumerate(rows)]
