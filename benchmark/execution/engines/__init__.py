"""Engines: what does jobs, in any order and anywhere.

In: jobs, how they are done (`Work` in `execution/work.py`), and a board for what becomes of them.
Out: records on disk, and on the board which job has which.

Every engine does a job through `Work.do`, so claims, checkpoints and records are the same everywhere. A fault of the machine (a worker's
death, a disk that fails) is retried at once, `RESCUES` times a job, then raised; a method's fault is a record and never retried. A full
memory is a record too, and ends the campaign when two runs in a row fail of it.

Open first: `here.py`, the shortest: this process, one job after the other. `processes.py` runs workers on this machine, one a core or one
a GPU. `ray.py` gives jobs to a cluster, in packs (`packs.py`); `remote.py` is what runs there. `choosing.py` knows them by name.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from benchmark.contract import Progress
from benchmark.execution.jobs import Job, Plan
from benchmark.execution.work import Work
from benchmark.spec import Record, RunSpec

# times that a job is tried again after a fault of the machine
RESCUES = 2


class Watcher:
    """Hears of a campaign; the command line shows it as progress bars. By default silent."""

    def planned(self, plan: Plan, todo: Sequence[Job]) -> None:
        """Called once, before anything is done, with the jobs that are to be done."""

    def started(self, runs: Sequence[RunSpec]) -> None:
        """Called once, with the runs to do."""

    def epoch(self, spec: RunSpec, progress: Progress) -> None:
        """Called after an epoch of a run, from any thread; never after its end."""

    def passed(self, spec: RunSpec) -> None:
        """Called when another process turns out to have a run."""

    def finished(self, record: Record) -> None:
        """Called when a run's record is on disk."""


@dataclass
class Board:
    """What has become of the jobs."""

    watcher: Watcher
    records: dict[str, Record] = field(default_factory=dict)
    elsewhere: dict[str, RunSpec] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    # whether the run before failed of a full memory; it is its own fault unless the next one fails of it too
    starved: bool = False
    # what is told about a run, one at a time
    lock: threading.RLock = field(default_factory=threading.RLock)

    def keep(self, job: Job, record: Record | None) -> None:
        """A job is over: its record is there, or another process has it.

        Raises
        ------
        MemoryError: it failed of a full memory, and so did the one before.
        """
        with self.lock:
            if record is None:
                self.elsewhere[job.spec.id] = job.spec
                self.watcher.passed(job.spec)
                return
            self.elsewhere.pop(job.spec.id, None)
            self.records[job.spec.id] = record
            self.watcher.finished(record)
            starved, self.starved = self.starved, record.error is not None and record.error["kind"] == MemoryError.__name__
            if starved and self.starved:
                raise MemoryError

    def epoch(self, job: Job, progress: Progress) -> None:
        """An epoch of a job; one that is heard of after the job's end is no news."""
        with self.lock:
            if job.spec.id not in self.records and job.spec.id not in self.elsewhere:
                self.watcher.epoch(job.spec, progress)

    def left(self, jobs: Sequence[Job]) -> list[Job]:
        """The jobs without a record."""
        return [job for job in jobs if job.spec.id not in self.records]

    def again(self, job: Job) -> bool:
        """Count a fault of the machine; whether the job is to be tried again."""
        self.faults[job.spec.id] += 1
        return self.faults[job.spec.id] <= RESCUES


class Engine(ABC):
    """Does jobs, in any order and anywhere."""

    # whether other machines do them, which may have a device that this one lacks
    elsewhere: ClassVar[bool] = False

    @abstractmethod
    def run(self, jobs: Sequence[Job], work: Work, board: Board) -> None:
        """Do the jobs, and tell the board of each.

        Raises
        ------
        MemoryError, OSError, UserError: a fault of the machine that came again after `RESCUES` tries.
        """
