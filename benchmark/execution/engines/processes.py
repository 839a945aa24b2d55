"""Jobs in processes on this machine, one a core or one a GPU. Progress is read from the claims: there is no queue between processes."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for
from typing import Any

import torch

from benchmark.contract import Progress
from benchmark.errors import UserError
from benchmark.execution.engines import Board, Engine
from benchmark.execution.faults import INFRASTRUCTURE
from benchmark.execution.jobs import Job
from benchmark.execution.work import Work
from benchmark.fitting import prepare
from benchmark.spec import Record
from benchmark.store.claims import running
from benchmark.store.records import Store

logger = logging.getLogger("stbench")


class Processes(Engine):
    """A pool of spawned workers; after the death of one, a new pool for what is left."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def run(self, jobs: Sequence[Job], work: Work, board: Board) -> None:
        while left := [job for job in board.left(jobs) if job.spec.id not in board.elsewhere]:
            try:
                self._pool(left, work, board)
                return
            except BrokenProcessPool:
                # nobody knows whose job it was: the oldest one bears it
                if not board.again(left[0]):
                    raise UserError("Worker processes died again and again (killed, or out of memory). Finished runs are kept, and the "
                                    "others go on at their last epoch: run the same command again, with --workers 1 if memory is "
                                    "short.") from None

    def _pool(self, jobs: Sequence[Job], work: Work, board: Board) -> None:
        context = multiprocessing.get_context("spawn")
        others = set(multiprocessing.active_children())
        over = threading.Event()
        listener = threading.Thread(target=_listen, args=(jobs, work, board, over), daemon=True)
        listener.start()
        workers = min(self.workers, len(jobs))
        logger.info("starting %d workers …", workers)
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=start_worker,
                                   initargs=(work.device, visible_gpus(work.device), context.Value("i", 0)))
        try:
            _work_off({pool.submit(work.do, job): job for job in jobs}, pool, work, board)
        except BaseException:
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
            raise
        finally:
            over.set()
            pool.shutdown(wait=False, cancel_futures=True)
            listener.join()


def _work_off(futures: dict[Future[Record | None], Job], pool: ProcessPoolExecutor, work: Work, board: Board) -> None:
    """Keep what becomes of the jobs; one that met a fault of the machine is tried again at once."""
    while futures:
        done, _ = wait(futures, return_when=FIRST_COMPLETED)
        for future in done:
            job = futures.pop(future)
            try:
                record = future.result()
            except BrokenProcessPool:
                raise
            except INFRASTRUCTURE:
                if not board.again(job):
                    raise
                futures[pool.submit(work.do, job)] = job
            else:
                board.keep(job, record)


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


def _listen(jobs: Sequence[Job], work: Work, board: Board, over: threading.Event) -> None:
    """Read from the claims how far the workers are."""
    shown: dict[str, Any] = {}
    while not over.wait(0.5):
        for job in board.left(jobs):
            owner = running(Store(work.store).path(job.spec))
            if owner and owner.progress and shown.get(job.spec.id) != owner.progress:
                shown[job.spec.id] = owner.progress
                board.epoch(job, Progress(**owner.progress))


def start_worker(device: str, gpus: list[str], counter: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends its workers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if gpus:  # before anything of CUDA is touched
        with counter.get_lock():
            os.environ["CUDA_VISIBLE_DEVICES"] = gpus[counter.value % len(gpus)]
            counter.value += 1
    prepare(device)


def _end_with_parent() -> None:
    """A worker whose parent was killed stops at once; what it had done lies in its checkpoint."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait_for([parent.sentinel])
    os._exit(1)
