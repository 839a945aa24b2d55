"""Kind `ablation`: a method whole, and without each part that its class declares removable."""

from __future__ import annotations

from benchmark.declared import Experiment
from benchmark.execution.plan import Request
from benchmark.experiments import lines, pictures
from benchmark.experiments.kinds import Kind, Resolved
from benchmark.experiments.variants import FULL, Varied, plan_ablation
from benchmark.experiments.varied import varied_sheets
from benchmark.report.figures.kinds.variants import ablation_picture
from benchmark.report.figures.picture import Picture
from benchmark.report.sheet import Sheet
from benchmark.suites.cities import CityFinder


def vary(experiment: Experiment, request: Request, finder: CityFinder) -> list[Varied]:
    """The named ablations, or all of them."""
    return [plan_ablation(request, finder=finder, only=experiment.variants)]


def sheets(resolved: Resolved) -> list[Sheet]:
    """Changes against the whole method; where the paper has numbers, a second table of ours beside its own."""
    return [*varied_sheets(resolved), *(lines.sheets(resolved) if resolved.experiment.paper else [])]


def drawn(resolved: Resolved) -> list[Picture]:
    """A figure a suite: the change of each variant, task by task."""
    made = []
    for setting, parts, title in pictures.suites(resolved):
        found = {part.variant: pictures.records(resolved, part) for part in parts}
        made.append(ablation_picture(setting.suite.name, title, found.pop(FULL), found, pictures.metrics(setting, parts)))
    return made


KIND = Kind(sheets, drawn, vary=vary)
