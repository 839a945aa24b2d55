"""A campaign: the jobs of a plan that are not done yet, given to an engine; each is claimed, kept at every epoch, saved at its end."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from benchmark.errors import UserError
from benchmark.execution.engines import Board, Engine, Watcher
from benchmark.execution.engines.here import Here
from benchmark.execution.engines.processes import Processes, default_workers
from benchmark.execution.jobs import Job, Plan
from benchmark.execution.memory import check_memory
from benchmark.execution.work import Work
from benchmark.files import disk_errors
from benchmark.spec import Record, RunSpec
from benchmark.store.campaigns import announce, label
from benchmark.store.claims import tidy
from benchmark.store.kept import is_kept
from benchmark.store.records import Store

logger = logging.getLogger("stbench")


@dataclass(frozen=True)
class Result:
    """What a campaign did."""

    done: int
    skipped: int
    failed: tuple[Record, ...]
    # runs that another process is doing
    elsewhere: tuple[RunSpec, ...] = ()


def to_do(plan: Plan, store: Store, *, force: bool = False, keep: bool = False) -> list[Job]:
    """The jobs of a plan that `run_plan` would do; those whose city is not there yet are among them."""
    work = Work(store.root, plan.device, force, keep)
    return [job for job in plan if not job.known or work.lacks(job.spec)]


def run_plan(plan: Plan, store: Store, *, workers: int | None = None, force: bool = False, keep: bool = False,
             watcher: Watcher | None = None, engine: Engine | None = None) -> Result:
    """Do the runs of a plan that the store lacks; with `force`, all of them; with `keep`, also those whose fitted method is not kept.

    A run that another process holds is passed over, and tried once more at the end.

    Parameters
    ----------
    workers: processes; default one a core on CPU (one thread each), one a GPU on CUDA, else one. 1 runs in this process.
    engine: what does the jobs; default this process, or local processes where there are several workers.

    Raises
    ------
    UserError: worker processes died again and again, or the disk or the memory is full; everything that was finished is kept.
    """
    board, todo = Board(watcher or Watcher()), to_do(plan, store, force=force, keep=keep)
    board.watcher.planned(plan, todo)
    announce(store, plan.headline(), {job.spec: job.notes for job in plan})
    left = {job.spec.id for job in todo}
    for job in plan:
        if job.spec.id not in left:
            tidy(store, job.spec)
    board.watcher.started([job.spec for job in todo])
    workers = max(1, min(workers or default_workers(plan.device), len(todo)))
    if engine is None or not engine.elsewhere:
        check_memory(plan, todo, workers)
    engine = engine or (Here() if workers == 1 else Processes(workers))
    try:
        with disk_errors(store.root):
            for _ in range(2):
                board.elsewhere.clear()
                if jobs := board.left(todo):
                    engine.run(jobs, Work(store.root, plan.device, force, keep), board)
    except MemoryError:
        raise UserError("The memory is full. Finished runs are kept; run the same command again with --workers 1.") from None
    for job in todo if keep else ():
        record = board.records.get(job.spec.id)
        if record and record.status == "done" and record.metrics and not is_kept(store, job.spec):
            logger.warning("%s was fitted again and gives other metrics than its record, so that its state was not kept; the record is "
                           "probably of another machine or version. Add --force to measure it here.", label(job.spec, job.notes))
    failed = tuple(record for record in board.records.values() if record.status != "done")
    return Result(len(board.records) - len(failed), len(plan.jobs) - len(todo), failed, tuple(board.elsewhere.values()))
