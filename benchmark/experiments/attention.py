"""Kind `attention`: what the attention of a method looks at, stage by stage, in the arrays that its kept run leaves."""

from __future__ import annotations

from dataclasses import replace

from benchmark.experiments import pictures
from benchmark.experiments.kinds import Kind, Resolved
from benchmark.experiments.lines import sheets
from benchmark.experiments.parts import as_it_is
from benchmark.report.figures.kinds.attention import by_stage
from benchmark.report.figures.picture import Picture


def drawn(resolved: Resolved) -> list[Picture]:
    """A figure a suite, of the first run that has maps."""
    made = []
    for setting, parts, title in pictures.suites(resolved):
        picture = by_stage(pictures.as_runs(resolved, setting, {part.method: part for part in parts}, title))
        made.append(replace(picture, name=f"{setting.suite.name}-{picture.name}"))
    return made


KIND = Kind(sheets, drawn, vary=as_it_is, keeps=True)
