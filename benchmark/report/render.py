"""Tables as text: for the terminal, markdown, LaTeX, CSV, HTML, JSON. Tables of one group share heading and notes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import groupby

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from benchmark.errors import unknown
from benchmark.families import find_family
from benchmark.metrics import METRICS
from benchmark.report.console import captured, fits
from benchmark.report.sheet import BEST, FLOOR, SECOND, Sheet, html, latex, markdown
from benchmark.report.table import Row, Table
from benchmark.report.words import cell_texts, heads, label, notes, number_of_runs, paper_texts

STYLES = {0: "", BEST: "bold", SECOND: "underline"}
# how narrow a table of the terminal is made
WIDE, COMPACT, TIGHT = range(3)
NOTHING = "No records match. Measure some: stbench run --method stid --suite nyc"


def render(tables: Sequence[Table], format: str) -> str:
    """All tables in one format.

    Raises
    ------
    UserError: unknown format.
    """
    if format not in FORMATS:
        raise unknown("format", format, FORMATS)
    return FORMATS[format](tables)


def _groups(tables: Sequence[Table]) -> list[list[Table]]:
    return [list(group) for _, group in groupby(tables, key=lambda table: table.group)]


def _rich(tables: Sequence[Table]) -> str:
    def write(console: Console) -> None:
        for group in _groups(tables):
            _print_group(console, group)
        if not tables:
            console.print(NOTHING)

    return captured(write)


def _print_group(console: Console, group: Sequence[Table]) -> None:
    fitting = (level for level in (WIDE, COMPACT, TIGHT) if all(fits(console, grid) for grid in _grids(group, level)))
    console.print(group[0].title, style="bold", highlight=False)
    for grid in _grids(group, next(fitting, COMPACT)):
        console.print(grid)
    for line in notes(group):
        console.print(line, style="dim", highlight=False)
    console.print()


def _grids(group: Sequence[Table], level: int) -> list[RichTable]:
    """For the terminal: WIDE, or COMPACT with broken heads and names and the ± closed up, or TIGHT with an option a line."""
    names = [line for table in group for name in (*table.tasks, *(_name(row, level) for row in table.rows)) for line in name.splitlines()]
    # tables below each other have names of one width
    width = max(map(len, names)) if len(group) > 1 else None
    return [_grid(table, width, level) for table in group]


def _name(row: Row, level: int) -> str:
    name = f" {label(row)}"
    broken = name.replace(" (", "\n  (") if level >= COMPACT else name
    return broken.replace(", ", ",\n   ") if level == TIGHT else broken


def _grid(table: Table, name_width: int | None, level: int) -> RichTable:
    grid = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for k, head in enumerate(heads(table)):
        broken = head.replace(" (", "\n(").replace(", ", ",\n" if level >= COMPACT else ", ")
        grid.add_column(broken, justify="left" if k == 0 else "right", no_wrap=True, min_width=name_width if k == 0 else None)
    for task in table.tasks:
        grid.add_row(Text(task, style="bold cyan"))
        rows = [row for row in table.rows if row.task == task]
        for row in rows:
            cells = [Text(text.replace(" ± ", "±") if level >= COMPACT else text, style=STYLES[row.cells[m].rank if m in row.cells else 0])
                     for m, text in zip(table.metrics, cell_texts(table, row), strict=True)]
            grid.add_row(_name(row, level), number_of_runs(row), *cells, *(Text(text, style="dim") for text in paper_texts(table, row)),
                         end_section=row is rows[-1], style="dim" if row.floor else None)
    return grid


def _sheets(tables: Sequence[Table], notes_at: int) -> list[Sheet]:
    """One a table; a group has its title at its first, and its notes at its first (0) or its last (-1)."""
    made = []
    for group in _groups(tables):
        for table in group:
            made.append(_sheet(table, table.title if table is group[0] else "", notes(group) if table is group[notes_at] else []))
    return made


def _sheet(table: Table, title: str, lines: Sequence[str]) -> Sheet:
    rows = [[row.task, label(row), number_of_runs(row), *cell_texts(table, row), *paper_texts(table, row)] for row in table.rows]
    marks = {(k, 3 + j): row.cells[m].rank for k, row in enumerate(table.rows) for j, m in enumerate(table.metrics) if m in row.cells}
    marks |= {(k, j): FLOOR for k, row in enumerate(table.rows) if row.floor for j, text in enumerate(rows[k]) if j and text}
    return Sheet(title, ["task", *heads(table)], rows, lines, 2, marks)


def _csv(tables: Sequence[Table]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["suite", "edition", "protocol", "preset", "fingerprint", "task", "method", "options", "source", "n", "metric",
                     "mean", "sd", "paper_mae_real_nonzero", "scenario", "floor", "missing", "paper_real"])
    for table in tables:
        for row in table.rows:
            for metric in table.metrics:
                cell = row.cells.get(metric)
                if cell or row.missing:
                    values = (cell.mean, cell.sd) if cell else (None, None)
                    line = [table.suite, table.edition, table.protocol, table.preset, table.fingerprint, row.task, row.method, row.changed,
                            row.source, None if row.floor else row.n, METRICS[metric].label, *values, *_papers(table, row, metric)]
                    writer.writerow(["" if value is None else value for value in line])
    return out.getvalue()


def _papers(table: Table, row: Row, metric: str) -> list[object]:
    """The columns after the numbers; the paper's number of a trajectory task stands at its metric."""
    if find_family(table.family).paper_mask:
        return [row.paper, table.scenario, row.floor, row.missing, None]
    own = metric == find_family(table.family).kind(row.task).paper_metric
    return [None, table.scenario, row.floor, row.missing, row.paper if own else None]


def _json(tables: Sequence[Table]) -> str:
    return json.dumps([asdict(table) for table in tables], indent=2, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[Sequence[Table]], str]] = {
    "rich": _rich, "csv": _csv, "json": _json, "markdown": lambda tables: markdown(_sheets(tables, -1)),
    "latex": lambda tables: latex(_sheets(tables, 0)), "html": lambda tables: html(_sheets(tables, -1))}
