"""What benchmarks measure with: a fixed number of threads, wall time, resident memory."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from benchmark.fitting import keep_large_blocks


@contextmanager
def threads(count: int) -> Iterator[None]:
    """This many threads, and large temporaries kept, as in a run."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    keep_large_blocks()
    yield
    torch.set_num_threads(before)


def seconds(step: Callable[[], object]) -> float:
    """Wall time of a call."""
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def status_mb(field: str) -> float:
    """VmRSS or VmHWM of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(field))) / 1024
