"""Suites as they are registered: those that come with stbench, in `suites.toml`, and those of outside packages, as plain data."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from benchmark.data.built_in import SERIES, TRIPS
from benchmark.data.folder import OWN
from benchmark.families import FAMILIES, find_family
from benchmark.registry import Catalogue

# modules of this project that list suites; each holds `SUITES`, a sequence of SuiteInfo. Others use the entry point.
CATALOGUES = (__name__,)
ENTRY_POINTS = "stbench.suites"


@dataclass(frozen=True)
class SuiteInfo:
    """A suite, as its author declares it."""

    # lower-case name with dashes, which `--suite` takes
    name: str
    # one line: places, what is measured, interval
    title: str
    # "forecasting" or "trajectory"
    family: str
    # of a forecasting suite one
    cities: tuple[str, ...]
    # of a forecasting suite, which of the city's; trips have always all four
    tasks: tuple[str, ...] = ()
    # what makes each city where it is missing: a source and its options, "my_source level=5"; empty: the user brings them
    sources: tuple[str, ...] = ()
    # of the cities that the sources make
    edition: str = OWN
    # of simulated cities; None: the suite has no simulated edition
    seed: int | None = None
    # raised when data or tasks change
    version: int = 1


class Suites(Catalogue[SuiteInfo]):
    """All registered suites by name."""

    noun, listed, holds = "suite", "SUITES", SuiteInfo
    spelling, spelt = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*"), "lower-case, dashed"

    def __init__(self, catalogues: tuple[str, ...] = CATALOGUES, group: str = ENTRY_POINTS) -> None:
        super().__init__(catalogues, group)

    def _check(self, info: Any, place: str) -> None:
        super()._check(info, place)
        if info.family not in FAMILIES:
            raise TypeError(f"{place} is of family '{info.family}'; families: {', '.join(FAMILIES)}")
        names_tasks = find_family(info.family).other_kind is not None
        if bool(info.tasks) != names_tasks or not info.cities or (names_tasks and len(info.cities) > 1):
            raise TypeError(f"{place} is of {len(info.cities)} cities and {len(info.tasks)} tasks; a {info.family} suite "
                            + ("has one city and names its tasks" if names_tasks else "has cities, and names no tasks"))
        if not all(self.spelling.fullmatch(city) for city in info.cities):
            raise TypeError(f"{place} is of the cities {ascii(info.cities)[:80]}; a city has a {self.spelt} name")
        if info.sources and (len(info.sources) != len(info.cities) or not all(map(str.strip, info.sources))):
            raise TypeError(f"{place} says the sources {ascii(info.sources)[:80]}; each of its {len(info.cities)} cities has one, such as "
                            "'my_source level=5'")
        if info.seed is not None and not {*info.cities} <= {*SERIES, *TRIPS}:
            raise TypeError(f"{place} says a seed, and stbench simulates {', '.join([*SERIES, *TRIPS])} alone")


@cache
def registered() -> Suites:
    """The one catalogue of suites of this process, filled at first use."""
    return Suites()


def _own() -> tuple[SuiteInfo, ...]:
    """The suites that come with stbench."""
    text = resources.files("benchmark.suites").joinpath("suites.toml").read_text(encoding="utf-8")
    return tuple(SuiteInfo(name, tasks=tuple(task for city in about["cities"] if city in SERIES for task in SERIES[city].units),
                           **{**about, "cities": tuple(about["cities"])}) for name, about in tomllib.loads(text).items())


SUITES = _own()
