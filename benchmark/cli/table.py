"""`stbench table`: the tables of suites and of experiments, from the records."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.options import (
    AsJson,
    Editions,
    Experiments,
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
    Variants,
)
from benchmark.cli.parse import names
from benchmark.cli.streams import put, say
from benchmark.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmark.declared import Experiment
    from benchmark.execution.plan import Request
    from benchmark.report.choice import Filter
    from benchmark.report.sheet import Sheet
    from benchmark.store.records import Store

    Sheets = Callable[[Store, Store | None, Filter], list[Sheet]]


def table(
    experiment: Experiments = None,
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
    variant: Variants = None,
    against: Annotated[str | None, typer.Option(help="The method that others are compared with; default the best of each task.")] = None,
    long: Annotated[bool, typer.Option("--long", help="The steps 3, 6 and 12 of the horizon side by side (forecasting).")] = False,
    ranks: Annotated[bool, typer.Option("--ranks", help="Mean ranks and win rates across tasks instead of tables.")] = False,
    format: Format = "rich",
    json: AsJson = False,
    results: Results = None,
    strict: Strict = False,
    every: Annotated[bool, typer.Option("--all", help="Write all tables of the published records (or of --results) to files.")] = False,
    out: Annotated[Path | None, typer.Option(help="The folder of --all; other files in it stay.")] = None,
) -> None:
    """Print tables: mean ± sd over seeds, best and second marked, the paper's number beside, floors dim above; or those of an experiment.

    Example: stbench table --suite nyc --format markdown
    """
    from benchmark.report.choice import Filter

    if every != (out is not None):
        raise UserError("--all and --out go together: stbench table --all --out results/tables")
    chosen = Filter(names(suite, "--suite"), names(data, "--data"), names(preset, "--preset"), names(protocol, "--protocol"),
                    names(task, "--task"), names(method, "--method"), names(metric, "--metric"), names(scenario, "--scenario"),
                    horizon=horizon, tuning=tuning, variant=variant)
    format = "json" if json else format
    if out is not None:
        if chosen != Filter() or experiment or format != "rich":
            raise UserError("--all writes all tables, in Markdown, CSV and LaTeX; leave experiments, filters and formats out.")
        write_tables(out, results, strict=strict)
    elif experiment is not None:
        from benchmark.declared import find_experiments
        from benchmark.experiments.doing import request_of

        if chosen != Filter(editions=chosen.editions, presets=chosen.presets, protocols=chosen.protocols) or against or long or ranks:
            raise UserError(f"{experiment} says itself what it shows; beside it only --preset, --data and --protocol can be given.")
        found = find_experiments(names(experiment, "EXPERIMENT") or ())
        print_experiments(found, request_of(None, preset, protocol or "strict", data, None), format, results, strict=strict)
    else:
        print_tables(chosen, format, results, strict=strict, sheets=_sheets(against, long, ranks))


def _sheets(against: str | None, long: bool, ranks: bool) -> Sheets:
    """What is made of the records."""
    from benchmark.report.long import long_sheets
    from benchmark.report.ranks import rank_sheets
    from benchmark.report.suite import sheets_of

    given = [option for option, value in (("--against", against), ("--long", long), ("--ranks", ranks)) if value]
    if len(given) > 1:
        raise UserError(f"{' and '.join(given)} show different tables; give one of them.")
    return long_sheets if long else rank_sheets if ranks else partial(sheets_of, against=against)


def print_tables(chosen: Filter, format: str, results: Path | None, *, strict: bool = False, sheets: Sheets | None = None) -> None:
    """What is made of both stores, by default tables, in one of the formats; with `strict`, a broken record is an error afterwards."""
    from benchmark.report.choice import open_stores
    from benchmark.report.render import check_format, render
    from benchmark.report.suite import nothing, sheets_of
    from benchmark.store.records import check_none_broken

    check_format(format)
    stores = open_stores(results)
    text = render((sheets or sheets_of)(*stores, chosen), format, nothing(chosen))
    put(text)
    if strict:
        check_none_broken(*stores)


def print_experiments(experiments: Sequence[Experiment], request: Request, format: str, results: Path | None, *,
                      strict: bool = False) -> None:
    """The tables of experiments, of what is finished in both stores."""
    from benchmark.experiments.doing import experiment_sheets
    from benchmark.report.choice import open_stores
    from benchmark.report.render import check_format, render
    from benchmark.store.records import check_none_broken

    check_format(format)
    put(render([sheet for one in experiments for sheet in experiment_sheets(one, request, results)], format))
    if strict:
        check_none_broken(*open_stores(results))


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
