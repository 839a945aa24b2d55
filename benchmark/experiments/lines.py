"""The parts of an experiment as lines of its table, with the paper's numbers beside them."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import replace

from benchmark.execution.jobs import Setting
from benchmark.experiments.kinds import Resolved
from benchmark.experiments.parts import Part
from benchmark.families import STANDARD, find_family
from benchmark.report.comparison import compared
from benchmark.report.experiment_sheet import ADAPTATION, PAPER_SECONDS, Line, Shown, experiment_sheets
from benchmark.report.paper import our_metric, paper_table
from benchmark.report.rows import make_row, ranked
from benchmark.report.sheet import Sheet
from benchmark.report.table import size_of
from benchmark.spec import Record
from benchmark.suites.catalogue import split_task
from benchmark.training_notes import last_training


def sheets(resolved: Resolved) -> list[Sheet]:
    """The tables of an experiment, one a suite and set of tasks that are scored alike."""
    made = []
    for setting, parts in resolved.planned.settings():
        family, one = find_family(setting.suite.family), resolved.experiment
        records = [record for part in parts for record in resolved.found[part].records]
        shown = Shown(one.name, one.title, setting, *_city(setting, records), _ranked(list(lines(resolved, setting, parts)), setting),
                      tuple(our_metric(metric, family) for metric in one.metrics), resolved.command, one.adaptation)
        made += experiment_sheets(shown)
    return made


def _city(setting: Setting, records: Sequence[Record]) -> tuple[str, str, dict[tuple[str, str], str]]:
    """Fingerprint, size, and the unit of each task and scenario, as the records say them; without records, as the city does."""
    if not records:
        return setting.cities.fingerprint, setting.size(), {(task, setting.scenario): unit for task, unit in setting.units().items()}
    units = {(task, record.spec.scenario): record.city["tasks"][task]["unit"] for record in records for task in record.spec.tasks}
    return records[0].spec.fingerprint, "; ".join(dict.fromkeys(size_of(record.city) for record in records)), units


def lines(resolved: Resolved, setting: Setting, parts: Sequence[Part]) -> Iterator[Line]:
    """A line a task and part, the tasks in the order of the suite."""
    for task in tasks(setting, parts):
        for part in parts:
            if part.setting is None or task in part.setting.tasks:
                yield _line(resolved, setting, part, task)


def tasks(setting: Setting, parts: Sequence[Part]) -> list[str]:
    """The tasks of all scenarios of a suite, in its order."""
    named = {task for part in parts if part.setting for task in part.setting.tasks}
    return [task for task in setting.suite.tasks if task in named]


def of_task(records: Sequence[Record], task: str) -> list[Record]:
    """The runs that cover a task."""
    return [record for record in records if task in record.spec.tasks]


def _line(resolved: Resolved, setting: Setting, part: Part, task: str) -> Line:
    found = resolved.found[part]
    records = of_task(found.records, task)
    family = find_family(setting.suite.family)
    city, kind = split_task(setting.suite.cities, task)
    paper, extra = {}, {}
    if name := resolved.experiment.paper:
        given, whole = resolved.experiment.settings, not part.varied or part.variant in ("", part.varied.reference)
        said = part.scenario if whole and part.scenario != STANDARD else STANDARD if whole else part.variant
        table, method, theirs = paper_table(name), given.get(part.method, part.method), given.get(said, said)
        paper = table.numbers(city, kind, method, theirs, family)
        seconds = table.values.get((city, kind, method, theirs), {}).get(PAPER_SECONDS)
        extra = {PAPER_SECONDS: float(seconds)} if seconds else {}
    row = make_row(task, found.source, records, None) if records else None
    return Line(task, part.method, part.variant, part.scenario, row, records, {**paper, **extra}, _adaptation(records, task), part.absent)


def _adaptation(records: Sequence[Record], task: str) -> dict[str, float]:
    """What the last stage of a task took, over the seeds that say it."""
    said = [last_training(record.notes, task) for record in records]
    return {key: statistics.fmean(one[key] for one in said) for key in ADAPTATION if said and all(key in one for one in said)}


def _ranked(found: Sequence[Line], setting: Setting) -> list[Line]:
    """With the best and the second of each task and scenario, among several methods under a protocol that ranks, and what tells the others
    from the best."""
    if not setting.protocol.ranked or len({line.method for line in found}) < 2:
        return list(found)
    family = find_family(setting.suite.family)
    marked: dict[int, Line] = {}
    for scenario, task in dict.fromkeys((line.scenario, line.task) for line in found):
        some = [(k, line) for k, line in enumerate(found) if (line.scenario, line.task) == (scenario, task) and line.row]
        metric = family.metrics_of(task, setting.protocol)[0]
        rows = compared([line.row for _, line in some if line.row], [line.records for _, line in some], metric, None, None)
        marked |= {k: replace(line, row=row) for (k, line), row in zip(some, ranked(rows, [metric]), strict=True)}
    return [marked.get(k, line) for k, line in enumerate(found)]
