"""Jobs in packs: what takes a moment shares a task, so that giving out work costs little beside it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from benchmark.execution.jobs import Job
from benchmark.spec import Record
from benchmark.store.costs import kind_of, seconds_by_kind
from benchmark.store.records import Store

# seconds of a pack, and its jobs, at most; a single job may take longer
SECONDS, MOST = 2.0, 25


class Packs:
    """The jobs that are left, in their order. A job whose cost nobody knows goes alone."""

    def __init__(self, jobs: Sequence[Job], stores: Sequence[Store]) -> None:
        self.left = deque(jobs)
        self._took = seconds_by_kind([job.spec for job in jobs], stores)

    def learn(self, record: Record) -> None:
        """What a run cost tells of the others of its kind, where nothing did before."""
        if "total_s" in record.timings:
            self._took.setdefault(kind_of(record.spec), record.timings["total_s"])

    def take(self, slots: int) -> list[Job]:
        """The next pack: no more than a fair share of what is left for so many that do them at once."""
        share = min(MOST, -(-len(self.left) // slots))
        pack, seconds = [self.left.popleft()], 0.0
        while self.left and len(pack) < share:
            costs = [self._took.get(kind_of(job.spec)) for job in (pack[-1], self.left[0])]
            if costs[0] is None or costs[1] is None or (seconds := seconds + costs[0]) + costs[1] > SECONDS:
                break
            pack.append(self.left.popleft())
        return pack
