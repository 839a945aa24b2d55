"""Kind `grid`: methods side by side on suites, as in the main table of a paper."""

from __future__ import annotations

from benchmark.experiments import pictures
from benchmark.experiments.kinds import Kind, Resolved
from benchmark.experiments.lines import sheets
from benchmark.experiments.parts import as_it_is
from benchmark.families import find_family
from benchmark.report.figures.kinds import find_kind
from benchmark.report.figures.picture import Picture


def drawn(resolved: Resolved) -> list[Picture]:
    """A figure a suite: the error by step ahead, where answers have steps, else error against the cost of training."""
    made = []
    for setting, parts, title in pictures.suites(resolved):
        runs = pictures.as_runs(resolved, setting, {part.method: part for part in parts}, title)
        kind = "horizon" if find_family(setting.suite.family).horizons else "cost"
        picture = find_kind(kind).picture(runs)
        made.append(Picture(f"{setting.suite.name}-{picture.name}", picture.caption, picture.chart))
    return made


KIND = Kind(sheets, drawn, vary=as_it_is)
