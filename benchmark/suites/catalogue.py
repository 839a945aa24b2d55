"""Suites by name: the registered ones, one for every city the user imported, and those of several cities that a file declared."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmark.data.embedded.recipe import embedded
from benchmark.data.folder import OWN, folders, prepared, read_card
from benchmark.data.recipes import Recipe
from benchmark.data.simulate import SIM
from benchmark.data.simulate.recipe import Simulated
from benchmark.data.sourced import Sourced
from benchmark.errors import UserError, unknown
from benchmark.families import FAMILIES, STANDARD, find_family
from benchmark.files import home, write_atomic
from benchmark.folders import below
from benchmark.plain_json import BadFile, leave_out
from benchmark.shapes import fields_of, list_of, one_of, read_shaped, text, word
from benchmark.suites.registered import SuiteInfo, registered

DECLARATION = fields_of({"title": text, "cities": list_of(word)}, {"family": one_of(FAMILIES)})


@dataclass(frozen=True)
class Suite:
    """A named, versioned set of tasks over one or more cities."""

    name: str
    title: str
    version: int
    tasks: tuple[str, ...]
    # edition -> folders of the prepared cities, in the order of `cities`
    prepared: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    # edition -> how its cities are made, in the order of `cities`: those that ship, and the simulated ones
    made: Mapping[str, tuple[Recipe, ...]] = field(default_factory=dict)
    family: str = "forecasting"
    cities: tuple[str, ...] = ()

    @property
    def editions(self) -> tuple[str, ...]:
        """Real editions first."""
        return tuple(sorted({**self.made, **self.prepared}, key=lambda edition: edition == SIM))

    def cards(self, edition: str) -> list[Mapping[str, Any]]:
        """The cards of an edition's cities; none of a city that must be made to know it."""
        if edition in self.made:
            return [recipe.card for recipe in self.made[edition] if recipe.card is not None]
        return [read_card(folder) for folder in self.prepared[edition]]

    def tasks_of(self, city: str) -> tuple[str, ...]:
        """The tasks of one of the cities."""
        return tuple(task for task in self.tasks if split_task(self.cities, task)[0] == city)


def split_task(cities: Sequence[str], task: str) -> tuple[str, str]:
    """(city, kind) of a task: ``chengdu.road_label`` in a suite of several cities, else ``road_label``."""
    city, dot, kind = task.rpartition(".")
    return (city, kind) if dot else (cities[0], task)


def built_in() -> dict[str, Suite]:
    """The suites that come with stbench, without looking at the disk for prepared cities."""
    return {info.name: _suite(info) for info in registered().all() if not registered().is_outside(info.name)}


def suites() -> dict[str, Suite]:
    """All suites that `--suite` takes."""
    ours = built_in()
    found = {info.name: ours.get(info.name) or _suite(info) for info in registered().all()}
    # the first declarations did not say their family: only cities of trips could be joined
    found |= {name: _suite(SuiteInfo(name, one["title"], one.get("family", "trajectory"), tuple(one["cities"])))
              for name, one in _declared(found).items()}
    editions: dict[str, dict[str, Path]] = {}
    for folder in prepared():
        card = read_card(folder)
        if card["edition"] == SIM:
            continue
        name = card["name"]
        if name in found and (found[name].cities != (name,) or found[name].family != card["kind"]
                              or (card["edition"] == OWN and name in ours)):
            leave_out(BadFile(f"{folder} is a {card['kind']} city called '{name}', which is the name of another suite; remove the folder."))
            continue
        editions.setdefault(name, {})[card["edition"]] = folder
        found.setdefault(name, _suite(SuiteInfo(name, card["title"], card["kind"], (name,), tuple(card.get("tasks", ())))))
    return {name: _with_editions(suite, editions) for name, suite in found.items()}


def declare(name: str, cities: Sequence[str], family: str, *, replace: bool = False) -> None:
    """Keep a suite of several cities of one family under STBENCH_HOME.

    Raises
    ------
    UserError: as `check_declaration`.
    """
    check_declaration(name, cities, replace=replace)
    content = {"title": " and ".join(cities), "family": family, "cities": list(cities)}
    write_atomic(_declared_home() / f"{name}.json", json.dumps(content, ensure_ascii=False) + "\n")


def check_declaration(name: str, cities: Sequence[str], *, replace: bool = False) -> None:
    """Raise UserError where a suite of several cities cannot have this name: another suite has it."""
    taken = suites().get(name)
    if taken is None or taken.cities == tuple(cities):
        return
    if name in built_in() or len(taken.cities) == 1:
        raise UserError(f"'{name}' is the name of a suite already; choose another under [suites].")
    if not replace:
        raise UserError(f"Suite '{name}' is already declared over {', '.join(taken.cities)}; add --replace to declare it anew.")


def check_city(name: str) -> None:
    """Raise UserError where a city of the user's cannot have this name: a suite of stbench, or one of several cities, has it."""
    if name in built_in():
        raise UserError(f"'{name}' is a suite that comes with stbench; give this city another name, such as my-{name}.")
    taken = suites().get(name)
    if taken and taken.cities != (name,):
        raise UserError(f"'{name}' is the name of a suite of the cities {', '.join(taken.cities)}; give this city another name.")
    if taken and taken.made:
        raise UserError(f"'{name}' is a suite of {registered().place(name)}, which makes its city; give this city another name.")


def find_suite(name: str) -> Suite:
    known = suites()
    if name not in known and name in registered().broken:
        registered().info(name)
    if name not in known:
        raise unknown("suite", name, known)
    return known[name]


def pick_tasks(suite: Suite, names: tuple[str, ...] | None, scenario: str = STANDARD) -> tuple[str, ...]:
    """The named tasks in the suite's order; by default all that the scenario is of. In a suite of several cities ``road_label`` means
    that task of each city.

    Raises
    ------
    UserError: an unknown scenario or task, or a scenario of more tasks than the suite has.
    """
    about = find_family(suite.family).scenario(scenario)
    if not about.fits(suite.tasks):
        raise UserError(f"Scenario {scenario} is of the first {about.first_tasks} tasks of a suite; {suite.name} has {len(suite.tasks)}: "
                        f"{', '.join(suite.tasks)}.")
    first = suite.tasks[:about.first_tasks]
    possible = [task for task in first if not about.tasks or split_task(suite.cities, task)[1] in about.tasks]
    for name in names or ():
        if not any(_is_named(suite, task, name) for task in possible):
            raise unknown(f"task of suite {suite.name}" + (f" in scenario {scenario}" if scenario != STANDARD else ""), name, possible)
    return tuple(task for task in possible if not names or any(_is_named(suite, task, name) for name in names))


def pick_edition(suite: Suite, edition: str | None) -> str:
    """The named edition, by default a real one before the simulated.

    Raises
    ------
    UserError: the suite has no such edition, or one of its cities is not prepared.
    """
    if not suite.editions:
        there = {folder.parent.name for folder in folders()}
        lacking = [city for city in suite.cities if city not in there]
        raise UserError(f"Suite {suite.name} needs the cities {', '.join(suite.cities)} in one edition; "
                        f"{', '.join(lacking) or 'no edition'} is not prepared here. Bring it with `stbench data import`.")
    edition = suite.editions[0] if edition is None else edition
    if edition not in suite.editions:
        raise UserError(f"Suite {suite.name} has no edition '{edition}' here; it has: {', '.join(suite.editions)}. "
                        "See `stbench data list`; `stbench data build` makes one from a source, `stbench data import` brings your own.")
    return edition


def _suite(info: SuiteInfo) -> Suite:
    return Suite(info.name, info.title, info.version, find_family(info.family).tasks_of(info.cities, info.tasks), {}, _made(info),
                 info.family, info.cities)


def _made(info: SuiteInfo) -> dict[str, tuple[Recipe, ...]]:
    """The editions that need no preparation: a real one where all cities ship in it, that of the suite's sources, and the simulated one
    where there is a seed."""
    known = embedded()
    made: dict[str, tuple[Recipe, ...]] = {}
    if all(city in known for city in info.cities) and len(editions := {known[city].card["edition"] for city in info.cities}) == 1:
        made[editions.pop()] = tuple(known[city] for city in info.cities)
    if info.sources:
        made[info.edition] = tuple(Sourced(city, info.edition, words) for city, words in zip(info.cities, info.sources, strict=True))
    if info.seed is not None:
        made[SIM] = tuple(Simulated(city, info.seed) for city in info.cities)
    return made


def _with_editions(suite: Suite, editions: Mapping[str, Mapping[str, Path]]) -> Suite:
    """A suite has an edition where all its cities have it."""
    of_cities = [editions.get(city, {}) for city in suite.cities]
    shared = [edition for edition in of_cities[0] if all(edition in one for one in of_cities)]
    folders = {edition: tuple(one[edition] for one in of_cities) for edition in shared}
    return replace(suite, prepared=folders)


def _is_named(suite: Suite, task: str, name: str) -> bool:
    return name in (task, split_task(suite.cities, task)[1])


def _declared(taken: Collection[str]) -> dict[str, dict[str, Any]]:
    """Name → what a declaration says. A broken one, or one of a name that is taken, is named on stderr and left out."""
    found = {}
    for path in [path for path in below(_declared_home()) if path.suffix == ".json"]:
        try:
            if path.stem in taken:
                raise BadFile(f"{path} declares a suite of a name that comes with stbench; remove it.")
            found[path.stem] = read_shaped(path, DECLARATION, "It declares no suite; remove it.")
        except FileNotFoundError:  # removed meanwhile
            continue
        except BadFile as error:
            leave_out(error)
    return found


def _declared_home() -> Path:
    return home() / "suites"
