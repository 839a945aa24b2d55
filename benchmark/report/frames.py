"""Records and tables as pandas frames. pandas is loaded when they are made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.families import find_family
from benchmark.report.choice import Filter, chosen_records, open_stores
from benchmark.report.rows import changed_options, shown_metrics, task_values
from benchmark.report.table import make_tables, setting_of
from benchmark.report.tidy import COLUMNS, tidy_rows
from benchmark.report.words import printed, unit_of
from benchmark.spec import Record

if TYPE_CHECKING:
    from pandas import DataFrame

RECORD_COLUMNS = ("suite", "edition", "scenario", "protocol", "preset", "method", "options", "task", "seed", "metric", "unit", "value",
                  "source", "id")


def records(results: str | Path | None = None, **filters: str | Sequence[str] | int | None) -> DataFrame:
    """The finished runs, one row a run, task and metric, in the unit that tables print; of a run that is in both stores, the local one.

    Parameters
    ----------
    results: folder of the local records; default: where `stbench run` writes. filters: suite, edition, preset, protocol, task, method,
    metric, scenario, fingerprint, each a text or several, and horizon, one step counted from 1.

    Raises
    ------
    UserError: a filter, preset, protocol, scenario or metric that does not exist. A broken record is named on stderr and left out.

    >>> frame = records(suite="nyc", method=("stid", "cmust"), task="taxi_pick", metric="mae")
    >>> list(frame.columns)
    ['suite', 'edition', 'scenario', 'protocol', 'preset', 'method', 'options', 'task', 'seed', 'metric', 'unit', 'value', 'source', 'id']
    >>> best = frame.groupby(["protocol", "method", "options"]).value.mean().idxmin()
    """
    from pandas import DataFrame

    columns = list(RECORD_COLUMNS)
    frame = DataFrame(list(_record_rows(results, Filter.by_name(**filters))), columns=columns).astype({"seed": int, "value": float})
    return frame.sort_values(columns[: columns.index("metric")], kind="stable", ignore_index=True)


def table(results: str | Path | None = None, *, against: str | None = None, **filters: str | Sequence[str] | int | None) -> DataFrame:
    """What `stbench table` shows: one row a task, method or floor, and metric, with unit, mean, sd, n, rank and the paper's number.

    The rows of a table's first metric also say what tells them from the best of their task: difference, low, high, p, verdict.

    Parameters
    ----------
    results, filters: as of `records`. against: the method that the others are compared with, instead of the best.

    Raises
    ------
    UserError: as `records`, or no table has the method to compare with.

    >>> frame = table(suite="nyc")
    >>> {"task", "method", "metric", "mean", "sd", "n", "rank", "floor", "missing", "paper"} <= set(frame.columns)
    True
    >>> wide = frame[~frame.floor].pivot_table("mean", ["protocol", "method", "options"], ["task", "metric"])
    """
    return table_of(results, Filter.by_name(**filters), against)


def table_of(results: str | Path | None, chosen: Filter, against: str | None = None) -> DataFrame:
    """The same of a filter."""
    from pandas import DataFrame

    rows = [row for one in make_tables(*open_stores(results), chosen, against) for row in tidy_rows(one)]
    # said, because a column may hold nothing
    return DataFrame(rows, columns=list(COLUMNS)).astype({"n": "Int64", "rank": "Int64", "past_days": "Int64", "version": "Int64",
                                                          "horizon": "Int64", "settled": "boolean", "mean": float, "sd": float,
                                                          "paper": float, "floor": bool, "pairs": "Int64",
                                                          **dict.fromkeys(("difference", "low", "high", "p", "effect"), float)})


def _record_rows(results: str | Path | None, chosen: Filter) -> Iterator[dict[str, Any]]:
    local: set[str] = set()
    for source, record, tasks in chosen_records(*open_stores(results), chosen):
        if source == "local":
            local.add(record.spec.id)
        elif record.spec.id in local:
            continue
        spec = record.spec
        shared = {**setting_of(spec), "scenario": spec.scenario, "method": spec.method, "options": changed_options(record),
                  "seed": spec.seed, "source": source, "id": spec.id}
        for task in tasks:
            for metric, value in _values(record, task, chosen):
                unit = unit_of(metric, record.city["tasks"][task]["unit"])
                yield {**shared, "task": task, "metric": metric, "unit": unit, "value": printed(value, metric)}


def _values(record: Record, task: str, chosen: Filter) -> Iterator[tuple[str, float]]:
    """The metrics that were asked for, else those of the protocol, as far as they could be computed."""
    family = find_family(record.spec.family)
    found = task_values(record, task, chosen.horizon)
    metrics = chosen.metrics or family.metrics_of(task, family.protocol(record.spec.protocol))
    for metric in shown_metrics(metrics, chosen.horizon):
        if (value := found.get(metric)) is not None:
            yield metric, value
