"""The cities that come with stbench: what is the same in every edition of them, read from ``cities.toml``. Light: no numpy."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class SeriesFacts:
    """A city of series on nodes."""

    # its name in words
    title: str
    # local time of the first row, ISO
    start: str
    interval_minutes: int
    # IANA zone of the place
    zone: str
    # task -> unit, in the order of tables
    units: Mapping[str, str]

    @property
    def steps_per_day(self) -> int:
        return 24 * 60 // self.interval_minutes


@dataclass(frozen=True)
class TripFacts:
    """A city of trips."""

    # its name in words
    title: str
    # IANA zone of the place
    zone: str
    cell_size_m: float


def _facts() -> dict[str, dict[str, dict[str, Any]]]:
    return tomllib.loads(resources.files("benchmark.data").joinpath("cities.toml").read_text(encoding="utf-8"))


SERIES: Mapping[str, SeriesFacts] = {name: SeriesFacts(**about) for name, about in _facts()["series"].items()}
TRIPS: Mapping[str, TripFacts] = {name: TripFacts(**about) for name, about in _facts()["trips"].items()}
