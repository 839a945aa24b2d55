"""Whether a record can be made again: the same run in a store of its own, or its kept predictions scored again, metric by metric.

Bits are asked for where torch, processor, threads and device are those of the record; elsewhere every metric within 1e-3 of its value.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from benchmark.errors import UserError
from benchmark.execution.campaign import run_plan
from benchmark.execution.engines import Watcher
from benchmark.execution.jobs import Job, Plan
from benchmark.execution.plan import Request, make_plan
from benchmark.execution.work import options_of
from benchmark.folders import below
from benchmark.plain_json import read_json
from benchmark.registry import registry
from benchmark.spec import Record, RunSpec
from benchmark.store.check import decode
from benchmark.store.kept import find_kept, unpack_predictions
from benchmark.store.records import Store
from benchmark.store.submissions import BITS, WITHIN
from benchmark.submission.predictions import END, rescored

# how far a metric may lie from that of the record on another machine, relative
TOLERANCE = 1e-3
# what an environment has in common with another one that must give the same bits
MACHINE = ("torch", "processor", "threads", "device")


@dataclass(frozen=True)
class Difference:
    """A metric that is not the same."""

    task: str
    metric: str
    # None: there is none
    theirs: float | None
    ours: float | None

    @property
    def relative(self) -> float:
        """Of the record's value."""
        if self.theirs is None or self.ours is None:
            return math.inf
        return abs(self.ours - self.theirs) / max(abs(self.theirs), 1e-12)


@dataclass(frozen=True)
class Verdict:
    """What became of a record that was made again."""

    record: Record
    # where it was made again
    environment: Mapping[str, Any]
    differences: tuple[Difference, ...]
    # whether every sum has the same bits, and whether that is asked for here
    bits: bool
    bits_asked: bool
    # what the run died of, if it did
    error: str | None = None

    @property
    def how(self) -> str | None:
        """How it was reproduced; None: it was not."""
        if self.error is None and self.bits:
            return BITS
        near = all(one.relative <= TOLERANCE for one in self.differences)
        return WITHIN if self.error is None and near and not self.bits_asked else None


def find_record(given: str, stores: tuple[Store | None, ...]) -> Record:
    """The record of a file, or of a run by its id or the beginning of it; of the first store that has it.

    Raises
    ------
    UserError: there is none, there are several, or it is broken or failed.
    """
    if (path := Path(given)).is_file():
        found = [path]
    else:
        each = [[path for path in below(store.root, 3) if path.suffix == ".json" and "." not in path.stem and path.stem.startswith(given)]
                for store in stores if store is not None and given]
        found = next((paths for paths in each if paths), [])
    if len({path.stem for path in found}) != 1:
        raise UserError(f"'{given}' is the beginning of {len(found)} runs; give more of the id." if found else
                        f"No record '{given}'; give the id of a run, the beginning of it, or the path of a record.")
    try:
        record = decode(read_json(found[0]))
    except ValueError as error:
        raise UserError(f"{found[0]} {error}.") from None
    if record.status != "done":
        raise UserError(f"{found[0]} is the record of a failed run, which has no numbers.")
    return record


def verify(record: Record, *, isolated: bool | None = None, device: str | None = None, watcher: Watcher | None = None) -> Verdict:
    """Do a record's run again, in a store that is gone afterwards.

    Parameters
    ----------
    isolated: whether the method lives in a process of its own; None: one of an outside package does. device: default the record's.

    Raises
    ------
    UserError: it cannot be the same run here: method, suite, rules or data are others.
    """
    plan = plan_of(record, isolated, device)
    with tempfile.TemporaryDirectory(prefix="stbench-verify-") as folder:
        store = Store(Path(folder))
        result = run_plan(plan, store, workers=1, watcher=watcher)
        if result.failed:
            error = result.failed[0].error or {}
            return Verdict(record, result.failed[0].environment, (), False, False, f"{error.get('kind')}: {error.get('message')}")
        return judged(record, store.read(record.spec), _same_machine(record, store.read(record.spec).environment))


def rescore(record: Record, store: Store) -> Verdict:
    """Score the kept predictions of a run again, against the truth of its city.

    Raises
    ------
    UserError: they are not kept, or are no forecasts, or the city is not here.
    """
    arrays = unpack_predictions(find_kept(store, record.spec.id))
    predicted = {name.removesuffix(END): array for name, array in arrays.items() if name.endswith(END)}
    if set(predicted) != set(record.metrics):
        raise UserError(f"Run {record.spec.id} keeps no forecasts of its tasks; leave --rescore out, and it is done again.")
    made = rescored(record, predicted, ours=False)
    if made is None:
        raise UserError(f"The data of run {record.spec.id} ({record.spec.suite}, {record.spec.edition}, fingerprint "
                        f"{record.spec.fingerprint}) are not here; prepare them from the same files.")
    again = Record(record.spec, "done", record.city, made.metrics, made.sums)
    return judged(record, again, bits_asked=True)


def judged(record: Record, again: Record, bits_asked: bool) -> Verdict:
    """A record beside another one of the same run."""
    differences = tuple(one for one in _pairs(record, again) if one.theirs != one.ours)
    bits = not differences and all(_at(again.sums, task, mask, name) == part for task, masks in record.sums.items()
                                   for mask, parts in masks.items() for name, part in parts.items())
    return Verdict(record, again.environment, differences, bits, bits_asked)


def plan_of(record: Record, isolated: bool | None = None, device: str | None = None) -> Plan:
    """The one run of a record, as it is defined here.

    Raises
    ------
    UserError: it cannot be the same.
    """
    spec = record.spec
    if spec.file:
        raise UserError(f"Run {spec.id} is of a method of a file, which no record holds; it cannot be done again from its record.")
    version = registry().info(spec.method).version
    if version != spec.method_version:
        raise UserError(f"Run {spec.id} is of version {spec.method_version} of {spec.method}, and version {version} is installed; install "
                        "that one.")
    options = options_of(spec)
    given = {one.name: getattr(options, one.name) for one in fields(options)}
    request = Request((spec.method,), spec.suite, (spec.seed,), spec.tasks, given, spec.preset, spec.protocol, spec.edition,
                      device or str(record.environment.get("device", "cpu")), spec.scenario, floors=False, isolated=isolated)
    plan = make_plan(request)
    job = next((job for job in plan if job.spec.id == spec.id), None)
    if job is None:
        raise _another(spec, min(plan, key=lambda job: job.spec.tasks != spec.tasks))
    return Plan((job,), plan.settings, plan.device, " again")


def _another(spec: RunSpec, job: Job) -> UserError:
    """Why the run that is defined here is not that of a record."""
    here = job.spec.to_json()
    for name, its in spec.to_json().items():
        if name == "fingerprint" and its != here[name]:
            return UserError(f"Run {spec.id} is of data with the fingerprint {its}, and those of {spec.suite} ({spec.edition}) here have "
                             f"{here[name]}; prepare the same data.")
        if its != here[name] and list(its if isinstance(its, tuple) else [its]) != here[name]:
            return UserError(f"Run {spec.id} is not what this version of stbench would do: its {name} is {its}, and here {here[name]}.")
    return UserError(f"Run {spec.id} cannot be defined here again.")


def _pairs(record: Record, again: Record) -> Iterator[Difference]:
    """Every metric that the record says; and the first of each task that only the other one has."""
    for task in dict.fromkeys([*record.metrics, *again.metrics]):
        theirs, ours = record.metrics.get(task, {}), again.metrics.get(task, {})
        for metric in theirs or [*ours][:1]:
            yield Difference(task, metric, theirs.get(metric), ours.get(metric))


def _same_machine(record: Record, here: Mapping[str, Any]) -> bool:
    return all(key in record.environment and record.environment[key] == here.get(key) for key in MACHINE)


def _at(sums: Mapping[str, Mapping[str, Mapping[str, Any]]], task: str, mask: str, name: str) -> Any:
    return sums.get(task, {}).get(mask, {}).get(name)


