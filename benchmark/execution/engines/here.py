"""Jobs in this process, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.contract import Progress
from benchmark.execution.engines import Board, Engine
from benchmark.execution.faults import INFRASTRUCTURE
from benchmark.execution.jobs import Job
from benchmark.execution.work import Work
from benchmark.fitting import prepare
from benchmark.spec import Record


class Here(Engine):
    """This process."""

    def run(self, jobs: Sequence[Job], work: Work, board: Board) -> None:
        prepare(work.device)
        for job in jobs:
            board.keep(job, self._tried(job, work, board))

    def _tried(self, job: Job, work: Work, board: Board) -> Record | None:
        def tell(progress: Progress) -> None:
            board.epoch(job, progress)

        while True:
            try:
                return work.do(job, tell)
            except INFRASTRUCTURE:
                if not board.again(job):
                    raise
