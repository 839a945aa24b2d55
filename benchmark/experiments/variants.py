"""One method in several variants: whole and without each part that it declares removable, or with each value of an option."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmark.errors import UserError, unknown
from benchmark.execution.campaign import Result, run_plan, to_do
from benchmark.execution.engines import Engine, Watcher
from benchmark.execution.jobs import Job, Plan, joined
from benchmark.execution.plan import Request, make_plan
from benchmark.options import describe_options
from benchmark.registry import Registry, registry
from benchmark.report.ablation import AblationTable, make_ablation_table
from benchmark.spec import Record
from benchmark.store.records import Store
from benchmark.suites.cities import CityFinder

FULL = "full"
Changes = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class Varied:
    """The runs of all variants of one method. Each is an ordinary run with other options."""

    method: str
    # what is varied, in words: "ablations", "heads"
    what: str
    # every run once, also where two variants have equal options
    plan: Plan
    # variant -> its runs
    variants: Mapping[str, tuple[Job, ...]]
    # variant -> the options that it sets, where its name does not say them
    changes: Changes
    # the variant against which changes are taken
    reference: str = FULL

    @property
    def void(self) -> list[str]:
        """The other variants whose runs are those of the reference."""
        same = {job.spec for job in self.variants[self.reference]}
        return [name for name, jobs in self.variants.items() if name != self.reference and {job.spec for job in jobs} == same]

    def table(self, records: Mapping[str, Sequence[Record]]) -> AblationTable:
        """Of the finished runs of each variant."""
        (setting,) = self.plan.settings
        return make_ablation_table(self.method, self.what, setting, records, self.changes, self.reference, self.void)


def default_suite(method: str, methods: Registry | None = None) -> str:
    """The suite on which the method's paper shows its ablations and sweeps.

    Raises
    ------
    UserError: the method declares neither, or no suite for them.
    """
    cls = (methods or registry()).load(method)
    if not (cls.ablations or cls.sweeps):
        raise UserError(f"{method} declares no ablations and no sweeps. `stbench show METHOD` says what a method has.")
    suite: str | None = cls.ablation_suite
    if suite is None:
        raise UserError(f"{method} names no suite for its ablations and sweeps; name one: --suite nyc")
    return suite


def declared_ablations(method: str, methods: Registry | None = None) -> Changes:
    """Ablation -> option overrides, in the order in which the method's class declares them; no other class is loaded.

    Raises
    ------
    UserError: there are none.
    """
    declared: Changes = (methods or registry()).load(method).ablations
    if not declared:
        raise UserError(f"{method} declares no ablations. `stbench show METHOD` says which ones a method has.")
    if FULL in declared:
        raise UserError(f"{method} calls an ablation '{FULL}', which is the name of the whole method; rename it in its class.")
    return declared


def declared_sweeps(method: str, methods: Registry | None = None) -> Mapping[str, tuple[Any, ...]]:
    """Option -> values, in the order in which the method's class declares them.

    Raises
    ------
    UserError: there are none.
    """
    declared: Mapping[str, tuple[Any, ...]] = (methods or registry()).load(method).sweeps
    if not declared:
        raise UserError(f"{method} declares no sweeps; name an option and its values: stbench sweep {method} --param batch_size=16,64")
    return declared


def plan_ablation(request: Request, methods: Registry | None = None, *, finder: CityFinder | None = None,
                  only: Sequence[str] = ()) -> Varied:
    """The runs of one method, whole and ablated: preset's overrides first, then the ablation's, then the user's.

    Parameters
    ----------
    finder: what makes the cities that are missing, by default. only: some of the ablations.

    Raises
    ------
    UserError: as `make_plan`; no ablations; or an override of the user would undo an ablation.
    """
    (method,) = request.methods
    changes, given = declared_ablations(method, methods), request.overrides or {}
    for name in only:
        if name not in changes:
            raise unknown(f"ablation of {method}", name, changes)
    changes = {name: change for name, change in changes.items() if not only or name in only}
    for name, change in changes.items():
        for key in change:
            if key in given:
                raise UserError(f"--set {key} would undo ablation {name}. Leave it out; "
                                f"`stbench run --method {method} --set {key}=…` measures other values.")
    plans = _plans(request, changes, "Ablation", methods, finder or CityFinder())
    return Varied(method, "ablations", joined(list(plans.values()), f" ({', '.join(plans)})"),
                  {name: one.jobs for name, one in plans.items()}, changes)


def plan_sweep(request: Request, option: str, values: Sequence[Any], methods: Registry | None = None, *,
               finder: CityFinder | None = None) -> Varied:
    """The runs of one method with each value of one option. The reference is the value that it has as it is, among the others or beside.

    values: as the class declares them, or as texts.

    Raises
    ------
    UserError: as `make_plan`; no such option; or the user sets it.
    """
    (method,) = request.methods
    known = describe_options((methods or registry()).load(method).Options)
    if option not in known:
        raise unknown(f"option of {method}", option, known)
    if option in (request.overrides or {}):
        raise UserError(f"--set {option} would undo the sweep over {option}; leave it out.")
    plans = _plans(request, {f"{option}={value}": {option: value} for value in values}, "Value", methods,
                   finder or CityFinder())
    full = plans.pop(FULL)
    now = full.jobs[0].spec.options.get(option, known[option]["default"])
    same = [name for name, one in plans.items() if one.runs == full.runs]
    reference = f"{same[0] if same else f'{option}={now}'} (as it is)"
    named = [(reference if name in same else name, one) for name, one in plans.items()]
    if not same:
        named.insert(sum(_is_less(value, now) for value in values), (reference, full))
    plans = dict(named)
    return Varied(method, option, joined(list(plans.values()), f" ({', '.join(plans)})"),
                  {name: one.jobs for name, one in plans.items()}, {}, reference)


def _is_less(value: Any, other: Any) -> bool:
    """Whether both are numbers, or texts of numbers, and the first is the smaller."""
    try:
        return float(value) < float(other)
    except (TypeError, ValueError):
        return False


def _plans(request: Request, changes: Changes, what: str, methods: Registry | None, finder: CityFinder) -> dict[str, Plan]:
    """Variant → its runs, the whole method first."""
    request, given = replace(request, floors=False), request.overrides or {}  # what learns nothing has no parts
    plans = {FULL: make_plan(request, methods, finder)}
    for name, change in changes.items():
        try:
            plans[name] = make_plan(replace(request, overrides={**change, **given}), methods, finder)
        except UserError as error:
            raise UserError(f"{what} {name} of {request.methods[0]}: {error}") from None
    return plans


@dataclass(frozen=True)
class Done:
    """What became of an ablation, or of sweeps."""

    varied: Sequence[Varied]
    store: Store
    # None: only planned
    result: Result | None

    @property
    def tables(self) -> list[AblationTable]:
        """Of the finished runs."""
        return [one.table(self.found(one)) for one in self.varied]

    def found(self, varied: Varied) -> dict[str, list[Record]]:
        """Variant → its finished runs."""
        return {name: [self.store.read(job.spec) for job in jobs if self.store.has(job.spec)] for name, jobs in varied.variants.items()}


def run_ablation(request: Request, store: Store, *, workers: int | None = None, dry_run: bool = False,
                 watcher: Watcher | None = None, engine: Engine | None = None) -> Done:
    """Plan an ablation and do what the store lacks; a dry run builds no city and does nothing.

    Raises
    ------
    UserError: as `plan_ablation` and `run_plan`.
    """
    return _run([plan_ablation(request, finder=CityFinder(builds=not dry_run))], store, workers, dry_run, watcher, engine)


def run_sweeps(request: Request, values: Mapping[str, Sequence[Any]], store: Store, *, workers: int | None = None, dry_run: bool = False,
               watcher: Watcher | None = None, engine: Engine | None = None) -> Done:
    """The same of sweeps over options, one after the other; values: option → its values, or none for those that the method declares.

    Raises
    ------
    UserError: as `plan_sweep` and `run_plan`.
    """
    finder = CityFinder(builds=not dry_run)
    swept = values or declared_sweeps(request.methods[0])
    varied = [plan_sweep(request, option, some, finder=finder) for option, some in swept.items()]
    return _run(varied, store, workers, dry_run, watcher, engine)


def _run(varied: Sequence[Varied], store: Store, workers: int | None, dry_run: bool, watcher: Watcher | None,
         engine: Engine | None) -> Done:
    plan, watcher = joined([one.plan for one in varied], "".join(one.plan.about for one in varied)), watcher or Watcher()
    if dry_run:
        watcher.planned(plan, to_do(plan, store))
        return Done(varied, store, None)
    return Done(varied, store, run_plan(plan, store, workers=workers, watcher=watcher, engine=engine))
