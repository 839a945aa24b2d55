"""Many cases over a few processes: a process that hangs beyond its alarm, dies or swells is a fault, and the next case gets a new one."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fuzz.case import MEMORY, SECONDS
from fuzz.targets import write_all

TESTS = Path(__file__).resolve().parents[1]


class Worker:
    """One process that runs cases."""

    def __init__(self, fixtures: Path, work: Path, seed: int) -> None:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        self.work, self.index, self.peak = work, 0, 0
        path = os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")])
        self.errors = (work / "stderr").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fuzz.case", str(fixtures), str(work), str(seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.errors, env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"})

    def start(self, index: int) -> None:
        self.index = index
        assert self.process.stdin is not None
        self.process.stdin.write(f"{index}\n".encode())
        self.process.stdin.flush()

    def answer(self, patience: float) -> dict[str, Any]:
        """Of the case that was started; the worker is no good any more if it is a fault of the process."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], patience)
        line = self.process.stdout.readline() if ready else b""
        if line:
            found: dict[str, Any] = json.loads(line)
            self.peak = found["peak"]
            if found["peak"] > MEMORY:
                found = {**found, "outcome": "fault", "kind": "memory", "detail": f"{found['peak']:,} bytes"}
            return found
        said = (self.work / "stderr").read_bytes()[-1500:].decode(errors="replace")
        kind = f"died with {self.process.wait(5)}" if ready else "hang"
        return {"index": self.index, "reader": "?", "file": "?", "outcome": "fault", "kind": kind, "detail": said, "peak": 0}

    @property
    def fit(self) -> bool:
        return self.process.poll() is None and self.peak <= MEMORY

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.errors.close()


def run_cases(indices: Iterable[int], seed: int, folder: Path, workers: int = 1) -> Iterator[dict[str, Any]]:
    """The answers of all cases; the input of a fault is kept in `folder`/faults."""
    fixtures = folder / "fixtures"
    write_all(fixtures)
    waiting = iter(indices)
    pool = [Worker(fixtures, folder / f"work{k}", seed) for k in range(workers)]
    try:
        # a first case waits for the imports as well
        busy: list[tuple[Worker, float]] = []
        for worker in pool:
            if (index := next(waiting, None)) is not None:
                worker.start(index)
                busy.append((worker, 120.0))
        while busy:
            worker, patience = busy.pop(0)
            found, patience = worker.answer(patience), SECONDS + 5.0
            if found["outcome"] == "fault":
                _keep(found, worker.work, folder / "faults")
            yield found
            if (index := next(waiting, None)) is None:
                continue
            if not worker.fit or found.get("kind") == "hang":
                worker.stop()
                fresh = Worker(fixtures, worker.work, seed)
                pool[pool.index(worker)] = fresh
                worker, patience = fresh, 120.0
            worker.start(index)
            busy.append((worker, patience))
    finally:
        for worker in pool:
            worker.stop()


def _keep(found: dict[str, Any], work: Path, faults: Path) -> None:
    """The mangled file and what was said, named by the case."""
    faults.mkdir(parents=True, exist_ok=True)
    name = f"{found['index']}-{str(found['reader']).replace('/', '-').replace(' ', '-')}"
    (faults / f"{name}.txt").write_text(json.dumps(found, indent=1))
    if (work / "last").exists():
        shutil.copyfile(work / "last", faults / f"{name}-{found['file']}")
