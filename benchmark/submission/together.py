"""The records of a bundle beside each other, and beside those that are published: seeds, tasks, copies, targets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmark.spec import Record, RunSpec
from benchmark.store.records import dumps
from benchmark.submission.bundle import Bundle
from benchmark.suites.catalogue import Suite, pick_tasks

# member -> its record
Records = Mapping[str, Record]


def setting(spec: RunSpec) -> str:
    """All that runs of different seeds and tasks share, as text."""
    return json.dumps({key: value for key, value in spec.to_json().items() if key not in ("seed", "tasks")}, sort_keys=True)


def seed_problems(records: Records, suites: Mapping[str, Suite]) -> Iterator[str]:
    """Each setting has every task of its suite under the seeds 0 to n - 1, the same for all tasks."""
    settings: dict[str, dict[str, str]] = {}
    for name, record in records.items():
        settings.setdefault(setting(record.spec), {})[name] = name
    for names in settings.values():
        spec = records[first := next(iter(names))].spec
        about = f"{spec.suite}@{spec.suite_version}, data {spec.edition}, protocol {spec.protocol}, preset {spec.preset}"
        seeds: dict[str, list[int]] = {task: [] for task in pick_tasks(suites[spec.suite], None, spec.scenario)}
        for name in names:
            for task in records[name].spec.tasks:
                seeds.setdefault(task, []).append(records[name].spec.seed)
        most = max(map(len, seeds.values()))
        for task, found in seeds.items():
            if not found:
                yield f"{first} has no run of task {task} beside it ({about}); run all tasks of a suite."
            elif len(set(found)) < len(found):
                yield f"{first} has task {task} twice under one seed ({about})."
            elif sorted(found) != list(range(most)):
                yield (f"{first} has task {task} under the seeds {', '.join(map(str, sorted(found)))} ({about}); every task has the seeds "
                       f"0 to {most - 1}.")


def copy_problems(records: Records, bundle: Bundle, published: Sequence[Record], there: Mapping[str, str], listed: bool) -> Iterator[str]:
    """No record is another one: its id is not published with another content, and no two runs have the same sums.

    Parameters
    ----------
    there: id -> text of the published records of the same runs. listed: whether the method is, so that its own may come again.
    """
    again = {record.spec.id for record in records.values()}
    sums = {_sums(record): (f"the published run {record.spec.id} of {record.spec.method}", record.spec)
            for record in published if record.spec.id not in again}
    for name, record in records.items():
        same = there.get(record.spec.id) == dumps(record)
        if record.spec.id in there and not (listed and same):
            yield f"{name} is published already{'' if same else ', with another content'}."
        if not record.sums:
            continue
        other, spec = sums.setdefault(_sums(record), (name, record.spec))
        if spec.method != record.spec.method:
            yield f"{name} has the very sums of {other}."
        elif spec.seed != record.spec.seed and not bundle.method["deterministic"]:
            yield f"{name} has the very sums of {other} under another seed, which only a method that declares `deterministic` may have."


def target_problems(records: Records, published: Sequence[Record]) -> Iterator[str]:
    """How many targets of a task count does not depend on the method: whoever left some out is told."""
    counts: dict[tuple[str, ...], tuple[Any, str]] = {}
    for name, record in [(f"the published run {record.spec.id}", record) for record in published] + list(records.items()):
        spec = record.spec
        for task, masks in record.sums.items():
            for mask, parts in masks.items():
                if "count" in parts:
                    # the targets are those of the data, the protocol and the scenario
                    key = (spec.suite, spec.fingerprint, spec.protocol, spec.scenario, task, mask)
                    count, other = counts.setdefault(key, (parts["count"], name))
                    if count != parts["count"] and name in records:
                        yield f"{name} counts other targets of {task} ({mask}) than {other}, on the same data."


def _sums(record: Record) -> str:
    """What two runs have in common only if one is a copy; the settings tell whether it is."""
    return json.dumps([record.spec.suite, record.spec.fingerprint, record.spec.protocol, record.spec.scenario,
                       {task: dict(masks) for task, masks in record.sums.items()}], sort_keys=True)
