"""What was asked of a store, and how far it is: the data behind `stbench status`.

    <store>/campaigns/<hash>.json   one a different list of runs: a headline and the runs
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmark.errors import UserError, unknown
from benchmark.files import write_atomic
from benchmark.folders import below
from benchmark.plain_json import BadFile, leave_out
from benchmark.shapes import amount, fields_of, list_of, read_shaped, text, whole, word
from benchmark.spec import RunSpec
from benchmark.store.claims import Owner, running
from benchmark.store.records import Store

CAMPAIGN = fields_of({"headline": text, "started": amount, "runs": list_of(fields_of(
    {"id": word, "suite": word, "method": word, "label": text, "tasks": whole}))})


@dataclass(frozen=True)
class State:
    """How far one campaign is."""

    # of its list of runs
    id: str
    headline: str
    # moment of the last start, seconds since 1970
    started: float
    runs: int
    done: int
    # label of a run, and who does it
    running: list[tuple[str, Owner]]
    # label of a run, and the error of its last attempt; these count as to do as well
    failed: list[tuple[str, str]]
    todo: int
    # seconds of work left, from finished runs of the same kind; None: there are none to tell by
    work_left: float | None

    @property
    def eta(self) -> float | None:
        """Seconds until the end with as many processes as are at work now; None: nobody is, or nothing tells."""
        return self.work_left / len(self.running) if self.running and self.work_left is not None else None


def announce(store: Store, headline: str, runs: Mapping[RunSpec, Mapping[str, Any]]) -> None:
    """Note what is asked for: runs and their notes. The same runs asked for again are the same campaign."""
    lines = [{"id": run.id, "suite": run.suite, "method": run.method, "tasks": len(run.tasks), "label": label(run, notes)}
             for run, notes in runs.items()]
    name = hashlib.sha256("".join(sorted(run.id for run in runs)).encode()).hexdigest()[:16]
    content = {"headline": headline, "started": time.time(), "runs": lines}
    write_atomic(store.root / "campaigns" / f"{name}.json", json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def label(spec: RunSpec, notes: Mapping[str, Any]) -> str:
    """A run in a few words; its notes say which options the user changed."""
    tasks = spec.tasks[0] if len(spec.tasks) == 1 else f"{len(spec.tasks)} tasks"
    cities = {city for city, dot, _ in (task.partition(".") for task in spec.tasks) if dot}
    if len(cities) == 1 < len(spec.tasks):
        tasks += f" of {cities.pop()}"
    changed = ", ".join(f"{key}={value}" for key, value in sorted(notes.get("user_overrides", {}).items()))
    return f"{spec.method}{f' ({changed})' if changed else ''} {tasks} seed {spec.seed}"


def states(store: Store) -> list[State]:
    """All campaigns of a store, the last started first."""
    found = []
    for path in [path for path in below(store.root / "campaigns") if path.suffix == ".json"]:
        try:
            found.append((path.stem, read_shaped(path, CAMPAIGN, "It is no campaign; remove it.")))
        except FileNotFoundError:  # dropped meanwhile
            continue
        except BadFile as error:
            leave_out(error)
    return [_state(store, name, one) for name, one in sorted(found, key=lambda one: -one[1]["started"])]


def drop(store: Store, named: str) -> State:
    """Forget a campaign, by its id, the beginning of it, or words of its headline; its records and checkpoints stay.

    Raises
    ------
    UserError: none or several are meant, or a process is at work on it.
    """
    known = states(store)
    meant = ([one for one in known if one.id == named or one.headline == named]
             or [one for one in known if one.id.startswith(named) or named in one.headline])
    if not meant:
        raise unknown("campaign", named, [one.id for one in known])
    if len(meant) > 1:
        raise UserError(f"'{named}' may be one of {len(meant)} campaigns; name its id: "
                        f"{'; '.join(f'{one.id} ({one.headline.partition(chr(10))[0]})' for one in meant)}.")
    (one,) = meant
    if one.running:
        label, owner = one.running[0]
        raise UserError(f"Process {owner.pid} is at work on this campaign ({label}); end it first.")
    (store.root / "campaigns" / f"{one.id}.json").unlink(missing_ok=True)
    return one


def _state(store: Store, name: str, campaign: dict[str, Any]) -> State:
    done = todo = 0
    at_work: list[tuple[str, Owner]] = []
    failed: list[tuple[str, str]] = []
    took: dict[tuple[str, int], list[float]] = {}
    left: list[tuple[tuple[str, int], float]] = []
    for run in campaign["runs"]:
        folder, kind = store.root / run["suite"] / run["method"], (run["method"], run["tasks"])
        record = folder / f"{run['id']}.json"
        if whole := store.sound(record):
            done += 1
            if "total_s" in whole.timings:
                took.setdefault(kind, []).append(whole.timings["total_s"])
        elif owner := running(record):
            at_work.append((run["label"], owner))
            left.append((kind, time.time() - owner.since))
        else:
            todo += 1
            left.append((kind, 0.0))
            if error := _last_error(store, record):
                failed.append((run["label"], error))
    known = all(kind in took for kind, _ in left)
    work = sum(max(fmean(took[kind]) - spent, 0.0) for kind, spent in left) if known else None
    return State(name, campaign["headline"], campaign["started"], len(campaign["runs"]), done, at_work, failed, todo, work)


def _last_error(store: Store, record: Path) -> str | None:
    for failed in reversed(store.errors(record)):
        if failed.error:
            return f"{failed.error['kind']}: {failed.error['message']}"
    return None
