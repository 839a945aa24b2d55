"""Kind `scenarios`: methods in changed suites: fewer nodes, longer intervals, more and more tasks."""

from __future__ import annotations

from benchmark.experiments import pictures
from benchmark.experiments.kinds import Kind, Resolved
from benchmark.experiments.lines import sheets
from benchmark.experiments.parts import as_it_is
from benchmark.report.figures.kinds.variants import values_picture
from benchmark.report.figures.picture import Picture


def drawn(resolved: Resolved) -> list[Picture]:
    """A figure a suite: each task's error along the scenarios, a line a method."""
    made = []
    for setting, parts, title in pictures.suites(resolved):
        lines = {method: {part.scenario: pictures.records(resolved, part) for part in parts if part.method == method}
                 for method in dict.fromkeys(part.method for part in parts)}
        made.append(values_picture(setting.suite.name, title, "scenario", lines, pictures.metrics(setting, parts)))
    return made


KIND = Kind(sheets, drawn, vary=as_it_is)
