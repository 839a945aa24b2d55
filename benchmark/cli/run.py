"""`stbench run`: train, score and table methods on a suite."""

from __future__ import annotations

from typing import Annotated

import typer

from benchmark.cli.options import Data, Device, DryRun, Isolated, Preset, Protocol, Results, Seeds, Workers
from benchmark.cli.parse import names, seed_list
from benchmark.cli.saying import Saying
from benchmark.cli.streams import say


def run(
    method: Annotated[str, typer.Option(help="One method, a list (stid,gwnet), or all.")],
    suite: Annotated[str, typer.Option(help="nyc, sip, chicago; chengdu, xian, chengdu-xian; or a city you imported.")],
    seeds: Seeds = "1",
    task: Annotated[str | None, typer.Option(help="Only these tasks, e.g. taxi_pick,taxi_drop; road_label: that of each city.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="An option of the method: key=value. Repeatable.")] = None,
    preset: Preset = None,
    protocol: Protocol = "strict",
    scenario: Annotated[str, typer.Option(help="A named change of the suite (see stbench list scenarios).")] = "standard",
    data: Data = None,
    device: Device = None,
    workers: Workers = None,
    force: Annotated[bool, typer.Option("--force", help="Do finished runs again; the old records are kept.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Store the fitted methods too, for predict and embed.")] = False,
    isolated: Isolated = None,
    dry_run: DryRun = False,
    results: Results = None,
) -> None:
    """Train, score and table methods on a suite. Finished runs are skipped.

    Example: stbench run --method cmust --suite nyc --seeds 5
    """
    with Saying() as saying:
        # the line is there before torch is
        from benchmark.cli.progress import Bars, finish
        from benchmark.cli.table import print_tables
        from benchmark.execution.plan import Request
        from benchmark.experiments.running import run_request
        from benchmark.options import parse_assignments
        from benchmark.store.campaigns import label
        from benchmark.store.kept import is_kept
        from benchmark.store.records import Store, local_root

        request = Request(names(method, "--method") or (), suite, seed_list(seeds), names(task, "--task"), parse_assignments(set_ or []),
                          preset, protocol, data, device, scenario, isolated=isolated)
        store = Store(local_root(results))
        resolved = [name for name, given in (("preset", preset), ("data", data), ("device", device)) if given is None]
        with Bars(store, resolved, saying, every=dry_run) as bars:
            done = run_request(request, store, workers=workers, force=force, keep=keep, dry_run=dry_run, watcher=bars)
    if done.result is not None:
        print_tables(done.tables, "rich", results)
        for job in done.plan if keep else ():
            if is_kept(store, job.spec):
                say(f"kept {job.spec.id}  {label(job.spec, job.notes)}")
        finish(done.result, store)
