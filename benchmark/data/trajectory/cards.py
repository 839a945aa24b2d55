"""What the card of a trajectory city says, in a row of `stbench data list`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.data.cards import CityCards, LeftOut
from benchmark.shapes import an_object, anything, each, fields_of, list_of, text, whole

if TYPE_CHECKING:
    from benchmark.data.profile import Look

# a share of so many trips has a standard error of five points: labels or test trips below it are said to be few
FEW = 100
# what the notes count of cleaning
CLEANED = ("repaired", "cut", "dropped")
DAYS = fields_of({"train": list_of(text), "test": list_of(text)}, rest=anything)
SPLIT = fields_of({}, {"days": DAYS, "trips": each(whole), "by": text, "why": text, "shares": list_of(whole)}, anything)
NOTES = fields_of({}, {"split": SPLIT}, anything)
CARD = fields_of({"trips": whole, "roads": whole, "cells": whole, "notes": NOTES}, {"tasks": an_object}, anything)


def few_trips(counts: Mapping[str, int]) -> str:
    """Which trips are too few to mean anything, of those that probes learn from (``labelled_trips``) and are tested on (``test_trips``)."""
    few = [part for part in ("labelled_trips", "test_trips") if counts.get(part, FEW) < FEW]
    return " and ".join(f"{counts[part]} {part.replace('_', ' ')}" for part in few)


def _warning(card: Mapping[str, Any]) -> list[str]:
    few = few_trips({f"{part}_trips": count for part, count in card["notes"].get("split", {}).get("trips", {}).items()})
    return [f"Too few to mean much: {few}; bring at least {FEW} of each, or read no ranking out of it."] if few else []


def _divided(split: Mapping[str, Any]) -> str:
    """How time is divided, where it is not by days."""
    if not {"by", "why"} & split.keys():
        return ""
    shares = f" in time order, {':'.join(map(str, split['shares']))}" if "shares" in split else ""
    return f"; divided by {split.get('by', 'days')}{shares}" + (f", since {split['why']}" if "why" in split else "")


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
                  for what in CLEANED if what in notes}
        return [f"{card['name']} ({card['edition']}): {card['trips']:,} of {notes['trips_given']:,} trips, {card['points']:,} points, "
                f"{card['roads']:,} roads, {card['links']:,} links, {card['cells']:,} cells; fingerprint {card['fingerprint']}.",
                f"Trips of each part: {parts}{_divided(notes['split'])}.", *_warning(card),
                *(f"{what.capitalize()}: {said}." for what, said in counts.items())]

    def left_out(self, card: Mapping[str, Any]) -> list[LeftOut]:
        return [LeftOut("trips", f"{what}: {rule}", count) for what in CLEANED for rule, count in card["notes"].get(what, {}).items()]

    def look(self, folder: Path) -> Look:
        from benchmark.data.trajectory.city import TrajectoryCity
        from benchmark.data.trajectory.profile import look

        return look(TrajectoryCity(folder))

    def check_files(self, folder: Path) -> None:
        from benchmark.data.trajectory.city import TrajectoryCity
        from benchmark.data.trajectory.stored import check_stored

        check_stored(TrajectoryCity(folder))

    def whole(self, folder: Path, card: Mapping[str, Any]) -> dict[str, Any]:
        return {**card, **dict(zip(("warning",), _warning(card), strict=False))}


CARDS = TrajectoryCards()
