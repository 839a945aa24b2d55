"""The time once a device has done all that it was asked for, and how long calls take."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import numpy as np
import torch

from benchmark.timing.figures import Latency

# calls that are timed, after some that warm up; a slow method is called less often, but never less than `FEWEST` times
CALLS, WARM_UP, FEWEST = 50, 5, 5
# seconds after which a slow method is not called again
ENOUGH_S = 20.0


@dataclass(frozen=True)
class Clock:
    """Seconds that have passed when the device is idle: a GPU answers before it has computed."""

    synchronise: Callable[[], None]

    @classmethod
    def of(cls, device: torch.device) -> Clock:
        if device.type == "cuda":
            return cls(lambda: torch.cuda.synchronize(device))
        return cls(torch.mps.synchronize if device.type == "mps" else lambda: None)

    def now(self) -> float:
        self.synchronise()
        return time.perf_counter()


def time_calls(call: Callable[[Any], Any], batches: Sequence[Any], clock: Clock) -> Latency:
    """How long calls take, over several batches in turn; each is over when the device is idle."""
    for batch in islice(cycle(batches), WARM_UP):
        call(batch)
    took: list[float] = []
    for batch in islice(cycle(batches), CALLS):
        began = clock.now()
        call(batch)
        took.append(clock.now() - began)
        if sum(took) > ENOUGH_S and len(took) >= FEWEST:
            break
    return latency(took)


def latency(seconds: Sequence[float]) -> Latency:
    """Median, 95th percentile (linear between neighbours) and mean."""
    took = 1000 * np.asarray(seconds, dtype=np.float64)
    median, p95, mean = (round(float(one), 4) for one in (np.median(took), np.percentile(took, 95), took.mean()))
    return Latency(median, p95, mean, len(took))
