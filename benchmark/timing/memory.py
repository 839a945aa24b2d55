"""Peaks of memory, where the system counts them. MB are 1e6 bytes."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import torch

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class ResidentGrowth:
    """How far the resident memory of this process rises above what it is now; elsewhere than on Linux nothing is known."""

    def __init__(self) -> None:
        with suppress(OSError):
            RESET.write_text("5", encoding="utf-8")  # the peak so far is forgotten: imports need more than what is left of them
        self._before = _kilobytes("VmRSS")

    def mb(self) -> float | None:
        peak = _kilobytes("VmHWM")
        return None if peak is None or self._before is None else round(max(peak - self._before, 0) * 1024 / 1e6, 1)


class DevicePeak:
    """The most that torch allocates on a CUDA device from now on."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)

    def mb(self) -> float | None:
        return round(torch.cuda.max_memory_allocated(self._device) / 1e6, 1) if self._device.type == "cuda" else None


def _kilobytes(name: str) -> int | None:
    if not STATUS.is_file():
        return None
    return next((int(line.split()[1]) for line in STATUS.read_text(encoding="utf-8").splitlines() if line.startswith(name)), None)
