"""A request becomes a list of runs: every spec complete, every name checked, before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark import lazy
from benchmark.contract import Asks, Measurer
from benchmark.errors import UserError
from benchmark.execution.jobs import Job, Plan, Setting, joined
from benchmark.families import STANDARD, Family, Scenario, find_family
from benchmark.method_files import file_of, named
from benchmark.options import as_dict, resolve
from benchmark.protocols import Protocol
from benchmark.registry import MethodInfo, Registry, registry
from benchmark.spec import Preset, RunSpec, find_preset, without_unborn
from benchmark.suites.catalogue import Suite, find_suite, pick_tasks
from benchmark.suites.cities import CityFinder


@dataclass(frozen=True)
class Request:
    """What the user asked for; None means: resolve it."""

    methods: tuple[str, ...]
    suite: str
    seeds: tuple[int, ...] = (0,)
    tasks: tuple[str, ...] | None = None
    overrides: Mapping[str, Any] | None = None
    preset: str | None = None
    protocol: str = "strict"
    edition: str | None = None
    device: str | None = None
    scenario: str = STANDARD
    # also the methods of the family that learn nothing, so that every table has them
    floors: bool = True
    # whether methods live in processes of their own; None: those of outside packages do
    isolated: bool | None = None
    # whether other machines do the runs, which may have a device that this one lacks
    elsewhere: bool = False


def make_plan(requests: Request | Sequence[Request], methods: Registry | None = None, finder: CityFinder | None = None) -> Plan:
    """Resolve requests; a run that several of them ask for stands once, with the notes of the first.

    Raises
    ------
    UserError: any unknown name, wrong option or unusable city.
    """
    requests = [requests] if isinstance(requests, Request) else requests
    methods, finder, device = methods or registry(), finder or CityFinder(), pick_device(requests[0].device, requests[0].elsewhere)
    return joined([_resolve(request, methods, finder, device) for request in requests])


def _resolve(request: Request, methods: Registry, finder: CityFinder, device: str) -> Plan:
    suite = find_suite(request.suite)
    family = find_family(suite.family)
    tasks = pick_tasks(suite, request.tasks, request.scenario)
    protocol = family.protocol(request.protocol)
    if not request.methods or request.tasks == ():
        raise UserError(f"No {'task' if request.methods else 'method'} is named; name one, or leave tasks out for all of them.")
    names = method_names(request.methods, family.name, methods)
    beside = [name for name in methods.names(family.name) if methods.info(name).floor and name not in names and request.floors]
    preset = find_preset(pick_preset(request.preset, device))
    fits = [_Fit(methods, name, preset, {} if name in beside else request.overrides or {}) for name in [*beside, *names]]
    scenario = family.scenario(request.scenario)
    covered = {fit.name: _covered(fit.info, suite, tasks, scenario) for fit in fits}
    for fit in fits:
        for some in covered[fit.name]:
            try:
                fit.cls.check(fit.options, protocol, scenario.shown(fit.info.scope, suite.tasks, some))
                _check_asks(fit.cls.asks(fit.options), family, protocol)
            except ValueError as error:
                raise UserError(f"Options of {fit.name}: {error}") from None
    for fit in fits:
        _check_isolation(fit, request, protocol)
    cities = finder.cities(suite, request.edition, preset.city_size)
    measurer: Measurer = lazy.load(family.measurer)
    measurer.check(cities.cards, tasks, protocol, scenario)
    jobs = []
    for fit in fits:
        apart = _isolated(request, protocol, methods, fit.name)
        notes = {"declared_overrides": fit.declared, "user_overrides": fit.given, "tuning": fit.tuning,
                 **({} if apart is None else {"isolated": apart}),
                 **({"file": {"name": fit.file.name, "sha256": fit.file.sha256}} if fit.file else {})}
        for seed in (0,) if fit.info.deterministic else request.seeds:
            for some in covered[fit.name]:
                spec = RunSpec(family.name, fit.name, fit.info.version, without_unborn(type(fit.options), as_dict(fit.options)), suite.name,
                               suite.version, some, cities.edition, cities.fingerprint, protocol.name, protocol.version, preset.name,
                               preset.budget(family.counts), seed, request.scenario, fit.file.sha256 if fit.file else "")
                jobs.append(Job(spec, cities.refs, notes, bool(apart), fit.file))
    setting = Setting(suite, tasks, cities, protocol, preset, request.scenario, tuple(fit.name for fit in fits))
    return Plan(tuple(jobs), (setting,), device)


def _isolated(request: Request, protocol: Protocol, methods: Registry, name: str) -> bool | None:
    """Whether a method's runs are isolated; None: nobody asked, and it is of this project."""
    if request.isolated is None and not methods.is_outside(name):
        return None
    return protocol.isolates and request.isolated is not False


def _check_isolation(fit: _Fit, request: Request, protocol: Protocol) -> None:
    """Raise UserError where a method cannot be kept from the test part, and was asked to be or must be."""
    if fit.file and request.isolated is False:
        raise UserError(f"The method of a file is always isolated; leave --not-isolated out, or make a package of {fit.file.name} "
                        "(stbench new).")
    if (fit.file or request.isolated) and not protocol.isolates:
        raise UserError(f"Protocol '{protocol.name}' chooses probes on the test part, so no method can be kept from it; "
                        + (f"{fit.file.name} must be: use --protocol strict, or make a package of it (stbench new)." if fit.file else
                           "leave out --isolated, or use --protocol strict."))


def _check_asks(asks: Asks, family: Family, protocol: Protocol) -> None:
    """Raise ValueError, with a sentence, where a fit asks for what it cannot have."""
    for name in asks.said():
        if name not in family.asks:
            raise ValueError(f"the method asks for {name}, which the {family.name} suites do not have; they have {', '.join(family.asks)}.")
    if asks.whole_series and protocol.ranked:
        raise ValueError(f"the method asks for the whole series, whose test part protocol '{protocol.name}' keeps unseen; it is allowed "
                         "only under a protocol that is not ranked: add --protocol paper, or change the option that asks for it.")


class _Fit:
    """A method with its options: defaults, then its own overrides for the preset, then the user's."""

    def __init__(self, methods: Registry, name: str, preset: Preset, given: Mapping[str, Any]) -> None:
        self.name, self.info, self.cls = name, methods.info(name), methods.load(name)
        # None: of a package
        self.file = file_of(self.info.target)
        self.declared = dict(self.cls.presets.get(preset.name, {}))
        self.given = dict(given)
        self.options = resolve(self.cls.Options, {**self.declared, **self.given}, name)
        # how many trials, on validation errors, chose the options
        trials = self.cls.trials.get(preset.name, 0)
        self.tuning = "by hand" if self.given else f"{trials} trials" if trials else "default"


def _covered(info: MethodInfo, suite: Suite, tasks: tuple[str, ...], scenario: Scenario) -> list[tuple[str, ...]]:
    """The tasks that each fit is asked for: one task, or all tasks of each city that has a named one, or all tasks of all cities."""
    if info.scope == "task" or scenario.one_target:
        return [(task,) for task in tasks]
    possible = pick_tasks(suite, None, scenario.name)
    if info.scope == "cities":
        return [possible]
    each = [tuple(task for task in suite.tasks_of(city) if task in possible) for city in suite.cities]
    return [some for some in each if set(some) & set(tasks)]


def method_names(given: Sequence[str], family: str, methods: Registry) -> list[str]:
    """The methods of a request; `all` means every one of the suite's family, ``file.py:Class`` that of a file."""
    names = methods.names(family) if list(given) == ["all"] else list(dict.fromkeys(named(given, methods)))
    for name in names:
        if methods.info(name).family != family:
            raise UserError(f"{name} is a {methods.info(name).family} method; this suite needs {family} methods: "
                            f"{', '.join(methods.names(family))}.")
    return names


def pick_preset(name: str | None, device: str) -> str:
    """The named preset; else `quick` on a CPU and `full` elsewhere."""
    return name if name is not None else "quick" if device == "cpu" else "full"


def pick_device(name: str | None, elsewhere: bool = False) -> str:
    """The device to use: the given one if it is there, or may be `elsewhere`; else CUDA, MPS, CPU in this order."""
    import torch

    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name is None:
        return next(device for device, is_here in here.items() if is_here)
    kind = name.split(":")[0]
    if not (kind in here if elsewhere else here.get(kind, False)):
        raise UserError(f"Device '{name}' is not available here; available: {', '.join(d for d, ok in here.items() if ok)}.")
    return name
