"""An experiment resolved: the runs that it needs, and the finished ones that belong to each of its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from benchmark.declared import ALL, Experiment
from benchmark.errors import TooSmall
from benchmark.execution.jobs import Job, Plan, Setting, joined
from benchmark.execution.plan import Request, make_plan
from benchmark.experiments.variants import Varied
from benchmark.registry import registry
from benchmark.report.choice import Filter, chosen_records
from benchmark.spec import Record, RunSpec
from benchmark.store.records import Store
from benchmark.suites.catalogue import find_suite
from benchmark.suites.cities import CityFinder

# what stands in the rows of a method that the registry lacks
ABSENT = "no method of this name is registered"
# a request for one method on one suite, in one scenario → its variants
Vary = Callable[[Experiment, Request, CityFinder], list[Varied]]


@dataclass(frozen=True, eq=False)
class Part:
    """One method in one scenario of a suite, as it is or in a variant: a row, or one a task."""

    suite: str
    scenario: str
    method: str
    # a name of `varied.variants`; empty: the method as it is
    variant: str = ""
    jobs: tuple[Job, ...] = ()
    # the variants that it is one of; None: there can be no runs
    varied: Varied | None = None
    # why there can be none
    absent: str = ""

    @property
    def setting(self) -> Setting | None:
        """What its runs share."""
        return self.varied.plan.settings[0] if self.varied else None


@dataclass(frozen=True)
class Planned:
    """An experiment and its parts, in the order of its rows."""

    experiment: Experiment
    parts: tuple[Part, ...]

    @property
    def plan(self) -> Plan | None:
        """Every run once; None: there are none."""
        plans = [varied.plan for varied in self.varied]
        return joined(plans, f" for {self.experiment.name}") if plans else None

    @property
    def varied(self) -> list[Varied]:
        """The sets of variants, each once."""
        return list({id(part.varied): part.varied for part in self.parts if part.varied}.values())

    def settings(self) -> Iterator[tuple[Setting, list[Part]]]:
        """Each suite with its parts, of all scenarios; a suite of which no method is registered is left out."""
        for suite in dict.fromkeys(part.suite for part in self.parts):
            some = [part for part in self.parts if part.suite == suite]
            if setting := next((part.setting for part in some if part.setting), None):
                yield setting, some


def plan_parts(experiment: Experiment, request: Request, vary: Vary, finder: CityFinder) -> Planned:
    """The parts of an experiment; request: seeds, preset, edition and device of all its runs.

    Raises
    ------
    UserError: as `make_plan`. A method that the registry lacks, and a scenario for which the city is too small, are parts without runs.
    """
    parts: list[Part] = []
    for suite in experiment.suites:
        everyone = tuple(registry().names(find_suite(suite).family)) if experiment.methods == (ALL,) else None
        for scenario in experiment.scenarios:
            for method in everyone or experiment.methods:
                if method not in registry():
                    parts.append(Part(suite, scenario, method, absent=ABSENT))
                    continue
                one = replace(request, methods=(method,), suite=suite, scenario=scenario, tasks=experiment.tasks, floors=False,
                              overrides=dict(experiment.options))
                try:
                    parts += [Part(suite, scenario, method, variant, jobs, varied) for varied in vary(experiment, one, finder)
                              for variant, jobs in varied.variants.items()]
                except TooSmall as error:
                    parts.append(Part(suite, scenario, method, absent=str(error)))
    return Planned(experiment, tuple(parts))


def as_it_is(experiment: Experiment, request: Request, finder: CityFinder) -> list[Varied]:
    """The method alone, without variants."""
    plan = make_plan(request, finder=finder)
    return [Varied(request.methods[0], "", plan, {"": plan.jobs}, {}, "")]


@dataclass(frozen=True)
class Found:
    """Finished runs of one part."""

    # "local" or "published"; empty: there are none
    source: str
    records: Sequence[Record]


def find(planned: Planned, local: Store, published: Store | None) -> dict[Part, Found]:
    """The finished runs of each part, of all seeds, by their specs; local ones, where there are any of the part, else published ones.

    Where a city is not on this machine its fingerprint is not known, and what was published of the same suite, version and edition counts.
    """
    asked = Filter(suites=tuple(dict.fromkeys(part.suite for part in planned.parts)),
                   methods=tuple(dict.fromkeys(part.method for part in planned.parts)))
    wanted = {_key(job.spec) for part in planned.parts for job in part.jobs}
    there: dict[str, dict[str, list[Record]]] = {"local": {}, "published": {}}
    for source, record, _ in chosen_records(local, published, asked):
        if (key := _key(record.spec)) in wanted:
            there[source].setdefault(key, []).append(record)
    return {part: _found(part, there) for part in planned.parts}


def _found(part: Part, there: Mapping[str, Mapping[str, Sequence[Record]]]) -> Found:
    for source, records in there.items():
        asked = {_key(job.spec): job.spec.fingerprint for job in part.jobs}
        fitting = [one for key, fingerprint in asked.items() for one in records.get(key, ())
                   if fingerprint in ("", one.spec.fingerprint)]
        if fitting:
            # of several cities that may be meant, one
            return Found(source, [one for one in fitting if one.spec.fingerprint == fitting[0].spec.fingerprint])
    return Found("", ())


def _key(spec: RunSpec) -> str:
    """What a run is but for its seed and the content of its city."""
    return replace(spec, fingerprint="", seed=0).id
