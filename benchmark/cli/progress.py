"""What a campaign shows on the terminal: the plan, one bar for the runs, one a running fit, and the failures."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from benchmark.contract import Progress as Epoch
from benchmark.execution.campaign import Result
from benchmark.execution.engines import Watcher
from benchmark.execution.jobs import Job, Plan
from benchmark.spec import Record, RunSpec
from benchmark.store.campaigns import label
from benchmark.store.records import Store


def print_plan(plan: Plan, store: Store, resolved: Sequence[str], every: bool) -> None:
    """The headline, what was resolved, and how many runs are done; with `every`, a line a run."""
    console = Console(highlight=False)
    # a line stays a line where a file or a program reads it
    console.print(plan.headline() + (f" (resolved: {', '.join(resolved)})" if resolved else ""), soft_wrap=not console.is_terminal)
    done = sum(job.known and store.has(job.spec) for job in plan)
    console.print(f"{len(plan.jobs)} runs: {done} done, {len(plan.jobs) - done} to do", soft_wrap=True)
    for job in plan if every else ():
        console.print(f"  {state(job, store)}  {label(job.spec, job.notes)}", soft_wrap=True)


def state(job: Job, store: Store) -> str:
    """Id of a run, and whether it is done."""
    if not job.known:
        return "id after simulating  to do"
    return f"{job.spec.id}  {'done ' if store.has(job.spec) else 'to do'}"


class Bars(Watcher):
    """Progress bars; on anything but a terminal, one plain line a finished run."""

    def __init__(self, plan: Plan) -> None:
        self.console = Console(highlight=False)
        self.notes = {job.spec.id: job.notes for job in plan}
        self.bars = Progress(TextColumn("{task.description}"), BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn(),
                             TextColumn("left"), TimeRemainingColumn(), console=self.console, transient=True,
                             disable=not self.console.is_terminal)
        self.fits: dict[str, Any] = {}
        self.total: Any = None
        self.count = 0
        self.runs = 0

    def __enter__(self) -> Bars:
        self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bars.stop()

    def started(self, runs: int) -> None:
        self.runs = runs
        self.total = self.bars.add_task("runs", total=runs)

    def epoch(self, spec: RunSpec, progress: Epoch) -> None:
        name = f"{label(spec, self.notes[spec.id])} · {progress.stage} · val {progress.validation_loss:.3f}"
        if spec.id not in self.fits:
            self.fits[spec.id] = self.bars.add_task(name, total=progress.epochs)
        self.bars.update(self.fits[spec.id], description=name, completed=progress.epoch, total=progress.epochs)

    def finished(self, record: Record) -> None:
        self.count += 1
        if (bar := self.fits.pop(record.spec.id, None)) is not None:
            self.bars.remove_task(bar)
        self.bars.advance(self.total)
        if not self.console.is_terminal:
            took = f"{record.timings['total_s']:.1f} s" if record.status == "done" else "FAILED"
            self.console.print(f"[{self.count}/{self.runs}] {label(record.spec, record.notes)}: {took}", markup=False, soft_wrap=True)


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C, or a scheduler's SIGTERM, ends the block cleanly, says how to go on, and exits with 130."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Interrupted. Finished runs are kept, the others go on at their last epoch: type the same command again.", err=True)
        raise typer.Exit(130) from None


def print_result(result: Result, store: Store) -> None:
    """What did not end well, on stderr; exits with 1 if a run failed."""
    if result.elsewhere:
        typer.echo(f"{len(result.elsewhere)} runs are being done by another process; see `stbench status`.", err=True)
    if result.failed:
        _print_failures(result.failed, store)
        raise typer.Exit(1)


def _print_failures(failed: Sequence[Record], store: Store) -> None:
    """One line a failed run; the whole error stands in its record."""
    console = Console(stderr=True, highlight=False)
    console.print(f"{len(failed)} runs failed; their error records lie in {store.root}. Run the same command to try them again.",
                  soft_wrap=True)
    for record in failed:
        assert record.error is not None
        failure = f"{record.error['kind']}: {record.error['message']}"
        console.print(f"  {label(record.spec, record.notes)}: {failure}", markup=False, soft_wrap=True)
