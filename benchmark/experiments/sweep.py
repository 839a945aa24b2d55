"""Kind `sweep`: a method with each value of its options, one option after the other."""

from __future__ import annotations

from benchmark.declared import Experiment
from benchmark.errors import UserError, unknown
from benchmark.execution.plan import Request
from benchmark.experiments import pictures
from benchmark.experiments.kinds import Kind, Resolved
from benchmark.experiments.variants import Varied, declared_sweeps, plan_sweep
from benchmark.experiments.varied import varied_sheets
from benchmark.report.figures.kinds.variants import values_picture
from benchmark.report.figures.picture import Picture
from benchmark.suites.cities import CityFinder


def vary(experiment: Experiment, request: Request, finder: CityFinder) -> list[Varied]:
    """The named options, or all of which the method declares values."""
    declared = declared_sweeps(request.methods[0])
    for option in experiment.sweeps:
        if option not in declared:
            raise unknown(f"sweep of {request.methods[0]}", option, declared)
    return [plan_sweep(request, option, values, finder=finder) for option, values in declared.items()
            if not experiment.sweeps or option in experiment.sweeps]


def drawn(resolved: Resolved) -> list[Picture]:
    """A figure a suite and option: each task's error along the values; the value in force is marked."""
    made = []
    for setting, parts, title in pictures.suites(resolved):
        for varied in dict.fromkeys(part.varied for part in parts if part.varied):
            values = {_value(part.variant, varied.what): found for part in parts
                      if part.varied is varied and (found := pictures.records(resolved, part))}
            if len(values) < 2:  # one value alone shows nothing of the option
                continue
            made.append(values_picture(f"{setting.suite.name}-{varied.what}", title, varied.what, {varied.method: values},
                                       pictures.metrics(setting, parts), _value(varied.reference, varied.what)))
    if not made:
        raise UserError(f"No option of {resolved.experiment.name} has two values that are measured. Measure them: {resolved.command}")
    return made


def _value(variant: str, option: str) -> str:
    """``heads=4 (as it is)`` → ``4``."""
    return variant.removeprefix(f"{option}=").partition(" (")[0]


KIND = Kind(varied_sheets, drawn, vary=vary)
