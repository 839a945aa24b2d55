"""A city's folder: its card, the SHA-256 of its files, its fingerprint, and where prepared cities lie.

The card is opened first: once a city was replaced, it leads to the folder of the files; see `benchmark/folders.py`, and `opened` here.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark import lazy
from benchmark.errors import UserError
from benchmark.families import FAMILIES, find_family
from benchmark.files import disk_errors, home, sha256, write_atomic
from benchmark.folders import below, content_of, scratch_folder
from benchmark.plain_json import BadFile, leave_out
from benchmark.shapes import anything, each, fields_of, one_of, read_shaped, text, word

if TYPE_CHECKING:
    from benchmark.data.cards import CityCards

logger = logging.getLogger("stbench")

CARD = "card.json"
# the edition of every city that a user brings
OWN = "own"
# what every card holds, whatever the kind of city; each kind says more in its `cards.py`
EVERY_CARD = fields_of({"kind": one_of(FAMILIES), "name": word, "edition": word, "title": text, "files": each(text), "fingerprint": word,
                        "card_sha256": text}, rest=anything)


@dataclass(frozen=True)
class Origin:
    """Where a city comes from, in words; all of it goes to the card."""

    title: str
    source: str
    licence: str
    # anything else worth keeping, e.g. the simulator's size and seed, or counts of dropped rows
    notes: Mapping[str, Any] = field(default_factory=dict)


def cities_home() -> Path:
    """The folder of all prepared cities: one ``<name>/<label>`` below it each."""
    return home() / "cities"


def seal(folder: Path, card: dict[str, Any], content: str) -> None:
    """Write the card of a finished folder: SHA-256 of every file and the fingerprint over them and `content`."""
    files = {path.name: sha256(path) for path in sorted(folder.iterdir()) if path.name != CARD}
    digest = hashlib.sha256(json.dumps([card["kind"], card["name"], card["edition"], content, files], sort_keys=True).encode())
    sealed = {**card, "files": files, "fingerprint": digest.hexdigest()[:16]}
    sealed["card_sha256"] = _digest(sealed)
    write_atomic(folder / CARD, json.dumps(sealed, indent=2, ensure_ascii=False) + "\n")
    os.chmod(folder, 0o755)


def read_card(folder: Path) -> dict[str, Any]:
    """A city's card; a missing or broken one is a sentence."""
    try:
        card: dict[str, Any] = read_shaped(folder / CARD, EVERY_CARD, f"Remove the folder {folder} and prepare the city again.")
    except FileNotFoundError:
        raise UserError(f"No city at {folder}: {CARD} is missing. See `stbench data list`.") from None
    return card


def opened(folder: Path) -> tuple[Path, dict[str, Any]]:
    """Where a city's files lie, and its card: both of one content, whoever replaces it meanwhile.

    Raises
    ------
    UserError: there is no card, or a broken one.
    """
    while True:
        files = content_of(folder, CARD)
        card = read_card(files)
        if content_of(folder, CARD) == files:
            return files, card


def join_fingerprints(prints: Sequence[str]) -> str:
    """The fingerprint of a suite's cities: of one city its own, of several the hash of all in their order."""
    return prints[0] if len(prints) == 1 else hashlib.sha256(json.dumps(prints).encode()).hexdigest()[:16]


def prepare(destination: Path, write: Callable[[Path], object], *, replace: bool, owner: str, command: str) -> None:
    """Have `write` make a city's folder, unless one of the same content is there already.

    Parameters
    ----------
    owner: what the folder is, to begin a sentence. command: what overwrites it.

    Raises
    ------
    UserError: what is there has other content and `replace` is false, or was changed by hand; it stays as it is.
    """
    if replace or not destination.exists():
        write(destination)
        return
    with scratch_folder(destination) as scratch:
        write(scratch / destination.name)
        given = read_card(scratch / destination.name)["fingerprint"]
    verify(destination)
    present = read_card(destination)["fingerprint"]
    if present != given:
        raise UserError(f"{owner} is already prepared from other data (fingerprint {present}; these give {given}). "
                        f"Type `{command} --replace` to overwrite it.")
    logger.warning("%s is already prepared from the same data; nothing was written.", owner)


def verify(folder: Path) -> None:
    """Compare every file, and the card itself, with the card's SHA-256.

    Raises
    ------
    UserError: names the first file that is missing or changed.
    """
    files, card = opened(folder)
    if _digest(card) != card["card_sha256"]:
        raise UserError(f"{folder / CARD} has changed since it was prepared (SHA-256 differs); remove {folder} and prepare the city again.")
    for name, expected in card["files"].items():
        path = files / name
        if not path.is_file():
            raise UserError(f"{path} is missing; remove {folder} and prepare the city again.")
        with disk_errors(path, "read"):
            found = sha256(path)
        if found != expected:
            raise UserError(f"{path} has changed since it was prepared (SHA-256 differs); remove {folder} and prepare the city again.")


def folders() -> list[Path]:
    """The folders of all cities, sorted, their cards be they broken; a half-written one has a hidden name and is none."""
    return [path.parent for path in below(cities_home(), 3) if path.name == CARD]


def prepared() -> list[Path]:
    """The folders of all prepared cities, sorted. One with a broken card, or that of another city, is named on stderr and left out."""
    return [folder for folder in folders() if _is_city(folder)]


def _is_city(folder: Path) -> bool:
    try:
        card = read_card(folder)
        if card["name"] != folder.parent.name:
            raise BadFile(f"{folder / CARD} is of the city {card['name']}, which lies elsewhere; remove the folder {folder}.")
        city_cards(card).check(card)
    except ValueError as error:
        leave_out(BadFile(f"{folder / CARD} {error}. Remove the folder {folder} and prepare the city again."))
        return False
    except UserError as error:
        leave_out(error)
        return False
    return True


def city_cards(card: Mapping[str, Any]) -> CityCards:
    """How cards of its kind read."""
    found: CityCards = lazy.load(find_family(card["kind"]).cards)
    return found


def _digest(card: dict[str, Any]) -> str:
    """SHA-256 of what a card says, as it reads back from JSON."""
    said = json.loads(json.dumps({key: value for key, value in card.items() if key != "card_sha256"}))
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
