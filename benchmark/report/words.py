"""A table's heads, names, cells and notes in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmark.families import find_family
from benchmark.metrics import METRICS
from benchmark.report.table import Cell, Row, Table

# a standard deviation of fewer runs is not printed
FEWEST_FOR_SD = 3
# a method's cell where it cannot do a task
MISSING = "✕"


def heads(table: Table) -> list[str]:
    paper = [_percent(paper_label(table), _papers(table))] if has_paper(table) else []
    return ["method", "n", *map(metric_head, table.metrics), *paper]


def metric_head(metric: str) -> str:
    return _percent(METRICS[metric].label, metric)


def paper_label(table: Table) -> str:
    return ", ".join(["paper (real", *filter(None, [find_family(table.family).paper_mask])]) + ")"


def has_paper(table: Table) -> bool:
    return any(row.paper is not None for row in table.rows)


def label(row: Row) -> str:
    return row.method + (f" ({row.changed})" if row.changed else "") + ("†" if row.source == "published" else "")


def number_of_runs(row: Row) -> str:
    return "–" if row.floor else str(row.n)


def cell_texts(table: Table, row: Row) -> list[str]:
    """One text a metric."""
    return [MISSING if row.missing else cell_text(row.cells.get(metric), metric, row.n) for metric in table.metrics]


def cell_text(cell: Cell | None, metric: str, n: int) -> str:
    """``12.34 ± 0.05``; percentages for shares; no ± below three runs."""
    if cell is None:
        return ""
    scale, digits = (100, 1) if METRICS[metric].percent else (1, 2 if cell.mean >= 0.1 else 4)
    text = f"{cell.mean * scale:.{digits}f}"
    return f"{text} ± {cell.sd * scale:.{digits}f}" if cell.sd is not None and n >= FEWEST_FOR_SD else text


def paper_texts(table: Table, row: Row) -> list[str]:
    """The paper's cell; none at all where the paper says nothing of this table."""
    if not has_paper(table):
        return []
    return ["" if row.paper is None else cell_text(Cell(row.paper, None), _papers(table), 1)]


def notes(group: Sequence[Table]) -> list[str]:
    """The lines under the tables of one group: what the numbers are, and what they are not."""
    first, rows = group[0], [row for table in group for row in table.rows]
    cities = "Cities" if any("." in task for task in first.tasks) else "City"
    lines = [f"{cities}: {first.city} ({'simulated' if first.edition == 'sim' else first.edition}), fingerprint {first.fingerprint}. "
             f"Mean over n seeds ± sample sd (n ≥ 3).{' Best bold, second underlined.' if first.ranked else ''}"]
    if not first.ranked:
        lines.append(f"Protocol {first.protocol}: {find_family(first.family).protocol(first.protocol.partition('@')[0]).summary}.")
    units = {task: unit for table in group for task, unit in table.units.items() if unit}
    if units:
        lines.append("MAE and RMSE: " + "; ".join(f"{unit} ({', '.join(task for task in units if units[task] == unit)})"
                                                  for unit in dict.fromkeys(units.values())) + ".")
    if any(row.floor for row in rows):
        lines.append("n –: a floor, what is reached without any representation; never ranked.")
    lines += [f"{MISSING}: {reasons}." for reasons in [_reasons(rows)] if reasons]
    with_paper = [table for table in group if has_paper(table)]
    if with_paper:
        shown = ", ".join(dict.fromkeys(METRICS[_papers(table)].label for table in with_paper))
        warning = "never ranked" if first.comparable else "on its own data and protocol: not comparable, never ranked"
        lines.append(f"{paper_label(first)}: the paper's {shown} {warning}.")
    if any(row.source == "published" for row in rows):
        lines.append("† from the published records (results/runs); the others were measured by this checkout.")
    return lines


def _percent(label: str, metric: str) -> str:
    """``MAPE (y≥1)`` → ``MAPE % (y≥1)``, for a metric that is printed as a percentage."""
    name, space, mask = label.partition(" ")
    return f"{name} %{space}{mask}" if METRICS[metric].percent else label


def _papers(table: Table) -> str:
    """The metric of the paper's column; the tasks of a table share it."""
    return find_family(table.family).kind(table.tasks[0]).paper_metric


def _reasons(rows: Sequence[Row]) -> str:
    return reasons((row.missing, row.method + (f" ({row.changed})" if row.changed else "")) for row in rows if row.missing)


def reasons(pairs: Iterable[tuple[str, str]]) -> str:
    """Why there is no result; (reason, whose it is), which is said where there are several reasons."""
    found: dict[str, dict[str, None]] = {}
    for reason, name in pairs:
        found.setdefault(reason, {})[name] = None
    return "; ".join(reason if len(found) == 1 else f"{reason} ({', '.join(names)})" for reason, names in found.items())
