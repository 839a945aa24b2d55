"""Tables as tidy rows: one a task, method and metric, with everything that the row means. For CSV and for frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmark.families import find_family
from benchmark.report.table import Table

COLUMNS = ("suite", "edition", "protocol", "preset", "fingerprint", "task", "method", "options", "source", "n", "metric", "mean", "sd",
           "paper", "scenario", "floor", "missing", "past_days", "rank")


def tidy_rows(table: Table) -> Iterator[dict[str, Any]]:
    """One row of `COLUMNS` a cell, and a metric of a method that cannot do the task; None is what does not exist.

    Metrics have their names here. `n` is None for a floor, `rank` for all but the best and the second; `paper` is the paper's number,
    which stands at its own metric alone.
    """
    family = find_family(table.family)
    for row in table.rows:
        for metric in table.metrics:
            cell = row.cells.get(metric)
            if cell or row.missing:
                yield {"suite": table.suite, "edition": table.edition, "protocol": table.protocol, "preset": table.preset,
                       "fingerprint": table.fingerprint, "task": row.task, "method": row.method, "options": row.changed,
                       "source": row.source, "n": None if row.floor else row.n, "metric": metric, "mean": cell and cell.mean,
                       "sd": cell and cell.sd, "paper": row.paper if metric == family.kind(row.task).paper_metric else None,
                       "scenario": table.scenario, "floor": row.floor, "missing": row.missing, "past_days": row.past_days or None,
                       "rank": cell.rank or None if cell else None}
