"""`stbench rescore`: numbers made again without training, with other averages or of fewer targets."""

from __future__ import annotations

from typing import Annotated

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
    Suites,
    Tasks,
)
from benchmark.cli.parse import names
from benchmark.cli.streams import put


def rescore(
    runs: Annotated[list[str] | None, typer.Argument(metavar="[RUN]...", help="Runs made with --keep, whose predictions are read; without "
                                                     "any, the sums of the records are.")] = None,
    metric: Metrics = None,
    task: Tasks = None,
    horizon: Horizon = None,
    days: Annotated[str | None, typer.Option(help="weekdays, weekend, or the first and the last day: 2016-03-14:2016-03-20.")] = None,
    hours: Annotated[str | None, typer.Option(help="Local hours, from the first to before the second: 7-9,16-19.")] = None,
    at_least: Annotated[float | None, typer.Option(help="Only targets of at least so much; of runs alone.")] = None,
    nodes: Annotated[str | None, typer.Option(help="Only these nodes, by id; of runs alone.")] = None,
    suite: Suites = None,
    method: Methods = None,
    data: Editions = None,
    preset: Presets = None,
    protocol: Protocols = None,
    scenario: Scenarios = None,
    format: Format = "rich",
    json: AsJson = False,
    results: Results = None,
) -> None:
    """Make tables again of other metrics, days, hours, nodes or targets, without training; nothing is written.

    Example: stbench rescore --suite nyc --metric mae,mae_nonzero --days weekend
    """
    from benchmark.errors import UserError
    from benchmark.report.choice import Filter, open_stores
    from benchmark.report.render import check_format, render
    from benchmark.report.rescore import rescore_kept, rescore_records
    from benchmark.report.selection import Selection
    from benchmark.report.suite import nothing

    format = "json" if json else format
    check_format(format)
    selection = Selection(days, hours, at_least, names(nodes, "--nodes"))
    chosen = Filter(names(suite, "--suite"), names(data, "--data"), names(preset, "--preset"), names(protocol, "--protocol"),
                    names(task, "--task"), names(method, "--method"), names(metric, "--metric"), names(scenario, "--scenario"),
                    horizon=horizon)
    chosen.check()
    stores = open_stores(results)
    if runs and any((suite, method, data, preset, protocol, scenario)):
        raise UserError("A run says its suite, method, edition, preset, protocol and scenario itself; leave these filters out.")
    sheets = rescore_kept(stores[0], runs, chosen, selection) if runs else rescore_records(*stores, chosen, selection)
    put(render(sheets, format, nothing(chosen)))
