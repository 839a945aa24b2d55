"""Hardware and versions, as far as they bear on time; no host name, no path. What differs in them is never ranked together."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch

from benchmark.execution.engines.processes import default_workers
from benchmark.execution.environment import environment, processor_name

DRIVER = Path("/proc/driver/nvidia/version")


def machine(device: torch.device) -> dict[str, Any]:
    """The block of a timing. Threads are those that a fit has: one on CPU, as `prepare` sets."""
    facts = environment(device)
    cuda = {}
    if device.type == "cuda":
        about = torch.cuda.get_device_properties(device)
        cuda = {"device_memory_gb": round(about.total_memory / 1e9), "driver": driver_version()}
    return {**facts, **cuda, "cores": default_workers("cpu"), "threads": 1 if device.type == "cpu" else facts["threads"],
            "processor": processor_name(), "memory_gb": memory_gb()}


def memory_gb() -> int | None:
    """Of the whole machine."""
    total = next((line.split()[1] for line in _lines(Path("/proc/meminfo")) if line.startswith("MemTotal")), None)
    return None if total is None else round(int(total) * 1024 / 1e9)


def driver_version() -> str | None:
    """Of NVIDIA's kernel module."""
    found = re.search(r"Kernel Module.*?\s(\d+(?:\.\d+)+)", " ".join(_lines(DRIVER)))
    return found[1] if found else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
