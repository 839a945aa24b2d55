"""Records → tables. A table holds one suite version, city, edition, scenario, protocol and preset; only equals are ranked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from benchmark.families import STANDARD, Family, find_family
from benchmark.protocols import Protocol
from benchmark.registry import registry
from benchmark.report.choice import Filter, chosen_records
from benchmark.report.rows import Row, make_floors, make_row, ranked
from benchmark.spec import Record, RunSpec
from benchmark.store.records import Store

# (task, method, version, options, tasks of a fit) -> source -> records
Sources = Mapping[tuple[Any, ...], Mapping[str, list[Record]]]


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
    scenario: str = STANDARD
    # tables of the same records have the same number: tasks of other metrics stand in a table of their own
    group: int = 0

    @property
    def title(self) -> str:
        step = "" if self.horizon is None else f" · horizon {self.horizon} only"
        scenario = "" if self.scenario == STANDARD else f" · scenario {self.scenario}"
        return f"{self.suite} · data {self.edition}{scenario} · protocol {self.protocol} · preset {self.preset}{step}"

    @property
    def comparable(self) -> bool:
        """Whether the paper's numbers were made the same way (real data, its protocol, its budget)."""
        return self.edition == "archive" and self.protocol.startswith("paper") and self.preset == "full"


def make_tables(local: Store, published: Store | None, chosen: Filter | None = None) -> list[Table]:
    """All tables of two stores. A row takes one source: local if it has any run of that row, else published.

    Raises
    ------
    UserError: the filter asks for what does not exist, or a broken record.
    """
    chosen = chosen or Filter()
    groups: dict[tuple[Any, ...], dict[tuple[Any, ...], dict[str, list[Record]]]] = {}
    for source, record, tasks in chosen_records(local, published, chosen):
        spec = record.spec
        group = (spec.suite, spec.suite_version, spec.edition, spec.fingerprint, spec.protocol, spec.protocol_version, spec.preset,
                 tuple(spec.budget.items()), spec.scenario)
        for task in tasks:
            row = (task, spec.method, spec.method_version, str(sorted(spec.options.items())), len(spec.tasks))
            groups.setdefault(group, {}).setdefault(row, {}).setdefault(source, []).append(record)
    ordered = sorted(groups.items(), key=lambda item: str(item[0]))
    return [replace(table, group=number) for number, (_, sources) in enumerate(ordered) for table in _tables(sources, chosen)]


def setting_of(spec: RunSpec) -> dict[str, Any]:
    """What the runs of a table share."""
    return {"suite": f"{spec.suite}@{spec.suite_version}", "edition": spec.edition, "protocol": f"{spec.protocol}@{spec.protocol_version}",
            "preset": spec.preset, "fingerprint": spec.fingerprint}


def _tables(sources: Sources, chosen: Filter) -> list[Table]:
    """The tables of one group: one for all tasks of the same metrics, in the suite's order."""
    used = {key: _used(each) for key, each in sources.items()}
    _, first = next(iter(used.values()))
    spec, family, about = first[0].spec, find_family(first[0].spec.family), first[0].city
    protocol = family.protocol(spec.protocol)
    rows = _sorted([make_row(key[0], source, records, chosen.horizon) for key, (source, records) in used.items()], about["suite_tasks"])
    made = []
    for own, tasks in _by_metrics(rows, protocol, family).items():
        methods = [row for row in rows if row.task in tasks]
        # a record holds the floors of all steps together
        floors = {task: make_floors(task, [record for key, (_, each) in used.items() if key[0] == task for record in each]
                                    if chosen.horizon is None else []) for task in tasks}
        metrics = _columns([*methods, *chain(*floors.values())], own, chosen.metrics, family)
        if not metrics:
            continue
        if protocol.ranked:
            methods = ranked(methods, metrics)
        shown = tuple(row for task in tasks for row in (*floors[task], *(row for row in methods if row.task == task)))
        units = {task: about["tasks"][task]["unit"] for task in tasks}
        made.append(Table(**setting_of(spec), city=_size(about), metrics=metrics, tasks=tasks, units=units, rows=shown,
                          ranked=protocol.ranked, horizon=chosen.horizon, family=family.name, scenario=spec.scenario))
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
