"""`stbench table`: the suites' tables from the records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.parse import names

if TYPE_CHECKING:
    from benchmark.report.table import Filter


def table(
    suite: Annotated[str | None, typer.Option(help="Only these suites.")] = None,
    method: Annotated[str | None, typer.Option(help="Only these methods.")] = None,
    task: Annotated[str | None, typer.Option(help="Only these tasks.")] = None,
    metric: Annotated[str | None, typer.Option(help="These columns, e.g. mae,mae_nonzero.")] = None,
    data: Annotated[str | None, typer.Option(help="Only this edition.")] = None,
    preset: Annotated[str | None, typer.Option(help="Only this preset.")] = None,
    protocol: Annotated[str | None, typer.Option(help="Only this protocol.")] = None,
    horizon: Annotated[int | None, typer.Option(min=1, help="This step of the horizon alone; default all.")] = None,
    format: Annotated[str, typer.Option(help="rich, markdown, latex, csv or html.")] = "rich",
    json: Annotated[bool, typer.Option("--json", help="The same as data.")] = False,
    results: Annotated[Path | None, typer.Option(help="Folder of the records.")] = None,
) -> None:
    """Print tables: mean ± sd over seeds, best bold, second underlined, the paper's number beside.

    Example: stbench table --suite nyc --format markdown
    """
    from benchmark.report.table import Filter
    from benchmark.spec import find_preset, find_protocol

    for one in names(preset) or ():
        find_preset(one)
    for one in names(protocol) or ():
        find_protocol(one)
    print_tables(Filter(names(suite), names(data), names(preset), names(protocol), names(task), names(method), names(metric),
                        horizon=horizon),
                 "json" if json else format, results)


def print_tables(chosen: Filter, format: str, results: Path | None) -> None:
    """Tables of both stores, in one of the formats."""
    from benchmark.report.render import render
    from benchmark.report.table import make_tables
    from benchmark.store.records import Store, local_root, published_root

    published = published_root()
    text = render(make_tables(Store(local_root(results)), Store(published) if published else None, chosen), format)
    typer.echo(text, nl=not text.endswith("\n"))
