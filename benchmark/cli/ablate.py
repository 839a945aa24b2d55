"""`stbench ablate`: what each part of a method is worth."""

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
from benchmark.cli.streams import put, say


def ablate(
    method: Annotated[str, typer.Argument(help="A method that declares ablations (see stbench show METHOD).")],
    suite: Annotated[str | None, typer.Option(help="Default: the suite of the paper's ablations.")] = None,
    seeds: Seeds = "2",
    task: Annotated[str | None, typer.Option(help="Only these tasks, e.g. taxi_pick,taxi_drop.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="An option of every variant: key=value. Repeatable.")] = None,
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
    """Measure the full method and each of its ablations, and print the change. Finished runs are skipped.

    Example: stbench ablate cmust --suite chicago --seeds 2
    """
    with Saying() as saying:
        from benchmark.cli.progress import Bars, finish, state
        from benchmark.execution.engines.choosing import pick_engine
        from benchmark.execution.plan import Request
        from benchmark.experiments.variants import default_suite, run_ablation
        from benchmark.options import parse_assignments
        from benchmark.report.ablation_sheet import ablation_sheet
        from benchmark.report.render import check_format, render
        from benchmark.store.campaigns import label
        from benchmark.store.records import Store, local_root

        format = "json" if json else format
        check_format(format)
        chosen = pick_engine(engine, device, workers, address=address, cpus=cpus, gpus=gpus, shared=shared_store)
        request = Request((method,), default_suite(method) if suite is None else suite, seed_list(seeds), names(task, "--task"),
                          parse_assignments(set_ or []), preset, protocol, data, device,
                          elsewhere=chosen is not None and chosen.elsewhere)
        store, given = Store(local_root(results)), {"suite": suite, "preset": preset, "data": data, "device": device}
        # what is not the table goes to stderr where a file or a program reads the table
        with (contextlib.redirect_stdout(sys.stdout if format == "rich" else sys.stderr),
              Bars(store, [name for name, value in given.items() if value is None], saying) as bars):
            done = run_ablation(request, store, workers=workers, engine=chosen, dry_run=dry_run, watcher=bars)
            for variant, jobs in done.varied[0].variants.items() if dry_run else ():
                for job in jobs:
                    say(f"  {state(job, bars.todo)}  {variant}: {label(job.spec, {})}")
        if done.result is not None:
            put(render(ablation_sheet(done.tables[0]), format))
            finish(done.result, store)
