"""`stbench ablate`: what each part of a method is worth."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.parse import names, seed_list
from benchmark.cli.saying import Saying


def ablate(
    method: Annotated[str, typer.Argument(help="A method that declares ablations (see stbench show METHOD).")],
    suite: Annotated[str | None, typer.Option(help="Default: the suite of the paper's ablations.")] = None,
    seeds: Annotated[str, typer.Option(help="A number of seeds (5: 0 to 4) or a list (0,3,7; one seed: 3,).")] = "2",
    task: Annotated[str | None, typer.Option(help="Only these tasks, e.g. taxi_pick,taxi_drop.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="An option of every variant: key=value. Repeatable.")] = None,
    preset: Annotated[str | None, typer.Option(help="smoke, quick, medium or full; default quick on CPU, full on CUDA.")] = None,
    protocol: Annotated[str, typer.Option(help="The rules of measuring.")] = "strict",
    data: Annotated[str | None, typer.Option(help="Edition: sim, own, …; default a real one before sim.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, mps.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default one a core on CPU.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    results: Annotated[Path | None, typer.Option(help="Folder of the records.")] = None,
    format: Annotated[str, typer.Option(help="rich, markdown, latex, csv or html.")] = "rich",
    json: Annotated[bool, typer.Option("--json", help="The same as data.")] = False,
) -> None:
    """Measure the full method and each of its ablations, and print the change. Finished runs are skipped.

    Example: stbench ablate cmust --suite chicago --seeds 2
    """
    with Saying() as saying:
        from benchmark.cli.progress import Bars, finish, state
        from benchmark.execution.plan import Request
        from benchmark.experiments.ablation import default_suite, run_ablation
        from benchmark.options import parse_assignments
        from benchmark.report.ablation_sheet import ablation_sheet
        from benchmark.report.render import check_format, render
        from benchmark.store.campaigns import label
        from benchmark.store.records import Store, local_root

        format = "json" if json else format
        check_format(format)
        request = Request((method,), suite or default_suite(method), seed_list(seeds), names(task), parse_assignments(set_ or []),
                          preset, protocol, data, device)
        store, given = Store(local_root(results)), {"suite": suite, "preset": preset, "data": data, "device": device}
        # what is not the table goes to stderr where a file or a program reads the table
        with (contextlib.redirect_stdout(sys.stdout if format == "rich" else sys.stderr),
              Bars(store, [name for name, value in given.items() if value is None], saying) as bars):
            done = run_ablation(request, store, workers=workers, dry_run=dry_run, watcher=bars)
            for variant, jobs in done.ablation.variants.items() if dry_run else ():
                for job in jobs:
                    typer.echo(f"  {state(job, bars.todo)}  {variant}: {label(job.spec, {})}")
        if done.result is not None:
            text = render(ablation_sheet(done.table), format)
            typer.echo(text, nl=not text.endswith("\n"))
            finish(done.result, store)
