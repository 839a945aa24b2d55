"""What is prepared: the cities of the cache, told from their cards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmark.data.folder import prepared, read_card, verify
from benchmark.errors import unknown


def find(name: str, edition: str | None = None) -> list[Path]:
    """The prepared folders of one city, at least one; `edition` is the card's, or the folder's own name.

    Raises
    ------
    UserError: if no such city or edition is prepared, with the nearest names.
    """
    folders = prepared()
    named = [folder for folder in folders if folder.parent.name == name]
    if not named:
        raise unknown("prepared city", name, {folder.parent.name for folder in folders})
    editions = {folder: {folder.name, read_card(folder)["edition"]} for folder in named}
    found = [folder for folder in named if edition is None or edition in editions[folder]]
    if not found:
        raise unknown(f"edition of {name}", str(edition), set().union(*editions.values()))
    return found


def overview() -> list[dict[str, Any]]:
    """One row a prepared city; tasks that differ in nodes, steps or clock show all their values."""
    return [_row(folder) for folder in prepared()]


def describe(name: str, edition: str | None = None) -> list[dict[str, Any]]:
    """The whole card of each prepared edition of a city, and the folder it lies in."""
    return [{"folder": str(folder), **read_card(folder)} for folder in find(name, edition)]


def verify_cities(names: Sequence[str] = ()) -> list[str]:
    """Check the SHA-256 of the named cities, or of all; returns ``name/folder`` of each.

    Raises
    ------
    UserError: names the first file that is missing or changed, or the unknown city.
    """
    folders = [folder for name in names for folder in find(name)] if names else prepared()
    for folder in folders:
        verify(folder)
    return [f"{folder.parent.name}/{folder.name}" for folder in folders]


def _row(folder: Path) -> dict[str, Any]:
    card = read_card(folder)
    tasks = card.get("tasks", {})
    about = list(tasks.values()) if isinstance(tasks, dict) else []

    def each(key: str) -> Any:
        """The value all tasks share, else their different values."""
        values = list(dict.fromkeys(one.get(key, one.get("clock", {}).get(key)) for one in about))
        return values[0] if len(values) == 1 else ", ".join(map(str, values)) or None

    return {"name": card["name"], "edition": card["edition"], "folder": folder.name, "kind": card["kind"], "tasks": list(tasks),
            "nodes": each("nodes"), "steps": each("steps"), "interval_minutes": each("interval_minutes"), "span": each("span"),
            "fingerprint": card["fingerprint"]}
