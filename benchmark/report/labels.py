"""What tells things of one name apart, in words: rows of one method, tables of one heading."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

from benchmark.spec import RunSpec

# so many differences are all said; of more, as few as tell everything apart
MOST = 4

Name = TypeVar("Name", bound=Hashable)


def method_facts(spec: RunSpec) -> dict[str, str]:
    """Everything by which two rows of one method may differ: its version, its file, its options, how many tasks one fit covers."""
    options = {key: f"{key}={_short(value)}" for key, value in sorted(spec.options.items())}
    tasks = len(spec.tasks)
    file = f"file {spec.file[:8]}" if spec.file else "of a package"
    return {"method version": f"version {spec.method_version}", "file": file, **options,
            "tasks of a fit": f"a fit of {tasks} task{'s' * (tasks > 1)}"}


def budget_facts(spec: RunSpec) -> dict[str, str]:
    """Everything by which two tables of one heading may differ: the counts of the budget, then the city's content."""
    counts = {key: f"{key}={_short(value)}" for key, value in spec.budget.items()}
    return {**counts, "fingerprint": f"fingerprint {spec.fingerprint}"}


def budget_text(budget: Mapping[str, int | None]) -> str:
    """``epochs=6, epoch_windows=1280``."""
    return ", ".join(f"{key}={_short(value)}" for key, value in budget.items())


def told_apart(things: Mapping[Name, tuple[Hashable, Mapping[str, str]]]) -> dict[Name, str]:
    """Thing → what to say beside it; empty where its name says enough.

    Parameters
    ----------
    things: thing → its name as shown, and its facts, which no two things of one name share wholly. A fact that a thing lacks is not said.
    """
    named: dict[Hashable, list[Name]] = {}
    for thing, (name, _) in things.items():
        named.setdefault(name, []).append(thing)
    said: dict[Name, str] = {}
    for alike in named.values():
        said |= dict(zip(alike, _differences([things[thing][1] for thing in alike]), strict=True))
    return said


def _differences(facts: Sequence[Mapping[str, str]]) -> list[str]:
    keys = dict.fromkeys(key for one in facts for key in one)
    differing = [key for key in keys if len({one.get(key) for one in facts}) > 1]
    chosen = differing if len(differing) <= MOST else _fewest(facts, differing)
    more = [f"{len(differing) - len(chosen)} more differ"] if len(chosen) < len(differing) else []
    return [", ".join([*(one[key] for key in chosen if key in one), *more]) for one in facts]


def _fewest(facts: Sequence[Mapping[str, str]], differing: Sequence[str]) -> list[str]:
    """Of the differing facts, one after the other, those that tell more things apart than the ones before."""
    chosen: list[str] = []

    def groups(keys: Sequence[str]) -> int:
        return len({tuple(one.get(key) for key in keys) for one in facts})

    for key in differing:
        if groups([*chosen, key]) > groups(chosen):
            chosen.append(key)
    return chosen


def _short(value: object) -> str:
    """A value as `--set` takes it: texts bare, lists with commas."""
    if isinstance(value, list | tuple):
        return ",".join(map(_short, value))
    return value if isinstance(value, str) else str(value) if value is None or isinstance(value, bool) else json.dumps(value)
