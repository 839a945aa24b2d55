"""Methods that were named and have no record: a row of dashes in each table that could show them, and the command that fills it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmark.registry import registry
from benchmark.report.advice import command
from benchmark.report.choice import Filter
from benchmark.report.rows import Row
from benchmark.report.table import Table
from benchmark.suites.catalogue import suites

# a cell that no run has filled yet
ABSENT = "–"


def with_absent(tables: Sequence[Table], chosen: Filter) -> list[Table]:
    """The tables with a row for each method of their family that the filter names and that was not run on a task."""
    return [_filled(table, chosen.methods) if chosen.methods else table for table in tables]


def is_absent(row: Row) -> bool:
    """Whether a row says only that nothing was measured."""
    return row.n == 0 and not row.floor


def absent_note(group: Sequence[Table]) -> list[str]:
    """One line under the tables of a group: what to type."""
    first, rows = group[0], [row for table in group for row in table.rows if is_absent(row)]
    suite = suites().get(first.suite.partition("@")[0])
    if not rows:
        return []
    if suite is None:
        return [f"{ABSENT}: not measured."]
    tasks, every = {row.task: None for row in rows}, {task for table in group for task in table.tasks}
    chosen = Filter((suite.name,), (first.edition,), (first.preset,), (first.protocol.partition("@")[0],),
                    None if set(tasks) == every else tuple(tasks), tuple({row.method: None for row in rows}), scenarios=(first.scenario,))
    return [f"{ABSENT}: not measured; type: {command(suite, chosen)}"]


def _filled(table: Table, methods: Sequence[str]) -> Table:
    known, there = registry().names(table.family), {(row.task, row.method) for row in table.rows if not row.floor}
    rows = [row for task in table.tasks for row in (
        *(row for row in table.rows if row.task == task),
        *(Row(task, method, "", 0, {}, None, "") for method in methods if method in known and (task, method) not in there))]
    return replace(table, rows=tuple(rows))
