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
from benchmark.contract import Measurer, RunContext
from benchmark.errors import UserError, unknown
from benchmark.execution.plan import Request, make_plan
from benchmark.execution.work import budget
from benchmark.families import find_family
from benchmark.fitting import prepare, seed_everything
from benchmark.options import resolve
from benchmark.registry import registry
from benchmark.suites.catalogue import find_suite
from benchmark.suites.cities import locate

# a search that looks longer finds noise
MOST_TRIALS = 8


@dataclass(frozen=True)
class Trial:
    """One setting on one suite."""

    name: str
    suite: str
    # task -> how good it is on the validation part, as `Measurer.try_out` says
    errors: Mapping[str, float]
    steps: int
    cpu_s: float


def search(declaration: Mapping[str, Any], method: str, preset: str = "quick") -> Iterator[Trial]:
    """Fit every declared trial once, seed 0, within the counts of a preset.

    declaration: `suites`, `trials` (name → option overrides) and perhaps `tasks` (else all) and `base` (overrides of all trials). What
    the method declares for the preset is not in force: a trial is all that is said in it.

    Raises
    ------
    UserError: more than `MOST_TRIALS`, an unknown suite or option, or a method without validation errors.
    """
    trials, base, tasks = declaration["trials"], declaration.get("base", {}), declaration.get("tasks")
    if len(trials) > MOST_TRIALS:
        raise UserError(f"{method} declares {len(trials)} trials; {MOST_TRIALS} are allowed, more would choose by chance.")
    prepare("cpu")
    for suite in declaration["suites"]:
        plan = make_plan(Request((method,), suite, tasks=tasks and tuple(tasks), preset=preset, device="cpu", floors=False))
        measurer: Measurer = lazy.load(find_family(find_suite(suite).family).measurer)
        for name, overrides in trials.items():
            options = {key: tuple(value) if isinstance(value, list) else value for key, value in {**base, **overrides}.items()}
            errors: dict[str, float] = {}
            began, steps = time.process_time(), 0
            for job in plan:
                run = RunContext(job.spec.seed, torch.device("cpu"), budget(job.spec))
                seed_everything(job.spec.seed)
                cities = [measurer.open_city(locate(ref)) for ref in job.cities]
                errors |= measurer.try_out(job.spec, cities, resolve(registry().load(method).Options, options, method), run)
                steps += sum(epoch["steps"] for epoch in run.history)
            yield Trial(name, suite, errors, steps, round(time.process_time() - began, 1))


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
