"""Ablations: the full method, and the method without each part that it declares removable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from benchmark.errors import UserError
from benchmark.execution.campaign import Result, run_plan, to_do
from benchmark.execution.engines import Watcher
from benchmark.execution.jobs import Job, Plan
from benchmark.execution.plan import Request, make_plan
from benchmark.registry import Registry, registry
from benchmark.report.ablation import AblationTable, make_ablation_table
from benchmark.store.records import Store
from benchmark.suites.cities import CityFinder

FULL = "full"


@dataclass(frozen=True)
class Ablation:
    """The runs of all variants of one method. An ablation run is an ordinary run with other options."""

    method: str
    # every run once, also where two variants have equal options
    plan: Plan
    # variant ("full", then the ablations as declared) -> its runs
    variants: Mapping[str, tuple[Job, ...]]
    # ablation -> the options that it sets
    changes: Mapping[str, Mapping[str, Any]]


def default_suite(method: str, methods: Registry | None = None) -> str:
    """The suite on which the method's paper shows its ablations.

    Raises
    ------
    UserError: the method declares no ablations, or no suite for them.
    """
    methods = methods or registry()
    declared_ablations(method, methods)
    suite: str | None = methods.load(method).ablation_suite
    if suite is None:
        raise UserError(f"{method} names no suite for its ablations; name one: stbench ablate {method} --suite nyc")
    return suite


def declared_ablations(method: str, methods: Registry) -> Mapping[str, Mapping[str, Any]]:
    """Ablation -> option overrides, in the order in which the method's class declares them; no other class is loaded.

    Raises
    ------
    UserError: there are none.
    """
    declared: Mapping[str, Mapping[str, Any]] = methods.load(method).ablations
    if not declared:
        raise UserError(f"{method} declares no ablations. `stbench show METHOD` says which ones a method has.")
    if FULL in declared:
        raise UserError(f"{method} calls an ablation '{FULL}', which is the name of the whole method; rename it in its class.")
    return declared


def plan_ablation(request: Request, methods: Registry | None = None, *, builds: bool = True) -> Ablation:
    """The runs of one method, whole and ablated: preset's overrides first, then the ablation's, then the user's.

    builds: simulate the cities that are missing.

    Raises
    ------
    UserError: as `make_plan`; no ablations; or an override of the user would undo an ablation.
    """
    methods = methods or registry()
    (method,) = request.methods
    request = replace(request, floors=False)  # what learns nothing has no parts
    changes = declared_ablations(method, methods)
    given = request.overrides or {}
    for name, change in changes.items():
        for key in change:
            if key in given:
                raise UserError(f"--set {key} would undo ablation {name}. Leave it out; "
                                f"`stbench run --method {method} --set {key}=…` measures other values.")
    finder = CityFinder(builds=builds)
    plans = {FULL: make_plan(request, methods, finder)}
    for name, change in changes.items():
        try:
            plans[name] = make_plan(replace(request, overrides={**change, **given}), methods, finder)
        except UserError as error:
            raise UserError(f"Ablation {name} of {method}: {error}") from None
    # where two variants are one run, the notes of the first stand
    jobs = {(job.spec.id, job.known or variant): job for variant, plan in reversed(plans.items()) for job in reversed(plan.jobs)}
    plan = replace(plans[FULL], jobs=tuple(reversed(jobs.values())), about=f" ({', '.join(plans)})")
    return Ablation(method, plan, {name: one.jobs for name, one in plans.items()}, changes)


@dataclass(frozen=True)
class Done:
    """What became of an ablation."""

    ablation: Ablation
    store: Store
    # None: only planned
    result: Result | None

    @property
    def table(self) -> AblationTable:
        """Of the finished runs."""
        one = self.ablation
        return make_ablation_table(one.method, one.plan, one.variants, one.changes, self.store)


def run_ablation(request: Request, store: Store, *, workers: int | None = None, dry_run: bool = False,
                 watcher: Watcher | None = None) -> Done:
    """Plan an ablation and do what the store lacks; a dry run builds no city and does nothing.

    Raises
    ------
    UserError: as `plan_ablation` and `run_plan`.
    """
    ablation, watcher = plan_ablation(request, builds=not dry_run), watcher or Watcher()
    if dry_run:
        watcher.planned(ablation.plan, to_do(ablation.plan, store))
        return Done(ablation, store, None)
    return Done(ablation, store, run_plan(ablation.plan, store, workers=workers, watcher=watcher))
