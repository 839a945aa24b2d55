"""Tables as text: for the terminal, markdown, LaTeX, CSV, HTML, JSON."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table as RichTable
from rich.text import Text

from benchmark.errors import unknown
from benchmark.metrics import METRICS
from benchmark.report.table import FEWEST_FOR_SD, PAPER_LABEL, Cell, Row, Table
from benchmark.spec import find_protocol

STYLES = {0: "", 1: "bold", 2: "underline"}


def render(tables: Sequence[Table], format: str) -> str:
    """All tables in one format.

    Raises
    ------
    UserError: unknown format.
    """
    if format not in FORMATS:
        raise unknown("format", format, FORMATS)
    return FORMATS[format](tables)


def heads(table: Table) -> list[str]:
    labels = [_percent(METRICS[m].label) if METRICS[m].percent else METRICS[m].label for m in table.metrics]
    return ["method", "n", *labels, *([PAPER_LABEL] if _has_paper(table) else [])]


def _percent(label: str) -> str:
    """``MAPE (y≥1)`` → ``MAPE % (y≥1)``."""
    name, space, mask = label.partition(" ")
    return f"{name} %{space}{mask}"


def _has_paper(table: Table) -> bool:
    return any(row.paper is not None for row in table.rows)


def cell_text(cell: Cell | None, metric: str, n: int) -> str:
    """``12.34 ± 0.05``; percentages for shares; no ± below three runs."""
    if cell is None:
        return ""
    scale, digits = (100, 1) if METRICS[metric].percent else (1, 2 if cell.mean >= 0.1 else 4)
    text = f"{cell.mean * scale:.{digits}f}"
    return f"{text} ± {cell.sd * scale:.{digits}f}" if cell.sd is not None and n >= FEWEST_FOR_SD else text


def label(row: Row) -> str:
    return row.method + (f" ({row.changed})" if row.changed else "") + ("†" if row.source == "published" else "")


def notes(table: Table) -> list[str]:
    """The lines under a table: what the numbers are, and what they are not."""
    lines = [f"City: {table.city} ({'simulated' if table.edition == 'sim' else table.edition}), fingerprint {table.fingerprint}. "
             f"Mean over n seeds ± sample sd (n ≥ 3).{' Best bold, second underlined.' if table.ranked else ''}"]
    if not table.ranked:
        lines.append(f"Protocol {table.protocol}: {find_protocol(table.protocol.partition('@')[0]).summary}.")
    by_unit = {unit: [task for task in table.tasks if table.units[task] == unit] for unit in dict.fromkeys(table.units.values())}
    lines.append("MAE and RMSE: " + "; ".join(f"{unit} ({', '.join(tasks)})" for unit, tasks in by_unit.items()) + ".")
    if _has_paper(table) and not table.comparable:
        lines.append(f"{PAPER_LABEL}: the paper's MAE on its own data and protocol: not comparable, never ranked.")
    if any(row.source == "published" for row in table.rows):
        lines.append("† from the published records (results/runs); the others were measured by this checkout.")
    return lines


def _paper(table: Table, row: Row) -> list[str]:
    """The paper's cell; none at all where the paper says nothing of this table."""
    return ["" if row.paper is None else f"{row.paper:.2f}"] if _has_paper(table) else []


def _rich(tables: Sequence[Table]) -> str:
    def write(console: Console) -> None:
        for table in tables:
            _print_rich(console, table)
        if not tables:
            console.print(NOTHING)

    return captured(write)


NOTHING = "No records match. Measure some: stbench run --method stid --suite nyc"


def _print_rich(console: Console, table: Table) -> None:
    wide = _grid(table, compact=False)
    console.print(table.title, style="bold", highlight=False)
    console.print(wide if fits(console, wide) else _grid(table, compact=True))
    for line in notes(table):
        console.print(line, style="dim", highlight=False)
    console.print()


def fits(console: Console, grid: RichTable) -> bool:
    """Whether a grid can be printed without cutting a cell."""
    return Measurement.get(console, console.options.update(max_width=10_000), grid).maximum <= console.width


def _grid(table: Table, compact: bool) -> RichTable:
    """For the terminal; `compact` breaks heads and names once more and closes up the ±."""
    plus_minus = "±" if compact else " ± "
    grid = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for k, head in enumerate(heads(table)):
        broken = head.replace(" (", "\n(").replace(", ", ",\n" if compact else ", ")
        grid.add_column(broken, justify="left" if k == 0 else "right", no_wrap=True)
    for task in table.tasks:
        grid.add_row(Text(task, style="bold cyan"))
        rows = [row for row in table.rows if row.task == task]
        for row in rows:
            cells = [Text(cell_text(row.cells.get(m), m, row.n).replace(" ± ", plus_minus),
                          style=STYLES[row.cells[m].rank if m in row.cells else 0]) for m in table.metrics]
            name = f" {label(row)}"
            grid.add_row(name.replace(" (", "\n  (") if compact else name, str(row.n), *cells,
                         *(Text(text, style="dim") for text in _paper(table, row)), end_section=row is rows[-1])
    return grid


def captured(write: Callable[[Console], None]) -> str:
    """What a console of the terminal's width would print; colours only on a terminal."""
    terminal = Console()
    console = Console(file=io.StringIO(), force_terminal=terminal.is_terminal, width=shutil.get_terminal_size((100, 24)).columns)
    write(console)
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


@dataclass(frozen=True)
class Sheet:
    """A table as plain text, before markdown, LaTeX or HTML is made of it."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str]
    # columns of words, on the left; the others hold numbers
    words: int
    # (row, column) -> 1: best, 2: second
    ranks: Mapping[tuple[int, int], int] = field(default_factory=dict)

    def cells(self, marks: Mapping[int, str], escape: Callable[[str], str] = str) -> list[list[str]]:
        """The rows, escaped, with best and second marked."""
        return [[marks[self.ranks.get((k, j), 0)].format(escape(text)) for j, text in enumerate(row)] for k, row in enumerate(self.rows)]


def _sheet(table: Table) -> Sheet:
    rows = [[row.task, label(row), str(row.n), *(cell_text(row.cells.get(m), m, row.n) for m in table.metrics), *_paper(table, row)]
            for row in table.rows]
    ranks = {(k, 3 + j): row.cells[m].rank for k, row in enumerate(table.rows) for j, m in enumerate(table.metrics) if m in row.cells}
    return Sheet(table.title, ["task", *heads(table)], rows, notes(table), 2, ranks)


def markdown(sheets: Sequence[Sheet]) -> str:
    parts = []
    for sheet in sheets:
        rule = "|" + "---|" * sheet.words + "---:|" * (len(sheet.heads) - sheet.words)
        lines = [f"**{sheet.title}**", "", "| " + " | ".join(sheet.heads) + " |", rule]
        lines += ["| " + " | ".join(row) + " |" for row in sheet.cells({0: "{}", 1: "**{}**", 2: "<u>{}</u>"})]
        parts.append("\n".join([*lines, "", *sheet.notes]))
    return "\n\n".join(parts) + "\n"


def latex(sheets: Sequence[Sheet]) -> str:
    symbols = str.maketrans({"_": r"\_", "%": r"\%", "≥": r"$\geq$", "≠": r"$\neq$", "±": r"$\pm$", "†": r"$^\dagger$", "×": r"$\times$",
                             "Δ": r"$\Delta$"})
    parts = []
    for sheet in sheets:
        lines = [f"% {sheet.title}", *(f"% {note}" for note in sheet.notes),
                 r"\begin{tabular}{" + "l" * sheet.words + "r" * (len(sheet.heads) - sheet.words) + "}", r"\toprule",
                 " & ".join(sheet.heads).translate(symbols) + r" \\", r"\midrule"]
        cells = sheet.cells({0: "{}", 1: r"\textbf{{{}}}", 2: r"\underline{{{}}}"}, lambda text: text.translate(symbols))
        lines += [" & ".join(row) + r" \\" for row in cells]
        parts.append("\n".join([*lines, r"\bottomrule", r"\end{tabular}"]))
    return "\n\n".join(parts) + "\n"


def html(sheets: Sequence[Sheet]) -> str:
    parts = []
    for sheet in sheets:
        head = "".join(f"<th>{escape(text)}</th>" for text in sheet.heads)
        body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
                         for row in sheet.cells({0: "{}", 1: "<b>{}</b>", 2: "<u>{}</u>"}, escape))
        foot = "".join(f"<p>{escape(note)}</p>" for note in sheet.notes)
        parts.append(f"<table>\n<caption>{escape(sheet.title)}</caption>\n<thead><tr>{head}</tr></thead>\n"
                     f"<tbody>\n{body}\n</tbody>\n</table>\n{foot}")
    return "\n".join(parts) + "\n"


def _csv(tables: Sequence[Table]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["suite", "edition", "protocol", "preset", "fingerprint", "task", "method", "options", "source", "n", "metric",
                     "mean", "sd", "paper_mae_real_nonzero"])
    for table in tables:
        for row in table.rows:
            for metric in table.metrics:
                if cell := row.cells.get(metric):
                    writer.writerow([table.suite, table.edition, table.protocol, table.preset, table.fingerprint, row.task, row.method,
                                     row.changed, row.source, row.n, METRICS[metric].label, cell.mean,
                                     "" if cell.sd is None else cell.sd, "" if row.paper is None else row.paper])
    return out.getvalue()


def _json(tables: Sequence[Table]) -> str:
    return json.dumps([asdict(table) for table in tables], indent=2, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[Sequence[Table]], str]] = {
    "rich": _rich, "csv": _csv, "json": _json, "markdown": lambda tables: markdown([*map(_sheet, tables)]),
    "latex": lambda tables: latex([*map(_sheet, tables)]), "html": lambda tables: html([*map(_sheet, tables)])}


def plain_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Equal rows of facts as a terminal table."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    grid = RichTable(box=box.SIMPLE_HEAD, padding=(0, 2, 0, 0), pad_edge=False)
    for column in columns:
        numeric = all(isinstance(row.get(column), int | None) for row in rows)
        grid.add_column(column, justify="right" if numeric else "left", overflow="fold", no_wrap=column == columns[0])
    for row in rows:
        grid.add_row(*(f"{value:,}" if isinstance(value := row.get(c), int) else "–" if value is None else str(value) for c in columns))
    return captured(lambda console: console.print(grid))


def plain_facts(facts: Mapping[str, Any]) -> str:
    """Nested facts as indented lines."""
    def lines(value: Any, depth: int) -> list[str]:
        pad = "  " * depth
        if isinstance(value, Mapping) and set(value) == {"default", "meaning"}:
            return [f"{value['default']}  {value['meaning']}"]
        if isinstance(value, Mapping):
            made = []
            for key, inner in value.items():
                inside = lines(inner, depth + 1)
                one_line = len(inside) == 1 and not inside[0].startswith("  " * (depth + 1))
                made += [f"{pad}{key}: {inside[0]}"] if one_line else [f"{pad}{key}:", *inside]
            return made or ["none"]
        return [", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)]
    return "\n".join(lines(facts, 0)) + "\n"
