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
        units = {scenario: units_of(resolved, [part for part in measured if part.scenario == scenario])
                 for scenario in dict.fromkeys(part.scenario for part in measured)}
        for number, unit in enumerate(dict.fromkeys(units.values()), 1):
            alike = [part for part in measured if units[part.scenario] == unit]
            lines = {method: {part.scenario: pictures.records(resolved, part) for part in alike if part.method == method}
                     for method in dict.fromkeys(part.method for part in alike)}
            name = setting.suite.name if number == 1 else f"{setting.suite.name}-{number}"
            made.append(values_picture(name, title, "scenario", lines, pictures.metrics(setting, alike)))
    return made


def units_of(resolved: Resolved, parts: Sequence[Part]) -> frozenset[str]:
    """The units of the tasks of some parts."""
    found = {record.city["tasks"][task]["unit"] for part in parts for record in pictures.records(resolved, part)
             for task in record.spec.tasks}
    return frozenset(map(str, found))


KIND = Kind(sheets, drawn, vary=as_it_is)
