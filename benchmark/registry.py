"""Registries: names → plain facts and lazy targets. They import nothing until asked; here is the one of methods, and it names none."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from types import UnionType
from typing import Any, Generic, Protocol, TypeVar, get_origin, get_type_hints

from benchmark import lazy
from benchmark.errors import UserError, unknown
from benchmark.families import FAMILIES
from benchmark.footprint import Footprint
from benchmark.signals import Signals

# Packages of this project that list methods; each holds `METHODS`, a sequence of MethodInfo. Others use the entry point.
CATALOGUES = ("baselines.forecasting.catalogue", "baselines.trajectory.catalogue", "methods.catalogue")
ENTRY_POINTS = "stbench.methods"
# what one fit of a method may cover, and how methods and sources are called
SCOPES = ("task", "city", "cities")
LOWER_SNAKE = re.compile(r"[a-z][a-z0-9_]*")
# the folder in which this project's packages stand side by side
BESIDE = Path(__file__).resolve().parents[1]


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
    # memory of a forecaster beside its series; None: nobody measured it
    footprint: Footprint | None = None


@dataclass(frozen=True)
class Broken:
    """An outside package whose entry point does not load."""

    name: str
    package: str
    reason: str


def check_not_hidden(package: str) -> None:
    """Raise UserError where a package that stands beside the engine is hidden by a folder or file of the same name; others pass."""
    ours = BESIDE / package
    if not ours.is_dir():
        return
    found = importlib.util.find_spec(package)
    places = [place for place in (*(found.submodule_search_locations or ()), found.origin) if place] if found else []
    if not {ours, ours / "__init__.py"} & {Path(place).resolve() for place in places}:
        raise UserError(f"{places[0] if places else 'Something'} hides the package '{package}' of stbench, which lies in {ours}. Rename "
                        "it, or start stbench where Python does not find it first (another folder, another PYTHONPATH).")


class _Interrupted(Exception):
    """A package raised KeyboardInterrupt, and nobody had typed it."""


# whatever a package's code may raise of its own accord
FAULTS = (Exception, SystemExit)


@contextmanager
def aside() -> Iterator[None]:
    """Where a package's code is imported: what it prints goes to stderr, since what programs read is ours alone, on the level of file
    descriptors too; a KeyboardInterrupt that came by no signal is its fault."""
    if sys.stdout is not None:
        sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # closed
        kept = None
    try:
        with redirect_stdout(sys.stderr), Signals() as signals:
            if kept is not None:
                os.dup2(2, 1)
            try:
                yield
            except KeyboardInterrupt as error:
                if signals.came:
                    raise
                raise _Interrupted("it raises KeyboardInterrupt") from error
    finally:
        if kept is not None:
            os.dup2(kept, 1)
            os.close(kept)


class Named(Protocol):
    """What a registry holds: anything with a name."""

    @property
    def name(self) -> str: ...


Info = TypeVar("Info", bound=Named)


class Catalogue(Generic[Info]):
    """Facts by name: what modules of this project list, then what outside packages name by an entry point.

    A duplicate name among ours is an error that names both places. An outside package that does not load, or registers a name that is
    taken, is kept in `broken`, and raised when asked for.
    """

    # what an entry is called in sentences, the modules' list of them, and their class
    noun: str
    listed: str
    holds: type[Info]
    # what names look like, and in words
    spelling: re.Pattern[str] = LOWER_SNAKE
    spelt: str = "lower_snake"

    def __init__(self, modules: tuple[str, ...], group: str) -> None:
        self._infos: dict[str, Info] = {}
        self._places: dict[str, str] = {}
        # outside entry → its package
        self._packages: dict[str, str] = {}
        self.broken: dict[str, Broken] = {}
        for module in modules:
            check_not_hidden(module.partition(".")[0])
            for info in getattr(importlib.import_module(module), self.listed):
                self._add(info, module)
        for point in sorted(entry_points(group=group), key=lambda point: point.name):
            package = point.dist.name if point.dist else point.value
            try:
                with aside():
                    info = point.load()
                    self._check(info, point.value)
                self._add(info, f"package {package}")
                self._packages[info.name] = package
            except FAULTS as error:  # a foreign package may fail in any way; it is shown, and raised when asked for
                self.broken[point.name] = Broken(point.name, package, f"{type(error).__name__}: {error}")

    def _check(self, info: Any, place: str) -> None:
        """Raise TypeError where an outside package registers what is no entry."""
        if not isinstance(info, self.holds):
            raise TypeError(f"{place} is no benchmark.{self.holds.__name__}")
        for field, kind in get_type_hints(self.holds).items():
            given = getattr(info, field)
            parts = given if isinstance(given, tuple) else ()
            plain = kind if isinstance(kind, UnionType) else get_origin(kind) or kind
            if not isinstance(given, plain) or not all(isinstance(one, str) for one in parts):
                raise TypeError(f"{place} says {ascii(given)[:80]} for {field}, which is of another type")
        if not self.spelling.fullmatch(info.name):
            raise TypeError(f"{place} is called {ascii(info.name)[:80]}; a {self.noun} has a {self.spelt} name")

    def _add(self, info: Info, place: str) -> None:
        if info.name in self._infos:
            raise UserError(f"Two {self.noun}s are called '{info.name}': one in {self._places[info.name]}, one in {place}. Rename one.")
        self._infos[info.name] = info
        self._places[info.name] = place

    def all(self) -> tuple[Info, ...]:
        """Every entry that loads, in the order of registration."""
        return tuple(self._infos.values())

    def __contains__(self, name: object) -> bool:
        """Whether there is an entry of that name, be it broken."""
        return name in self._infos or name in self.broken

    def is_outside(self, name: str) -> bool:
        """Whether an entry comes from an outside package."""
        return name in self._packages

    def origin(self, name: str) -> str | None:
        """The package of an outside entry, be it broken; None: it is the project's own."""
        return self._packages.get(name) or (self.broken[name].package if name in self.broken and name not in self._infos else None)

    def place(self, name: str) -> str:
        """Where an entry is registered."""
        return self._places[name]

    def info(self, name: str) -> Info:
        """The facts of one entry.

        Raises
        ------
        UserError: there is none of that name (nearest names), or its package does not load.
        """
        if name not in self._infos and name in self.broken:
            bad = self.broken[name]
            raise UserError(f"The {self.noun} '{name}' of package {bad.package} does not load: {bad.reason}.")
        if name not in self._infos:
            raise unknown(self.noun, name, self._infos)
        return self._infos[name]

    def follow(self, name: str, target: str) -> Any:
        """The object that a lazy target of one entry names."""
        try:
            with aside():
                return lazy.load(target)
        except FAULTS as error:
            reason = str(error) if isinstance(error, ImportError | AttributeError) else f"{type(error).__name__}: {error}"
            raise UserError(f"The {self.noun} '{name}' ({self._places[name]}) does not load from {target}: {reason}.") from error


class Registry(Catalogue[MethodInfo]):
    """All methods by name."""

    noun, listed, holds = "method", "METHODS", MethodInfo

    def __init__(self, catalogues: tuple[str, ...] = CATALOGUES, group: str = ENTRY_POINTS) -> None:
        super().__init__(catalogues, group)
        # methods of files, which are of no package
        self._adopted: set[str] = set()

    def adopt(self, info: MethodInfo, file: str) -> None:
        """Register the method of a file, in place of an earlier one of a file.

        Raises
        ------
        UserError: a registered method has its name, or its facts are wrong.
        """
        if info.name in self and info.name not in self._adopted:
            raise UserError(f"'{info.name}' is the name of a registered method; rename the class in {file}.")
        try:
            self._check(info, file)
        except TypeError as error:
            raise UserError(f"{error}.") from None
        self._adopted.add(info.name)
        self._infos[info.name], self._places[info.name], self._packages[info.name] = info, f"file {file}", file

    def _check(self, info: Any, place: str) -> None:
        super()._check(info, place)
        if info.family not in FAMILIES or info.scope not in SCOPES:
            raise TypeError(f"{place} is of family '{info.family}' and scope '{info.scope}'; families: {', '.join(FAMILIES)}, scopes: "
                            f"{', '.join(SCOPES)}")

    def names(self, family: str | None = None) -> list[str]:
        """The names of all methods, or of those of one family."""
        return [info.name for info in self.all() if family in (None, info.family)]

    def load(self, name: str) -> Any:
        """The method's class."""
        from benchmark.contract import Method

        target = self.info(name).target
        found = self.follow(name, target)
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
