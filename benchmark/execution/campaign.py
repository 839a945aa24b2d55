"""A campaign: the jobs of a plan that are not done yet, given to an engine; each is claimed, kept at every epoch, saved at its end."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.errors import UserError
from benchmark.execution.engines import Board, Engine, Watcher
from benchmark.execution.engines.here import Here
from benchmark.execution.engines.processes import Processes, default_workers
from benchmark.execution.jobs import Plan
from benchmark.execution.work import Work
from benchmark.files import disk_errors
from benchmark.spec import Record, RunSpec
from benchmark.store.campaigns import announce
from benchmark.store.records import Store


@dataclass(frozen=True)
class Result:
    """What a campaign did."""

    done: int
    skipped: int
    failed: tuple[Record, ...]
    # runs that another process is doing
    elsewhere: tuple[RunSpec, ...] = ()


def run_plan(plan: Plan, store: Store, *, workers: int | None = None, force: bool = False, watcher: Watcher | None = None,
             engine: Engine | None = None) -> Result:
    """Do the runs of a plan that the store lacks; with `force`, all of them.

    A run that another process holds is passed over, and tried once more at the end.

    Parameters
    ----------
    workers: processes; default one a core on CPU (one thread each), one a GPU on CUDA, else one. 1 runs in this process.
    engine: what does the jobs; default this process, or local processes where there are several workers.

    Raises
    ------
    UserError: worker processes died again and again, or the disk or the memory is full; everything that was finished is kept.
    """
    todo = [job for job in plan if force or not store.has(job.spec)]
    announce(store, plan.headline(), {job.spec: job.notes for job in plan})
    board = Board(watcher or Watcher())
    board.watcher.started([job.spec for job in todo])
    workers = max(1, min(workers or default_workers(plan.device), len(todo)))
    engine = engine or (Here() if workers == 1 else Processes(workers))
    work = Work(store.root, plan.device, force)
    try:
        with disk_errors(store.root):
            for _ in range(2):
                board.elsewhere.clear()
                if left := board.left(todo):
                    engine.run(left, work, board)
    except MemoryError:
        raise UserError("The memory is full. Finished runs are kept; run the same command again with --workers 1.") from None
    failed = tuple(record for record in board.records.values() if record.status != "done")
    return Result(len(board.records) - len(failed), len(plan.jobs) - len(todo), failed, tuple(board.elsewhere.values()))
