"""A campaign: the runs of a plan that are not done yet, over local processes; every finished run is saved at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Queue
from typing import Any

from benchmark.contract import Progress
from benchmark.errors import UserError
from benchmark.execution.environment import keep_large_blocks
from benchmark.execution.plan import Plan
from benchmark.execution.run import Outcome, execute
from benchmark.files import disk_errors
from benchmark.spec import Record, RunSpec
from benchmark.store.records import Store


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


def run_plan(plan: Plan, store: Store, *, workers: int | None = None, force: bool = False, watcher: Watcher | None = None) -> Result:
    """Do the runs of a plan that the store lacks; with `force`, all of them.

    Parameters
    ----------
    workers: processes; default one a core on CPU (one thread each), one on an accelerator.
        1 runs in this process.

    Raises
    ------
    UserError: a worker process died, or the disk is full; everything that was finished is kept.
    """
    todo = [spec for spec in plan.runs if force or not store.has(spec)]
    watcher = watcher or Watcher()
    watcher.started(len(todo))
    if workers is None:
        workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        workers = workers if plan.device == "cpu" else 1
    workers = max(1, min(workers, len(todo)))
    failed: list[Record] = []

    def keep(outcome: Outcome) -> None:
        store.write(outcome.record, outcome.history, outcome.per_node)
        if outcome.record.status != "done":
            failed.append(outcome.record)
        watcher.finished(outcome.record)

    each = _here if workers == 1 else _in_processes
    try:
        with disk_errors(store.root):
            each(todo, plan, workers, keep, watcher)
    except MemoryError:
        raise UserError("The memory is full. Finished runs are kept; run the same command again with --workers 1.") from None
    return Result(len(todo) - len(failed), len(plan.runs) - len(todo), tuple(failed))


def _here(todo: list[RunSpec], plan: Plan, workers: int, keep: Callable[[Outcome], None], watcher: Watcher) -> None:
    _prepare(plan.device)
    for spec in todo:
        keep(execute(spec, plan.folder, plan.device, plan.notes[spec.id], partial(watcher.epoch, spec)))


def _in_processes(todo: list[RunSpec], plan: Plan, workers: int, keep: Callable[[Outcome], None], watcher: Watcher) -> None:
    context = multiprocessing.get_context("spawn")
    by_id = {spec.id: spec for spec in todo}
    with context.Manager() as manager:
        channel = manager.Queue()
        listener = threading.Thread(target=_listen, args=(channel, by_id, watcher), daemon=True)
        listener.start()
        others = set(multiprocessing.active_children())
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=(plan.device, channel))
        try:
            futures: dict[Future[Outcome], RunSpec] = {
                pool.submit(_work, spec, plan.folder, plan.device, plan.notes[spec.id]): spec for spec in todo}
            for future in as_completed(futures):
                keep(future.result())
        except BaseException as error:
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
            if not isinstance(error, BrokenProcessPool):
                raise
            raise UserError("A worker process died (killed, or out of memory). Finished runs are kept; "
                            "run the same command again to go on, with --workers 1 if memory is short.") from None
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            channel.put(None)
            listener.join(timeout=5)


def _listen(channel: Queue[Any], by_id: Mapping[str, RunSpec], watcher: Watcher) -> None:
    while (message := channel.get()) is not None:
        run_id, progress = message
        watcher.epoch(by_id[run_id], progress)


_channel: Queue[Any] | None = None


def _start_worker(device: str, channel: Queue[Any]) -> None:
    global _channel
    _channel = channel
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends its workers
    _prepare(device)


def _prepare(device: str) -> None:
    import torch

    if device == "cpu":
        torch.set_num_threads(1)
        keep_large_blocks()


def _work(spec: RunSpec, folder: Path, device: str, notes: Mapping[str, Any]) -> Outcome:
    channel = _channel
    assert channel is not None
    return execute(spec, folder, device, notes, lambda progress: channel.put((spec.id, progress)))
