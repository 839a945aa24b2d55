"""A declared search over a few settings of a method, on validation errors alone: no test window is ever predicted.

    python -m benchmark.experiments.search results/search/quick.toml --method stid
"""

from __future__ import annotations

import argparse
import time
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmark import lazy
from benchmark.contract import RunContext
from benchmark.data.forecasting.city import ForecastingCity
from benchmark.data.trajectory.city import TrajectoryCity
from benchmark.errors import UserError, unknown
from benchmark.execution.engines.here import prepare
from benchmark.execution.jobs import Job
from benchmark.execution.making import make_method
from benchmark.execution.plan import Request, make_plan
from benchmark.execution.work import budget, seed_everything
from benchmark.families import FORECASTING, TRAJECTORY
from benchmark.options import resolve
from benchmark.registry import registry
from benchmark.suites.cities import locate
from benchmark.training_notes import last_training

# a search that looks longer finds noise
MOST_TRIALS = 8


@dataclass(frozen=True)
class Trial:
    """One setting on one suite."""

    name: str
    suite: str
    # task -> validation error of the best epoch in the task's unit; of an encoder the task's first metric, on validation trips
    errors: Mapping[str, float]
    steps: int
    cpu_s: float


def search(declaration: Mapping[str, Any], method: str, preset: str = "quick") -> Iterator[Trial]:
    """Fit every declared trial once, seed 0, within the counts of a preset.

    declaration: `suites`, `trials` (name → option overrides) and perhaps `base` (overrides of all trials). What the method declares for
    the preset is not in force: a trial is all that is said in it.

    Raises
    ------
    UserError: more than `MOST_TRIALS`, an unknown suite or option, or a method without validation errors.
    """
    trials, base = declaration["trials"], declaration.get("base", {})
    if len(trials) > MOST_TRIALS:
        raise UserError(f"{method} declares {len(trials)} trials; {MOST_TRIALS} are allowed, more would choose by chance.")
    prepare("cpu")
    for suite in declaration["suites"]:
        plan = make_plan(Request((method,), suite, preset=preset, device="cpu", floors=False))
        for name, overrides in trials.items():
            options = {key: tuple(value) if isinstance(value, list) else value for key, value in {**base, **overrides}.items()}
            errors: dict[str, float] = {}
            began, steps = time.process_time(), 0
            for job in plan:
                run = RunContext(0, torch.device("cpu"), budget(job.spec))
                errors |= (_forecaster if job.spec.family == FORECASTING.name else _encoder)(job, options, run)
                steps += sum(epoch["steps"] for epoch in run.history)
            yield Trial(name, suite, errors, steps, round(time.process_time() - began, 1))


def _forecaster(job: Job, options: Mapping[str, Any], run: RunContext) -> dict[str, float]:
    """Task → error of the best epoch of the last stage on it, as the fit's notes say it."""
    spec = job.spec
    made = make_method(spec.method, ForecastingCity(locate(job.cities[0])), spec.tasks, **options)
    made.fit(run)
    last = {task: last_training(run.notes, task) for task in spec.tasks}
    if not all("validation_mae" in training for training in last.values()):
        raise UserError("The method's notes say no validation error, so nothing can be chosen by it.")
    return {task: training["validation_mae"] for task, training in last.items()}


def _encoder(job: Job, options: Mapping[str, Any], run: RunContext) -> dict[str, float]:
    """Task → the first metric that it has, on validation trips that no probe learns from or is stopped by."""
    spec = job.spec
    chosen = resolve(registry().load(spec.method).Options, options, spec.method)
    seed_everything(spec.seed)
    measured = lazy.load(TRAJECTORY.measurer).try_out(spec, [TrajectoryCity(locate(ref)) for ref in job.cities], chosen, run)
    return {task: next(value for value in values.values() if value is not None) for task, values in measured.metrics.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("declarations", type=Path)
    parser.add_argument("--method", required=True)
    parser.add_argument("--preset", default="quick")
    given = parser.parse_args()
    declared = tomllib.loads(given.declarations.read_text(encoding="utf-8"))
    if given.method not in declared:
        raise unknown(f"method of {given.declarations.name}", given.method, declared)
    for trial in search(declared[given.method], given.method, given.preset):
        errors = " | ".join(f"{error:.3g}" for error in trial.errors.values())
        print(f"| {trial.suite} | {trial.name} | {errors} | {trial.steps:,} | {trial.cpu_s:.0f} |", flush=True)


if __name__ == "__main__":
    main()
