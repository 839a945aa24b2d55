"""`stbench results`: what is done with records as files; the local store and the published one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.parse import names
from benchmark.cli.streams import say

if TYPE_CHECKING:
    from benchmark.report.choice import Filter
    from benchmark.spec import Record

app = typer.Typer(no_args_is_help=True)

Suite = Annotated[str | None, typer.Option(help="Only these suites.")]
Method = Annotated[str | None, typer.Option(help="Only these methods.")]
Preset = Annotated[str | None, typer.Option(help="Only these presets.")]
Data = Annotated[str | None, typer.Option(help="Only these editions.")]
Results = Annotated[Path | None, typer.Option(help="Folder of the local records.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without it, only say what would be done.")]

# editions that are published where none is named: anybody may have them
PUBLIC = "sim,real"


@app.callback()
def group() -> None:
    """Records."""


@app.command()
def promote(
    suite: Suite = None, method: Method = None, preset: Preset = None,
    data: Annotated[str, typer.Option(help="Only these editions; those of your own data only if you name them.")] = PUBLIC,
    yes: Yes = False, results: Results = None,
) -> None:
    """Copy finished runs and timings to results/runs, to be committed and reviewed; no smoke runs, none of a checkout with changes.

    Example: stbench results promote --suite nyc --yes
    """
    from benchmark.errors import UserError
    from benchmark.store.managing import plan_promotion
    from benchmark.store.managing import promote as copy
    from benchmark.store.records import Store, checkout, local_root
    from benchmark.timing.files import publishable, timing_path, write_timing

    root = checkout()
    if root is None:
        raise UserError("There is no checkout to publish to; clone the project and run stbench there.")
    target, takes = Store(root / "results" / "runs"), _filter(suite, method, preset, data).takes
    plan = plan_promotion(Store(local_root(results)), target, takes)
    timings = publishable(local_root(results), target.root, takes)
    for record in plan.ready:
        say(f"  {target.path(record.spec).relative_to(target.root)}  {_words(record)}")
    for record, reason in plan.refused:
        say(f"  refused: {record.spec.id}  {_words(record)}: {reason}.")
    for timing in timings:
        say(f"  {timing_path(Path(), timing.spec, timing.id)}  timing of {timing.spec.method} on {timing.machine['device']}")
    say(f"{len(plan.ready) + len(timings)} to publish, {len(plan.refused)} refused, {plan.there} published already.")
    if yes:
        written = [*copy(plan, target), *(write_timing(target.root, timing) for timing in timings)]
        say(f"{len(written)} records published.")
    elif plan.ready or timings:
        say("Nothing was written; add --yes to publish them.")


@app.command()
def rm(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Runs by their ids.")] = None,
    suite: Suite = None, method: Method = None, preset: Preset = None, data: Data = None, yes: Yes = False, results: Results = None,
) -> None:
    """Remove runs from the local store: their records, failed attempts, checkpoints and whatever else lies beside them.

    Example: stbench results rm --method stid --preset smoke --yes
    """
    from benchmark.errors import UserError
    from benchmark.store.managing import find_runs, remove
    from benchmark.store.records import Store, checkout, local_root

    given, root, store = any((suite, method, preset, data)), checkout(), Store(local_root(results))
    if not ids and not given:
        raise UserError("Say which runs to remove: ids, or a filter such as --method stid --preset smoke.")
    if root and store.root.is_relative_to(root / "results" / "runs"):
        raise UserError(f"{store.root} holds published records; remove them with git, in a commit of their own.")
    found = find_runs(store, ids or (), _filter(suite, method, preset, data).takes if given else None)
    for run in found:
        say(f"  {run.id}  {_words(run.record) if run.record else 'no whole record'}  ({len(run.paths)} files)")
    if yes:
        remove(found)
        say(f"{len(found)} runs removed.")
    else:
        say(f"{len(found)} runs would be removed; add --yes." if found else "No run is taken by these filters.")


@app.command()
def export(
    to: Annotated[Path, typer.Argument(metavar="FILE.zip|FOLDER", help="A new file that ends in .zip, or a new folder.")],
    suite: Suite = None, method: Method = None, preset: Preset = None, data: Data = None, results: Results = None,
) -> None:
    """Write local records, each checked, into a zip file or a folder; nothing but their JSON.

    Example: stbench results export nyc.zip --suite nyc
    """
    from benchmark.store.managing import export as write
    from benchmark.store.records import Store, local_root

    written = write(Store(local_root(results)), to, _filter(suite, method, preset, data).takes)
    say(f"{len(written)} records written to {to}.")


@app.command()
def merge(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Folders of records, of other machines or checkouts.")],
    yes: Yes = False, results: Results = None,
) -> None:
    """Bring finished runs of other folders into the local store, each checked; of one run with other numbers the one that is here stays.

    Example: stbench results merge /media/stick/local ../other/results/local --yes
    """
    from benchmark.store.merging import machine, plan_merge
    from benchmark.store.merging import merge as copy
    from benchmark.store.records import Store, local_root

    target = Store(local_root(results))
    plan = plan_merge(folders, target)
    for _, record in plan.new:
        say(f"  {record.spec.id}  {_words(record)}")
    for stands, other in plan.conflicts:
        say(f"  conflict: {other.spec.id}  {_words(other)}: other numbers on {machine(other)} than on {machine(stands)}, which stays.")
    say(f"{len(plan.new)} to merge, {plan.there} there already, {len(plan.conflicts)} in conflict.")
    if yes:
        say(f"{len(copy(plan.new, target))} records merged.")
    elif plan.new:
        say("Nothing was written; add --yes to merge them.")
    if plan.conflicts:
        raise typer.Exit(1)


def _filter(suite: str | None, method: str | None, preset: str | None, data: str | None) -> Filter:
    from benchmark.report.choice import Filter

    chosen = Filter(names(suite, "--suite"), names(data, "--data"), names(preset, "--preset"), methods=names(method, "--method"))
    chosen.check()
    return chosen


def _words(record: Record) -> str:
    """A run in one line."""
    from benchmark.store.campaigns import label

    spec = record.spec
    return f"{label(spec, record.notes)} · {spec.suite} · data {spec.edition} · preset {spec.preset}"
