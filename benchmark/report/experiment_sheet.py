"""The table of an experiment as sheets: a row a task and method, variant or scenario, and the paper's number beside ours.

The first column of numbers is what the protocol scores a task by, and is ranked. Those beside the paper's are made as the paper makes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmark.execution.jobs import Setting
from benchmark.families import STANDARD, find_family
from benchmark.metrics import METRICS
from benchmark.report.gaps import Gap, gap, not_comparable
from benchmark.report.rows import Row
from benchmark.report.sheet import BEST, DIM, SECOND, Sheet
from benchmark.report.signs import sign_lines, sign_of
from benchmark.report.telling import few_events_notes
from benchmark.report.words import MISSING, cell_text, metric_head, printed, reasons, unit_of
from benchmark.spec import Record

# a cell without a run, and the numbers of the last stage of training, with their heads
LACKING = "–"
ADAPTATION = {"seconds": "s", "epochs": "epochs", "steps": "steps", "best_seconds": "best at s"}
# the paper's name of the first of them
PAPER_SECONDS = "adaptation_time_s"
COLUMNS = ("experiment", "suite", "edition", "protocol", "preset", "fingerprint", "task", "method", "variant", "scenario", "source", "n",
           "metric", "unit", "mean", "sd", "paper", "gap_percent", "verdict", "missing", *ADAPTATION)


@dataclass(frozen=True)
class Line:
    """One row: a task of a method, in a variant and a scenario."""

    task: str
    method: str
    variant: str = ""
    scenario: str = STANDARD
    # of its finished runs; None: there are none
    row: Row | None = None
    records: Sequence[Record] = ()
    # our metric -> the paper's value, and the paper's seconds of the last stage
    paper: Mapping[str, float] = field(default_factory=dict)
    # of `ADAPTATION`, means over the seeds
    adaptation: Mapping[str, float] = field(default_factory=dict)
    # why there can be no run
    absent: str = ""


@dataclass(frozen=True)
class Shown:
    """The lines of one suite, and what they share."""

    experiment: str
    title: str
    setting: Setting
    # as the records say it, since the city may not be on this machine: fingerprint, size in words, (task, scenario) -> unit
    fingerprint: str
    size: str
    units: Mapping[tuple[str, str], str]
    lines: Sequence[Line]
    # our metrics beside the first, in the paper's order
    metrics: tuple[str, ...]
    # what fills the missing cells
    command: str
    # whether the last stage of training is shown
    adaptation: bool = False

    @property
    def facts(self) -> dict[str, str]:
        """What the rows share, as data."""
        one = self.setting
        return {"suite": f"{one.suite.name}@{one.suite.version}", "edition": one.cities.edition,
                "protocol": f"{one.protocol.name}@{one.protocol.version}", "preset": one.preset.name, "fingerprint": self.fingerprint}


def experiment_sheets(shown: Shown) -> list[Sheet]:
    """One a set of tasks that are scored alike; they share title and notes."""
    family, tasks = find_family(shown.setting.suite.family), dict.fromkeys(line.task for line in shown.lines)
    alike: dict[tuple[str, ...], list[str]] = {}
    for task in tasks:
        own = family.metrics_of(task, shown.setting.protocol)
        kept = [metric for metric in shown.metrics if family.kind(task).metrics is None or metric in own]
        alike.setdefault(tuple(dict.fromkeys((own[0], *kept))), []).append(task)
    notes = _notes(shown)
    return [_sheet(shown, metrics, [line for line in shown.lines if line.task in some], notes) for metrics, some in alike.items()]


def _sheet(shown: Shown, metrics: Sequence[str], lines: Sequence[Line], notes: Sequence[str]) -> Sheet:
    scenarios = len({line.scenario for line in shown.lines}) > 1
    with_paper = [metric for metric in metrics if any(metric in line.paper for line in lines)]
    keys = ["task", "method", *(["scenario"] if scenarios else []), "n"]
    heads: list[str] = []
    blocks: dict[int, str] = {}
    for metric in metrics:
        mine = [metric_head(metric)] if metric not in with_paper else ["ours", "paper", "gap %"]
        blocks |= {len(keys) + len(heads) + j: metric_head(metric) for j in range(len(mine)) if len(mine) > 1}
        heads += mine
    if shown.adaptation:
        blocks |= {len(keys) + len(heads) + j: "last stage" for j in range(len(ADAPTATION) + 1)}
        heads += [*ADAPTATION.values(), "paper s"]
    rows = [[line.task, _label(line), *([line.scenario] if scenarios else []), _n(line), *_texts(shown, line, metrics, with_paper)]
            for line in lines]
    ranked = {(k, len(keys)): line.row.cells[metrics[0]].rank for k, line in enumerate(lines) if line.row and metrics[0] in line.row.cells}
    paper = {(k, len(keys) + j): DIM for j, head in enumerate(heads) if head in ("paper", "gap %", "paper s") for k in range(len(rows))}
    facts = shown.facts
    title = (f"{shown.experiment}: {shown.title} · {facts['suite']} · data {facts['edition']} · protocol {facts['protocol']} · preset "
             f"{facts['preset']}")
    signs = {(k, len(keys)): sign for k, line in enumerate(lines) if line.row and (sign := sign_of(line.row))}
    data = list(_tidy(shown, metrics, lines))
    return Sheet(title, [*keys, *heads], rows, words=len(keys) - 1, keys=len(keys), sections=True, blocks=blocks,
                 marks={place: mark for place, mark in {**ranked, **paper}.items() if mark in (BEST, SECOND, DIM)}, signs=signs,
                 notes=notes, columns=COLUMNS, data=data,
                 whole={"experiment": shown.experiment, "title": shown.title, **facts, "rows": data})


def _label(line: Line) -> str:
    name = f"{line.method} {line.variant}".strip()
    if line.row and not line.row.settled:
        name += " (not settled)"
    return name + ("†" if line.row and line.row.source == "published" else "")


def _n(line: Line) -> str:
    return str(line.row.n) if line.row else LACKING


def _texts(shown: Shown, line: Line, metrics: Sequence[str], with_paper: Sequence[str]) -> list[str]:
    texts = []
    for metric in metrics:
        cell = line.row.cells.get(metric) if line.row else None
        ours = LACKING if line.row is None else MISSING if line.row.missing else cell_text(cell, metric, line.row.n)
        texts.append(ours)
        if metric in with_paper:
            paper, found = line.paper.get(metric), _gap(shown, line, metric)
            texts += ["" if paper is None else f"{printed(paper, metric):.{1 if METRICS[metric].percent else 2}f}",
                      "" if found is None else f"{100 * found.relative:+.1f}"]
    if shown.adaptation:
        texts += [f"{line.adaptation[key]:,.0f}" if key in line.adaptation else "" for key in ADAPTATION]
        texts.append(f"{line.paper[PAPER_SECONDS]:,.0f}" if PAPER_SECONDS in line.paper else "")
    return texts


def _gap(shown: Shown, line: Line, metric: str) -> Gap | None:
    cell, paper = line.row.cells.get(metric) if line.row else None, line.paper.get(metric)
    return gap(cell, line.row.n, paper, shown.facts) if line.row and cell and paper is not None else None


def _tidy(shown: Shown, metrics: Sequence[str], lines: Sequence[Line]) -> Iterator[dict[str, Any]]:
    for line in lines:
        for metric in metrics:
            cell, found, paper = line.row.cells.get(metric) if line.row else None, _gap(shown, line, metric), line.paper.get(metric)
            yield {"experiment": shown.experiment, **shown.facts, "task": line.task, "method": line.method, "variant": line.variant or None,
                   "scenario": line.scenario, "source": line.row.source if line.row else None, "n": line.row.n if line.row else 0,
                   "metric": METRICS[metric].label, "unit": unit_of(metric, shown.units.get((line.task, line.scenario), "")),
                   "mean": printed(cell.mean, metric) if cell else None,
                   "sd": printed(cell.sd, metric) if cell and cell.sd is not None else None,
                   "paper": None if paper is None else printed(paper, metric),
                   "gap_percent": 100 * found.relative if found else None, "verdict": found.verdict if found else None,
                   "missing": line.absent or (line.row.missing if line.row else "not measured"),
                   **{key: line.adaptation.get(key) for key in ADAPTATION}}


def _notes(shown: Shown) -> list[str]:
    lines, facts, rows = shown.lines, shown.facts, [line.row for line in shown.lines if line.row]
    said = [f"City: {shown.size}, data {facts['edition']}, fingerprint {facts['fingerprint'] or 'not known'}. "
            "Mean over n seeds ± sample sd (n ≥ 3)."]
    if units := _units(shown):
        said.append("MAE and RMSE: " + "; ".join(f"{unit} ({', '.join(names)})" for unit, names in units.items()) + ".")
    said += sign_lines([row.compared for row in rows if row.compared])
    if any(line.paper for line in lines):
        why = not_comparable(facts)
        said.append("paper: its own numbers, never ranked; gap: (ours − paper) / paper. "
                    + (f"Verdict: not comparable: {why}." if why else "Verdict: " + _verdicts(shown) + "."))
    if shown.adaptation:
        said.append("last stage: wall seconds of the training of this task from its first step until it ends, its epochs and steps, and "
                    "the seconds until its best epoch; on the machine of the record, never ranked.")
    if any(not row.settled for row in rows):
        said.append("not settled: the budget ended training while the validation error still fell; never ranked.")
    said += few_events_notes(rows)
    crossed = [(row.missing, row.method) for row in rows if row.missing]
    said += [f"{MISSING}: {reasons(crossed)}."] if crossed else []
    for reason in dict.fromkeys(line.absent for line in lines if line.absent):
        names = dict.fromkeys(f"{line.method} {line.scenario}".removesuffix(f" {STANDARD}") for line in lines if line.absent == reason)
        said.append(f"{LACKING} {', '.join(names)}: {reason.rstrip('.')}.")
    if any(line.row is None and not line.absent for line in lines):
        said.append(f"{LACKING}: not measured; this fills it: {shown.command}")
    if any(row.source == "published" for row in rows):
        said.append("† from the published records (results/runs); the others were measured by this checkout.")
    return said


def _units(shown: Shown) -> dict[str, list[str]]:
    """Unit -> the tasks that are in it; with their scenario, where that changes the unit of the task."""
    found: dict[str, list[str]] = {}
    for line in shown.lines:
        unit = shown.units.get((line.task, line.scenario), "")
        several = len({one for (task, _), one in shown.units.items() if task == line.task}) > 1
        name = f"{line.task} {line.scenario}" if several else line.task
        if unit and name not in found.setdefault(unit, []):
            found[unit].append(name)
    return found


def _verdicts(shown: Shown) -> str:
    """``within 2 sd: mae of taxi_pick (cmust); outside: …``."""
    found: dict[str, list[str]] = {}
    for line in shown.lines:
        for metric in shown.metrics:
            if one := _gap(shown, line, metric):
                found.setdefault(one.verdict, []).append(f"{line.task} {METRICS[metric].label} {_label(line)}")
    return "; ".join(f"{verdict}: {', '.join(cells)}" for verdict, cells in found.items()) or "none"
