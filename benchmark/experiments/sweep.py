"""Kind `sweep`: a method with each value of its options, one option after the other."""

from __future__ import annotations

from benchmark.declared import Experiment
from benchmark.errors import unknown
from benchmark.execution.plan import Request
from benchmark.experiments.kinds import Kind
from benchmark.experiments.variants import Varied, declared_sweeps, plan_sweep
from benchmark.experiments.varied import varied_sheets
from benchmark.suites.cities import CityFinder


def vary(experiment: Experiment, request: Request, finder: CityFinder) -> list[Varied]:
    """The named options, or all of which the method declares values."""
    declared = declared_sweeps(request.methods[0])
    for option in experiment.sweeps:
        if option not in declared:
            raise unknown(f"sweep of {request.methods[0]}", option, declared)
    return [plan_sweep(request, option, values, finder=finder) for option, values in declared.items()
            if not experiment.sweeps or option in experiment.sweeps]


KIND = Kind(varied_sheets, vary=vary)
