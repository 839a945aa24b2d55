"""A city's folder: its card, the SHA-256 of its files, its fingerprint, and where prepared cities lie."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from benchmark.errors import UserError
from benchmark.files import home, sha256, write_atomic

CARD = "card.json"
# what every card holds, whatever the kind of city
CARD_KEYS = frozenset({"kind", "name", "edition", "files", "fingerprint", "card_sha256"})


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
    path = folder / CARD
    try:
        card = json.loads(path.read_text())
    except FileNotFoundError:
        raise UserError(f"No city at {folder}: {CARD} is missing. See `stbench data list`.") from None
    except ValueError:
        raise UserError(f"{path} is not readable JSON; remove the folder {folder} and prepare the city again.") from None
    lacking = sorted(CARD_KEYS - set(card)) if isinstance(card, dict) else sorted(CARD_KEYS)
    if lacking:
        raise UserError(f"{path} lacks {', '.join(lacking)}; remove the folder {folder} and prepare the city again.")
    return card


def verify(folder: Path) -> None:
    """Compare every file, and the card itself, with the card's SHA-256.

    Raises
    ------
    UserError: names the first file that is missing or changed.
    """
    card = read_card(folder)
    if _digest(card) != card["card_sha256"]:
        raise UserError(f"{folder / CARD} has changed since it was prepared (SHA-256 differs); remove {folder} and prepare the city again.")
    for name, expected in card["files"].items():
        path = folder / name
        if not path.is_file():
            raise UserError(f"{path} is missing; remove {folder} and prepare the city again.")
        if sha256(path) != expected:
            raise UserError(f"{path} has changed since it was prepared (SHA-256 differs); remove {folder} and prepare the city again.")


def prepared() -> list[Path]:
    """The folders of all prepared cities, sorted; a half-written one has a hidden name and is none."""
    folders = (path.parent for path in cities_home().glob(f"*/*/{CARD}"))
    return sorted(folder for folder in folders if not folder.name.startswith("."))


def _digest(card: dict[str, Any]) -> str:
    """SHA-256 of what a card says, as it reads back from JSON."""
    said = json.loads(json.dumps({key: value for key, value in card.items() if key != "card_sha256"}))
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
