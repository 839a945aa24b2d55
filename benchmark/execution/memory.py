"""Whether the runs of a plan fit into memory, before the first one starts: what the system would kill is refused with the number."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmark import lazy
from benchmark.contract import Measurer
from benchmark.errors import UserError
from benchmark.execution.jobs import Job, Plan
from benchmark.families import find_family

MEMORY = Path("/proc/meminfo")
# of a container: what it may have, what it has, and what of that is of files that the system gives back when asked
LIMIT, HELD, PARTS = (Path("/sys/fs/cgroup") / name for name in ("memory.max", "memory.current", "memory.stat"))
CACHED = ("active_file", "inactive_file")


def check_memory(plan: Plan, todo: Sequence[Job], workers: int) -> None:
    """Compare what the runs need, so many of them at once, with what is free; on a CPU, where the system says it.

    Raises
    ------
    UserError: the largest run, or so many at once, will not fit.
    """
    free = free_bytes()
    if plan.device != "cpu" or free is None:
        return
    cards = {setting.cities.refs: setting.cities.cards for setting in plan.settings}
    needs: list[tuple[float, Job]] = []
    for job in todo:
        known, measurer = cards.get(job.cities, ()), lazy.load(find_family(job.spec.family).measurer)
        assert isinstance(measurer, Measurer)
        if len(known) == len(job.cities) and (need := measurer.expected_bytes(job.spec, known)) is not None:
            needs.append((need, job))
    needs = sorted(needs, key=lambda pair: -pair[0])[:workers]
    together = sum(need for need, _ in needs)
    if together <= free:
        return
    need, job = needs[0]
    spec, batch = job.spec, job.spec.options.get("batch_size", 1)
    smaller = [f"a smaller batch (--set batch_size={batch // 2})"] if batch > 1 else []
    if need > free:
        raise UserError(f"{spec.method} on {spec.suite} ({', '.join(spec.tasks)}) needs about {_gb(need)} of memory, and {_gb(free)} are "
                        f"free; nothing was started. Take {' or '.join([*smaller, 'a city of fewer nodes'])}, or free memory.")
    raise UserError(f"{len(needs)} runs at once need about {_gb(together)} of memory ({spec.method} on {spec.suite} alone {_gb(need)}), "
                    f"and {_gb(free)} are free; nothing was started. Take fewer at once: --workers {max(int(free // need), 1)}.")


def free_bytes() -> float | None:
    """What this process may still take; None: the system does not say it."""
    try:
        free = next(1024 * int(line.split()[1]) for line in MEMORY.read_text(encoding="utf-8").splitlines()
                    if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return None
    try:
        parts = dict(line.split() for line in PARTS.read_text(encoding="utf-8").splitlines())
        held = int(HELD.read_text(encoding="utf-8")) - sum(int(parts.get(name, 0)) for name in CACHED)
        return min(free, int(LIMIT.read_text(encoding="utf-8")) - held)
    except (OSError, ValueError):  # no container, or "max"
        return free


def _gb(size: float) -> str:
    return f"{size / 1e9:,.1f} GB"
