"""Suites by name: the built-in ones, and one for every city the user imported."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from benchmark.data.folder import cities_home, prepared, read_card, verify
from benchmark.errors import UserError, unknown
from benchmark.spec import Preset

SIM = "sim"
# tasks whose tables also rank cells
RANKED_TASKS = frozenset({"risk"})


@dataclass(frozen=True)
class Suite:
    """A named, versioned set of tasks over a city."""

    name: str
    title: str
    version: int
    tasks: tuple[str, ...]
    # edition -> folder of the prepared city
    prepared: dict[str, Path] = field(default_factory=dict)
    # seed of the simulated city; None: the suite has no simulated edition
    seed: int | None = None
    family: str = "forecasting"

    @property
    def editions(self) -> tuple[str, ...]:
        """Real editions first."""
        return (*self.prepared, *((SIM,) if self.seed is not None else ()))


def built_in() -> dict[str, Suite]:
    """The suites that come with stbench, without looking at the disk for prepared cities."""
    text = resources.files("benchmark.suites").joinpath("forecasting.toml").read_text()
    return {name: Suite(name, one["title"], one["version"], tuple(one["tasks"]), {}, one["seed"])
            for name, one in tomllib.loads(text).items()}


def suites() -> dict[str, Suite]:
    """All suites that `--suite` takes."""
    found = built_in()
    for folder in prepared():
        card = read_card(folder)
        if card["edition"] == SIM or card["kind"] != "forecasting":
            continue
        name = card["name"]
        known = found.get(name) or Suite(name, card["title"], 1, tuple(card["tasks"]))
        found[name] = Suite(name, known.title, known.version, known.tasks, {**known.prepared, card["edition"]: folder}, known.seed)
    return found


def find_suite(name: str) -> Suite:
    known = suites()
    if name not in known:
        raise unknown("suite", name, known)
    return known[name]


def pick_tasks(suite: Suite, names: tuple[str, ...] | None) -> tuple[str, ...]:
    """The named tasks in the suite's order; all by default."""
    for name in names or ():
        if name not in suite.tasks:
            raise unknown(f"task of suite {suite.name}", name, suite.tasks)
    return tuple(task for task in suite.tasks if not names or task in names)


def city_folder(suite: Suite, edition: str | None, preset: Preset) -> tuple[str, Path]:
    """The edition and the verified folder of its city; a simulated city is made if it is not there yet.

    Raises
    ------
    UserError: the suite has no such edition, or a file of the city has changed.
    """
    edition = edition or suite.editions[0]
    if edition not in suite.editions:
        raise UserError(f"Suite {suite.name} has no edition '{edition}' here; it has: {', '.join(suite.editions)}. "
                        "See `stbench data list`; `stbench data import` brings a city of your own.")
    if edition != SIM:
        verify(suite.prepared[edition])
        return edition, suite.prepared[edition]
    assert suite.seed is not None
    folder = cities_home() / suite.name / f"{SIM}-v{suite.version}-{preset.city_size}"
    if not (folder / "card.json").is_file():
        from benchmark.data.simulate import build

        build(suite.name, preset.city_size, suite.seed, folder)
    verify(folder)
    return edition, folder
