"""The registry: method names → plain facts and a lazy target. It names no method and imports none until asked."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

from benchmark import lazy
from benchmark.errors import UserError, unknown

# Packages of this project that list methods; each holds `METHODS`, a sequence of MethodInfo. Others use the entry point.
CATALOGUES = ("baselines.forecasting.catalogue", "baselines.trajectory.catalogue", "methods.catalogue")
ENTRY_POINTS = "stbench.methods"


@dataclass(frozen=True)
class MethodInfo:
    """What lists need to know of a method, as plain data (no torch)."""

    # lower_snake name used everywhere
    name: str
    # "package.module:Class", imported when the method is used
    target: str
    # one line: what it does
    summary: str
    # authors, venue, year
    paper: str
    # licence of the original code
    licence: str
    # "forecasting" or "trajectory"
    family: str = "forecasting"
    # what ONE fit covers: "task", "city" or "cities"
    scope: str = "task"
    # what it reads: "value", "time", "calendar", "coordinates", "graph" (forecasting); "gps", "route", "grid" (trajectory)
    inputs: tuple[str, ...] = ("value",)
    # trainable numbers with default options: at 206 nodes, 48 slots a day, one task; or at Xi'an's 4,996 roads
    parameters: int = 0
    # what every run of its family measures beside: the method that learns nothing
    floor: bool = False
    # the result does not depend on the seed: it runs once
    deterministic: bool = False
    # raised when its results change
    version: int = 1


@dataclass(frozen=True)
class Broken:
    """An outside package whose entry point does not load."""

    name: str
    package: str
    reason: str


class Registry:
    """All methods by name. Duplicate names are an error that names both places."""

    def __init__(self, catalogues: tuple[str, ...] = CATALOGUES, group: str = ENTRY_POINTS) -> None:
        self._infos: dict[str, MethodInfo] = {}
        self._places: dict[str, str] = {}
        self.broken: dict[str, Broken] = {}
        for module in catalogues:
            for info in importlib.import_module(module).METHODS:
                self._add(info, module)
        for point in sorted(entry_points(group=group), key=lambda point: point.name):
            package = point.dist.name if point.dist else point.value
            try:
                info = point.load()
                if not isinstance(info, MethodInfo):
                    raise TypeError(f"{point.value} is no benchmark.MethodInfo")
            except Exception as error:  # a foreign package may fail in any way; it is shown, and raised when asked for
                self.broken[point.name] = Broken(point.name, package, f"{type(error).__name__}: {error}")
                continue
            self._add(info, f"package {package}")

    def _add(self, info: MethodInfo, place: str) -> None:
        if info.name in self._infos:
            raise UserError(f"Two methods are called '{info.name}': one in {self._places[info.name]}, one in {place}. Rename one.")
        self._infos[info.name] = info
        self._places[info.name] = place

    def names(self, family: str | None = None) -> list[str]:
        return [name for name, info in self._infos.items() if family in (None, info.family)]

    def place(self, name: str) -> str:
        """Where a method is registered."""
        return self._places[name]

    def info(self, name: str) -> MethodInfo:
        if name in self.broken:
            bad = self.broken[name]
            raise UserError(f"The method '{name}' of package {bad.package} does not load: {bad.reason}.")
        if name not in self._infos:
            raise unknown("method", name, self._infos)
        return self._infos[name]

    def load(self, name: str) -> Any:
        """The method's class."""
        from benchmark.contract import Method

        target = self.info(name).target
        try:
            found = lazy.load(target)
        except (ImportError, AttributeError) as error:
            raise UserError(f"The method '{name}' ({self._places[name]}) does not load from {target}: {error}.") from error
        if not (isinstance(found, type) and issubclass(found, Method)):
            raise UserError(f"{target} of '{name}' is no class derived from benchmark.Method.")
        return found


_registry: Registry | None = None


def registry() -> Registry:
    """The one registry of this process, filled at first use."""
    global _registry
    if _registry is None:
        _registry = Registry()
    return _registry
