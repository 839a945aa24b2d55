"""Kind `scenarios`: methods in changed suites: fewer nodes, longer intervals, more and more tasks."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.experiments import pictures
from benchmark.experiments.kinds import Kind, Resolved
from benchmark.experiments.lines import sheets
from benchmark.experiments.parts import Part, as_it_is
from benchmark.report.figures.kinds.variants import values_picture
from benchmark.report.figures.picture import Picture


def drawn(resolved: Resolved) -> list[Picture]:
    """A figure a suite: each task's error along the scenarios, a line a method; scenarios in another unit have a figure of their own."""
    made = []
    for setting, parts, title in pictures.suites(resolved):
        measured = [part for part in parts if resolved.found[part].records]
        for number, alike in enumerate(of_one_unit(resolved, measured), 1):
            lines = {method: {part.scenario: pictures.records(resolved, part) for part in alike if part.method == method}
                     for method in dict.fromkeys(part.method for part in alike)}
            name = setting.suite.name if number == 1 else f"{setting.suite.name}-{number}"
            made.append(values_picture(name, title, "scenario", lines, pictures.metrics(setting, alike)))
    return made


def of_one_unit(resolved: Resolved, parts: Sequence[Part]) -> list[list[Part]]:
    """The parts in as few groups as have each task in one unit."""
    groups: list[tuple[dict[str, str], list[Part]]] = []
    for part in parts:
        units = {task: str(record.city["tasks"][task]["unit"]) for record in pictures.records(resolved, part)
                 for task in record.spec.tasks}
        for known, group in groups:
            if all(known.get(task, unit) == unit for task, unit in units.items()):
                known.update(units)
                group.append(part)
                break
        else:
            groups.append((units, [part]))
    return [group for _, group in groups]


KIND = Kind(sheets, drawn, vary=as_it_is)
