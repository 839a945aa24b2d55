"""Ablations: the full method, and the method without each part that it declares removable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from benchmark.errors import UserError
from benchmark.execution.jobs import Job, Plan
from benchmark.execution.plan import Request, make_plan
from benchmark.registry import Registry, registry
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
    suite = methods.info(method).ablation_suite
    if suite is None:
        raise UserError(f"{method} names no suite for its ablations; name one: stbench ablate {method} --suite nyc")
    return suite


def declared_ablations(method: str, methods: Registry) -> Mapping[str, Mapping[str, Any]]:
    """Ablation -> option overrides, in the order in which the method declares them.

    Raises
    ------
    UserError: there are none.
    """
    declared = methods.info(method).ablations
    if not declared:
        others = [name for name in methods.names() if methods.info(name).ablations]
        raise UserError(f"{method} declares no ablations. Methods that do: {', '.join(others) or 'none'}.")
    if FULL in declared:
        raise UserError(f"{method} calls an ablation '{FULL}', which is the name of the whole method; rename it in its MethodInfo.")
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
