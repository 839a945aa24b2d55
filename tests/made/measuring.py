"""What benchmarks measure with: a fixed number of threads, wall time, resident memory."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from benchmark.fitting import keep_large_blocks

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def threads(count: int) -> Iterator[None]:
    """This many threads, and large temporaries kept, as in a run."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    keep_large_blocks()
    yield
    torch.set_num_threads(before)


def printed_by_a_child(*arguments: object, threads: int, seconds: float | None = None) -> str:
    """What Python prints in a process of its own, which finds the project and the helpers of its tests; it is ended after so long."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=seconds).stdout


def seconds(step: Callable[[], object]) -> float:
    """Wall time of a call."""
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def status_mb(field: str) -> float:
    """VmRSS or VmHWM of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(field))) / 1024
