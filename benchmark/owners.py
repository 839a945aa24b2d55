"""Processes that can be asked whether they still live, and temporary names that say whose they are: a dead one's are litter."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import sys
import time
import uuid
from contextlib import suppress
from functools import cache
from pathlib import Path

# seconds after which a temporary of another machine, whose processes cannot be asked, counts as left behind
FORGOTTEN = 3600.0
# .<of what>.<pid>-<began>-<host>-<8 random>.part
TEMPORARY = re.compile(r"\..+\.([0-9]+)-([0-9]+)-([0-9a-f]{8})-[0-9a-f]{8}\.part")
# letters of a name that its temporary shows
SHOWN = 60


def host() -> str:
    """Name of this machine, and on Linux the process numbering (containers have their own)."""
    try:
        return f"{socket.gethostname()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()


def process_began(pid: int) -> int:
    """Start time of a process in ticks since boot (Linux), which tells it from a later one of its number; 0 where it cannot be told."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return 0


def lives(pid: int, began: int) -> bool:
    """Whether a process of this machine still runs."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return process_began(pid) == began


def can_be_asked() -> bool:
    """Whether this system tells which processes run."""
    return sys.platform != "win32"


def temporary_beside(path: Path) -> Path:
    """A new hidden name beside a path, which says that this process writes it."""
    pid = os.getpid()
    return path.with_name(f".{path.name[:SHOWN]}.{pid}-{process_began(pid)}-{_host_in_short()}-{uuid.uuid4().hex[:8]}.part")


def sweep(folder: Path) -> None:
    """Remove the temporaries in a folder whose writers are dead; a living one's are never touched, nor is anything else."""
    with suppress(OSError):  # nobody's work depends on it
        for entry in [entry for entry in os.scandir(folder) if entry.name.endswith(".part")]:
            if _is_left_behind(entry):
                remove(Path(entry.path))


def remove(path: Path) -> None:
    """Delete a file, a link or a whole folder as far as it can be done, be it gone already."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        path.unlink()


def _is_left_behind(entry: os.DirEntry[str]) -> bool:
    named = TEMPORARY.fullmatch(entry.name)
    if not named:
        return False
    if named[3] == _host_in_short() and can_be_asked():
        return not lives(int(named[1]), int(named[2]))
    return abs(time.time() - entry.stat(follow_symlinks=False).st_mtime) > FORGOTTEN


@cache
def _host_in_short() -> str:
    return hashlib.sha256(host().encode(errors="replace")).hexdigest()[:8]
