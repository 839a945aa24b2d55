"""`stbench report`: all that the records say of a suite or an experiment, as one HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.options import Experiments, Results
from benchmark.cli.parse import names
from benchmark.cli.streams import put, say
from benchmark.errors import UserError


def report(
    experiment: Experiments = None,
    suite: Annotated[str | None, typer.Option(help="Of a suite, instead of an experiment.")] = None,
    method: Annotated[str | None, typer.Option(help="Only these methods.")] = None,
    task: Annotated[str | None, typer.Option(help="Only these tasks.")] = None,
    data: Annotated[str | None, typer.Option(help="Only this edition.")] = None,
    preset: Annotated[str | None, typer.Option(help="Only this preset.")] = None,
    protocol: Annotated[str | None, typer.Option(help="Only this protocol.")] = None,
    scenario: Annotated[str | None, typer.Option(help="Only this scenario.")] = None,
    out: Annotated[Path | None, typer.Option(help="The file to write; default the page itself on the terminal.")] = None,
    results: Results = None,
) -> None:
    """Make one HTML page that needs no other file: tables, figures whose data are there, data cards, environments.

    Example: stbench report --suite nyc --out nyc.html
    """
    from benchmark.files import write_atomic
    from benchmark.report.choice import Filter, open_stores
    from benchmark.report.report_parts import suite_report

    chosen = Filter(names(suite, "--suite"), names(data, "--data"), names(preset, "--preset"), names(protocol, "--protocol"),
                    names(task, "--task"), names(method, "--method"), scenarios=names(scenario, "--scenario"))
    if experiment is not None:
        from benchmark.declared import find_experiments
        from benchmark.experiments.doing import experiment_report, request_of

        if chosen != Filter(editions=chosen.editions, presets=chosen.presets, protocols=chosen.protocols):
            raise UserError(f"{experiment} says itself what it shows; beside it only --preset, --data and --protocol can be given.")
        found = find_experiments((experiment,))
        if len(found) > 1:
            raise UserError("A page is of one experiment; name one of `stbench list experiments`.")
        page = experiment_report(found[0], request_of(None, preset, protocol or "strict", data, None), results)
    elif suite is None:
        raise UserError("Name what the page is of: an experiment, or --suite.")
    else:
        page = suite_report(f"stbench: {suite}", *open_stores(results), chosen)
    if out is None:
        put(page)
        return
    write_atomic(out, page)
    say(f"{out} written: {len(page.encode()) / 1e3:,.0f} kB.")
