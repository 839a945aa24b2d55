"""`stbench table`: the suites' tables from the records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.options import (
    AsJson,
    Editions,
    Format,
    Horizon,
    Methods,
    Metrics,
    Presets,
    Protocols,
    Results,
    Scenarios,
    Strict,
    Suites,
    Tasks,
)
from benchmark.cli.parse import names
from benchmark.cli.streams import put, say

if TYPE_CHECKING:
    from benchmark.report.choice import Filter


def table(
    suite: Suites = None,
    method: Methods = None,
    task: Tasks = None,
    metric: Metrics = None,
    data: Editions = None,
    preset: Presets = None,
    protocol: Protocols = None,
    scenario: Scenarios = None,
    horizon: Horizon = None,
    tuning: Annotated[str | None, typer.Option(help="default: only options that nobody chose by trials; searched: only those that "
                                               "trials chose. Older records do not say it.")] = None,
    variant: Annotated[bool | None, typer.Option("--variants/--no-variants", help="Only rows of changed options, or only the others; "
                                                 "default both.")] = None,
    format: Format = "rich",
    json: AsJson = False,
    results: Results = None,
    strict: Strict = False,
    every: Annotated[bool, typer.Option("--all", help="Write all tables of the published records (or of --results) to files.")] = False,
    out: Annotated[Path | None, typer.Option(help="The folder of --all; other files in it stay.")] = None,
) -> None:
    """Print tables: mean ± sd over seeds, best and second marked, the paper's number beside, floors dim above.

    Example: stbench table --suite nyc --format markdown
    """
    from benchmark.errors import UserError
    from benchmark.report.choice import Filter

    if every != (out is not None):
        raise UserError("--all and --out go together: stbench table --all --out results/tables")
    chosen = Filter(names(suite, "--suite"), names(data, "--data"), names(preset, "--preset"), names(protocol, "--protocol"),
                    names(task, "--task"), names(method, "--method"), names(metric, "--metric"), names(scenario, "--scenario"),
                    horizon=horizon, tuning=tuning, variant=variant)
    if out is not None:
        if chosen != Filter() or json or format != "rich":
            raise UserError("--all writes all tables, in Markdown, CSV and LaTeX; leave filters and formats out.")
        write_tables(out, results, strict=strict)
        return
    print_tables(chosen, "json" if json else format, results, strict=strict)


def print_tables(chosen: Filter, format: str, results: Path | None, *, strict: bool = False) -> None:
    """Tables of both stores, in one of the formats; with `strict`, a broken record is an error once they are printed."""
    from benchmark.report.absent import with_absent
    from benchmark.report.choice import open_stores
    from benchmark.report.render import check_format, render
    from benchmark.report.suite import nothing, suite_sheets
    from benchmark.report.table import make_tables
    from benchmark.store.records import check_none_broken

    check_format(format)
    stores = open_stores(results)
    text = render(suite_sheets(with_absent(make_tables(*stores, chosen), chosen)), format, nothing(chosen))
    put(text)
    if strict:
        check_none_broken(*stores)


def write_tables(out: Path, results: Path | None, *, strict: bool = False) -> None:
    """All tables as files: of the published records, or of a folder of records and these."""
    from benchmark.files import named_folder
    from benchmark.report.all_tables import all_tables, write_all
    from benchmark.report.choice import open_stores
    from benchmark.store.records import check_none_broken

    local, published = open_stores(results)
    stores = (local if results else None, published)
    written, removed = write_all(named_folder(out, "--out"), all_tables(*stores))
    say(f"{len(written)} files written to {out}, {len(removed)} removed.")
    if strict:
        check_none_broken(*stores)
