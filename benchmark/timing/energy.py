"""Joules that a GPU has taken, where NVML counts them (extra `nvml`). They are the whole device's, idle share included."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch

from benchmark.timing.clock import Clock

# the counter moves some ten times a second: what is shorter is not measured
LEAST_S = 2.0


class Energy:
    """Reads the counter of a device; `joules` is None where there is none."""

    def __init__(self, device: torch.device) -> None:
        self._read = _counter(device)

    def joules(self) -> float | None:
        return None if self._read is None else self._read()

    def a_call(self, call: Callable[[Any], Any], batch: Any, clock: Clock) -> float | None:
        """Mean joules of a call, over calls that last `LEAST_S`; nothing is called where nothing counts."""
        before = self.joules()
        if before is None:
            return None
        began, calls = clock.now(), 0
        while clock.now() - began < LEAST_S:
            call(batch)
            calls += 1
        after = self.joules()
        return None if after is None else round((after - before) / calls, 6)


def _counter(device: torch.device) -> Callable[[], float] | None:
    """Joules since the driver was loaded; None: no NVIDIA device, no NVML, or one that does not count."""
    if device.type != "cuda":
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pynvml
    except ImportError:
        return None
    with suppress(pynvml.NVMLError, AttributeError):
        pynvml.nvmlInit()
        # by its name: CUDA numbers only the devices that it may see
        handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(device).uuid}")

        def read() -> float:
            return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1000

        read()
        return read
    return None
