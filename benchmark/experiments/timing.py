"""Kind `timing`: what methods cost, each timed in a fresh process, beside the paper's figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmark.declared import Experiment
from benchmark.errors import UserError
from benchmark.execution.plan import Request
from benchmark.experiments.kinds import Kind, Resolved
from benchmark.experiments.parts import ABSENT
from benchmark.registry import registry
from benchmark.report.choice import Filter
from benchmark.report.sheet import Sheet
from benchmark.report.timing import timing_sheets
from benchmark.timing.campaign import time_methods
from benchmark.timing.files import timings


def measure(experiment: Experiment, request: Request, results: Path) -> None:
    """Time what is not timed yet.

    Raises
    ------
    UserError: as `time_methods`; or a method could not be timed, after all others were.
    """
    methods = tuple(name for name in experiment.methods if name in registry())
    failed: dict[str, str] = {}
    for suite in experiment.suites:
        asked = replace(request, methods=methods, suite=suite, seeds=(0,), overrides=dict(experiment.options), tasks=experiment.tasks)
        failed |= time_methods(asked, results).failed
    if failed:
        raise UserError("; ".join(f"{name} could not be timed: {fault}" for name, fault in failed.items()))


def sheets(resolved: Resolved) -> list[Sheet]:
    """A sheet a machine; a method that the registry lacks is a row that says so."""
    one, request = resolved.experiment, resolved.request
    chosen = Filter(one.suites, (request.edition,) if request.edition else None, (request.preset or "",), (request.protocol,),
                    methods=one.methods)
    found = [timing for store in (resolved.local, resolved.published) if store for timing in timings(store.root, chosen.takes)]
    absent = {name: ABSENT for name in one.methods if name not in registry()}
    made = [replace(sheet, title=f"{one.name}: {one.title} · {sheet.title}") for sheet in timing_sheets(found, absent)]
    return made or [Sheet(f"{one.name}: {one.title}", ("method",), (), notes=[f"Nothing is timed; this does it: {resolved.command}"])]


KIND = Kind(sheets, do=measure)
