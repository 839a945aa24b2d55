"""Records → tables. A table holds one suite version, city, edition, scenario, protocol and preset; only equals are ranked."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from benchmark.errors import unknown
from benchmark.families import Family, find_family, is_named
from benchmark.metrics import METRICS, values
from benchmark.protocols import Protocol
from benchmark.registry import registry
from benchmark.report.paper import paper_numbers
from benchmark.spec import Record
from benchmark.store.records import Store

if TYPE_CHECKING:
    from benchmark.execution.jobs import Setting

# (task, method, version, options, tasks of a fit) -> source -> records
Sources = Mapping[tuple[Any, ...], Mapping[str, list[Record]]]


@dataclass(frozen=True)
class Filter:
    """Which tables and rows to make; None: all."""

    suites: tuple[str, ...] | None = None
    editions: tuple[str, ...] | None = None
    presets: tuple[str, ...] | None = None
    protocols: tuple[str, ...] | None = None
    # names of tasks; in a suite of several cities `road_label` means that task of each city
    tasks: tuple[str, ...] | None = None
    methods: tuple[str, ...] | None = None
    metrics: tuple[str, ...] | None = None
    scenarios: tuple[str, ...] | None = None
    fingerprint: str | None = None
    # one step of the horizon, counted from 1, instead of all; trajectories have none and are left out
    horizon: int | None = None

    @classmethod
    def of(cls, setting: Setting) -> Filter:
        """The tables of a setting's runs."""
        return cls((setting.suite.name,), (setting.cities.edition,), (setting.preset.name,), (setting.protocol.name,), setting.tasks,
                   scenarios=(setting.scenario,), fingerprint=setting.cities.fingerprint)

    def takes(self, record: Record) -> bool:
        spec = record.spec
        pairs = ((self.suites, spec.suite), (self.editions, spec.edition), (self.presets, spec.preset), (self.protocols, spec.protocol),
                 (self.methods, spec.method), (self.scenarios, spec.scenario))
        return (all(allowed is None or value in allowed for allowed, value in pairs) and self.fingerprint in (None, spec.fingerprint)
                and (self.horizon is None or find_family(spec.family).horizons))


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


@dataclass(frozen=True)
class Table:
    """Rows that may be ranked against each other, task by task."""

    suite: str
    edition: str
    protocol: str
    preset: str
    fingerprint: str
    # size and origin of the city, in words
    city: str
    metrics: tuple[str, ...]
    tasks: tuple[str, ...]
    # task -> unit of its MAE and RMSE; empty where it has none
    units: dict[str, str]
    rows: tuple[Row, ...]
    # whether its protocol ranks methods
    ranked: bool
    horizon: int | None = None
    family: str = "forecasting"
    scenario: str = "standard"
    # tables of the same records have the same number: tasks of other metrics stand in a table of their own
    group: int = 0

    @property
    def title(self) -> str:
        step = "" if self.horizon is None else f" · horizon {self.horizon} only"
        scenario = "" if self.scenario == "standard" else f" · scenario {self.scenario}"
        return f"{self.suite} · data {self.edition}{scenario} · protocol {self.protocol} · preset {self.preset}{step}"

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
                if chosen.tasks is None or is_named(task, chosen.tasks):
                    row = (task, spec.method, spec.method_version, str(sorted(spec.options.items())), len(spec.tasks))
                    groups.setdefault(group, {}).setdefault(row, {}).setdefault(source, []).append(record)
    ordered = sorted(groups.items(), key=lambda item: str(item[0]))
    return [replace(table, group=number) for number, (_, sources) in enumerate(ordered) for table in _tables(sources, chosen)]


def _tables(sources: Sources, chosen: Filter) -> list[Table]:
    """The tables of one group: one for all tasks of the same metrics, in the suite's order."""
    used = {key: _used(each) for key, each in sources.items()}
    _, first = next(iter(used.values()))
    spec, family, about = first[0].spec, find_family(first[0].spec.family), first[0].city
    protocol = family.protocol(spec.protocol)
    rows = _sorted([_row(key[0], source, records, chosen.horizon) for key, (source, records) in used.items()], about["suite_tasks"])
    made = []
    for own, tasks in _by_metrics(rows, protocol, family).items():
        methods = [row for row in rows if row.task in tasks]
        floors = {task: _floors(task, [record for key, (_, each) in used.items() if key[0] == task for record in each]) for task in tasks}
        metrics = _columns([*methods, *chain(*floors.values())], own, chosen.metrics, family)
        if not metrics:
            continue
        if protocol.ranked:
            methods = _ranked(methods, metrics)
        shown = tuple(row for task in tasks for row in (*floors[task], *(row for row in methods if row.task == task)))
        units = {task: about["tasks"][task]["unit"] for task in tasks}
        made.append(Table(f"{spec.suite}@{spec.suite_version}", spec.edition, f"{spec.protocol}@{spec.protocol_version}", spec.preset,
                          spec.fingerprint, _size(about), metrics, tasks, units, shown, protocol.ranked, chosen.horizon, family.name,
                          spec.scenario))
    return made


def _used(sources: Mapping[str, list[Record]]) -> tuple[str, list[Record]]:
    """The source that a row takes, and its records."""
    source = "local" if "local" in sources else "published"
    return source, sources[source]


def _sorted(rows: list[Row], tasks: list[str]) -> list[Row]:
    """In the order of the suite and of the registry."""
    order, names = {task: k for k, task in enumerate(tasks)}, registry().names()
    return sorted(rows, key=lambda row: (order.get(row.task, 99), names.index(row.method) if row.method in names else 99, row.changed))


def _by_metrics(rows: list[Row], protocol: Protocol, family: Family) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Metrics → the tasks that are scored by them."""
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for task in dict.fromkeys(row.task for row in rows):
        own = family.metrics_of(task, protocol)
        found[own] = (*found.get(own, ()), task)
    return found


def _columns(rows: list[Row], own: tuple[str, ...], asked: tuple[str, ...] | None, family: Family) -> tuple[str, ...]:
    """The metrics of a table: those that were asked for, else those of its tasks."""
    present = {metric for row in rows for metric in row.cells}
    if family.other_kind is None:
        return own if asked is None else tuple(metric for metric in asked if metric in own or metric in present)
    return asked or tuple(metric for metric in own if metric in present)


def _size(about: Mapping[str, Any]) -> str:
    """How large the cities are; the first published records do not say it in words."""
    if "size" in about:
        return str(about["size"])
    return "; ".join(sorted({f"{one['nodes']} nodes × {one['steps']:,} steps" for one in about["tasks"].values()}))


def _row(task: str, source: str, records: list[Record], horizon: int | None) -> Row:
    cells, each = {}, [_values(record, task, horizon) for record in records]
    for metric in METRICS:
        found = [value for one in each if (value := one.get(metric)) is not None]
        if len(found) == len(records):
            cells[metric] = Cell(statistics.fmean(found), statistics.stdev(found) if len(found) > 1 else None)
    first, spec = records[0], records[0].spec
    changed = ", ".join(f"{key}={value}" for key, value in sorted(first.notes.get("user_overrides", {}).items()))
    paper = paper_numbers().get((spec.suite, task, spec.method, find_family(spec.family).kind(task).paper_metric))
    return Row(task, spec.method, changed, len(records), cells, paper if spec.scenario == "standard" else None, source,
               missing=missing_reason(first, task))


def missing_reason(record: Record, task: str) -> str | None:
    """Why a finished run has no result of one of its tasks; None: it has one."""
    if task in record.metrics:
        return None
    return str(record.notes.get("missing", {}).get(task, "the record holds no result"))


def _values(record: Record, task: str, horizon: int | None) -> Mapping[str, float | None]:
    """What the record says, and what its sums tell beyond."""
    made = values(record.sums.get(task, {}), horizon)
    return made if horizon else {**made, **record.metrics.get(task, {})}


def _floors(task: str, records: Iterable[Record]) -> list[Row]:
    """The floors of a task. They know nothing of the methods, but some depend on the seed: one value a seed, then their mean."""
    found: dict[str, dict[str, dict[int, list[float]]]] = {}
    for record in records:
        for name, one in record.floors.get(task, {}).items():
            for metric, value in one.items():
                if value is not None:
                    found.setdefault(name, {}).setdefault(metric, {}).setdefault(record.spec.seed, []).append(value)
    return [Row(task, name, "", 0, {metric: Cell(statistics.fmean(map(statistics.fmean, by_seed.values())), None)
                                    for metric, by_seed in one.items()}, None, "", floor=True) for name, one in found.items()]


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
