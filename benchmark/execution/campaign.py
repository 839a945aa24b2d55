"""A campaign: the runs of a plan that are not done yet, over local processes; each is claimed, kept at every epoch, saved at its end."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import torch

from benchmark.checkpoints import Checkpoints
from benchmark.contract import Progress
from benchmark.errors import UserError
from benchmark.execution.environment import environment, keep_large_blocks
from benchmark.execution.plan import Plan
from benchmark.execution.run import execute
from benchmark.files import disk_errors
from benchmark.spec import Record, RunSpec
from benchmark.store.campaigns import announce
from benchmark.store.claims import claim, running
from benchmark.store.records import Store

# times that a campaign goes on after a worker process died
RESCUES = 2


class Watcher:
    """Hears of a campaign; the command line shows it as progress bars. By default silent."""

    def started(self, runs: int) -> None:
        """Called once, with the number of runs to do."""

    def epoch(self, spec: RunSpec, progress: Progress) -> None:
        """Called after an epoch of a run."""

    def finished(self, record: Record) -> None:
        """Called when a run's record is on disk."""


@dataclass(frozen=True)
class Result:
    """What a campaign did."""

    done: int
    skipped: int
    failed: tuple[Record, ...]
    # runs that another process is doing
    elsewhere: tuple[RunSpec, ...] = ()


@dataclass(frozen=True)
class _Job:
    """One run, and all that a worker needs for it."""

    spec: RunSpec
    folders: tuple[Path, ...]
    device: str
    notes: dict[str, Any]
    store: Path
    force: bool


@dataclass
class _Board:
    """What has become of the jobs."""

    watcher: Watcher
    records: dict[str, Record] = field(default_factory=dict)
    elsewhere: dict[str, RunSpec] = field(default_factory=dict)

    def keep(self, job: _Job, record: Record | None) -> None:
        if record is None:
            self.elsewhere[job.spec.id] = job.spec
            return
        self.elsewhere.pop(job.spec.id, None)
        self.records[job.spec.id] = record
        self.watcher.finished(record)


def run_plan(plan: Plan, store: Store, *, workers: int | None = None, force: bool = False, watcher: Watcher | None = None) -> Result:
    """Do the runs of a plan that the store lacks; with `force`, all of them.

    A run that another process holds is passed over, and tried once more at the end.

    Parameters
    ----------
    workers: processes; default one a core on CPU (one thread each), one a GPU on CUDA, else one. 1 runs in this process.

    Raises
    ------
    UserError: worker processes died again and again, or the disk or the memory is full; everything that was finished is kept.
    """
    todo = [_Job(spec, plan.folders, plan.device, dict(plan.notes[spec.id]), store.root, force)
            for spec in plan.runs if force or not store.has(spec)]
    announce(store, plan.headline(), {spec: plan.notes[spec.id] for spec in plan.runs})
    board = _Board(watcher or Watcher())
    board.watcher.started(len(todo))
    workers = max(1, min(workers or default_workers(plan.device), len(todo)))
    try:
        with disk_errors(store.root):
            for _ in range(2):
                left = [job for job in todo if job.spec.id not in board.records]
                if workers == 1:
                    _here(left, board)
                else:
                    _in_processes(left, workers, board)
    except MemoryError:
        raise UserError("The memory is full. Finished runs are kept; run the same command again with --workers 1.") from None
    failed = tuple(record for record in board.records.values() if record.status != "done")
    return Result(len(board.records) - len(failed), len(plan.runs) - len(todo), failed, tuple(board.elsewhere.values()))


def default_workers(device: str) -> int:
    """One a core on CPU, one a visible GPU on CUDA, else one."""
    if device == "cpu":
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(len(visible_gpus(device)), 1)


def visible_gpus(device: str) -> list[str]:
    """What CUDA_VISIBLE_DEVICES may say for one worker each; a device with a number is that one alone."""
    if not device.startswith("cuda"):
        return []
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    gpus = [part.strip() for part in named.split(",")] if named else [str(k) for k in range(torch.cuda.device_count())]
    _, _, number = device.partition(":")
    return [gpus[int(number)]] if number else gpus


def _do(job: _Job, progress: Callable[[Progress], None] = lambda progress: None) -> Record | None:
    """Claim a run, do it, write its record. None: another process has it."""
    store = Store(job.store)
    with claim(store, job.spec) as mine:
        if mine is None:
            return None
        if store.has(job.spec) and not job.force:  # done elsewhere meanwhile
            return store.read(job.spec)
        store.sweep(job.spec)
        origin = json.dumps(environment(torch.device(job.device)), sort_keys=True)
        checkpoints = Checkpoints(store.checkpoint_folder(job.spec), origin)
        if job.force:
            checkpoints.clear()

        def tell(step: Progress) -> None:
            mine.progress = asdict(step)
            progress(step)

        outcome = execute(job.spec, job.folders, job.device, job.notes, tell, checkpoints)
        if not mine.held():  # this process slept so long that another took the run over
            return None
        store.write(outcome.record, outcome.history, outcome.per_node)
        checkpoints.clear()
        return outcome.record


def _here(jobs: list[_Job], board: _Board) -> None:
    if jobs:
        _prepare(jobs[0].device)
    for job in jobs:
        spec = job.spec
        board.keep(job, _do(job, lambda progress, spec=spec: board.watcher.epoch(spec, progress)))  # type: ignore[misc]


def _in_processes(jobs: list[_Job], workers: int, board: _Board) -> None:
    """A pool of workers; after the death of one, a new pool for what is left."""
    for rescue in range(RESCUES + 1):
        left = [job for job in jobs if job.spec.id not in board.records]
        try:
            _pool(left, workers, board)
            return
        except BrokenProcessPool:
            if rescue == RESCUES:
                raise UserError("Worker processes died again and again (killed, or out of memory). Finished runs are kept, and the others "
                                "go on at their last epoch: run the same command again, with --workers 1 if memory is short.") from None


def _pool(jobs: list[_Job], workers: int, board: _Board) -> None:
    if not jobs:
        return
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    gpus = visible_gpus(jobs[0].device)
    over = threading.Event()
    listener = threading.Thread(target=_listen, args=(jobs, board, over), daemon=True)
    listener.start()
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker,
                               initargs=(jobs[0].device, gpus, context.Value("i", 0)))
    try:
        futures = {pool.submit(_do, job): job for job in jobs}
        for future in as_completed(futures):
            board.keep(futures[future], future.result())
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        over.set()
        pool.shutdown(wait=False, cancel_futures=True)
        listener.join()


def _listen(jobs: list[_Job], board: _Board, over: threading.Event) -> None:
    """Read from the claims how far the workers are."""
    shown: dict[str, Any] = {}
    while not over.wait(0.5):
        for job in [job for job in jobs if job.spec.id not in board.records]:
            owner = running(Store(job.store).path(job.spec))
            if owner and owner.progress and shown.get(job.spec.id) != owner.progress:
                shown[job.spec.id] = owner.progress
                board.watcher.epoch(job.spec, Progress(**owner.progress))


def _start_worker(device: str, gpus: list[str], counter: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if gpus:  # before anything of CUDA is touched
        with counter.get_lock():
            os.environ["CUDA_VISIBLE_DEVICES"] = gpus[counter.value % len(gpus)]
            counter.value += 1
    _prepare(device)


def _end_with_parent() -> None:
    """A worker whose parent was killed stops at once; what it had done lies in its checkpoint."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _prepare(device: str) -> None:
    if device == "cpu":
        torch.set_num_threads(1)
        keep_large_blocks()
