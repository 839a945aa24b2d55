"""`stbench table`: the suites' tables from the records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.options import AsJson, Format, Results, Strict
from benchmark.cli.parse import names
from benchmark.cli.streams import put

if TYPE_CHECKING:
    from benchmark.report.choice import Filter


def table(
    suite: Annotated[str | None, typer.Option(help="Only these suites.")] = None,
    method: Annotated[str | None, typer.Option(help="Only these methods.")] = None,
    task: Annotated[str | None, typer.Option(help="Only these tasks, e.g. taxi_pick; road_label means that of each city.")] = None,
    metric: Annotated[str | None, typer.Option(help="These columns, e.g. mae,mae_nonzero.")] = None,
    data: Annotated[str | None, typer.Option(help="Only this edition.")] = None,
    preset: Annotated[str | None, typer.Option(help="Only this preset.")] = None,
    protocol: Annotated[str | None, typer.Option(help="Only this protocol.")] = None,
    scenario: Annotated[str | None, typer.Option(help="Only this scenario (see stbench list scenarios).")] = None,
    horizon: Annotated[int | None, typer.Option(min=1, help="This step of the horizon alone (forecasting); default all.")] = None,
    format: Format = "rich",
    json: AsJson = False,
    results: Results = None,
    strict: Strict = False,
) -> None:
    """Print tables: mean ± sd over seeds, best and second marked, the paper's number beside, floors dim above.

    Example: stbench table --suite nyc --format markdown
    """
    from benchmark.report.choice import Filter

    chosen = Filter(names(suite, "--suite"), names(data, "--data"), names(preset, "--preset"), names(protocol, "--protocol"),
                    names(task, "--task"), names(method, "--method"), names(metric, "--metric"), names(scenario, "--scenario"),
                    horizon=horizon)
    print_tables(chosen, "json" if json else format, results, strict=strict)


def print_tables(chosen: Filter, format: str, results: Path | None, *, strict: bool = False) -> None:
    """Tables of both stores, in one of the formats; with `strict`, a broken record is an error once they are printed."""
    from benchmark.report.choice import open_stores
    from benchmark.report.render import check_format, render
    from benchmark.report.suite import nothing, suite_sheets
    from benchmark.report.table import make_tables
    from benchmark.store.records import check_none_broken

    check_format(format)
    stores = open_stores(results)
    text = render(suite_sheets(make_tables(*stores, chosen)), format, nothing(chosen))
    put(text)
    if strict:
        check_none_broken(*stores)
