"""What is here: the cities of the cache and those that ship, told from their cards, and held to them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.data.embedded.recipe import Embedded, embedded
from benchmark.data.folder import city_cards, folders, prepared, read_card, verify
from benchmark.errors import UserError, unknown
from benchmark.files import DiskError

if TYPE_CHECKING:
    from benchmark.data.profile import Look


def find(name: str, edition: str | None = None) -> list[Path]:
    """The prepared folders of one city, at least one; one that ships is unpacked. `edition` is the card's, or the folder's own name.

    Raises
    ------
    UserError: if no such city or edition is prepared, with the nearest names.
    """
    for recipe in _still_packed():
        if recipe.name == name:
            recipe.make()
    every = prepared()
    named = [folder for folder in every if folder.parent.name == name]
    if not named:
        raise unknown("prepared city", name, {folder.parent.name for folder in every})
    editions = {folder: {folder.name, read_card(folder)["edition"]} for folder in named}
    found = [folder for folder in named if edition is None or edition in editions[folder]]
    if not found:
        raise unknown(f"edition of {name}", str(edition), set().union(*editions.values()))
    return found


def overview() -> list[dict[str, Any]]:
    """One row a city that is prepared or ships; where tasks differ in nodes, steps or clock, it is a list."""
    rows = [_row(read_card(folder), folder.name) for folder in prepared()]
    return rows + [_row(recipe.card, "unpacked when first used") for recipe in _still_packed()]


@dataclass(frozen=True)
class Verified:
    """What became of one city."""

    # name/folder
    city: str
    # the sentence that names file and row; None: it is as it was prepared
    problem: str | None


def verify_cities(names: Sequence[str] = ()) -> Iterator[Verified]:
    """Compare the files of the named cities, or of all, with the SHA-256 of their cards, and what is in them with the format.

    Raises
    ------
    UserError: there is no such city.
    """
    found = [folder for name in names for folder in find(name)] if names else folders()
    for folder in found:
        yield Verified(f"{folder.parent.name}/{folder.name}", _problem(folder))


def _problem(folder: Path) -> str | None:
    """The first file that is not as it was prepared, and where a promise of the format is broken."""
    try:
        verify(folder)
    except DiskError as error:
        return str(error)
    except UserError as error:
        # a digest says which file; what is wrong in it, only the format can
        broken = _broken_promise(folder)
        return f"{error} Of its content: {broken}" if broken else str(error)
    return _broken_promise(folder)


def _broken_promise(folder: Path) -> str | None:
    try:
        card = read_card(folder)
        city_cards(card).check(card)
        city_cards(card).check_files(folder)
    except (UserError, ValueError) as error:
        return str(error)
    return None


def size_in_words(card: Mapping[str, Any], tasks: Sequence[str]) -> str:
    """``206 nodes × 4,368 steps``, or ``xian: 456 trips, 4,774 roads, 9,312 cells``; `tasks`: those of a forecasting suite."""
    return city_cards(card).size_in_words(card, tasks)


def in_lines(card: Mapping[str, Any]) -> list[str]:
    """What there is to tell of a city that was just built, a line each."""
    return city_cards(card).in_lines(card)


@dataclass(frozen=True)
class LeftOut:
    """What one rule of cleaning did."""

    # rows, trips or points of what, e.g. "trips"
    what: str
    # in words
    rule: str
    count: int


class CityCards(ABC):
    """How the cards of one kind of city read; `families` names one object a kind."""

    @abstractmethod
    def check(self, card: Mapping[str, Any]) -> None:
        """Raise ValueError where a card lacks what is read of it here, or says it in another type."""

    @abstractmethod
    def size_in_words(self, card: Mapping[str, Any], tasks: Sequence[str]) -> str:
        """How large the city is, in a few words."""

    @abstractmethod
    def facts(self, card: Mapping[str, Any]) -> dict[str, Any]:
        """tasks, nodes, steps, interval_minutes, span, trips, roads, cells and size of the city, as far as it has them."""

    @abstractmethod
    def in_lines(self, card: Mapping[str, Any]) -> list[str]:
        """What there is to tell of the city when it was just built, a line each."""

    @abstractmethod
    def left_out(self, card: Mapping[str, Any]) -> list[LeftOut]:
        """What cleaning took away or changed, rule by rule, as the card counts it."""

    @abstractmethod
    def look(self, folder: Path) -> Look:
        """What its arrays tell that no card holds."""

    @abstractmethod
    def check_files(self, folder: Path) -> None:
        """Raise a UserError that names file and row where what is stored breaks a promise of the format."""

    @abstractmethod
    def whole(self, folder: Path, card: Mapping[str, Any]) -> dict[str, Any]:
        """The card, with what cards of an earlier stbench lack."""


def _still_packed() -> list[Embedded]:
    """The cities that ship and lie nowhere yet."""
    there = {read_card(folder)["fingerprint"] for folder in prepared()}
    return [recipe for recipe in embedded().values() if recipe.card["fingerprint"] not in there]


def _row(card: Mapping[str, Any], folder: str) -> dict[str, Any]:
    return {"name": card["name"], "edition": card["edition"], "folder": folder, "kind": card["kind"], **city_cards(card).facts(card),
            "fingerprint": card["fingerprint"]}
