"""Kind `curves`: how a method learns, as it is and in variants, along its epochs and with more and more labels."""

from __future__ import annotations

from dataclasses import replace

from benchmark.errors import UserError
from benchmark.experiments import pictures
from benchmark.experiments.ablation import vary
from benchmark.experiments.kinds import Kind, Resolved
from benchmark.experiments.lines import sheets
from benchmark.families import STANDARD
from benchmark.report.figures.kinds.learning import by_epoch
from benchmark.report.figures.kinds.variants import values_picture
from benchmark.report.figures.picture import Picture


def drawn(resolved: Resolved) -> list[Picture]:
    """Two figures a suite: each task's error along the scenarios, a line a variant; and the curves of the last scenario, as far as their
    histories are there."""
    made = []
    for setting, parts, title in pictures.suites(resolved):
        labels = {part: f"{part.method} {part.variant}" for part in parts}
        lines = {label: {part.scenario: pictures.records(resolved, part) for part in parts if labels[part] == label}
                 for label in dict.fromkeys(labels.values())}
        made.append(values_picture(f"{setting.suite.name}-labels", title, "scenario", lines, pictures.metrics(setting, parts)))
        whole = {labels[part]: part for part in parts if part.scenario == STANDARD}
        try:
            curves = by_epoch(pictures.as_runs(resolved, setting, whole, title))
        except UserError:  # published runs have no histories
            continue
        made.append(replace(curves, name=f"{setting.suite.name}-{curves.name}"))
    return made


KIND = Kind(sheets, drawn, vary=vary)
