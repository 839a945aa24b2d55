"""What runs on a node of a cluster: the jobs of one task, and the ear that hears how far they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from benchmark.contract import Progress
from benchmark.execution.jobs import Job
from benchmark.execution.work import Outcome, Work, execute
from benchmark.fitting import prepare
from benchmark.spec import Record
from benchmark.store.claims import read_claim
from benchmark.store.records import Store
from benchmark.suites.carrying import have

# seconds between two things that a run tells
PAUSE = 0.5


class Ear:
    """An actor beside the driver: workers tell it, the driver asks."""

    def __init__(self) -> None:
        self._news: dict[str, Progress] = {}

    def tell(self, run: str, progress: Progress) -> None:
        self._news[run] = progress

    def heard(self) -> dict[str, Progress]:
        """The last of each run since it was asked before."""
        news, self._news = self._news, {}
        return news


def do_pack(jobs: Sequence[Job], work: Work, shared: bool, cities: Mapping[str, Any], ear: Any) -> list[Outcome | Record | None]:
    """Do some jobs: in the store where all reach it, else for the driver, who holds their claims and writes what comes out.

    cities: fingerprint → where Ray keeps the files of a city.
    """
    import ray

    prepare(work.device)
    for ref in dict.fromkeys(ref for job in jobs for ref in job.cities):
        kept = cities.get(ref.fingerprint)
        have(ref, partial(ray.get, kept) if kept is not None else None)
    done: list[Outcome | Record | None] = []
    for job in jobs:
        tell = _teller(job, ear)
        done.append(_in_store(job, work, tell) if shared else execute(job, work.device, tell, keep=work.keep))
    return done


def _teller(job: Job, ear: Any) -> Callable[[Progress], None]:
    last = 0.0

    def tell(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last > PAUSE:
            last = time.monotonic()
            ear.tell.remote(job.spec.id, progress)

    return tell


def _in_store(job: Job, work: Work, tell: Callable[[Progress], None]) -> Record | None:
    """Do a job in a store that others reach. A claim that never beats is of a lost node: it is waited for, until it counts as dead."""
    path, beats = Store(work.store).path(job.spec).with_suffix(".claim"), set()
    while (record := work.do(job, tell)) is None:
        if found := read_claim(path):
            beats.add(found[1])
        if len(beats) > 1:
            return None
        time.sleep(1)
    return record
