"""A user's own city, from its TOML file to a suite: names are checked before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmark import lazy
from benchmark.data.folder import OWN, prepared, read_card
from benchmark.data.own.kinds import kind_of_file
from benchmark.data.sources import Built
from benchmark.errors import UserError, unknown
from benchmark.suites.catalogue import check_city, check_declaration, declare, find_suite


def import_own(toml: Path, *, replace: bool = False) -> Built:
    """Build the city that a file describes, and declare the suites of several cities that it names.

    Parameters
    ----------
    replace: overwrite a city, and suites, of these names.

    Raises
    ------
    UserError: the file or its data are wrong, or a name is taken; nothing is written then.
    """
    kind = kind_of_file(toml)
    given = lazy.load(kind.read)(toml)
    check_city(given.name)
    for name, cities in given.suites.items():
        if name == given.name:
            raise UserError(f"'{name}' is the name of the city itself; choose another under [suites].")
        check_declaration(name, cities, replace=replace)
        _check_imported(cities, given.name, kind.family, toml.name)
    city = lazy.load(kind.build)(toml, replace=replace)
    for name, cities in given.suites.items():
        declare(name, cities, city.card["kind"], replace=replace)
    return Built(city.folder, (*(_declared(name, cities) for name, cities in given.suites.items()),
                               f"Next: stbench run --method {kind.first} --suite {city.name}"))


def _check_imported(cities: Sequence[str], own: str, family: str, where: str) -> None:
    """Raise UserError where a suite names a city that is not imported: nothing else would ever find out a wrong name."""
    cards = [read_card(folder) for folder in prepared()]
    imported = {card["name"] for card in cards if card["edition"] == OWN and card["kind"] == family}
    for city in cities:
        if city not in {own, *imported}:
            error = unknown(f"city in [suites] of {where}", city, {own, *imported})
            raise UserError(f"{error} Import {city} first: stbench data import its city file.")


def _declared(name: str, cities: Sequence[str]) -> str:
    """What can be done with a suite now."""
    return f"Suite {name} of {', '.join(cities)} is declared; its editions: {', '.join(find_suite(name).editions)}."
