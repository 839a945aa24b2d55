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

from benchmark.contract import Budget, RunContext
from benchmark.errors import UserError, unknown
from benchmark.execution.engines.here import prepare
from benchmark.execution.making import load_city, make_method
from benchmark.families import FORECASTING, find_family
from benchmark.registry import registry
from benchmark.spec import find_preset
from benchmark.suites.catalogue import find_suite
from benchmark.training_notes import last_training

# a search that looks longer finds noise
MOST_TRIALS = 8


@dataclass(frozen=True)
class Trial:
    """One setting on one suite."""

    name: str
    suite: str
    # task -> validation error of the best epoch, in the task's unit
    errors: Mapping[str, float]
    steps: int
    cpu_s: float


def search(declaration: Mapping[str, Any], method: str, preset: str = "quick") -> Iterator[Trial]:
    """Fit every declared trial once, seed 0, within the counts of a preset.

    declaration: `suites`, `trials` (name → option overrides) and perhaps `base` (overrides of all trials).

    Raises
    ------
    UserError: more than `MOST_TRIALS`, an unknown suite or option, or a method without validation errors.
    """
    trials, base = declaration["trials"], declaration.get("base", {})
    if len(trials) > MOST_TRIALS:
        raise UserError(f"{method} declares {len(trials)} trials; {MOST_TRIALS} are allowed, more would choose by chance.")
    prepare("cpu")
    counts = find_preset(preset)
    for suite in declaration["suites"]:
        city = load_city(suite, size=counts.city_size)
        for name, overrides in trials.items():
            options: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value
                                       for key, value in {**base, **overrides}.items()}
            errors: dict[str, float] = {}
            began, steps = time.process_time(), 0
            for tasks in _fits(method, suite):
                made = make_method(method, city, tasks, **options)
                run = RunContext(0, torch.device("cpu"), _budget(counts.budget(FORECASTING.counts), suite))
                made.fit(run)
                errors |= _validation(run.notes, tasks)
                steps += sum(epoch["steps"] for epoch in run.history)
            yield Trial(name, suite, errors, steps, round(time.process_time() - began, 1))


def _fits(method: str, suite: str) -> list[tuple[str, ...]]:
    tasks = find_suite(suite).tasks
    return [(task,) for task in tasks] if registry().info(method).scope == "task" else [tasks]


def _budget(counts: Mapping[str, int | None], suite: str) -> Budget:
    protocol = find_family(find_suite(suite).family).protocol("strict")
    limits = {key: value for key, value in counts.items() if key != "epochs"}
    return Budget(counts["epochs"] or protocol.max_epochs, protocol.patience, **limits)


def _validation(notes: Mapping[str, Any], tasks: tuple[str, ...]) -> dict[str, float]:
    """Task → error of the best epoch of the last stage on it, as the fit's notes say it."""
    last = {task: last_training(notes, task) for task in tasks}
    if not all("validation_mae" in training for training in last.values()):
        raise UserError("The method's notes say no validation error, so nothing can be chosen by it.")
    return {task: training["validation_mae"] for task, training in last.items()}


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
        errors = " | ".join(f"{error:.2f}" for error in trial.errors.values())
        print(f"| {trial.suite} | {trial.name} | {errors} | {trial.steps:,} | {trial.cpu_s:.0f} |", flush=True)


if __name__ == "__main__":
    main()
