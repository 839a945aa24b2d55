"""Suite tables by horizon: the steps 3, 6 and 12, each alone, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from benchmark.errors import UserError
from benchmark.families import find_family
from benchmark.metrics import METRICS
from benchmark.report.choice import Filter, chosen_records
from benchmark.report.sheet import Sheet
from benchmark.report.suite import cell_texts, label, notes
from benchmark.report.table import Table, tables_of
from benchmark.report.tidy import COLUMNS, plain, tidy_rows
from benchmark.report.words import metric_head
from benchmark.store.records import Store

STEPS = (3, 6, 12)


def long_sheets(local: Store, published: Store | None, chosen: Filter) -> list[Sheet]:
    """A sheet a table, of its first metric or those that were asked for; suites whose answers have no steps are named and left out.

    Raises
    ------
    UserError: the filter asks for one step, or no suite that it takes has steps.
    """
    if chosen.horizon is not None:
        raise UserError(f"--long shows the steps {', '.join(map(str, STEPS))} and --horizon one step; give one of them.")
    found = list(chosen_records(local, published, chosen))
    stepped = [one for one in found if find_family(one[1].spec.family).horizons]
    others = ", ".join(dict.fromkeys(record.spec.suite for _, record, _ in found if not find_family(record.spec.family).horizons))
    if others and not stepped:
        raise UserError(f"What is asked in {others} has no steps of a horizon; leave --long out.")
    each = [tables_of(stepped, replace(chosen, horizon=step)) for step in STEPS]
    said = [f"Left out, since their answers have no steps: {others}."] if others else []
    return [_sheet(tables, chosen.metrics is None, said) for tables in zip(*each, strict=True)]


def _sheet(tables: Sequence[Table], first_only: bool, said: Sequence[str]) -> Sheet:
    """One table at each of the steps."""
    shown = [replace(table, metrics=table.metrics[:1]) if first_only else table for table in tables]
    keys, first = ["task", "method", "n"], shown[0]
    width = len(first.metrics)
    rows = [[same[0].task, label(same[0]), str(same[0].n), *(text for table, row in zip(shown, same, strict=True)
                                                             for text in cell_texts(table, row))]
            for same in zip(*(table.rows for table in shown), strict=True)]
    marks = {(k, len(keys) + width * step + j): row.cells[metric].rank for step, table in enumerate(shown)
             for k, row in enumerate(table.rows) for j, metric in enumerate(table.metrics) if metric in row.cells}
    blocks = {len(keys) + width * step + j: f"step {table.horizon}" for step, table in enumerate(shown) for j in range(width)}
    data: list[dict[str, Any]] = [{**row, "metric": METRICS[row["metric"]].label} for table in shown for row in tidy_rows(table)]
    # of one step the records tell no days, so that few rows could be compared
    plainly = replace(first, horizon=None, rows=tuple(replace(row, compared=None) for row in first.rows))
    steps = ", ".join(map(str, STEPS))
    return Sheet(f"{plainly.title} · steps {steps}", [*keys, *(metric_head(metric) for table in shown for metric in table.metrics)], rows,
                 words=2, keys=len(keys), sections=True, blocks=blocks, marks=marks,
                 notes=[*notes([plainly]), f"Every number is of one step of the horizon alone: {steps}.", *said], group=first.group,
                 columns=COLUMNS, data=data, whole=[plain(table) for table in shown])
