"""A request becomes a list of runs: every spec complete, every name checked, before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.data.cards import size_in_words
from benchmark.data.folder import joined_fingerprint, read_card
from benchmark.errors import UserError
from benchmark.options import as_dict, resolve
from benchmark.protocols import ForecastingProtocol, Protocol, find_protocol
from benchmark.registry import MethodInfo, Registry, registry
from benchmark.spec import Preset, RunSpec, find_preset
from benchmark.suites.catalogue import TRAJECTORY_UNITS, Suite, city_folders, find_suite, pick_tasks, split_task


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
    scenario: str = "standard"
    # also the methods of the family that learn nothing, so that every table has them
    floors: bool = True


@dataclass(frozen=True)
class Plan:
    """All runs of a request, and what they need."""

    runs: tuple[RunSpec, ...]
    suite: Suite
    # the tasks to table; a run may cover more
    tasks: tuple[str, ...]
    edition: str
    # of the suite's cities
    folders: tuple[Path, ...]
    protocol: Protocol
    preset: Preset
    device: str
    # run id -> facts for its record: overrides the method declares for the preset, overrides of the user
    notes: Mapping[str, Mapping[str, Any]]
    # what is done with the methods, for the headline
    about: str = ""

    def headline(self) -> str:
        """One line: what is run on what, with everything that was resolved."""
        methods = ", ".join(dict.fromkeys(run.method for run in self.runs))
        scenario = "" if self.scenario == "standard" else f" · scenario {self.scenario}"
        return (f"{methods}{self.about} on {self.suite.name}@{self.suite.version} · data {self.edition} ({self.size()}){scenario} · "
                f"protocol {self.protocol.name} · preset {self.preset.name} · device {self.device}")

    def size(self) -> str:
        """How large the cities are, in words."""
        return "; ".join(size_in_words(read_card(folder), self.suite.tasks) for folder in self.folders)

    def units(self) -> dict[str, str]:
        """Task → unit of its MAE and RMSE; empty where it has none."""
        if self.suite.family == "trajectory":
            return {task: TRAJECTORY_UNITS.get(split_task(self.suite.cities, task)[1], "") for task in self.suite.tasks}
        about = read_card(self.folders[0])["tasks"]
        return {task: about[task]["unit"] for task in self.suite.tasks}

    @property
    def scenario(self) -> str:
        return self.runs[0].scenario


def make_plan(request: Request, methods: Registry | None = None) -> Plan:
    """Resolve a request.

    Raises
    ------
    UserError: any unknown name, wrong option or unusable city.
    """
    methods = methods or registry()
    suite = find_suite(request.suite)
    tasks = pick_tasks(suite, request.tasks, request.scenario)
    protocol = find_protocol(request.protocol, suite.family)
    names = method_names(request.methods, suite.family, methods)
    beside = [name for name in methods.names(suite.family) if methods.info(name).floor and name not in names and request.floors]
    classes = {name: methods.load(name) for name in [*beside, *names]}
    device = pick_device(request.device)
    preset = find_preset(request.preset or ("quick" if device == "cpu" else "full"))
    covered = {name: _covered(methods.info(name), suite, tasks, request.scenario) for name in [*beside, *names]}
    options = {name: _options(methods, name, preset, request.overrides or {}) for name in names}
    options |= {name: _options(methods, name, preset, {}) for name in beside}
    names = [*beside, *names]
    for name in names:
        for some in covered[name]:
            try:
                classes[name].check(options[name], protocol, some)
            except ValueError as error:
                raise UserError(f"Options of {name}: {error}") from None
    edition, folders = city_folders(suite, request.edition, preset)
    if isinstance(protocol, ForecastingProtocol):
        _check_tasks(read_card(folders[0]), tasks, protocol)
    fingerprint, budget = joined_fingerprint(folders), preset.budget(suite.family)
    runs, notes = [], {}
    for name in names:
        info = methods.info(name)
        for seed in (0,) if info.deterministic else request.seeds:
            for some in covered[name]:
                spec = RunSpec(name, info.version, as_dict(options[name]), suite.name, suite.version, some, edition, fingerprint,
                               protocol.name, protocol.version, preset.name, budget, seed, request.scenario)
                runs.append(spec)
                notes[spec.id] = {"declared_overrides": dict(info.overrides.get(preset.name, {})),
                                  "user_overrides": {} if name in beside else dict(request.overrides or {})}
    return Plan(tuple(runs), suite, tasks, edition, folders, protocol, preset, device, notes)


def _covered(info: MethodInfo, suite: Suite, tasks: tuple[str, ...], scenario: str) -> list[tuple[str, ...]]:
    """The tasks of each fit: one task, or all tasks of each city that has a named one, or all tasks of all cities."""
    if info.scope == "task":
        return [(task,) for task in tasks]
    possible = pick_tasks(suite, None, scenario)
    if info.scope == "cities":
        return [possible]
    each = [tuple(task for task in suite.tasks_of(city) if task in possible) for city in suite.cities]
    return [some for some in each if set(some) & set(tasks)]


def method_names(given: Sequence[str], family: str, methods: Registry) -> list[str]:
    """The methods of a request; `all` means every one of the suite's family."""
    names = methods.names(family) if list(given) == ["all"] else list(dict.fromkeys(given))
    for name in names:
        if methods.info(name).family != family:
            raise UserError(f"{name} is a {methods.info(name).family} method; this suite needs {family} methods: "
                            f"{', '.join(methods.names(family))}.")
    return names


def pick_device(name: str | None) -> str:
    """The device to use: the given one if it is there, else CUDA, MPS, CPU in this order."""
    import torch

    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name is None:
        return next(device for device, is_here in here.items() if is_here)
    if not here.get(name.split(":")[0], False):
        raise UserError(f"Device '{name}' is not available here; available: {', '.join(d for d, ok in here.items() if ok)}.")
    return name


def _options(methods: Registry, name: str, preset: Preset, overrides: Mapping[str, Any]) -> Any:
    """Defaults, then the method's declared overrides for the preset, then the user's."""
    return resolve(methods.load(name).Options, {**methods.info(name).overrides.get(preset.name, {}), **overrides}, name)


def _check_tasks(card: Mapping[str, Any], tasks: Sequence[str], protocol: ForecastingProtocol) -> None:
    from benchmark.tasks.forecasting import cut

    for task in tasks:
        try:
            cut(card["tasks"][task]["steps"], protocol)
        except UserError as error:
            raise UserError(f"City {card['name']}, task {task}: {error}") from None
