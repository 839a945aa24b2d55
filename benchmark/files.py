"""Where files go and how they are written: to a temporary name, then renamed."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from benchmark.errors import UserError
from benchmark.owners import remove, sweep, temporary_beside


def home() -> Path:
    """The cache folder: ``STBENCH_HOME``, else the platform's user cache."""
    if chosen := os.environ.get("STBENCH_HOME"):
        return named_folder(chosen, "STBENCH_HOME")
    return _users("XDG_CACHE_HOME", ".cache", "Library/Caches") / "stbench"


def data_home() -> Path:
    """Where a user's own files go, which no cleaner of caches may touch: below ``STBENCH_HOME``, else the platform's user data folder."""
    if os.environ.get("STBENCH_HOME"):
        return home()
    return _users("XDG_DATA_HOME", ".local/share", "Library/Application Support") / "stbench"


def _users(variable: str, on_linux: str, on_mac: str) -> Path:
    """One of the folders that a platform has for its user."""
    name = {"win32": "LOCALAPPDATA", "darwin": ""}.get(sys.platform, variable)
    if name and (chosen := os.environ.get(name)):
        return Path(chosen)
    try:
        users = Path.home()
    except RuntimeError:
        raise UserError("Your user has no home folder, where cities and results are kept; set HOME, or STBENCH_HOME to a folder.") from None
    return users if sys.platform == "win32" else users / (on_mac if sys.platform == "darwin" else on_linux)


def named_folder(text: str | Path, whose: str) -> Path:
    """The absolute path of a folder that a user names; `whose`: an option or a variable, to begin a sentence.

    Raises
    ------
    UserError: it cannot be a path: there is no such user, links lead in a circle, or a character is not allowed.
    """
    try:
        return Path(text).expanduser().resolve()
    except (RuntimeError, ValueError, OSError) as error:
        raise UserError(f"{whose} is {str(text)!a}, which is no folder ({str(error).rstrip('.')}). Name another.") from None


class DiskError(UserError):
    """A file or folder of our own cannot be read or written: a fault of the machine, not of a method."""


FULL, FORBIDDEN = (errno.ENOSPC, errno.EDQUOT), (errno.EACCES, errno.EPERM, errno.EROFS)
ELSEWHERE = "Choose another folder (STBENCH_HOME, --results)."


def disk_error(error: OSError, target: Path, done: str = "written") -> DiskError:
    """The sentence for what the system answered; `target`: what was to be read or written, where the answer names nothing."""
    # numpy reports a short write as "N requested and M written", without an errno
    if error.errno in FULL or (error.errno is None and "requested and" in str(error)):
        return DiskError(f"The disk is full: {target} could not be written. Free some space and run again.")
    if error.errno in FORBIDDEN:
        return DiskError(f"No permission to {'write' if done == 'written' else 'read'} {target}. {ELSEWHERE}")
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return DiskError(f"{target}: a part of this path is a file. {ELSEWHERE}")
    what = {
        errno.ENOENT: "it was removed meanwhile. Run again.",
        errno.EFBIG: "it is longer than the disk or a limit allows (see `ulimit -f`). Raise the limit, or choose another folder.",
        errno.ENAMETOOLONG: "its name is too long. Choose a shorter one.",
        errno.ELOOP: "a link on this path leads to itself. Remove it, or choose another folder.",
    }.get(error.errno or 0, f"{error.strerror or error}.")
    return DiskError(f"{target} could not be {done}: {what}")


@contextmanager
def disk_errors(target: Path, done: str = "written") -> Iterator[None]:
    """Turn whatever the system answers into one sentence."""
    try:
        yield
    except OSError as error:
        raise disk_error(error, target, done) from error


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write `content` so that `path` holds either the old file or the whole new one."""
    with atomic_file(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that becomes `path` when the block has ended well. What killed writers left beside it is swept."""
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path.parent)
        temporary = temporary_beside(path)
        try:
            with temporary.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            # whatever the umask: a cache or a store may be shared
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            remove(temporary)
            raise


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
