"""The cities of a suite, by fingerprint: found below STBENCH_HOME, verified once a campaign, simulated where they are missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmark.data.folder import cities_home, join_fingerprints, read_card, verify
from benchmark.data.simulate import SIM, build, folder_of
from benchmark.errors import UserError
from benchmark.suites.catalogue import Suite, pick_edition


@dataclass(frozen=True)
class CityRef:
    """One city of a run, as any machine can find or make it."""

    name: str
    edition: str
    # of its content; empty: not known before it is simulated
    fingerprint: str
    # of a simulated city: how to make it
    size: str | None = None
    seed: int | None = None

    @property
    def known(self) -> bool:
        return bool(self.fingerprint)


@dataclass(frozen=True)
class Cities:
    """The cities of one edition of a suite, in the suite's order."""

    edition: str
    refs: tuple[CityRef, ...]
    # of the cities that are there
    cards: tuple[Mapping[str, Any], ...]

    @property
    def fingerprint(self) -> str:
        """Of one city its own, of several the hash of all in their order; empty while one is not known."""
        return join_fingerprints([ref.fingerprint for ref in self.refs]) if all(ref.known for ref in self.refs) else ""


class CityFinder:
    """Resolves the cities of a campaign, each once: found, simulated if need be, and compared with the SHA-256 of its card.

    builds: simulate what is missing; else its fingerprint stays unknown.
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
        if edition == SIM:
            wanted = [CityRef(city, SIM, "", size, suite.seed) for city in suite.cities]
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
        there = wanted.known or (_simulated_folder(wanted) / "card.json").is_file()
        if not (there or self.builds):
            return wanted, None
        folder = locate(wanted)
        verify(folder)
        card = read_card(folder)
        return replace(wanted, fingerprint=card["fingerprint"]), card


def locate(ref: CityRef) -> Path:
    """The folder of a city below STBENCH_HOME; a simulated city is made if it is not there.

    Raises
    ------
    UserError: it is not there and cannot be made, or what is made here differs.
    """
    for card in (cities_home() / ref.name).glob("*/card.json") if ref.known else ():
        if not card.parent.name.startswith(".") and read_card(card.parent)["fingerprint"] == ref.fingerprint:
            return card.parent
    if ref.size is None:
        raise UserError(f"City {ref.name} (edition {ref.edition}, fingerprint {ref.fingerprint}) is not prepared on this machine; "
                        "prepare it from the same data, or copy its folder below STBENCH_HOME/cities.")
    assert ref.seed is not None
    folder = _simulated_folder(ref)
    if not (folder / "card.json").is_file():
        build(ref.name, ref.size, ref.seed, folder)
    if ref.known and (made := read_card(folder)["fingerprint"]) != ref.fingerprint:
        raise UserError(f"The simulated city {ref.name} of size {ref.size} has the fingerprint {made} on this machine, not "
                        f"{ref.fingerprint}: another version of stbench made that one.")
    return folder


def _simulated_folder(ref: CityRef) -> Path:
    assert ref.size is not None
    assert ref.seed is not None
    return folder_of(ref.name, ref.size, ref.seed)
