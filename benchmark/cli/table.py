"""`stbench table`: the suites' tables from the records."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.options import AsJson, Experiments, Format, Results, Strict
from benchmark.cli.parse import names
from benchmark.cli.streams import put
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
    suite: Annotated[str | None, typer.Option(help="Only these suites.")] = None,
    method: Annotated[str | None, typer.Option(help="Only these methods.")] = None,
    task: Annotated[str | None, typer.Option(help="Only these tasks, e.g. taxi_pick; road_label means that of each city.")] = None,
    metric: Annotated[str | None, typer.Option(help="These columns, e.g. mae,mae_nonzero.")] = None,
    data: Annotated[str | None, typer.Option(help="Only this edition.")] = None,
    preset: Annotated[str | None, typer.Option(help="Only this preset.")] = None,
    protocol: Annotated[str | None, typer.Option(help="Only this protocol.")] = None,
    scenario: Annotated[str | None, typer.Option(help="Only this scenario (see stbench list scenarios).")] = None,
    horizon: Annotated[int | None, typer.Option(min=1, help="This step of the horizon alone (forecasting); default all.")] = None,
    against: Annotated[str | None, typer.Option(help="The method that others are compared with; default the best of each task.")] = None,
    long: Annotated[bool, typer.Option("--long", help="The steps 3, 6 and 12 of the horizon side by side (forecasting).")] = False,
    ranks: Annotated[bool, typer.Option("--ranks", help="Mean ranks and win rates across tasks instead of tables.")] = False,
    format: Format = "rich",
    json: AsJson = False,
    results: Results = None,
    strict: Strict = False,
) -> None:
    """Print tables: mean ± sd over seeds, best and second marked, the paper's number beside, floors dim above; or those of an experiment.

    Example: stbench table --suite nyc --format markdown
    """
    if experiment is not None:
        from benchmark.declared import find_experiments
        from benchmark.experiments.doing import request_of

        whole = {"--suite": suite, "--method": method, "--task": task, "--metric": metric, "--scenario": scenario, "--horizon": horizon}
        for option, given in whole.items():
            if given:
                raise UserError(f"{experiment} says itself what it shows; leave {option} out.")
        request = request_of(None, preset, protocol or "strict", data, None)
        print_experiments(find_experiments(names(experiment, "EXPERIMENT") or ()), request, "json" if json else format, results,
                          strict=strict)
        return
    from benchmark.report.choice import Filter

    chosen = Filter(names(suite, "--suite"), names(data, "--data"), names(preset, "--preset"), names(protocol, "--protocol"),
                    names(task, "--task"), names(method, "--method"), names(metric, "--metric"), names(scenario, "--scenario"),
                    horizon=horizon)
    print_tables(chosen, "json" if json else format, results, strict=strict, sheets=_sheets(against, long, ranks))


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
