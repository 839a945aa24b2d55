"""A record is checked when it is read, once, for everybody: what it says is whole, of the right types, and fits together.

That makes a record consistent, not true: whoever changes sums and metrics together passes, and only another run tells.

In: a file, or the plain data of its JSON. Out: a `Record`, or one sentence that says what is wrong. Open first: `decode`.
"""

from __future__ import annotations

import math
import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.errors import UserError
from benchmark.families import FAMILIES, Family, find_family
from benchmark.metrics import METRICS, values
from benchmark.plain_json import BadFile, read_json
from benchmark.shapes import (
    amount,
    amounts,
    an_object,
    anything,
    each,
    fields_of,
    list_of,
    moment,
    number,
    one_of,
    or_none,
    text,
    whole,
    word,
)
from benchmark.spec import PRESETS, SCHEMA, Record, RunSpec

# how far a metric may lie from what its sums tell, and sums of days, which have fewer digits, from the whole: relative
METRIC_TOLERANCE = 1e-9
DAYS_TOLERANCE = 1e-8
# (sum, the sum of the same mask that it never exceeds)
WITHIN = (("hits_1", "hits_5"), ("hits_5", "count"), ("hits", "truth"), ("hits", "predicted"), ("hits", "positives"))
# (mask, the mask whose entries it is a part of)
PARTS = (("nonzero", "observed"), ("at_least_1", "nonzero"), ("at_least_10", "at_least_1"))

# what to do with a broken record
REPAIR = "It is no whole record and is left out; remove it and run again."

# <id>, <id>.superseded-<k> and <id>.error-<k>
NAME = re.compile(r"([0-9a-f]{16})(?:\.(superseded|error)-[1-9][0-9]*)?\.json")


def read_record(path: Path) -> Record:
    """The record of a file, which has the name and lies in the folders that its spec says; a copy of another name is none.

    Raises
    ------
    FileNotFoundError: there is none.
    BadFile: with what is wrong, and what to do.
    """
    try:
        data = read_json(path)
        record = decode(data)
        spec, named = record.spec, NAME.fullmatch(path.name)
        # the id is that of the spec: `decode` looked
        if not named or path.parts[-3:-1] != (spec.suite, spec.method) or named[1] != data["id"]:
            raise ValueError(f"is a copy of another record: that of its spec is {spec.suite}/{spec.method}/{data['id']}.json")
        if (named[2] == "error") != (record.status == "failed"):
            raise ValueError(f"has the name of {'a failed' if named[2] == 'error' else 'a finished'} run, and is {record.status}")
    except ValueError as error:
        raise BadFile(f"{path} {error}. {REPAIR}") from None
    except BadFile as error:
        raise BadFile(f"{error} {REPAIR}") from None
    return record


def decode(data: Any) -> Record:
    """A record from plain data.

    Raises
    ------
    ValueError: with what is wrong.
    """
    HEAD(data, "")
    if data["schema"] != SCHEMA:
        raise ValueError(f"is of layout {data['schema']}; this version of stbench reads layout {SCHEMA}")
    spec = RunSpec.from_json(data["spec"])
    if data["id"] != spec.id:
        raise ValueError(f"has the id {data['id']}, which does not fit its spec ({spec.id}): it was edited")
    RECORD(data, "")
    record = Record.from_json(data)
    try:
        family = find_family(spec.family)
        family.protocol(spec.protocol), family.scenario(spec.scenario)
        _names_fit(record, family)
    except UserError as error:
        raise ValueError(f"does not fit its family: {error}") from None
    for task in record.metrics:
        _counts_fit(record, task)
        _metrics_fit(record, task)
        if task in record.days:
            _days_fit(record, task)
    return record


SUMS = each(each(amounts))
VALUES = each(or_none(number))


def _size(value: Any, where: str) -> None:
    """A count, or the counts of a task."""
    (each(whole) if isinstance(value, dict) else whole)(value, where)


TASK = fields_of({"unit": text}, {"nodes": whole, "steps": whole}, anything)
# the first records do not say their size in words
SIZED_CITY = fields_of({"suite_tasks": list_of(word), "tasks": each(TASK), "size": text}, {"name": word}, anything)
CITY = fields_of({"suite_tasks": list_of(word), "tasks": each(fields_of({"unit": text, "nodes": whole, "steps": whole}, rest=anything))},
                 {"name": word}, anything)


def _city(value: Any, where: str) -> None:
    (SIZED_CITY if isinstance(value, dict) and "size" in value else CITY)(value, where)


SPEC = fields_of({
    "family": one_of(FAMILIES), "method": word, "method_version": whole, "options": an_object, "suite": word, "suite_version": whole,
    "tasks": list_of(word), "edition": word, "fingerprint": word, "protocol": word, "protocol_version": whole, "preset": one_of(PRESETS),
    "budget": each(or_none(whole)), "seed": whole}, {f.name: word for f in fields(RunSpec) if f.default is not MISSING})
HEAD = fields_of({"schema": whole, "id": text, "spec": SPEC}, rest=anything)
RECORD = fields_of({
    "schema": whole, "id": text, "spec": an_object, "status": one_of(("done", "failed")), "city": _city, "metrics": each(VALUES),
    "sums": each(SUMS), "floors": each(each(VALUES)), "counts": each(_size), "timings": each(amount), "environment": an_object,
    # notes are free, but for those that tables read
    "notes": fields_of({}, {"user_overrides": an_object, "missing": each(text), "training": an_object,
                            "asks": fields_of({}, {"past_days": whole}, anything)}, anything),
    "error": or_none(fields_of({"kind": text, "message": text}, {"traceback": text}))},
    {"days": each(fields_of({"first": moment, "hours": whole, "sums": SUMS}))})


def _names_fit(record: Record, family: Family) -> None:
    """Tasks, metrics and floors are those of the suite and its family, and the parts of a record are of the same tasks."""
    spec, city = record.spec, record.city
    for task in spec.tasks:
        family.kind(task)
        if task not in city["suite_tasks"] or task not in city["tasks"]:
            raise ValueError(f"is of the task {task}, which its city does not have")
    if len(set(spec.tasks)) < len(spec.tasks):
        raise ValueError("is of one task twice")
    if (record.error is None) != (record.status == "done"):
        raise ValueError(f"is {record.status}, and has {'an' if record.error else 'no'} error")
    if record.metrics.keys() != record.sums.keys():
        raise ValueError(f"has metrics of {_listed(record.metrics)} and sums of {_listed(record.sums)}")
    for what, found in (("metrics", record.metrics), ("days", record.days), ("floors", record.floors)):
        if strange := set(found) - set(spec.tasks):
            raise ValueError(f"has {what} of {_listed(strange)}, which the run is not of")
    if strange := set(record.days) - set(record.sums):
        raise ValueError(f"has days of {_listed(strange)}, and no sums of the whole")
    named = {metric for one in record.metrics.values() for metric in one}
    named |= {metric for floors in record.floors.values() for one in floors.values() for metric in one}
    if strange := named - set(METRICS):
        raise ValueError(f"has the metric {_listed(strange)}, which stbench does not know")


def _metrics_fit(record: Record, task: str) -> None:
    """The metrics are what the sums tell, and the sums are of the steps that the protocol asks for."""
    sums, said = record.sums[task], record.metrics[task]
    lengths = {len(part) for parts in sums.values() for part in parts.values()}
    horizon = getattr(find_family(record.spec.family).protocol(record.spec.protocol), "horizon", None)
    if len(lengths) != 1 or (horizon and lengths != {horizon}):
        raise ValueError(f"has sums of {task} of {' and '.join(map(str, sorted(lengths))) or 'no'} steps"
                         + (f", not {horizon}" if horizon else ""))
    if strange := set(sums) - {metric.mask for metric in METRICS.values()}:
        raise ValueError(f"has sums of {task} under the mask {_listed(strange)}, which stbench does not know")
    try:
        with np.errstate(all="ignore"):  # what is no number equals none that the record says
            told = values(sums)
    except KeyError as error:
        raise ValueError(f"lacks the sum {error.args[0]} of {task}") from None
    if not said or (strange := set(said) - set(told)):
        raise ValueError(f"has no metric of {task}" if not said else f"has the metric {_listed(strange)} of {task}, and no sums of it")
    for metric, value in said.items():
        other = told[metric]
        if (value is None) != (other is None) or (value is not None and other is not None
                                                  and not math.isclose(value, other, rel_tol=METRIC_TOLERANCE)):
            raise ValueError(f"says {metric} {value} of {task}, and its sums {other}: it was edited")


def _counts_fit(record: Record, task: str) -> None:
    """No more entries than the test part has, none of a mask that another one lacks, no more hits than tries."""
    sums, counts, about = record.sums[task], record.counts.get(task, {}), record.city["tasks"][task]
    for mask, parts in sums.items():
        for small, large in WITHIN:
            if small in parts and large in parts and any(map(_more, parts[small], parts[large])):
                raise ValueError(f"has more {small} than {large} of {task}")
        for size, holds in (("test_trips", "count"), ("roads", "truth")):
            if size in counts and holds in parts and mask != "observed" and sum(parts[holds]) != counts[size]:
                raise ValueError(f"counts {counts[size]} {size} of {task}, and its sums {sum(parts[holds]):g}")
    for part, all_of in PARTS:
        if part in sums and all_of in sums and any(map(_more, sums[part].get("count", ()), sums[all_of].get("count", ()))):
            raise ValueError(f"counts more entries of {task} that are {part} than that are {all_of}")
    if {"test_windows", "nodes"} <= counts.keys() and "observed" in sums:
        if any(count > counts["test_windows"] * counts["nodes"] for count in sums["observed"].get("count", ())):
            raise ValueError(f"counts more entries of {task} than {counts['test_windows']} windows of {counts['nodes']} nodes have")
        if counts["nodes"] != about.get("nodes", counts["nodes"]) or counts["test_windows"] > about.get("steps", math.inf):
            raise ValueError(f"counts {counts['test_windows']} windows and {counts['nodes']} nodes of {task}, which its city does not have")


def _days_fit(record: Record, task: str) -> None:
    """The sums of the days add up to those of the whole."""
    days, sums = record.days[task]["sums"], record.sums[task]
    if len({len(part) for parts in days.values() for part in parts.values()}) != 1:
        raise ValueError(f"has days of {task} of different lengths")
    for mask, parts in days.items():
        for name, part in parts.items():
            total = sums.get(mask, {}).get(name)
            if total is None or not math.isclose(math.fsum(part), math.fsum(total), rel_tol=DAYS_TOLERANCE):
                raise ValueError(f"has days of {task} that do not add up to the sum {name} ({mask}): it was edited")


def _more(small: float, large: float) -> bool:
    """Whether a sum exceeds another one by more than rounding."""
    return small > large and not math.isclose(small, large, rel_tol=METRIC_TOLERANCE)


def _listed(names: Any) -> str:
    return ", ".join(sorted(names)) or "nothing"
