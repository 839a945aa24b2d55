"""Finished runs of other folders, from machines, branches or sticks, brought into one store: checked, none twice, none over another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.errors import UserError
from benchmark.files import write_atomic
from benchmark.spec import Record
from benchmark.store.kept import SIDECAR, read_kept, write_kept
from benchmark.store.records import Store, dumps

# what lies beside a record and is nobody's own check: it is copied as it is
BULK = (".history.json", ".nodes.npz")


@dataclass
class Merge:
    """What would be copied, and what would not."""

    # the store it lies in, and the record
    new: list[tuple[Store, Record]] = field(default_factory=list)
    # the record that stays, and the other of the same run, whose numbers differ
    conflicts: list[tuple[Record, Record]] = field(default_factory=list)
    # equal records that are there already, or come twice
    there: int = 0


def plan_merge(folders: Sequence[Path], target: Store) -> Merge:
    """Compare the finished runs of some folders with a store and with one another, in their order; nothing is written.

    Raises
    ------
    UserError: a folder is none, is the store itself, or holds no whole record.
    """
    plan = Merge()
    first: dict[str, Record] = {}
    for source in map(Store, folders):
        if not source.root.is_dir():
            raise UserError(f"{source.root} is no folder; name folders of records, such as results/local of another checkout.")
        if source.root.resolve() == target.root.resolve():
            raise UserError(f"{source.root} is the store that is merged into; name other folders.")
        found = 0
        for record in source.records():
            found += 1
            stands = first.get(record.spec.id) or target.sound(target.path(record.spec))
            first[record.spec.id] = stands or record
            if stands is None:
                plan.new.append((source, record))
            elif same_numbers(stands, record):
                plan.there += 1
            else:
                plan.conflicts.append((stands, record))
        if not found:
            raise UserError(f"{source.root} has no whole record at <suite>/<method>/<id>.json; name the folder that holds the suites.")
    return plan


def same_numbers(one: Record, other: Record) -> bool:
    """Whether two records of a run tell the same of every task, in every bit."""
    return (one.metrics, one.sums, one.days, one.counts) == (other.metrics, other.sums, other.days, other.counts)


def machine(record: Record) -> str:
    """What a run was measured on, in words."""
    said = record.environment
    facts = [said.get("device"), said.get("system"), *(f"{name} {said[name]}" for name in ("python", "torch") if name in said)]
    if (threads := said.get("threads")) is not None:
        facts.append(f"{threads} thread{'s' * (threads != 1)}")
    return ", ".join(str(fact) for fact in facts if fact) or "an unknown machine"


def merge(new: Iterable[tuple[Store, Record]], target: Store) -> list[Path]:
    """Copy these runs, what lies beside a record before the record; returns the new records."""
    return [_copy(source, record, target) for source, record in new]


def _copy(source: Store, record: Record, target: Store) -> Path:
    come, go = source.path(record.spec), target.path(record.spec)
    for suffix in BULK:
        if (beside := come.with_suffix(suffix)).is_file():
            write_atomic(go.with_suffix(suffix), beside.read_bytes())
    if come.with_suffix(SIDECAR).is_file() and (kept := read_kept(come.with_suffix(SIDECAR))).fits_its_record():
        write_kept(target, record, {suffix: kept.file(suffix).read_bytes() for suffix in kept.files})
    write_atomic(go, dumps(record))
    return go
