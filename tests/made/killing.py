"""Processes that kill themselves in the middle of what they write, as a machine that fails would."""

from __future__ import annotations

import functools
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

# what changes a disk, one step each
STEPS = ("mkdir", "rename", "replace", "symlink", "chmod", "fsync", "unlink", "rmdir", "truncate")


def die_at(step: int, aim: str = "") -> None:
    """Have this process kill itself before its `step`-th change of the disk from now on, counted from 0; a file that it was writing then
    stays half written.

    aim: a regular expression; only changes of paths that it is found in count.
    """
    left = [step]

    def deadly(change: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(change)
        def call(*arguments: object, **more: object) -> None:
            if not aim or re.search(aim, " ".join(map(_path, arguments[:2]))):
                left[0] -= 1
                if left[0] < 0:
                    if change is whole["fsync"]:
                        whole["truncate"](arguments[0], os.fstat(arguments[0]).st_size // 2)  # type: ignore[arg-type]
                    os.kill(os.getpid(), signal.SIGKILL)
            return change(*arguments, **more)
        return call

    whole = {name: getattr(os, name) for name in STEPS}
    for name, change in whole.items():
        setattr(os, name, deadly(change))


def _path(argument: object) -> str:
    """What is changed, also where it is an open file."""
    open_file = Path(f"/proc/self/fd/{argument}")
    return os.readlink(open_file) if isinstance(argument, int) and open_file.exists() else str(argument)


def in_child(work: Callable[[], object], step: int | None = None, aim: str = "") -> bool:
    """Do something in a forked child; whether it came to its end, instead of being killed at a step as `die_at` counts them."""
    child = os.fork()
    if child == 0:
        try:
            if step is not None:
                die_at(step, aim)
            work()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL), f"the child failed with {status}"
    return status == 0
