"""What is here: the cities of the cache and those that ship, told from their cards."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.data.embedded.recipe import Embedded, embedded
from benchmark.data.folder import city_cards, folders, prepared, read_card, verify
from benchmark.errors import unknown


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


def describe(name: str, edition: str | None = None) -> list[dict[str, Any]]:
    """The whole card of each prepared edition of a city, and the folder it lies in."""
    cards = [(folder, read_card(folder)) for folder in find(name, edition)]
    return [{"folder": str(folder), **city_cards(card).whole(folder, card)} for folder, card in cards]


def verify_cities(names: Sequence[str] = ()) -> list[str]:
    """Check the SHA-256 of the named cities, or of all; returns ``name/folder`` of each.

    Raises
    ------
    UserError: names the first file that is missing or changed, or the unknown city.
    """
    found = [folder for name in names for folder in find(name)] if names else folders()
    for folder in found:
        verify(folder)
    return [f"{folder.parent.name}/{folder.name}" for folder in found]


def size_in_words(card: Mapping[str, Any], tasks: Sequence[str]) -> str:
    """``206 nodes × 4,368 steps``, or ``xian: 456 trips, 4,774 roads, 9,312 cells``; `tasks`: those of a forecasting suite."""
    return city_cards(card).size_in_words(card, tasks)


def in_lines(card: Mapping[str, Any]) -> list[str]:
    """What there is to tell of a city that was just built, a line each."""
    return city_cards(card).in_lines(card)


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
    def whole(self, folder: Path, card: Mapping[str, Any]) -> dict[str, Any]:
        """The card, with what cards of an earlier stbench lack."""


def _still_packed() -> list[Embedded]:
    """The cities that ship and lie nowhere yet."""
    there = {read_card(folder)["fingerprint"] for folder in prepared()}
    return [recipe for recipe in embedded().values() if recipe.card["fingerprint"] not in there]


def _row(card: Mapping[str, Any], folder: str) -> dict[str, Any]:
    return {"name": card["name"], "edition": card["edition"], "folder": folder, "kind": card["kind"], **city_cards(card).facts(card),
            "fingerprint": card["fingerprint"]}
