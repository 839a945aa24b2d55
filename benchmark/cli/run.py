"""`stbench run`: train, score and table methods on a suite."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from benchmark.cli.options import (
    Address,
    Cpus,
    Data,
    Device,
    DryRun,
    EngineName,
    Gpus,
    Isolated,
    Preset,
    Protocol,
    Results,
    SharedStore,
    Workers,
)
from benchmark.cli.parse import names, seed_list
from benchmark.cli.saying import Saying
from benchmark.cli.streams import say
from benchmark.errors import UserError


def run(
    method: Annotated[str | None, typer.Option(help="One method, a list (stid,gwnet), or all; or a class of a file (my.py:Mine).")] = None,
    suite: Annotated[str | None, typer.Option(help="nyc, sip, chicago; chengdu, xian, chengdu-xian; or a city you imported.")] = None,
    experiment: Annotated[str | None, typer.Option(help="Instead of both: a table or figure of a paper (cmust/table1), or all.")] = None,
    seeds: Annotated[str | None, typer.Option(help="A number of seeds (5: 0 to 4) or a list (0,3,7; one seed: 3,); default 1, of an "
                                              "experiment what its paper takes.")] = None,
    task: Annotated[str | None, typer.Option(help="Only these tasks, e.g. taxi_pick,taxi_drop; road_label: that of each city.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="An option of the method: key=value. Repeatable.")] = None,
    preset: Preset = None,
    protocol: Protocol = "strict",
    scenario: Annotated[str, typer.Option(help="A named change of the suite (see stbench list scenarios).")] = "standard",
    data: Data = None,
    device: Device = None,
    workers: Workers = None,
    engine: EngineName = None,
    address: Address = None,
    cpus: Cpus = None,
    gpus: Gpus = None,
    shared_store: SharedStore = False,
    force: Annotated[bool, typer.Option("--force", help="Do finished runs again; the old records are kept.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Store the fitted methods too, for predict and embed.")] = False,
    isolated: Isolated = None,
    dry_run: DryRun = False,
    results: Results = None,
) -> None:
    """Train, score and table methods on a suite, or do all runs of an experiment. Finished runs are skipped.

    Example: stbench run --method cmust --suite nyc --seeds 5
    """
    cluster: dict[str, Any] = {"address": address, "cpus": cpus, "gpus": gpus, "shared": shared_store}
    if experiment is not None:
        whole = {"--method": method, "--suite": suite, "--task": task, "--set": set_, "--keep": keep, "--isolated": isolated}
        _run_experiments(experiment, whole, seeds, preset, protocol, data, device, workers, engine, cluster, force, dry_run, results)
        return
    if method is None or suite is None:
        raise UserError("Name what is run: --method and --suite, or --experiment; stbench list methods, suites or experiments shows them.")
    with Saying() as saying:
        # the line is there before torch is
        from benchmark.cli.progress import Bars, finish
        from benchmark.cli.table import print_tables
        from benchmark.execution.engines.choosing import pick_engine
        from benchmark.execution.plan import Request
        from benchmark.experiments.running import run_request
        from benchmark.options import parse_assignments
        from benchmark.store.campaigns import label
        from benchmark.store.kept import is_kept
        from benchmark.store.records import Store, local_root

        chosen = pick_engine(engine, device, workers, **cluster)
        request = Request(names(method, "--method") or (), suite, seed_list("1" if seeds is None else seeds), names(task, "--task"),
                          parse_assignments(set_ or []), preset, protocol, data, device, scenario, isolated=isolated,
                          elsewhere=chosen is not None and chosen.elsewhere)
        store = Store(local_root(results))
        resolved = [name for name, given in (("preset", preset), ("data", data), ("device", device)) if given is None]
        with Bars(store, resolved, saying, every=dry_run) as bars:
            done = run_request(request, store, workers=workers, engine=chosen, force=force, keep=keep, dry_run=dry_run, watcher=bars)
    if done.result is not None:
        print_tables(done.tables, "rich", results)
        for job in done.plan if keep else ():
            if is_kept(store, job.spec):
                say(f"kept {job.spec.id}  {label(job.spec, job.notes)}")
        finish(done.result, store)


def _run_experiments(names_: str, whole: dict[str, Any], seeds: str | None, preset: str | None, protocol: str, data: str | None,
                     device: str | None, workers: int | None, engine: str | None, cluster: dict[str, Any], force: bool, dry_run: bool,
                     results: Path | None) -> None:
    """All runs of experiments, then their tables. whole: options that an experiment says itself."""
    for option, given in whole.items():
        if given:
            raise UserError(f"--experiment says itself what is run; leave {option} out.")
    with Saying() as saying:
        from benchmark.cli.progress import Bars, finish
        from benchmark.cli.table import print_experiments
        from benchmark.declared import find_experiments
        from benchmark.execution.engines.choosing import pick_engine
        from benchmark.experiments.doing import request_of, run_experiments
        from benchmark.store.records import Store, local_root

        found = find_experiments(names(names_, "--experiment") or ())
        chosen = pick_engine(engine, device, workers, **cluster)
        request = request_of(None if seeds is None else seed_list(seeds), preset, protocol, data, device,
                             chosen is not None and chosen.elsewhere)
        store = Store(local_root(results))
        resolved = [name for name, given in (("preset", preset), ("data", data), ("device", device)) if given is None]
        with Bars(store, resolved, saying, every=dry_run) as bars:
            done = run_experiments(found, request, results, workers=workers, engine=chosen, force=force, dry_run=dry_run, watcher=bars)
    if not dry_run:
        print_experiments(found, request, "rich", results)
    for result in done:
        finish(result, store)
