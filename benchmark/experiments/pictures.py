"""The finished runs of an experiment as the figures take them, suite by suite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from benchmark.errors import UserError
from benchmark.execution.jobs import Setting
from benchmark.experiments.kinds import Resolved
from benchmark.experiments.lines import of_task, tasks
from benchmark.experiments.parts import Part
from benchmark.families import STANDARD, find_family
from benchmark.report.choice import Filter
from benchmark.report.figures.kinds.runs import Run, Runs
from benchmark.spec import Record


def suites(resolved: Resolved) -> Iterator[tuple[Setting, list[Part], str]]:
    """Each suite of which something is finished: its setting, its parts, and the title of its figures.

    Raises
    ------
    UserError: nothing is finished; it says what to type.
    """
    found = [(setting, parts) for setting, parts in resolved.planned.settings() if any(resolved.found[part].records for part in parts)]
    if not found:
        raise UserError(f"Nothing of {resolved.experiment.name} is finished that a figure can show. Measure it: {resolved.command}")
    for setting, parts in found:
        suite = f"{setting.suite.name}@{setting.suite.version}"
        yield setting, parts, (f"{resolved.experiment.name} · {suite} · data {setting.cities.edition} · protocol {setting.protocol.name} · "
                               f"preset {setting.preset.name}")


def metrics(setting: Setting, parts: Sequence[Part]) -> dict[str, str]:
    """Task → the first metric that the protocol has of it."""
    family = find_family(setting.suite.family)
    return {task: family.metrics_of(task, setting.protocol)[0] for task in tasks(setting, parts)}


def records(resolved: Resolved, part: Part) -> list[Record]:
    """The finished runs of a part."""
    return list(resolved.found[part].records)


def as_runs(resolved: Resolved, setting: Setting, some: Mapping[str, Part], title: str) -> Runs:
    """Parts by their labels, as figures of a suite take them."""
    shown = tasks(setting, list(some.values()))
    methods = {label: {task: [_run(resolved, part, record) for record in sorted(found, key=lambda one: one.spec.seed)]
                       for task in shown if (found := of_task(resolved.found[part].records, task))} for label, part in some.items()}
    scenario = next((part.scenario for part in some.values()), STANDARD)
    asked = Filter((setting.suite.name,), (setting.cities.edition,), (setting.preset.name,), (setting.protocol.name,),
                   scenarios=(scenario,))
    return Runs(title, {label: by_task for label, by_task in methods.items() if by_task}, tuple(shown), asked)


def _run(resolved: Resolved, part: Part, record: Record) -> Run:
    local = resolved.found[part].source == "local"
    store = resolved.local if local else resolved.published
    assert store is not None
    return Run(record, store.path(record.spec), local)
