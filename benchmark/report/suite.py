"""The tables of suites as sheets: heads, names, cells and notes in words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from benchmark.families import find_family
from benchmark.metrics import METRICS
from benchmark.report.absent import ABSENT, absent_note, is_absent, with_absent
from benchmark.report.advice import advice
from benchmark.report.choice import Filter
from benchmark.report.comparison import is_deterministic
from benchmark.report.listed import listed_notes
from benchmark.report.rows import Cell, Row
from benchmark.report.sheet import DIM, FLOOR, Sheet
from benchmark.report.signs import sign_notes, sign_of
from benchmark.report.table import Table, make_tables
from benchmark.report.telling import few_events_notes
from benchmark.report.tidy import COLUMNS, paper_metric, plain, tidy_rows
from benchmark.report.words import BESIDE, MISSING, NOT_SETTLED, PAST_DAYS, cell_text, metric_head, origin, percent_head, reasons, row_name
from benchmark.store.records import Store


def nothing(chosen: Filter) -> Sheet:
    """What is shown where a filter finds no record: what to type."""
    return Sheet(advice(chosen), (), (), columns=COLUMNS)


def sheets_of(local: Store, published: Store | None, chosen: Filter, against: str | None = None) -> list[Sheet]:
    """The sheets of what a filter takes of two stores; as `make_tables`."""
    return suite_sheets(with_absent(make_tables(local, published, chosen, against), chosen))


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
    paper = [percent_head(paper_label(table), paper_metric(table))] if has_paper(table) else []
    rows = [[row.task, label(row), "–" if row.floor else str(row.n), *cell_texts(table, row), *paper_texts(table, row)]
            for row in table.rows]
    marks = {(k, len(keys) + j): row.cells[m].rank for k, row in enumerate(table.rows) for j, m in enumerate(table.metrics)
             if m in row.cells}
    marks |= {(k, len(keys) + len(table.metrics)): DIM for k in range(len(rows)) if paper}
    marks |= {(k, j): FLOOR for k, row in enumerate(table.rows) if row.floor for j, text in enumerate(rows[k]) if j and text}
    signs = {(k, len(keys)): sign for k, row in enumerate(table.rows) if (sign := sign_of(row))}
    data = [{**row, "metric": METRICS[row["metric"]].label} for row in tidy_rows(table)]
    return Sheet(title, [*keys, *map(metric_head, table.metrics), *paper], rows, words=2, keys=len(keys), sections=True, marks=marks,
                 notes=lines, group=table.group, columns=COLUMNS, data=data, whole=plain(table), signs=signs)


def paper_label(table: Table) -> str:
    return ", ".join(["paper (real", *filter(None, [find_family(table.family).paper_mask])]) + ")"


def has_paper(table: Table) -> bool:
    return any(row.paper is not None for row in table.rows)


def label(row: Row) -> str:
    return row_name(row) + ("†" if row.source == "published" else "")


def cell_texts(table: Table, row: Row) -> list[str]:
    """One text a metric."""
    if is_absent(row) or row.missing:
        return [ABSENT if is_absent(row) else MISSING] * len(table.metrics)
    return [cell_text(row.cells.get(metric), metric, row.n) for metric in table.metrics]


def paper_texts(table: Table, row: Row) -> list[str]:
    """The paper's cell; none at all where the paper says nothing of this table."""
    if not has_paper(table):
        return []
    return ["" if row.paper is None else cell_text(Cell(row.paper, None), paper_metric(table), 1)]


def notes(group: Sequence[Table]) -> list[str]:
    """The lines under the tables of one group: what the numbers are, and what they are not."""
    first, rows = group[0], [row for table in group for row in table.rows]
    cities = "Cities" if any("." in task for task in first.tasks) else "City"
    lines = [f"{cities}: {first.city} {origin(first.edition, first.fingerprint)}. "
             "Mean over n seeds ± sample sd (n ≥ 3)."]
    if first.horizon:
        lines.append(f"Every number is of step {first.horizon} of the horizon alone, so none is a mean over steps.")
    if not first.ranked:
        lines.append(f"Protocol {first.protocol}: {find_family(first.family).protocol(first.protocol.partition('@')[0]).summary}.")
    units = {task: unit for table in group for task, unit in table.units.items() if unit}
    if units:
        lines.append("MAE and RMSE: " + "; ".join(f"{unit} ({', '.join(task for task in units if units[task] == unit)})"
                                                  for unit in dict.fromkeys(units.values())) + ".")
    lines += _single_runs(rows)
    lines += sign_notes(group)
    if not all(row.settled for row in rows):
        lines.append(f"{NOT_SETTLED}: the budget ended training while the validation error still fell, in the last tenth of its epochs; "
                     "never ranked.")
    lines += few_events_notes(rows)
    if any(row.floor for row in rows):
        lines.append(f"n –: a floor, what is reached without any {find_family(first.family).floors_lack}; never ranked.")
    lines += dict.fromkeys(line for table in group for line in table.telling)
    if any(row.past_days for row in rows):
        lines.append(PAST_DAYS)
    if any(row.beside for row in rows):
        lines.append(BESIDE)
    missing = [(row.missing, row_name(row)) for row in rows if row.missing]
    lines += [f"{MISSING}: {reasons(missing)}."] if missing else []
    lines += absent_note(group)
    with_paper = [table for table in group if has_paper(table)]
    if with_paper:
        shown = ", ".join(dict.fromkeys(METRICS[paper_metric(table)].label for table in with_paper))
        warning = "never ranked" if first.comparable else "on its own data and protocol: not comparable, never ranked"
        lines.append(f"{paper_label(first)}: the paper's {shown} {warning}.")
    lines += listed_notes(rows)
    if any(row.source == "published" for row in rows):
        lines.append("† from the published records (results/runs); the others were measured by this checkout.")
    return lines


def _single_runs(rows: Sequence[Row]) -> list[str]:
    """Why rows have one run, as far as the registry knows."""
    methods = dict.fromkeys(row.method for row in rows if row.n == 1)
    always = [method for method in methods if is_deterministic(method)]
    once = [method for method in methods if method not in always]
    said = [f"{', '.join(always)} {_verb(always, 'gives', 'give')} the same under every seed and {_verb(always, 'runs', 'run')} once"
            ] if always else []
    said += [f"{', '.join(once)} {_verb(once, 'was', 'were')} run under one seed, which says nothing of the spread"] if once else []
    return [f"n = 1: {'; '.join(said)}."] if said else []


def _verb(names: Sequence[str], one: str, several: str) -> str:
    return one if len(names) == 1 else several
