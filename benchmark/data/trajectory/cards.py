"""What the card of a trajectory city says, in a row of `stbench data list`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.data.cards import CityCards
from benchmark.shapes import an_object, anything, each, fields_of, list_of, text, whole

DAYS = fields_of({"train": list_of(text), "test": list_of(text)}, rest=anything)
NOTES = fields_of({}, {"split": fields_of({}, {"days": DAYS, "trips": each(whole)}, anything)}, anything)
CARD = fields_of({"trips": whole, "roads": whole, "cells": whole, "notes": NOTES}, {"tasks": an_object}, anything)


class TrajectoryCards(CityCards):
    """Trips on roads and cells: neither nodes nor steps, and the tasks are those of every such city."""

    def check(self, card: Mapping[str, Any]) -> None:
        CARD(card, "")

    def size_in_words(self, card: Mapping[str, Any], tasks: Sequence[str]) -> str:
        return f"{card['name']}: {card['trips']:,} trips, {card['roads']:,} roads, {card['cells']:,} cells"

    def facts(self, card: Mapping[str, Any]) -> dict[str, Any]:
        days = card["notes"].get("split", {}).get("days", {})
        span = f"{days['train'][0]}/{days['test'][1]}" if days else None
        return {"tasks": [], "nodes": None, "steps": None, "interval_minutes": None, "span": span,
                "trips": card["trips"], "roads": card["roads"], "cells": card["cells"],
                "size": self.size_in_words(card, ()).partition(": ")[2]}

    def in_lines(self, card: Mapping[str, Any]) -> list[str]:
        notes = card["notes"]
        parts = ", ".join(f"{part} {count:,}" for part, count in notes["split"]["trips"].items())
        # a simulated city has nothing to repair
        counts = {what: "; ".join(f"{count:,} {reason}" for reason, count in notes[what].items()) or "none"
                  for what in ("repaired", "dropped") if what in notes}
        return [f"{card['name']} ({card['edition']}): {card['trips']:,} of {notes['trips_given']:,} trips, {card['points']:,} points, "
                f"{card['roads']:,} roads, {card['links']:,} links, {card['cells']:,} cells; fingerprint {card['fingerprint']}.",
                f"Trips of each part: {parts}.", *(f"{what.capitalize()}: {said}." for what, said in counts.items())]

    def whole(self, folder: Path, card: Mapping[str, Any]) -> dict[str, Any]:
        return dict(card)


CARDS = TrajectoryCards()
