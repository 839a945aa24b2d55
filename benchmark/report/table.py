"""Records → tables. A table holds one suite version, city, edition, scenario, protocol and preset; only equals are ranked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from benchmark.errors import unknown
from benchmark.families import STANDARD, Family, find_family
from benchmark.protocols import Protocol
from benchmark.registry import registry
from benchmark.report.choice import Chosen, Filter, chosen_records
from benchmark.report.comparison import compared
from benchmark.report.labels import budget_facts, method_facts, told_apart
from benchmark.report.rows import Row, changed_options, make_floors, make_row, past_days, ranked, shown_metrics
from benchmark.report.telling import telling_notes
from benchmark.report.words import row_name
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
    # the counts of the preset that bound these runs
    budget: Mapping[str, int | None] = field(default_factory=dict)
    # the parts that the city's source declares, such as "6:2:2", where they are not the protocol's
    split: str = ""
    # what tells it from other tables that would look alike
    differs: str = ""
    # what its numbers can tell, in sentences
    telling: tuple[str, ...] = ()
    # tables of the same records have the same number: tasks of other metrics stand in a table of their own
    group: int = 0
    # what its rows are compared with; None: the best of each task
    against: str | None = None

    @property
    def title(self) -> str:
        step = "" if self.horizon is None else f" · horizon {self.horizon} only"
        scenario = "" if self.scenario == STANDARD else f" · scenario {self.scenario}"
        split = f" · split {self.split}" if self.split else ""
        differs = f" · {self.differs}" if self.differs else ""
        return f"{self.suite} · data {self.edition}{scenario} · protocol {self.protocol}{split} · preset {self.preset}{step}{differs}"

    @property
    def suite_name(self) -> str:
        """Without its version."""
        return self.suite.rpartition("@")[0]

    @property
    def comparable(self) -> bool:
        """Whether the paper's numbers were made the same way (real data, its protocol, its budget)."""
        return self.edition == "archive" and self.protocol.startswith("paper") and self.preset == "full"


def make_tables(local: Store | None, published: Store | None, chosen: Filter | None = None, against: str | None = None) -> list[Table]:
    """All tables of two stores. A row takes one source: local if it has any run of that row, else published.

    Parameters
    ----------
    against: the method, or the name of a row, that the others are compared with; None: the best of each task.

    Raises
    ------
    UserError: the filter or `against` asks for what does not exist. A broken record is named on stderr and left out.
    """
    chosen = chosen or Filter()
    return tables_of(chosen_records(local, published, chosen), chosen, against)


def tables_of(found: Iterable[Chosen], chosen: Filter, against: str | None = None) -> list[Table]:
    """The tables of these records; `chosen`: what columns they have."""
    groups: dict[tuple[Any, ...], dict[tuple[Any, ...], dict[str, list[Record]]]] = {}
    for source, record, tasks in found:
        spec = record.spec
        group = (spec.suite, spec.suite_version, spec.edition, spec.fingerprint, spec.protocol, spec.protocol_version, spec.preset,
                 tuple(spec.budget.items()), spec.scenario)
        for task in tasks:
            row = (task, spec.method, spec.method_version, str(sorted(spec.options.items())), len(spec.tasks), spec.file)
            groups.setdefault(group, {}).setdefault(row, {}).setdefault(source, []).append(record)
    ordered = [sources for _, sources in sorted(groups.items(), key=lambda item: str(item[0]))]
    made = {number: tables for number, sources in enumerate(ordered) if (tables := _tables(sources, chosen, against))}
    names = dict.fromkeys(name for tables in made.values() for table in tables for row in table.rows if not row.floor
                          for name in (row.method, row_name(row)))
    if against is not None and names and against not in names:
        raise unknown("method of these tables", against, names)
    differs = told_apart({number: (tables[0].title, budget_facts(_first(ordered[number]).spec)) for number, tables in made.items()})
    return [replace(table, group=number, differs=differs[number]) for number, tables in made.items() for table in tables]


def setting_of(spec: RunSpec) -> dict[str, Any]:
    """What the runs of a table share."""
    return {"suite": f"{spec.suite}@{spec.suite_version}", "edition": spec.edition, "protocol": f"{spec.protocol}@{spec.protocol_version}",
            "preset": spec.preset, "fingerprint": spec.fingerprint}


def _tables(sources: Sources, chosen: Filter, against: str | None) -> list[Table]:
    """The tables of one group: one for all tasks of the same metrics, in the suite's order."""
    used = {key: _used(each) for key, each in sources.items()}
    first = _first(sources)
    spec, family, about = first.spec, find_family(first.spec.family), first.city
    protocol = family.protocol(spec.protocol)
    # a method's rows are called alike in every task: the keys without their tasks
    differs = told_apart({key[1:]: ((key[1], changed_options(records[0]), past_days(records)), method_facts(records[0].spec))
                          for key, (_, records) in used.items()})
    runs = _sorted([(make_row(key[0], source, records, chosen.horizon, differs[key[1:]]), records)
                    for key, (source, records) in used.items()], about["suite_tasks"])
    rows = [row for row, _ in runs]
    made = []
    for own, tasks in _by_metrics(rows, protocol, family, chosen.horizon).items():
        methods = [row for row in rows if row.task in tasks]
        # records hold no floor of one step alone
        floors = {task: [] if chosen.horizon else
                  make_floors(task, [record for key, (_, each) in used.items() if key[0] == task for record in each]) for task in tasks}
        asked = None if chosen.metrics is None else shown_metrics(chosen.metrics, chosen.horizon)
        metrics = _columns([*methods, *chain(*floors.values())], own, asked, family)
        if not metrics:
            continue
        if protocol.ranked:
            methods = compared(ranked(methods, metrics), [records for row, records in runs if row.task in tasks], metrics[0],
                               chosen.horizon, against)
        shown = tuple(row for task in tasks for row in (*floors[task], *(row for row in methods if row.task == task)))
        # by a record of the task itself: under a scenario the others may be in another unit
        units = {key[0]: records[0].city["tasks"][key[0]]["unit"] for key, (_, records) in used.items() if key[0] in tasks}
        made.append(Table(**setting_of(spec), city=size_of(about), split=":".join(map(str, about.get("split", ()))), metrics=metrics,
                          tasks=tasks, units=units, rows=shown, telling=tuple(telling_notes(
                              {task: [records for key, (_, records) in used.items() if key[0] == task] for task in tasks}, family,
                              {row.task for row in methods if row.compared and row.compared.tested})),
                          against=against, ranked=protocol.ranked, horizon=chosen.horizon, family=family.name, scenario=spec.scenario,
                          budget=spec.budget))
    return made


def _first(sources: Sources) -> Record:
    """One record of a group, whose tables it speaks for."""
    return _used(next(iter(sources.values())))[1][0]


def _used(sources: Mapping[str, list[Record]]) -> tuple[str, list[Record]]:
    """The source that a row takes, and its records."""
    source = "local" if "local" in sources else "published"
    return source, sources[source]


def _sorted(runs: list[tuple[Row, list[Record]]], tasks: list[str]) -> list[tuple[Row, list[Record]]]:
    """In the order of the suite and of the registry."""
    order, names = {task: k for k, task in enumerate(tasks)}, registry().names()
    return sorted(runs, key=lambda one: (order.get(one[0].task, 99), names.index(one[0].method) if one[0].method in names else 99,
                                         one[0].changed, one[0].differs))


def _by_metrics(rows: list[Row], protocol: Protocol, family: Family, horizon: int | None) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Metrics → the tasks that are scored by them."""
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for task in dict.fromkeys(row.task for row in rows):
        own = shown_metrics(family.metrics_of(task, protocol), horizon)
        found[own] = (*found.get(own, ()), task)
    return found


def _columns(rows: list[Row], own: tuple[str, ...], asked: tuple[str, ...] | None, family: Family) -> tuple[str, ...]:
    """The metrics of a table: those that were asked for, else those of its tasks."""
    present = {metric for row in rows for metric in row.cells}
    if family.other_kind is None:
        return own if asked is None else tuple(metric for metric in asked if metric in own or metric in present)
    return asked or tuple(metric for metric in own if metric in present)


def size_of(about: Mapping[str, Any]) -> str:
    """How large the cities are; the first published records do not say it in words."""
    if "size" in about:
        return str(about["size"])
    return "; ".join(sorted({f"{one['nodes']} nodes × {one['steps']:,} steps" for one in about["tasks"].values()}))
