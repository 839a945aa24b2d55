"""Thousands of records of real size: the published ones again, under other seeds and options, with errors of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from benchmark.days import shortened
from benchmark.metrics import values
from benchmark.spec import Record
from benchmark.store.records import Store, dumps

PUBLISHED = Path(__file__).resolve().parents[2] / "results" / "runs"
# seeds of each variant of a published fit
SEEDS = 10
# the sums that are scaled; numbers of hits stay
ERRORS = ("absolute", "squared", "relative")


def fill(store: Store, count: int) -> None:
    """Put so many different records into a store, without a sync of the disk for each."""
    for record in many(count):
        path = store.path(record.spec)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dumps(record), encoding="utf-8")


def many(count: int) -> Iterator[Record]:
    """Different records, each that of a published fit with a seed and an option of its own."""
    fits = list({(record.spec.suite, record.spec.method, record.spec.tasks, record.spec.protocol, record.spec.preset): record
                 for record in Store(PUBLISHED).records()}.values())
    for k, record in enumerate(islice(cycle(fits), count)):
        variant, seed = divmod(k // len(fits), SEEDS)
        options = {**record.spec.options, **({"variant": variant} if variant else {})}
        notes = {**record.notes, "user_overrides": {"variant": variant} if variant else {}}
        yield worse(replace(record, spec=replace(record.spec, options=options, seed=seed), notes=notes), 1 + k / count)


def worse(record: Record, factor: float) -> Record:
    """The record with errors so many times as large."""
    sums = {task: _scaled(parts, factor) for task, parts in record.sums.items()}
    days = {task: {**one, "sums": {mask: {name: [shortened(value) for value in part] for name, part in parts.items()}
                                   for mask, parts in _scaled(one["sums"], factor).items()}} for task, one in record.days.items()}
    metrics = {task: {name: values(sums[task])[name] for name in said} for task, said in record.metrics.items()}
    return replace(record, sums=sums, days=days, metrics=metrics)


def _scaled(sums: Any, factor: float) -> dict[str, dict[str, list[float]]]:
    return {mask: {name: [value * factor if name in ERRORS else value for value in part] for name, part in parts.items()}
            for mask, parts in sums.items()}
