"""A city's card on the terminal: facts, what was left out, its numbers beside a paper's, its day and week in blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.data.profile import HOURS, Profile
from benchmark.report.card.about import About
from benchmark.report.console import plain_facts, plain_table
from benchmark.report.told import NOTE, Told, in_words

# what a card counts of a task → the head of its column; a share is shown in percent
NUMBERS = {"nodes": "nodes", "steps": "steps", "skipped_steps": "skipped", "min": "min", "mean": "mean", "max": "max",
           "zero_share": "zero %", "unobserved_share": "missing %"}
# what the first facts and the tables say already
SAID = ("title", "name", "edition", "kind", "licence", "source", "fingerprint", "tasks", "notes", "files", "card_sha256")
CLEANED = ("left_out", "repaired", "cut", "dropped")
# of no paper, and in the table of numbers
TOLD_BEFORE = ("mean_value", "zero_share")
BLOCKS, NOTHING = "▁▂▃▄▅▆▇█", "·"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def card_text(one: About) -> str:
    """The whole card in the width of the terminal."""
    card = one.card
    tasks = tasks_of(card)
    words = {"notes": without(card["notes"], CLEANED), **({"tasks": words_of(tasks)} if tasks else {})}
    left = [{"what": each.what, "rule": each.rule, "count": each.count} for each in one.left_out]
    return "".join([
        plain_facts({**one.facts, **rest(card), **words}), "\n", *_table("What cleaning left out or changed", left),
        *_table("Values", [numbers(task, about) for task, about in tasks.items()]),
        *(part for paper, told in one.told.items()
          for part in _table(told_title(paper), told_rows(told, paper), NOTE if paper else "")),
        *_table("Day and week: means by the local clock, from 0 to the highest", [*map(course, one.look.profiles)]),
        "SHA-256\n", plain_facts({**card["files"], "card.json without this line": card["card_sha256"]})])


def tasks_of(card: Mapping[str, Any]) -> dict[str, Any]:
    """What a card says of each task; trips have none of their own."""
    return card["tasks"] if isinstance(card.get("tasks"), dict) else {}


def rest(card: Mapping[str, Any]) -> dict[str, Any]:
    """What neither the first facts nor the tables say."""
    return {key: value for key, value in card.items() if key not in SAID}


def told_title(paper: str) -> str:
    """Over the statistics of a paper, or of none."""
    return f"As papers tabulate data{f', beside {paper}' if paper else ''}"


def words_of(tasks: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What a card says of its tasks in words, once where it is the same of all; its numbers go to a table."""
    words = {task: {key: value for key, value in about.items() if key not in NUMBERS} for task, about in tasks.items()}
    first = next(iter(words.values()), {})
    shared = {key: value for key, value in first.items() if len(words) > 1 and all(one.get(key) == value for one in words.values())}
    own = {task: {key: value for key, value in one.items() if key not in shared} for task, one in words.items()}
    return {**({"all": shared} if shared else {}), **{task: one or "as all" for task, one in own.items()}}


def numbers(task: str, about: Mapping[str, Any]) -> dict[str, Any]:
    """A row of what a card counts of a task."""
    return {"task": task, **{head: round(100 * about[key], 2) if key.endswith("_share") else about[key] for key, head in NUMBERS.items()}}


def told_rows(told: Sequence[Told], paper: str) -> list[dict[str, Any]]:
    """A row a statistic, and tasks that are equal in it together."""
    tasks, together = list(dict.fromkeys(one.task for one in told)), dict[tuple[str, ...], list[str]]()
    for one in told:
        if one.statistic not in TOLD_BEFORE:
            together.setdefault(tuple(one.words), []).append(one.task)
    return [{"statistic": statistic, **({"of": "all tasks" if of == tasks else ", ".join(of)} if len(tasks) > 1 else {}), "ours": ours,
             **({"paper": theirs} if paper else {})} for (statistic, ours, theirs), of in together.items()]


def course(one: Profile) -> dict[str, str]:
    """A row of blocks."""
    hours = [f"{k * HOURS // len(one.day)} h" for k in range(len(one.day))]
    return {"of": one.name, f"0 … {hours[-1]}": blocks(one.day), "highest": highest(one.day, hours),
            "Mon … Sun": blocks(one.week), "highest day": highest(one.week, DAYS)}


def blocks(values: Sequence[float | None]) -> str:
    """A block a value, from 0, or the least below it, to the highest.

    >>> blocks([0.0, 1.0, None, 2.0])
    '▁▅·█'
    """
    known = [value for value in values if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    step = (high - low) / (len(BLOCKS) - 1) or 1.0
    return "".join(NOTHING if value is None else BLOCKS[round((value - low) / step)] for value in values)


def highest(values: Sequence[float | None], names: Sequence[str]) -> str:
    """The highest value, and where it stands."""
    known = [(value, -k) for k, value in enumerate(values) if value is not None]
    return f"{in_words(max(known)[0])}, {names[-max(known)[1]]}" if known else "–"


def without(notes: Any, keys: Sequence[str]) -> Any:
    """Nested notes without some of their keys."""
    return {key: without(one, keys) for key, one in notes.items() if key not in keys} if isinstance(notes, Mapping) else notes


def _table(title: str, rows: Sequence[Mapping[str, Any]], note: str = "") -> list[str]:
    return [f"{title}\n", plain_table(rows, optional=("highest day",)), *([f"{note}\n\n"] if note else [])] if rows else []
