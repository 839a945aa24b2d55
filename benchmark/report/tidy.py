"""Tables as tidy rows: one a task, method and metric, with everything that the row means. For CSV and for frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmark.families import find_family
from benchmark.metrics import METRICS
from benchmark.report.comparison import Comparison
from benchmark.report.labels import budget_text
from benchmark.report.rows import Cell, Row
from benchmark.report.table import Table
from benchmark.report.words import printed, unit_of

COLUMNS = ("suite", "edition", "protocol", "preset", "budget", "fingerprint", "task", "method", "version", "options", "source", "n",
           "metric", "unit", "mean", "sd", "paper", "paper_metric", "horizon", "scenario", "floor", "missing", "past_days", "settled",
           "rank", "against", "difference", "low", "high", "p", "effect", "pairs", "test", "verdict")


def tidy_rows(table: Table) -> Iterator[dict[str, Any]]:
    """One row of `COLUMNS` a cell, and a metric of a method that cannot do the task; None is what does not exist.

    Metrics have their names here, and their numbers the unit that tables print. `n`, `version` and `settled` are None for a floor, `rank`
    for all but the best and the second; `paper` is the paper's number of `paper_metric`, at the row of that metric or the nearest to it.
    What follows the rank is a comparison with another row, in the table's first metric alone.
    """
    for row in table.rows:
        for metric in table.metrics:
            cell = row.cells.get(metric)
            if cell or row.missing:
                yield {"suite": table.suite, "edition": table.edition, "protocol": table.protocol, "preset": table.preset,
                       "budget": budget_text(table.budget), "fingerprint": table.fingerprint, "task": row.task, "method": row.method,
                       "options": ", ".join(filter(None, (row.changed, row.differs))), "source": row.source, "metric": metric,
                       "unit": unit_of(metric, table.units[row.task]), **numbers(cell, metric), **_paper(table, row, metric),
                       "horizon": table.horizon, "scenario": table.scenario, "floor": row.floor, "missing": row.missing,
                       "past_days": row.past_days or None, "rank": cell.rank or None if cell else None,
                       **comparison(row.compared if row.compared and row.compared.metric == metric else None),
                       **{key: None if row.floor else value
                          for key, value in (("version", row.version), ("n", row.n), ("settled", row.settled))}}


def plain(table: Table) -> dict[str, Any]:
    """The same as one nested object, for JSON, in the same units."""
    units = {task: {metric: unit_of(metric, table.units[task]) for metric in METRICS} for task in table.tasks}
    rows = [{"task": row.task, "method": row.method, "version": row.version, "changed": row.changed, "differs": row.differs, "n": row.n,
             "cells": {metric: {"unit": units[row.task][metric], **numbers(cell, metric), "rank": cell.rank}
                       for metric, cell in row.cells.items()},
             "paper": None if row.paper is None else printed(row.paper, paper_metric(table)),
             "paper_metric": None if row.paper is None else paper_name(table), "source": row.source, "floor": row.floor,
             "missing": row.missing, "past_days": row.past_days, "settled": row.settled,
             "comparison": {"metric": row.compared.metric, **comparison(row.compared)} if row.compared else None} for row in table.rows]
    return {"title": table.title, "suite": table.suite, "edition": table.edition, "scenario": table.scenario, "protocol": table.protocol,
            "preset": table.preset, "budget": dict(table.budget), "fingerprint": table.fingerprint, "city": table.city,
            "family": table.family, "horizon": table.horizon, "ranked": table.ranked, "metrics": list(table.metrics),
            "tasks": list(table.tasks), "units": table.units, "group": table.group, "against": table.against, "rows": rows}


def paper_metric(table: Table) -> str:
    """Our name of the metric of the paper's numbers, whatever they leave out; the tasks of a table share it."""
    return find_family(table.family).kind(table.tasks[0]).paper_metric


def paper_name(table: Table) -> str:
    """The paper's metric with what it leaves out: ``MAE (y≠0)``."""
    label, mask = METRICS[paper_metric(table)].label, find_family(table.family).paper_mask
    return f"{label} ({mask})" if mask else label


def numbers(cell: Cell | None, metric: str) -> dict[str, float | None]:
    """Mean and deviation in the unit that tables print."""
    return {name: None if value is None else printed(value, metric)
            for name, value in (("mean", cell.mean if cell else None), ("sd", cell.sd if cell else None))}


def comparison(one: Comparison | None) -> dict[str, Any]:
    """A row less the one that it is compared with, in the unit that tables print: 95 % interval of its own, p corrected by Holm."""
    if one is None:
        return dict.fromkeys(("against", "difference", "low", "high", "p", "effect", "pairs", "test", "verdict"))
    found = {name: printed(getattr(one.tested, name), one.metric) if one.tested else None for name in ("difference", "low", "high")}
    return {"against": one.against, **found, "p": one.p, "effect": one.effect, "pairs": one.pairs,
            "test": one.tested.test if one.tested else None, "verdict": one.verdict}


def _paper(table: Table, row: Row, metric: str) -> dict[str, Any]:
    """The paper's number at one metric: the one that leaves out the same where the table has it, else the plain one."""
    same = [one for one in table.metrics if METRICS[one].label.startswith(paper_name(table).removesuffix(")"))]
    if row.paper is None or metric != (same[0] if same else paper_metric(table)):
        return {"paper": None, "paper_metric": None}
    return {"paper": printed(row.paper, metric), "paper_metric": paper_name(table)}
