"""The tables of suites as sheets: heads, names, cells and notes in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby

from benchmark.families import find_family
from benchmark.metrics import METRICS
from benchmark.report.rows import Cell, Row
from benchmark.report.sheet import DIM, FLOOR, Sheet
from benchmark.report.table import Table
from benchmark.report.tidy import COLUMNS, tidy_rows
from benchmark.report.words import MISSING, PAST_DAYS, cell_text, metric_head, origin, percent_head, reasons, with_brackets

NOTHING = Sheet("No records match. Measure some: stbench run --method stid --suite nyc", (), (), columns=COLUMNS)


def suite_sheets(tables: Sequence[Table]) -> list[Sheet]:
    """One a table; tables of the same records share heading and notes."""
    made = []
    for _, group in groupby(tables, key=lambda table: table.group):
        together = list(group)
        lines = notes(together)
        made += [_sheet(table, together[0].title, lines) for table in together]
    return made


def _sheet(table: Table, title: str, lines: Sequence[str]) -> Sheet:
    keys = ["task", "method", "n"]
    paper = [percent_head(paper_label(table), _paper_metric(table))] if has_paper(table) else []
    rows = [[row.task, label(row), "–" if row.floor else str(row.n), *cell_texts(table, row), *paper_texts(table, row)]
            for row in table.rows]
    marks = {(k, len(keys) + j): row.cells[m].rank for k, row in enumerate(table.rows) for j, m in enumerate(table.metrics)
             if m in row.cells}
    marks |= {(k, len(keys) + len(table.metrics)): DIM for k in range(len(rows)) if paper}
    marks |= {(k, j): FLOOR for k, row in enumerate(table.rows) if row.floor for j, text in enumerate(rows[k]) if j and text}
    data = [{**row, "metric": METRICS[row["metric"]].label} for row in tidy_rows(table)]
    return Sheet(title, [*keys, *map(metric_head, table.metrics), *paper], rows, words=2, keys=len(keys), sections=True, marks=marks,
                 notes=lines, group=table.group, columns=COLUMNS, data=data, whole=asdict(table))


def paper_label(table: Table) -> str:
    return ", ".join(["paper (real", *filter(None, [find_family(table.family).paper_mask])]) + ")"


def has_paper(table: Table) -> bool:
    return any(row.paper is not None for row in table.rows)


def name(row: Row) -> str:
    return with_brackets(row.method, row.past_days, row.changed)


def label(row: Row) -> str:
    return name(row) + ("†" if row.source == "published" else "")


def cell_texts(table: Table, row: Row) -> list[str]:
    """One text a metric."""
    return [MISSING if row.missing else cell_text(row.cells.get(metric), metric, row.n) for metric in table.metrics]


def paper_texts(table: Table, row: Row) -> list[str]:
    """The paper's cell; none at all where the paper says nothing of this table."""
    if not has_paper(table):
        return []
    return ["" if row.paper is None else cell_text(Cell(row.paper, None), _paper_metric(table), 1)]


def notes(group: Sequence[Table]) -> list[str]:
    """The lines under the tables of one group: what the numbers are, and what they are not."""
    first, rows = group[0], [row for table in group for row in table.rows]
    cities = "Cities" if any("." in task for task in first.tasks) else "City"
    lines = [f"{cities}: {first.city} {origin(first.edition, first.fingerprint)}. "
             f"Mean over n seeds ± sample sd (n ≥ 3).{' Best bold, second underlined.' if first.ranked else ''}"]
    if not first.ranked:
        lines.append(f"Protocol {first.protocol}: {find_family(first.family).protocol(first.protocol.partition('@')[0]).summary}.")
    units = {task: unit for table in group for task, unit in table.units.items() if unit}
    if units:
        lines.append("MAE and RMSE: " + "; ".join(f"{unit} ({', '.join(task for task in units if units[task] == unit)})"
                                                  for unit in dict.fromkeys(units.values())) + ".")
    if any(row.floor for row in rows):
        lines.append(f"n –: a floor, what is reached without any {find_family(first.family).floors_lack}; never ranked.")
    if any(row.past_days for row in rows):
        lines.append(PAST_DAYS)
    missing = [(row.missing, name(row)) for row in rows if row.missing]
    lines += [f"{MISSING}: {reasons(missing)}."] if missing else []
    with_paper = [table for table in group if has_paper(table)]
    if with_paper:
        shown = ", ".join(dict.fromkeys(METRICS[_paper_metric(table)].label for table in with_paper))
        warning = "never ranked" if first.comparable else "on its own data and protocol: not comparable, never ranked"
        lines.append(f"{paper_label(first)}: the paper's {shown} {warning}.")
    if any(row.source == "published" for row in rows):
        lines.append("† from the published records (results/runs); the others were measured by this checkout.")
    return lines


def _paper_metric(table: Table) -> str:
    """The metric of the paper's column; the tasks of a table share it."""
    return find_family(table.family).kind(table.tasks[0]).paper_metric
