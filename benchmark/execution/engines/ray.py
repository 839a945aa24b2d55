"""Jobs on a Ray cluster. Scheduling, resources, and what is done again after a lost worker or node, are Ray's.

The driver claims the runs that are under way and writes their records, so workers need no disk of the driver's. In a shared store
(`shared`) the workers claim and write, and a run whose node was lost goes on at its last epoch. Ray is imported when jobs are run.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

from benchmark.contract import Progress
from benchmark.errors import UserError, lacks
from benchmark.execution.engines import RESCUES, Board, Engine
from benchmark.execution.engines.packs import Packs
from benchmark.execution.engines.remote import Ear, do_pack
from benchmark.execution.faults import INFRASTRUCTURE
from benchmark.execution.jobs import Job
from benchmark.execution.work import Outcome, Work
from benchmark.spec import Record
from benchmark.store.claims import Claim
from benchmark.store.records import Store, published_root
from benchmark.suites.carrying import files_of

# seconds between two looks at what the workers tell
LOOK = 0.5


@dataclass(frozen=True)
class Ray(Engine):
    """A Ray cluster: that of an address, else one of this machine for the length of the campaign."""

    elsewhere: ClassVar[bool] = True

    # of the head, host:port; None: what RAY_ADDRESS names, else this machine
    address: str | None = None
    # cores that a run takes, and GPUs, which may be a part of one; None: one GPU where the device is one, else none
    cpus: float = 1.0
    gpus: float | None = None
    # whether every node reaches the store under the path that it has here
    shared: bool = False
    # tasks at once at most; None: as many as the cluster has room for
    workers: int | None = None

    def run(self, jobs: Sequence[Job], work: Work, board: Board) -> None:
        with connected(self.address) as ray:
            gpus = self.gpus if self.gpus is not None else float(work.device.startswith("cuda"))
            _Campaign(ray, replace(self, gpus=gpus), jobs, replace(work, store=work.store.resolve()), board).run()


@contextmanager
def connected(address: str | None) -> Iterator[Any]:
    """The library `ray`, connected to a cluster; whoever connected before stays connected.

    Raises
    ------
    UserError: Ray is not installed, or no cluster answers.
    """
    # nothing is reported to anybody
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ModuleNotFoundError:
        raise lacks("The engine ray", "ray", "ray") from None
    if ray.is_initialized():
        yield ray
        return
    # Ray puts a handler of its own, which would end this process without a word
    handler = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address=address, include_dashboard=False, log_to_driver=False, logging_level="warning")
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise UserError(f"No Ray cluster answers at {address or 'this machine'} ({str(error).splitlines()[0]}); start one with "
                        "`ray start --head`, and name the address that it prints.") from None
    try:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)
        yield ray
    finally:
        ray.shutdown()


@dataclass
class _Pack:
    """Jobs of one task, and the claims that are held for them."""

    jobs: list[Job]
    claims: Mapping[str, Claim]
    held: ExitStack


class _Campaign:
    """The tasks that are under way."""

    def __init__(self, ray: Any, engine: Ray, jobs: Sequence[Job], work: Work, board: Board) -> None:
        self.ray, self.engine, self.work, self.board = ray, engine, work, board
        published = published_root()
        self.packs = Packs(jobs, [Store(work.store), *([Store(published)] if published else [])])
        self.task = ray.remote(do_pack).options(num_cpus=engine.cpus, num_gpus=engine.gpus, max_retries=RESCUES,
                                                retry_exceptions=list(INFRASTRUCTURE))
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self.ear = ray.remote(Ear).options(num_cpus=0, scheduling_strategy=here).remote()
        # what no worker can make: one copy here, from which each node takes its own
        unmakeable = {ref.fingerprint: ref for job in jobs for ref in job.cities if ref.recipe is None}
        self.cities = {fingerprint: ray.put(files_of(ref)) for fingerprint, ref in unmakeable.items()}
        self.flying: dict[Any, _Pack] = {}

    def run(self) -> None:
        news = self.ear.heard.remote()
        try:
            while self.packs.left or self.flying:
                self._submit()
                done, _ = self.ray.wait(list(self.flying), timeout=LOOK) if self.flying else ([], [])
                for task in done:
                    self._keep(self.flying.pop(task), self._result(task))
                if self.ray.wait([news], timeout=0)[0]:
                    self._tell(self.ray.get(news))
                    news = self.ear.heard.remote()
        finally:
            for task, pack in self.flying.items():
                self.ray.cancel(task, force=True)
                pack.held.close()
            self.ray.kill(self.ear)

    def _submit(self) -> None:
        """Keep the cluster busy: what runs, and as much again that waits for room."""
        slots = self._slots()
        most = self.engine.workers or 2 * slots
        while self.packs.left and len(self.flying) < most:
            pack = self._claimed(self.packs.take(slots))
            if pack.jobs:
                self.flying[self.task.remote(pack.jobs, self.work, self.engine.shared, self.cities, self.ear)] = pack
            else:
                pack.held.close()

    def _slots(self) -> int:
        """Runs that the cluster has room for; it may lose nodes and get others meanwhile."""
        there, needs = self.ray.cluster_resources(), {"CPU": self.engine.cpus, "GPU": self.engine.gpus}
        return max(1, min((int(there.get(name, 0) / need) for name, need in needs.items() if need), default=1))

    def _claimed(self, jobs: list[Job]) -> _Pack:
        """The jobs that are free, held; the board hears of the others."""
        pack = _Pack([], {}, ExitStack())
        if self.engine.shared:
            return replace(pack, jobs=jobs)
        claims: dict[str, Claim] = {}
        for job in jobs:
            mine = pack.held.enter_context(self.work.taken(job))
            if isinstance(mine, Claim):
                claims[job.spec.id] = mine
            else:
                self.board.keep(job, mine)
        return replace(pack, jobs=[job for job in jobs if job.spec.id in claims], claims=claims)

    def _result(self, task: Any) -> list[Outcome | Record | None]:
        """What came of a task.

        Raises
        ------
        MemoryError, OSError, UserError: a fault of the machine that came again and again.
        """
        try:
            result: list[Outcome | Record | None] = self.ray.get(task)
        except self.ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except self.ray.exceptions.RayError as error:
            raise UserError("Workers of the cluster died again and again (killed, out of memory, or their nodes lost). Finished runs are "
                            f"kept: run the same command again. Ray says: {str(error).splitlines()[0]}") from None
        return result

    def _keep(self, pack: _Pack, outcomes: Sequence[Outcome | Record | None]) -> None:
        with pack.held:
            for job, outcome in zip(pack.jobs, outcomes, strict=True):
                record = self.work.leave(outcome, pack.claims[job.spec.id]) if isinstance(outcome, Outcome) else outcome
                if record:
                    self.packs.learn(record)
                self.board.keep(job, record)

    def _tell(self, news: Mapping[str, Progress]) -> None:
        for pack in self.flying.values():
            for job in pack.jobs:
                if step := news.get(job.spec.id):
                    if mine := pack.claims.get(job.spec.id):
                        mine.progress = asdict(step)
                    self.board.epoch(job, step)
