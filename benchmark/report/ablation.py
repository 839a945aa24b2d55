"""The ablation table: what each part of a method is worth. Each variant is found by the ids of its runs, so by its options."""

from __future__ import annotations

import csv
import io
import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from benchmark.errors import unknown
from benchmark.execution.jobs import Job, Plan
from benchmark.families import find_family
from benchmark.metrics import METRICS, Metric
from benchmark.report.console import captured, fits
from benchmark.report.sheet import Sheet, html, latex, markdown
from benchmark.report.table import Cell, missing_reason
from benchmark.report.words import MISSING, cell_text, metric_head, reasons
from benchmark.spec import Record
from benchmark.store.records import Store

CHANGE = "Δ %"


@dataclass(frozen=True)
class AblationCell:
    """One variant on one task."""

    # finished runs
    n: int
    # over these runs; None: there are none
    error: Cell | None = None
    # (variant - full) / full, of the means over the seeds that both have; None for the full method, or without such seeds
    change: float | None = None
    # the number of these seeds
    paired: int = 0
    # why the finished runs have no result; None: they have one
    missing: str | None = None


@dataclass(frozen=True)
class AblationTable:
    """A row a variant, the full method first."""

    method: str
    suite: str
    edition: str
    protocol: str
    preset: str
    fingerprint: str
    # size and origin of the city, in words
    city: str
    # task -> the first metric that the protocol has of it
    metrics: Mapping[str, str]
    # task -> unit of the metric
    units: Mapping[str, str]
    # variant -> the options that it sets
    changes: Mapping[str, Mapping[str, Any]]
    # variants whose options are those of the full method
    void: Sequence[str]
    # variant -> task -> cell
    rows: Mapping[str, Mapping[str, AblationCell]]

    @property
    def title(self) -> str:
        return f"{self.method}, ablations · {self.suite} · data {self.edition} · protocol {self.protocol} · preset {self.preset}"


def make_ablation_table(method: str, plan: Plan, variants: Mapping[str, Sequence[Job]],
                        changes: Mapping[str, Mapping[str, Any]], store: Store) -> AblationTable:
    """The finished runs of a plan as a table; a run that is not there is left out, never replaced.

    Parameters
    ----------
    variants: variant → its runs; the first one is the full method. changes: variant → the options that it sets.
    """
    (setting,) = plan.settings
    family = find_family(setting.suite.family)
    metrics = {task: family.metrics_of(task, setting.protocol)[0] for task in setting.tasks}
    found = {name: [store.read(job.spec) for job in jobs if store.has(job.spec)] for name, jobs in variants.items()}
    full, *others = variants
    rows = {name: {task: _cell(records, found[full] if name != full else [], task, metrics[task]) for task in setting.tasks}
            for name, records in found.items()}
    units = setting.units()
    same = {job.spec for job in variants[full]}
    return AblationTable(
        method, f"{setting.suite.name}@{setting.suite.version}", setting.cities.edition,
        f"{setting.protocol.name}@{setting.protocol.version}", setting.preset.name, setting.cities.fingerprint, setting.size(), metrics,
        {task: units[task] or "%" for task in setting.tasks}, changes,
        [name for name in others if {job.spec for job in variants[name]} == same], rows)


def _by_seed(records: Sequence[Record], task: str, metric: str) -> dict[int, float]:
    return {record.spec.seed: value for record in records if (value := record.metrics.get(task, {}).get(metric)) is not None}


def _cell(records: Sequence[Record], full_records: Sequence[Record], task: str, metric: str) -> AblationCell:
    values, full = _by_seed(records, task, metric), _by_seed(full_records, task, metric)
    if not values:
        finished = [record for record in records if task in record.spec.tasks]
        return AblationCell(len(finished), missing=missing_reason(finished[0], task) if finished else None)
    error = Cell(statistics.fmean(values.values()), statistics.stdev(values.values()) if len(values) > 1 else None)
    both = values.keys() & full.keys()
    if not both or not (base := statistics.fmean(full[seed] for seed in both)):
        return AblationCell(len(values), error)
    return AblationCell(len(values), error, statistics.fmean(values[seed] for seed in both) / base - 1, len(both))


def render_ablation(table: AblationTable, format: str) -> str:
    """The table in one of the formats of `FORMATS`."""
    check_format(format)
    return FORMATS[format](table)


def check_format(format: str) -> None:
    """Raise UserError for a format that does not exist."""
    if format not in FORMATS:
        raise unknown("format", format, FORMATS)


def notes(table: AblationTable) -> list[str]:
    """The lines under the table: what the numbers are, and what they are not."""
    used = [METRICS[name] for name in dict.fromkeys(table.metrics.values())]
    metric = ", ".join(one.label for one in used)
    units = {unit: ", ".join(task for task in table.units if table.units[task] == unit) for unit in table.units.values()}
    lines = [f"City: {table.city} ({'simulated' if table.edition == 'sim' else table.edition}), fingerprint {table.fingerprint}. "
             f"{metric}: mean over n seeds ± sample sd (n ≥ 3), in {'; '.join(f'{unit} ({tasks})' for unit, tasks in units.items())}.",
             f"{CHANGE}: change of the mean {metric} against full over the seeds that both have; {_worse(used)}."]
    lines += [f"{name}: {', '.join(f'{key}={value}' for key, value in change.items())}"
              + (" (as in full: the same runs)" if name in table.void else "") for name, change in table.changes.items()]
    fewer = [f"{name} {task} ({cell.paired})" for name, cells in table.rows.items() for task, cell in cells.items()
             if cell.change is not None and cell.paired < cell.n]
    lines += [f"{CHANGE} over fewer seeds than n: {', '.join(fewer)}."] if fewer else []
    missing = [(cell.missing, name) for name, cells in table.rows.items() for cell in cells.values() if cell.missing]
    return lines + ([f"{MISSING}: {reasons(missing)}."] if missing else [])


def _worse(metrics: Sequence[Metric]) -> str:
    """Which sign of a change is bad."""
    lower, higher = ([one.label for one in metrics if one.higher_is_better == up] for up in (False, True))
    if not (lower and higher):
        return "− is worse" if higher else "+ is worse"
    return f"+ is worse for {', '.join(lower)}, − for {', '.join(higher)}"


def _change(cell: AblationCell) -> str:
    return "" if cell.change is None else f"{100 * cell.change:+.1f}"


def _counts(cells: Mapping[str, AblationCell]) -> str:
    """One number where the tasks agree, else one a task."""
    counts = [cell.n for cell in cells.values()]
    return str(counts[0]) if len(set(counts)) == 1 else "/".join(map(str, counts))


def _row(table: AblationTable, cells: Mapping[str, AblationCell]) -> list[str]:
    pairs = [(MISSING if cell.missing else cell_text(cell.error, table.metrics[task], cell.n), _change(cell))
             for task, cell in cells.items()]
    return [_counts(cells), *(text for pair in pairs for text in pair)]


def _sheet(table: AblationTable) -> Sheet:
    heads = [f"{task} {head}" for task in table.units for head in (metric_head(table.metrics[task]), CHANGE)]
    rows = [[name, *_row(table, cells)] for name, cells in table.rows.items()]
    return Sheet(table.title, ["variant", "n", *heads], rows, notes(table), 1)


def _rich(table: AblationTable) -> str:
    def write(console: Console) -> None:
        console.print(table.title, style="bold", highlight=False)
        for grid in _grids(table, console):
            console.print(grid)
        for line in notes(table):
            console.print(line, style="dim", highlight=False)

    return captured(write)


def _grids(table: AblationTable, console: Console) -> list[RichTable]:
    """All tasks side by side if the terminal is wide enough, else closed up, else in as few parts as it takes."""
    tasks = list(table.units)
    for parts in range(1, len(tasks) + 1):
        size = -(-len(tasks) // parts)
        for plus_minus, gap in ((" ± ", 1), ("±", 1), ("±", 0)):
            grids = [_grid(table, tasks[k : k + size], plus_minus, gap) for k in range(0, len(tasks), size)]
            if all(fits(console, grid) for grid in grids):
                return grids
    return grids


def _grid(table: AblationTable, tasks: Sequence[str], plus_minus: str, gap: int) -> RichTable:
    grid = RichTable(box=box.SIMPLE_HEAD, padding=(0, gap, 0, 0), pad_edge=False, show_edge=gap > 0)
    grid.add_column("variant", vertical="bottom", no_wrap=True)
    for head in ("n", *(head for task in tasks for head in (_head(table, task), CHANGE))):
        grid.add_column(head, justify="right", vertical="bottom", no_wrap=True)
    for name, cells in table.rows.items():
        texts = _row(table, {task: cells[task] for task in tasks})
        grid.add_row(name, *(text.replace(" ± ", plus_minus) for text in texts))
    return grid


def _head(table: AblationTable, task: str) -> str:
    """The task above its metric, in as few columns as they take; of several cities the city stands above too."""
    return "\n".join((*task.split("."), metric_head(table.metrics[task]).replace(" ", "\n").replace("\n%", " %")))


def _csv(table: AblationTable) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["suite", "edition", "protocol", "preset", "fingerprint", "method", "variant", "options", "task", "n", "metric",
                     "mean", "sd", "change", "seeds of the change", "missing"])
    for name, cells in table.rows.items():
        options = ", ".join(f"{key}={value}" for key, value in table.changes.get(name, {}).items())
        for task, cell in cells.items():
            values = (cell.error.mean, cell.error.sd, cell.change) if cell.error else (None, None, None)
            writer.writerow([table.suite, table.edition, table.protocol, table.preset, table.fingerprint, table.method, name, options,
                             task, cell.n, METRICS[table.metrics[task]].label, *("" if value is None else value for value in values),
                             cell.paired, cell.missing or ""])
    return out.getvalue()


def _json(table: AblationTable) -> str:
    return json.dumps(asdict(table), indent=2, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[AblationTable], str]] = {
    "rich": _rich, "csv": _csv, "json": _json, "markdown": lambda table: markdown([_sheet(table)]),
    "latex": lambda table: latex([_sheet(table)]), "html": lambda table: html([_sheet(table)])}
