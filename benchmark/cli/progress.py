"""What a campaign shows on the terminal: the plan, one bar for the runs, one a running fit, and the failures."""

from __future__ import annotations

import signal
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from benchmark.cli.saying import Saying
from benchmark.cli.streams import put, say
from benchmark.contract import Progress as Epoch
from benchmark.execution.campaign import Result
from benchmark.execution.engines import Watcher
from benchmark.execution.jobs import Job, Plan
from benchmark.report.pace import Pace
from benchmark.report.status import duration, stage_in_words
from benchmark.report.visible import visible, visible_lines
from benchmark.spec import Record, RunSpec
from benchmark.store.campaigns import label
from benchmark.store.records import Store, published_root


class Left(ProgressColumn):
    """How long the whole campaign still takes, beside its bar."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        pace = task.fields.get("pace")
        seconds = pace.left() if pace else None
        return Text("" if seconds is None else f"about {duration(seconds)} left")


class Bars(Watcher):
    """The plan, then progress bars; on anything but a terminal, one plain line a finished run.

    Ctrl-C, or a scheduler's SIGTERM, inside the block ends it cleanly, says how to go on, and exits with 130.

    Parameters
    ----------
    resolved: what the user left open. saying: what is said before the bars. every: list every run of the plan.
    """

    def __init__(self, store: Store, resolved: Sequence[str], saying: Saying, *, every: bool = False) -> None:
        self.store, self.resolved, self.saying, self.every = store, resolved, saying, every
        # ids of the runs that are to be done
        self.todo: Collection[str] = ()
        self.console = Console(highlight=False)
        self.notes: dict[str, Mapping[str, Any]] = {}
        self.bars = Progress(TextColumn("{task.description}", markup=False), BarColumn(bar_width=20),
                             TextColumn("{task.fields[count]}"), TimeElapsedColumn(), Left(), console=self.console, transient=True,
                             disable=not self.console.is_terminal)
        self.fits: dict[str, Any] = {}
        self.total: Any = None
        self.pace: Pace
        # runs that are over, and all
        self.count, self.runs = 0, 0

    def __enter__(self) -> Bars:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.bars.stop()
        if kind is KeyboardInterrupt:
            put("Interrupted. Finished runs are kept, the others go on at their last epoch: type the same command again.", err=True)
            raise typer.Exit(130) from None

    def planned(self, plan: Plan, todo: Sequence[Job]) -> None:
        """The headline, what was resolved, and how many runs are done; with `every`, a line a run."""
        self.saying.stop()
        self.notes = {job.spec.id: job.notes for job in plan}
        # a line stays a line where a file or a program reads it
        headline = plan.headline() + (f" (resolved: {', '.join(self.resolved)})" if self.resolved else "")
        self.console.print(Text(visible_lines(headline)), soft_wrap=not self.console.is_terminal)
        self.todo = {job.spec.id for job in todo}
        self.console.print(f"{len(plan.jobs)} runs: {len(plan.jobs) - len(todo)} done, {len(todo)} to do", soft_wrap=True)
        for job in plan if self.every else ():
            self._print(f"  {state(job, self.todo)}  {label(job.spec, job.notes)}")

    def started(self, runs: Sequence[RunSpec]) -> None:
        published = published_root()
        self.runs = len(runs)
        self.pace = Pace(runs, [self.store, *([Store(published)] if published else [])])
        self.bars.start()
        self.total = self.bars.add_task("runs", total=1.0, count=f"0/{self.runs}", pace=self.pace)
        self.saying.hand_over(lambda text: self.bars.update(self.total, description=text))

    def epoch(self, spec: RunSpec, progress: Epoch) -> None:
        self.pace.epoch(spec, progress)
        name = visible(f"{label(spec, self.notes[spec.id])} · {stage_in_words(asdict(progress))} · val {progress.validation_loss:.3f}")
        count = f"{progress.epoch}/{progress.epochs}"
        if spec.id not in self.fits:
            self.fits[spec.id] = self.bars.add_task(name, count=count)
        self.bars.update(self.fits[spec.id], description=name, total=progress.epochs, completed=progress.epoch, count=count)
        self._show_total()

    def passed(self, spec: RunSpec) -> None:
        self.pace.passed(spec)
        self._close(spec)

    def finished(self, record: Record) -> None:
        self.count += 1
        self.pace.finished(record)
        self._close(record.spec)
        if not self.console.is_terminal:
            took = f"{record.timings['total_s']:.1f} s" if record.status == "done" else "FAILED"
            self._print(f"[{self.count}/{self.runs}] {label(record.spec, record.notes)}: {took}")

    def _print(self, line: str) -> None:
        self.console.print(Text(visible(line)), soft_wrap=True)

    def _close(self, spec: RunSpec) -> None:
        """Take the bar of a run away."""
        if (bar := self.fits.pop(spec.id, None)) is not None:
            self.bars.remove_task(bar)
        self._show_total()

    def _show_total(self) -> None:
        self.bars.update(self.total, description="runs", completed=self.pace.share(), count=f"{self.count}/{self.runs}")


def state(job: Job, todo: Collection[str]) -> str:
    """Id of a run, and whether it is done; todo: ids of those that are not."""
    if not job.known:
        return "id after simulating  to do"
    return f"{job.spec.id}  {'to do' if job.spec.id in todo else 'done '}"


def finish(result: Result, store: Store) -> None:
    """What did not end well, on stderr; exits with 1 if a run failed."""
    if result.elsewhere:
        put(f"{len(result.elsewhere)} runs are being done by another process; see `stbench status`.", err=True)
    if result.failed:
        _print_failures(result.failed, store)
        raise typer.Exit(1)


def _print_failures(failed: Sequence[Record], store: Store) -> None:
    """One line a failed run; the whole error stands in its record."""
    say(f"{len(failed)} runs failed; their error records lie in {store.root}. Run the same command to try them again.", err=True)
    for record in failed:
        assert record.error is not None
        failure = f"{record.error['kind']}: {record.error['message']}"
        say(f"  {label(record.spec, record.notes)}: {failure}", err=True)
