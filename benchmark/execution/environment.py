"""What a record says about where it was measured; no host name, no path."""

from __future__ import annotations

import os
import platform
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import torch

import benchmark
from benchmark.store.records import checkout


def environment(device: torch.device) -> dict[str, Any]:
    """Versions, device, threads."""
    facts = {
        "stbench": benchmark.__version__, "python": platform.python_version(), "torch": torch.__version__,
        "system": f"{platform.system()} {platform.machine()}", "cores": os.cpu_count(), "threads": torch.get_num_threads(),
        "device": device.type,
    }
    if device.type == "cuda":
        facts["device_name"] = torch.cuda.get_device_name(device)
        facts["cuda"] = torch.version.cuda
    return facts


@cache
def processor_name() -> str:
    """The model, as the system calls it. A record says it, since bits are promised for equal ones; an unfinished run goes on elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


@cache
def code_state() -> dict[str, Any]:
    """commit: the hash of the checkout that this package runs from; dirty: whether a file differs from it. None where there is no checkout,
    or no git to ask. Asked once a process. Not of the machine: an unfinished run goes on after a commit."""
    root = checkout()
    if root is None or not (root / ".git").exists():  # a copy within another repository is not of its commits
        return {"commit": None, "dirty": None}
    try:
        return {"commit": _git(root, "rev-parse", "HEAD").strip(), "dirty": bool(_git(root, "status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return {"commit": None, "dirty": None}


def _git(root: Path, *command: str) -> str:
    """What git says of this repository, whatever the environment says of another one; it writes nothing."""
    outside = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    done = subprocess.run(["git", "-C", str(root), *command], capture_output=True, encoding="utf-8", errors="replace", check=True,
                          timeout=30, env={**outside, "GIT_OPTIONAL_LOCKS": "0"})
    return done.stdout


def peak_memory_mb(device: torch.device) -> dict[str, float]:
    """Largest resident size of this process so far, and on CUDA the largest allocation since the last reset."""
    peak = {}
    status = Path("/proc/self/status")
    if status.is_file():  # not getrusage, whose maximum a child inherits from the process that started it
        kilobytes = next(line.split()[1] for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM"))
        peak["process_peak_mb"] = round(int(kilobytes) / 1024, 1)
    if device.type == "cuda":
        peak["device_peak_mb"] = round(torch.cuda.max_memory_allocated(device) / 2**20, 1)
    return peak
