"""What the card of a forecasting city says, in a row of `stbench data list`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.data.cards import CityCards, LeftOut
from benchmark.shapes import anything, each, fields_of, text, whole

if TYPE_CHECKING:
    from benchmark.data.profile import Look

TASK = fields_of({"nodes": whole, "steps": whole, "unit": text}, {"clock": fields_of({}, rest=anything)}, anything)
CARD = fields_of({"tasks": each(TASK)}, rest=anything)


class ForecastingCards(CityCards):
    """Series on nodes; tasks that differ in nodes, steps or clock show all their values."""

    def check(self, card: Mapping[str, Any]) -> None:
        CARD(card, "")

    def size_in_words(self, card: Mapping[str, Any], tasks: Sequence[str]) -> str:
        return "; ".join(sorted({f"{card['tasks'][task]['nodes']} nodes × {card['tasks'][task]['steps']:,} steps" for task in tasks}))

    def facts(self, card: Mapping[str, Any]) -> dict[str, Any]:
        tasks = card.get("tasks", {})
        about = list(tasks.values()) if isinstance(tasks, dict) else []

        def each(key: str) -> Any:
            """The value all tasks share, else the list of their different values; None: there are no tasks."""
            values = list(dict.fromkeys(one.get(key, one.get("clock", {}).get(key)) for one in about))
            return values[0] if len(values) == 1 else values or None

        return {"tasks": list(tasks), "nodes": each("nodes"), "steps": each("steps"), "interval_minutes": each("interval_minutes"),
                "span": each("span"), "trips": None, "roads": None, "cells": None, "size": self.size_in_words(card, list(tasks))}

    def in_lines(self, card: Mapping[str, Any]) -> list[str]:
        steps = ", ".join(sorted({f"{about['steps']:,}" for about in card["tasks"].values()}))
        split = ":".join(map(str, card.get("split", ())))
        return [f"{card['name']} ({card['edition']}): {', '.join(card['tasks'])}; {card['nodes']} nodes; {steps} steps; "
                f"fingerprint {card['fingerprint']}.",
                *([f"Each series is divided {split} into training, validation and test, as its source declares."] if split else []),
                *(f"{task}: {remark}" for task, about in card["tasks"].items() for remark in _remarks(about))]

    def left_out(self, card: Mapping[str, Any]) -> list[LeftOut]:
        counted = {what: note["left_out"] for what, note in card["notes"].items() if isinstance(note, Mapping) and "left_out" in note}
        skipped = {task: about.get("skipped_steps") for task, about in card["tasks"].items()}
        return [*(LeftOut(what, f"{name}: {one['rule']}", one["rows"]) for what, rules in counted.items() for name, one in rules.items()),
                *(LeftOut(f"steps of {task}", "skipped by daylight saving", steps) for task, steps in skipped.items() if steps)]

    def look(self, folder: Path) -> Look:
        from benchmark.data.forecasting.city import ForecastingCity
        from benchmark.data.forecasting.profile import look

        return look(ForecastingCity(folder))

    def check_files(self, folder: Path) -> None:
        from benchmark.data.forecasting.city import ForecastingCity
        from benchmark.data.forecasting.stored import check_stored

        check_stored(ForecastingCity(folder))

    def whole(self, folder: Path, card: Mapping[str, Any]) -> dict[str, Any]:
        if all("min" in about for about in card["tasks"].values()):
            return dict(card)
        from benchmark.data.forecasting.city import ForecastingCity, statistics

        city = ForecastingCity(folder)
        series = {task: city.series(task) for task in card["tasks"]}
        return {**card, "tasks": {task: {**about, **statistics(series[task].values, series[task].observed)}
                                  for task, about in card["tasks"].items()}}


def _remarks(about: Mapping[str, Any]) -> list[str]:
    """What is worth knowing of a task as it was imported, in sentences."""
    repeated = about.get("repeated_hour")
    said = f"{repeated['rows']} rows hold an hour that daylight saving repeats (first: {repeated['times'][0].replace('T', ' ')}); " \
           f"repeated_hour = \"{repeated['treatment']}\"." if repeated else None
    return [*about.get("remarks", ()), *filter(None, [said, about.get("unchecked")])]


CARDS = ForecastingCards()
