"""The tables of one suite as plain data: every setting with its rows, and of each row one value a seed, from which the page ranks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from benchmark.families import STANDARD, kind_of
from benchmark.metrics import METRICS
from benchmark.report.choice import DEFAULT
from benchmark.report.ranks import name_in_every_task
from benchmark.report.report_parts import ENVIRONMENT
from benchmark.report.rows import CONCLUSIVE, Row, task_values
from benchmark.report.signs import sign_notes, sign_of
from benchmark.report.site.text import file_name
from benchmark.report.suite import notes, paper_label
from benchmark.report.table import Table
from benchmark.report.tidy import paper_metric
from benchmark.report.words import cell_text, metric_head, row_name
from benchmark.spec import Record


def metric_facts() -> dict[str, dict[str, Any]]:
    """Metric → how it is shown."""
    return {name: {"head": metric_head(name), "label": metric.label, "higher": metric.higher_is_better, "percent": metric.percent}
            for name, metric in METRICS.items()}


def board(tables: Sequence[Table]) -> dict[str, Any]:
    """The data of a suite's page; `tables`: all of the suite.

    Runs stand once, in columns, and rows name them by number. `first` is the setting that the page opens with.
    """
    runs, groups = Runs(), groups_of(tables)
    return {"settings": [_setting(group, runs) for group in groups], "first": opening(groups), "runs": runs.columns,
            "machines": list(runs.machines)}


def groups_of(tables: Sequence[Table]) -> list[list[Table]]:
    """The tables of each setting."""
    return [list(group) for _, group in groupby(tables, key=lambda table: table.group)]


def opening(groups: Sequence[Sequence[Table]]) -> int:
    """Of the settings of a suite, the one to open with: it ranks, is no scenario, of a preset for conclusions, and has the most rows."""
    def weight(group: Sequence[Table]) -> tuple[bool, bool, bool, int]:
        first = group[0]
        return first.ranked, first.scenario == STANDARD, first.preset in CONCLUSIVE, sum(len(table.rows) for table in group)
    return max(range(len(groups)), key=lambda k: weight(groups[k]))


class Runs:
    """Numbers for records, in the order in which they are first asked for."""

    def __init__(self) -> None:
        self.columns: dict[str, list[Any]] = {"id": [], "seed": [], "seconds": [], "machine": []}
        # environment in words -> its number
        self.machines: dict[str, int] = {}
        self._numbers: dict[str, int] = {}

    def number(self, record: Record) -> int:
        """The number of a run."""
        run = record.spec.id
        if run not in self._numbers:
            self._numbers[run] = len(self._numbers)
            facts = {"id": run, "seed": record.spec.seed, "seconds": record.timings.get("fit_s"),
                     "machine": self.machines.setdefault(machine(record), len(self.machines))}
            for name, value in facts.items():
                self.columns[name].append(value)
        return self._numbers[run]


def machine(record: Record) -> str:
    """The environment of a run, in words; times of different ones do not compare."""
    return ", ".join(f"{key} {record.environment.get(key, 'unknown')}" for key in ENVIRONMENT)


def _setting(group: Sequence[Table], runs: Runs) -> dict[str, Any]:
    """What may be ranked together."""
    first = group[0]
    signs = sign_notes(group)
    return {"version": first.suite.rpartition("@")[2],
            "edition": first.edition, "protocol": first.protocol, "preset": first.preset, "scenario": first.scenario,
            "differs": first.differs, "ranked": first.ranked, "conditions": [line for line in notes(group) if line not in signs],
            "signs": signs, "suite": first.suite_name,
            "tasks": [{"name": task, "kind": kind_of(task), "unit": table.units.get(task, ""), "metrics": list(table.metrics),
                       "paper": paper_label(table), "paper_metric": paper_metric(table)} for table in group for task in table.tasks],
            "rows": [_row(row, table, runs) for table in group for row in table.rows]}


def _row(row: Row, table: Table, runs: Runs) -> dict[str, Any]:
    """One method, or floor, on one task; what does not apply is left out."""
    always = {"task": row.task, "method": row.method, "name": row_name(row), "values": dict(_values(row, table))}
    if row.floor:
        return {**always, "floor": True}
    more = {"missing": row.missing, "changed": row.changed, "paper": row.paper, "sign": sign_of(row),
            "unsettled": not row.settled, "unranked": not row.rankable, "trials": trials(row.runs)}
    return {**always, "page": file_name(row.method), "called": name_in_every_task(row),
            "runs": [runs.number(record) for record in by_seed(row)],
            **{name: value for name, value in more.items() if value not in (None, "", False)}}


def _values(row: Row, table: Table) -> Iterator[tuple[str, list[float]]]:
    """Metric → one value a run, as the rows of tables are made of; a floor has its mean alone."""
    for metric in table.metrics:
        if metric in row.cells:
            found = [task_values(record, row.task, None).get(metric) for record in by_seed(row)] if row.runs else [row.cells[metric].mean]
            yield metric, [value for value in found if value is not None]


def by_seed(row: Row) -> list[Record]:
    """The runs of a row in the order of their seeds."""
    return sorted(row.runs, key=lambda record: record.spec.seed)


def trials(runs: Sequence[Record]) -> str:
    """The trials that chose the options of these runs: ``0``, ``12``; empty where a record does not say it."""
    said = {0 if record.notes.get("tuning") == DEFAULT else record.notes.get("tuning") for record in runs}
    return ", ".join(sorted(map(str, said))) if None not in said else ""


def leaders(group: Sequence[Table]) -> list[dict[str, Any]]:
    """The best row of each task of a setting, without changed options; for the list of suites."""
    found = []
    for table in group:
        metric = table.metrics[0]
        sign = -1 if METRICS[metric].higher_is_better else 1
        for task in table.tasks:
            able = [row for row in table.rows
                    if row.task == task and row.rankable and metric in row.cells and not row.floor and not row.changed]
            if table.ranked and able:
                best = min(able, key=lambda row: sign * row.cells[metric].mean)
                found.append({"task": task, "name": row_name(best), "page": file_name(best.method), "head": metric_head(metric),
                              "number": cell_text(best.cells[metric], metric, best.n), "link": records_link(best)})
    return found


def records_link(row: Row) -> str:
    """The page of the records of a row, from the root of the site."""
    spec = row.runs[0].spec
    return f"record.html#{file_name(spec.suite)}/{file_name(spec.method)}/{'+'.join(record.spec.id for record in by_seed(row))}"
