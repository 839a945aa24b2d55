"""A job: one run and all that a worker needs for it. A plan is a list of jobs, over any number of suites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmark.data.cards import size_in_words
from benchmark.families import STANDARD, find_family
from benchmark.method_files import MethodFile
from benchmark.protocols import Protocol
from benchmark.spec import Preset, RunSpec
from benchmark.suites.catalogue import Suite
from benchmark.suites.cities import Cities, CityRef


@dataclass(frozen=True)
class Job:
    """One run."""

    spec: RunSpec
    # found by fingerprint below STBENCH_HOME, in the suite's order
    cities: tuple[CityRef, ...]
    # facts for its record: overrides the method declares for the preset, overrides of the user
    notes: Mapping[str, Any]
    # whether the method lives in a process of its own
    isolated: bool = False
    # what holds the method's class; None: it is of a package
    file: MethodFile | None = None

    @property
    def known(self) -> bool:
        """Whether the run's id is known: it is not before its cities are there."""
        return bool(self.spec.fingerprint)


@dataclass(frozen=True)
class Setting:
    """What the runs of one request have in common: tables are made of one setting."""

    suite: Suite
    # the tasks to table; a run may cover more
    tasks: tuple[str, ...]
    cities: Cities
    protocol: Protocol
    preset: Preset
    scenario: str
    methods: tuple[str, ...]

    def headline(self, about: str, device: str) -> str:
        """What is run on what, with everything that was resolved."""
        scenario = "" if self.scenario == STANDARD else f" · scenario {self.scenario}"
        return (f"{', '.join(self.methods)}{about} on {self.suite.name}@{self.suite.version} · data {self.cities.edition} ({self.size()})"
                f"{scenario} · protocol {self.protocol.name} · preset {self.preset.name} · device {device}")

    def size(self) -> str:
        """How large the cities are, in words."""
        sizes = [size_in_words(card, self.suite.tasks) for card in self.cities.cards]
        return "; ".join(sizes) if len(sizes) == len(self.cities.refs) else "not made yet"

    def units(self) -> dict[str, str]:
        """Task → unit of its MAE and RMSE; empty where it has none, or where the city that says it is not there yet."""
        family = find_family(self.suite.family)
        said = self.cities.cards[0].get("tasks", {}) if self.cities.cards else {}
        kinds = {task: family.kind(task).unit for task in self.suite.tasks}
        return {task: said.get(task, {}).get("unit", "") if unit is None else unit for task, unit in kinds.items()}


@dataclass(frozen=True)
class Plan:
    """All runs of some requests, each once."""

    jobs: tuple[Job, ...]
    settings: tuple[Setting, ...]
    device: str
    # what is done with the methods, for the headline
    about: str = ""

    def __iter__(self) -> Iterator[Job]:
        return iter(self.jobs)

    @property
    def runs(self) -> tuple[RunSpec, ...]:
        return tuple(job.spec for job in self.jobs)

    def headline(self) -> str:
        """One line a setting."""
        return "\n".join(setting.headline(self.about, self.device) for setting in self.settings)


def joined(plans: Sequence[Plan], about: str = "") -> Plan:
    """One plan of several: a run that several of them have stands once, with the notes of the first; so does a setting, with the methods
    of all."""
    jobs: dict[tuple[str, int], Job] = {}
    for number, plan in enumerate(plans):
        for job in plan.jobs:
            jobs.setdefault((job.spec.id, 0 if job.known else number), job)
    settings: list[Setting] = []
    for one in (setting for plan in plans for setting in plan.settings):
        same = next((k for k, other in enumerate(settings) if replace(one, methods=other.methods) == other), None)
        if same is None:
            settings.append(one)
        else:
            both = dict.fromkeys((*settings[same].methods, *one.methods))
            settings[same] = replace(one, methods=tuple(both))
    return Plan(tuple(jobs.values()), tuple(settings), plans[0].device, about)
