"""Numbers made again without training, with other averages or of fewer targets: from the sums of records, or from kept predictions.

What comes out are records with other sums, so that their tables are made as all others are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmark.errors import UserError
from benchmark.families import is_named
from benchmark.metrics import METRICS, Sums, values
from benchmark.report.choice import Chosen, Filter, chosen_records
from benchmark.report.rescore_kept import kept_sums
from benchmark.report.rows import OF_ONE_STEP
from benchmark.report.selection import Selection
from benchmark.report.sheet import Sheet
from benchmark.report.suite import suite_sheets
from benchmark.report.table import Table, tables_of
from benchmark.spec import Record
from benchmark.store.kept import find_kept, unpack_predictions
from benchmark.store.records import Store

KEPT = "what a run made with --keep predicted tells it: `stbench rescore RUN …`"


def rescore_records(local: Store | None, published: Store | None, chosen: Filter, selection: Selection) -> list[Sheet]:
    """The tables of the records that a filter takes, of the targets that are selected by their time.

    Raises
    ------
    UserError: their sums do not tell it.
    """
    for option, given in (("--at-least", selection.at_least), ("--nodes", selection.nodes),
                          ("--horizon together with --days or --hours", selection and chosen.horizon)):
        if given:
            raise UserError(f"Records hold no sums for {option}; {KEPT}.")
    records = list(chosen_records(local, published, chosen))
    left_out: Counter[str] = Counter()
    made = list(_of_days(records, selection, left_out)) if selection else [
        (source, replace(record, metrics={task: values(sums) for task, sums in record.sums.items()}), tasks)
        for source, record, tasks in records]
    if records and not made:
        raise UserError(f"None of these runs tells it: {'; '.join(left_out)}.")
    said = [f"{count} run{'s' * (count > 1)}: {reason}" for reason, count in left_out.items()]
    lines = [f"Left out: {'; '.join(said)}."] if said else []
    return _sheets(made, chosen, selection, lines)


def rescore_kept(store: Store, runs: Sequence[str], chosen: Filter, selection: Selection) -> list[Sheet]:
    """The tables of kept runs, by id, the beginning of one or a path; of the targets that are selected.

    Raises
    ------
    UserError: no such kept run, none of its tasks, or nothing that the selection takes.
    """
    made: list[Chosen] = []
    for run in runs:
        kept = find_kept(store, run)
        if not store.has(kept.spec):
            raise UserError(f"Run {kept.spec.id} has no record beside what it keeps; type the command of the run again with --keep.")
        arrays, record = unpack_predictions(kept), store.read(kept.spec)
        tasks = tuple(task for task in record.metrics if chosen.tasks is None or is_named(task, chosen.tasks))
        if not tasks:
            raise UserError(f"Run {kept.spec.id} is of {', '.join(kept.spec.tasks)}, and so of none of {', '.join(chosen.tasks or ())}.")
        sums = {task: kept_sums(arrays, task, record, selection) for task in tasks}
        made.append(("local", _rescored(record, sums), tasks))
    return _sheets(made, chosen, selection, [], kept=True)


def _of_days(records: Iterable[Chosen], selection: Selection, left_out: Counter[str]) -> Iterator[Chosen]:
    """The records of which sums by day (or by start hour) remain, and those alone; why others are left out is counted."""
    for source, record, tasks in records:
        sums, reason = {}, "their records hold no sums by day, as those of older versions (run again with --force)"
        for task in tasks:
            if task in record.days:
                found, reason = _selected(record.days[task], selection)
                if found:
                    sums[task] = found
        if sums:
            yield source, _rescored(record, sums), tuple(task for task in tasks if task in sums or task not in record.metrics)
        else:
            left_out[reason] += 1


def _selected(days: Mapping[str, Any], selection: Selection) -> tuple[dict[str, dict[str, np.ndarray]] | None, str]:
    """mask → sum name → [1] over the selected stretches; or None, and why."""
    if selection.hours is not None and days["hours"] > 1:
        return None, f"their sums are by day, not by hour ({KEPT})"
    length = len(next(iter(next(iter(days["sums"].values())).values())))
    moments = np.datetime64(days["first"], "h") + np.arange(length) * np.timedelta64(days["hours"], "h")
    taken = selection.takes(moments)
    sums = {mask: {name: np.asarray(part, dtype=np.float64)[taken].sum(keepdims=True) for name, part in parts.items()}
            for mask, parts in days["sums"].items()}
    if not any(part.any() for parts in sums.values() for part in parts.values()):
        return None, f"their test part ({moments[0].astype('datetime64[D]')} to {moments[-1].astype('datetime64[D]')}) has nothing then"
    return sums, ""


def _rescored(record: Record, sums: Mapping[str, Mapping[str, Sums]]) -> Record:
    """A record of these sums alone. Its floors are of the whole test part, so it has none."""
    listed = {task: {mask: {name: part.tolist() for name, part in parts.items()} for mask, parts in masks.items()}
              for task, masks in sums.items()}
    return replace(record, sums=listed, days={}, floors={}, metrics={task: _told(masks) for task, masks in sums.items()})


def _told(sums: Mapping[str, Sums]) -> dict[str, float | None]:
    """The metrics that sums tell, of which some may be absent. Sums of days are of all steps together: no mean of steps."""
    steps = {len(part) for parts in sums.values() for part in parts.values()}
    made = {}
    for name, metric in METRICS.items():
        if metric.mask in sums and not (steps == {1} and name in OF_ONE_STEP):
            try:
                made[name] = metric.value(sums[metric.mask])
            except KeyError:  # a sum that days do not hold
                continue
    return made


def _sheets(made: Sequence[Chosen], chosen: Filter, selection: Selection, lines: Sequence[str], kept: bool = False) -> list[Sheet]:
    told = {metric for _, record, _ in made for said in record.metrics.values() for metric in said}
    if made and (lacking := [metric for metric in chosen.metrics or () if metric not in told]):
        raise UserError(f"{', '.join(lacking)}: what is kept of these runs does not tell it; they tell {', '.join(sorted(told))}.")
    tables = [_as_selected(table) for table in tables_of(made, chosen)] if selection or kept else tables_of(made, chosen)
    said = f" · {selection.words}" if selection else ""
    origin = "the predictions that were kept" if kept else "the sums of the records"
    notes = [f"Made again from {origin}, without training{f': only {selection.words}' if selection else ''}.", *lines]
    return [replace(sheet, title=sheet.title + said, notes=[*notes, *sheet.notes], columns=("selection", *sheet.columns),
                    data=[{"selection": selection.words, **row} for row in sheet.data],
                    whole={**sheet.whole, "selection": selection.to_json()}) for sheet in suite_sheets(tables)]


def _as_selected(table: Table) -> Table:
    """Without what is of the whole test part (the papers' numbers, what its counts tell), and without columns that nothing is told of."""
    rows = tuple(replace(row, paper=None) for row in table.rows)
    return replace(table, rows=rows, telling=(), metrics=tuple(one for one in table.metrics if any(one in row.cells for row in rows)))
