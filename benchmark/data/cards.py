"""What is prepared: the cities of the cache, told from their cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def size_in_words(card: Mapping[str, Any], tasks: Sequence[str]) -> str:
    """``206 nodes × 4,368 steps``, or ``xian: 456 trips, 4,774 roads, 9,312 cells``; `tasks`: those of a forecasting suite."""
    if card["kind"] == "trajectory":
        return f"{card['name']}: {card['trips']:,} trips, {card['roads']:,} roads, {card['cells']:,} cells"
    return "; ".join(sorted({f"{card['tasks'][task]['nodes']} nodes × {card['tasks'][task]['steps']:,} steps" for task in tasks}))


def _row(folder: Path) -> dict[str, Any]:
    card = read_card(folder)
    if card["kind"] == "trajectory":
        return _trajectory_row(folder, card)
    tasks = card.get("tasks", {})
    about = list(tasks.values()) if isinstance(tasks, dict) else []

    def each(key: str) -> Any:
        """The value all tasks share, else their different values."""
        values = list(dict.fromkeys(one.get(key, one.get("clock", {}).get(key)) for one in about))
        return values[0] if len(values) == 1 else ", ".join(map(str, values)) or None

    return {"name": card["name"], "edition": card["edition"], "folder": folder.name, "kind": card["kind"], "tasks": list(tasks),
            "nodes": each("nodes"), "steps": each("steps"), "interval_minutes": each("interval_minutes"), "span": each("span"),
            "size": size_in_words(card, list(tasks)), "fingerprint": card["fingerprint"]}


def _trajectory_row(folder: Path, card: Mapping[str, Any]) -> dict[str, Any]:
    """The same facts of a trajectory city; it has neither nodes nor steps, and its tasks are those of every such city."""
    days = card["notes"].get("split", {}).get("days", {})
    span = f"{days['train'][0]}/{days['test'][1]}" if days else None
    return {"name": card["name"], "edition": card["edition"], "folder": folder.name, "kind": card["kind"], "tasks": [], "nodes": None,
            "steps": None, "interval_minutes": None, "span": span, "size": size_in_words(card, ()).partition(": ")[2],
            "fingerprint": card["fingerprint"]}
