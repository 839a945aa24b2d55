"""`stbench sweep`: how much a method depends on the values of its options."""

from __future__ import annotations

import contextlib
import sys
from typing import Annotated

import typer

from benchmark.cli.options import (
    Address,
    AsJson,
    Cpus,
    Data,
    Device,
    DryRun,
    EngineName,
    Format,
    Gpus,
    Preset,
    Protocol,
    Results,
    Seeds,
    SharedStore,
    Workers,
)
from benchmark.cli.parse import names, seed_list
from benchmark.cli.saying import Saying
from benchmark.cli.streams import put


def sweep(
    method: Annotated[str, typer.Argument(help="A method; see stbench show METHOD for the sweeps that it declares.")],
    param: Annotated[list[str] | None, typer.Option(
        help="An option and its values: heads=1,2,4. Repeatable; default: the paper's sweeps.")] = None,
    suite: Annotated[str | None, typer.Option(help="Default: the suite of the paper's ablations.")] = None,
    seeds: Seeds = "1",
    task: Annotated[str | None, typer.Option(help="Only these tasks, e.g. taxi_pick,taxi_drop.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="An option of every run: key=value. Repeatable.")] = None,
    preset: Preset = None,
    protocol: Protocol = "strict",
    data: Data = None,
    device: Device = None,
    workers: Workers = None,
    engine: EngineName = None,
    address: Address = None,
    cpus: Cpus = None,
    gpus: Gpus = None,
    shared_store: SharedStore = False,
    dry_run: DryRun = False,
    results: Results = None,
    format: Format = "rich",
    json: AsJson = False,
) -> None:
    """Measure a method with each value of an option, one option after the other, and print the change. Finished runs are skipped.

    Example: stbench sweep cmust --param heads=1,2,4 --suite nyc
    """
    with Saying() as saying:
        from benchmark.cli.progress import Bars, finish
        from benchmark.execution.engines.choosing import pick_engine
        from benchmark.execution.plan import Request
        from benchmark.experiments.variants import default_suite, run_sweeps
        from benchmark.options import parse_assignments
        from benchmark.report.ablation_sheet import ablation_sheet
        from benchmark.report.render import check_format, render
        from benchmark.store.records import Store, local_root

        format = "json" if json else format
        check_format(format)
        chosen = pick_engine(engine, device, workers, address=address, cpus=cpus, gpus=gpus, shared=shared_store)
        request = Request((method,), default_suite(method) if suite is None else suite, seed_list(seeds), names(task, "--task"),
                          parse_assignments(set_ or []), preset, protocol, data, device,
                          elsewhere=chosen is not None and chosen.elsewhere)
        values = {option: names(text, f"--param {option}") or () for option, text in parse_assignments(param or [], "--param").items()}
        store, given = Store(local_root(results)), {"suite": suite, "preset": preset, "data": data, "device": device}
        # what is not the table goes to stderr where a file or a program reads the table
        with (contextlib.redirect_stdout(sys.stdout if format == "rich" else sys.stderr),
              Bars(store, [name for name, value in given.items() if value is None], saying, every=dry_run) as bars):
            done = run_sweeps(request, values, store, workers=workers, engine=chosen, dry_run=dry_run, watcher=bars)
        if done.result is not None:
            put(render([ablation_sheet(table) for table in done.tables], format))
            finish(done.result, store)
