"""The table of a method's variants as a sheet: a row a variant, two columns a task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from benchmark.metrics import METRICS, Metric
from benchmark.report.ablation import AblationCell, AblationTable
from benchmark.report.comparison import Comparison
from benchmark.report.sheet import Sheet
from benchmark.report.signs import SIGNS, sign_lines
from benchmark.report.tidy import numbers
from benchmark.report.words import MISSING, PAST_DAYS, cell_text, metric_head, origin, reasons, with_brackets

CHANGE = "Δ %"
COLUMNS = ("suite", "edition", "protocol", "preset", "fingerprint", "method", "variant", "options", "task", "n", "metric", "unit", "mean",
           "sd", "change_percent", "change_seeds", "p", "test", "verdict", "past_days", "missing")


def ablation_sheet(table: AblationTable) -> Sheet:
    """The columns of a task are one block, so that a narrow terminal parts tasks, never a number from its change."""
    keys = ["variant", "n"]
    heads = [*keys, *(head for task in table.units for head in (metric_head(table.metrics[task]), CHANGE))]
    blocks = {len(keys) + 2 * k + j: task for k, task in enumerate(table.units) for j in range(2)}
    rows = [[with_brackets(name, table.past_days.get(name, 0)), *_texts(table, cells)] for name, cells in table.rows.items()]
    signs = {(k, len(keys) + 2 * j): sign for k, cells in enumerate(table.rows.values()) for j, task in enumerate(table.units)
             if (one := cells[task].compared) and (sign := SIGNS.get(one.verdict))}
    return Sheet(table.title, heads, rows, keys=len(keys), blocks=blocks, signs=signs, notes=notes(table), columns=COLUMNS,
                 data=list(_tidy_rows(table)), whole=_plain(table))


def _texts(table: AblationTable, cells: Mapping[str, AblationCell]) -> list[str]:
    counts = [cell.n for cell in cells.values()]
    # one number where the tasks agree, else one a task
    n = str(counts[0]) if len(set(counts)) == 1 else "/".join(map(str, counts))
    pairs = [(MISSING if cell.missing else cell_text(cell.error, table.metrics[task], cell.n),
              "" if cell.change is None else f"{100 * cell.change:+.1f}") for task, cell in cells.items()]
    return [n, *(text for pair in pairs for text in pair)]


def _tidy_rows(table: AblationTable) -> Iterator[dict[str, Any]]:
    """One row of `COLUMNS` a variant and task; None is what does not exist."""
    for name, cells in table.rows.items():
        options = ", ".join(f"{key}={value}" for key, value in table.changes.get(name, {}).items())
        for task, cell in cells.items():
            yield {"suite": table.suite, "edition": table.edition, "protocol": table.protocol, "preset": table.preset,
                   "fingerprint": table.fingerprint, "method": table.method, "variant": name, "options": options, "task": task,
                   "n": cell.n, "metric": METRICS[table.metrics[task]].label, "unit": table.units[task],
                   **numbers(cell.error, table.metrics[task]),
                   "change_percent": None if cell.change is None else 100 * cell.change, "change_seeds": cell.paired,
                   **_said(cell.compared),
                   "past_days": table.past_days.get(name) or None, "missing": cell.missing}


def _said(compared: Comparison | None) -> dict[str, Any]:
    """What tells a variant from the reference."""
    tested = compared.tested if compared else None
    return {"p": compared.p if compared else None, "test": tested.test if tested else None,
            "verdict": compared.verdict if compared else None}


def _plain(table: AblationTable) -> dict[str, Any]:
    """The same as one nested object, in the same units."""
    rows = {name: {task: {"n": cell.n, "error": numbers(cell.error, table.metrics[task]) if cell.error else None,
                          "change_percent": None if cell.change is None else 100 * cell.change, "paired": cell.paired,
                          **_said(cell.compared),
                          "missing": cell.missing} for task, cell in cells.items()} for name, cells in table.rows.items()}
    return {**asdict(replace(table, rows={})), "title": table.title, "rows": rows}


def notes(table: AblationTable) -> list[str]:
    """The lines under the table: what the numbers are, and what they are not."""
    used = [METRICS[name] for name in dict.fromkeys(table.metrics.values())]
    metric = ", ".join(one.label for one in used)
    units = {unit: ", ".join(task for task in table.units if table.units[task] == unit) for unit in table.units.values()}
    lines = [f"City: {table.city} {origin(table.edition, table.fingerprint)}. "
             f"{metric}: mean over n seeds ± sample sd (n ≥ 3), in {'; '.join(f'{unit} ({tasks})' for unit, tasks in units.items())}.",
             f"{CHANGE}: change of the mean {metric} against {table.reference} over the seeds that both have; {_worse(used)}."]
    found = [cell.compared for cells in table.rows.values() for cell in cells.values() if cell.compared]
    lines += sign_lines(found, table.reference, "each task's column")
    lines += [f"{name}: {', '.join(f'{key}={value}' for key, value in change.items())}"
              + (f" (as in {table.reference}: the same runs)" if name in table.void else "") for name, change in table.changes.items()]
    fewer = [f"{name} {task} ({cell.paired})" for name, cells in table.rows.items() for task, cell in cells.items()
             if cell.change is not None and cell.paired < cell.n]
    lines += [f"{CHANGE} over fewer seeds than n: {', '.join(fewer)}."] if fewer else []
    lines += [PAST_DAYS] if any(table.past_days.values()) else []
    missing = [(cell.missing, name) for name, cells in table.rows.items() for cell in cells.values() if cell.missing]
    return lines + ([f"{MISSING}: {reasons(missing)}."] if missing else [])


def _worse(metrics: Sequence[Metric]) -> str:
    """Which sign of a change is bad."""
    lower, higher = ([one.label for one in metrics if one.higher_is_better == up] for up in (False, True))
    if not (lower and higher):
        return "− is worse" if higher else "+ is worse"
    return f"+ is worse for {', '.join(lower)}, − for {', '.join(higher)}"
