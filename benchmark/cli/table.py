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
    task: Annotated[str | None, typer.Option(help="Only these tasks, e.g. taxi_pick; road_label means that of each city.")] = None,
    metric: Annotated[str | None, typer.Option(help="These columns, e.g. mae,mae_nonzero.")] = None,
    data: Annotated[str | None, typer.Option(help="Only this edition.")] = None,
    preset: Annotated[str | None, typer.Option(help="Only this preset.")] = None,
    protocol: Annotated[str | None, typer.Option(help="Only this protocol.")] = None,
    scenario: Annotated[str | None, typer.Option(help="Only this scenario (see stbench list scenarios).")] = None,
    horizon: Annotated[int | None, typer.Option(min=1, help="This step of the horizon alone (forecasting); default all.")] = None,
    format: Annotated[str, typer.Option(help="rich, markdown, latex, csv or html.")] = "rich",
    json: Annotated[bool, typer.Option("--json", help="The same as data.")] = False,
    results: Annotated[Path | None, typer.Option(help="Folder of the records.")] = None,
) -> None:
    """Print tables: mean ± sd over seeds, best bold, second underlined, the paper's number beside, floors dim above.

    Example: stbench table --suite nyc --format markdown
    """
    from benchmark.errors import unknown
    from benchmark.families import FAMILIES
    from benchmark.report.table import Filter
    from benchmark.spec import find_preset

    for one in names(preset) or ():
        find_preset(one)
    # a name of any family will do
    for what, asked, families in (("protocol", protocol, [one.protocols for one in FAMILIES.values()]),
                                 ("scenario", scenario, [one.scenarios for one in FAMILIES.values()])):
        known = {name for one in families for name in one}
        for name in names(asked) or ():
            if name not in known:
                raise unknown(what, name, known)
    print_tables(Filter(names(suite), names(data), names(preset), names(protocol), names(task), names(method), names(metric),
                        names(scenario), horizon=horizon),
                 "json" if json else format, results)


def print_tables(chosen: Filter, format: str, results: Path | None) -> None:
    """Tables of both stores, in one of the formats."""
    from benchmark.report.render import render
    from benchmark.report.table import make_tables
    from benchmark.store.records import Store, local_root, published_root

    published = published_root()
    text = render(make_tables(Store(local_root(results)), Store(published) if published else None, chosen), format)
    typer.echo(text, nl=not text.endswith("\n"))
