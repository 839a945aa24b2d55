"""The cities of a suite, by fingerprint: found below STBENCH_HOME, verified once a campaign, made where they are missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmark.data.folder import CARD, join_fingerprints, prepared, read_card, verify
from benchmark.data.recipes import Recipe
from benchmark.errors import UserError
from benchmark.files import home
from benchmark.suites.catalogue import Suite, pick_edition


@dataclass(frozen=True)
class CityRef:
    """One city of a run, as any machine can find or make it."""

    name: str
    edition: str
    # of its content; empty: not known before it is made
    fingerprint: str
    # how to make it; None: only its user can prepare it
    recipe: Recipe | None = None

    @property
    def known(self) -> bool:
        return bool(self.fingerprint)


@dataclass(frozen=True)
class Cities:
    """The cities of one edition of a suite, in the suite's order."""

    edition: str
    refs: tuple[CityRef, ...]
    # of the cities that are there, or whose card is known before
    cards: tuple[Mapping[str, Any], ...]

    @property
    def fingerprint(self) -> str:
        """Of one city its own, of several the hash of all in their order; empty while one is not known."""
        return join_fingerprints([ref.fingerprint for ref in self.refs]) if all(ref.known for ref in self.refs) else ""


class CityFinder:
    """Resolves the cities of a campaign, each once: found, made if need be, and compared with the SHA-256 of its card.

    builds: make what is missing; else its fingerprint stays unknown, unless its card is known before.
    """

    def __init__(self, *, builds: bool = True) -> None:
        self.builds = builds
        self._found: dict[CityRef, tuple[CityRef, Mapping[str, Any] | None]] = {}

    def cities(self, suite: Suite, edition: str | None, size: str) -> Cities:
        """The cities of an edition; `size` is that of simulated ones.

        Raises
        ------
        UserError: the suite has no such edition, one of its cities is not prepared, or a file of a city has changed.
        """
        edition = pick_edition(suite, edition)
        if edition in suite.made:
            wanted = [CityRef(recipe.name, edition, recipe.card["fingerprint"] if recipe.card else "", recipe.sized(size))
                      for recipe in suite.made[edition]]
        else:
            wanted = [CityRef(city, edition, read_card(folder)["fingerprint"])
                      for city, folder in zip(suite.cities, suite.prepared[edition], strict=True)]
        found = [self._find(ref) for ref in wanted]
        return Cities(edition, tuple(ref for ref, _ in found), tuple(card for _, card in found if card is not None))

    def _find(self, wanted: CityRef) -> tuple[CityRef, Mapping[str, Any] | None]:
        if wanted not in self._found:
            self._found[wanted] = self._resolved(wanted)
        return self._found[wanted]

    def _resolved(self, wanted: CityRef) -> tuple[CityRef, Mapping[str, Any] | None]:
        if not self.builds and find_city(wanted) is None:
            return wanted, wanted.recipe.card if wanted.recipe else None
        folder = locate(wanted)
        verify(folder)
        card = read_card(folder)
        return replace(wanted, fingerprint=card["fingerprint"]), card


def locate(ref: CityRef) -> Path:
    """The folder of a city below STBENCH_HOME; it is made if it is not there and there is a recipe.

    Raises
    ------
    UserError: it is not there and cannot be made, or what is made here differs.
    """
    found = find_city(ref) or _make(ref)
    if ref.known and (made := read_card(found)["fingerprint"]) != ref.fingerprint:
        raise UserError(f"The {ref.recipe} has the fingerprint {made} on this machine, not {ref.fingerprint}: another version of stbench "
                        "made that one.")
    return found


def _make(ref: CityRef) -> Path:
    """The folder of a city that was not there."""
    if ref.recipe is None:
        raise UserError(f"City {ref.name} (edition {ref.edition}, fingerprint {ref.fingerprint}) is not prepared on this machine; "
                        "prepare it from the same data, or copy its folder below STBENCH_HOME/cities.")
    ref.recipe.make()
    return ref.recipe.folder


def find_city(ref: CityRef) -> Path | None:
    """The folder of a city that is there: by its fingerprint wherever it lies, else where its recipe puts it."""
    for folder in prepared() if ref.known else ():
        if folder.parent.name == ref.name and read_card(folder)["fingerprint"] == ref.fingerprint:
            return folder
    if ref.known and (carried_folder(ref) / CARD).is_file():
        return carried_folder(ref)
    return ref.recipe.folder if ref.recipe and (ref.recipe.folder / CARD).is_file() else None


def carried_folder(ref: CityRef) -> Path:
    """Where a city lies that another machine sent: apart from the user's own, so that it joins no suite of this machine."""
    return home() / "carried" / ref.name / ref.fingerprint
