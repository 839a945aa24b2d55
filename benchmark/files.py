"""Where files go and how they are written: to a temporary name, then renamed."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.errors import UserError


def home() -> Path:
    """The cache folder: ``STBENCH_HOME``, else the platform's user cache."""
    if chosen := os.environ.get("STBENCH_HOME"):
        return Path(chosen).expanduser().resolve()
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    return base / "stbench"


def data_home() -> Path:
    """Where a user's own files go, which no cleaner of caches may touch: below ``STBENCH_HOME``, else the platform's user data folder."""
    if os.environ.get("STBENCH_HOME"):
        return home()
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        base = Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share"))
    return base / "stbench"


class DiskError(UserError):
    """The disk is full, read-only or in the way: a fault of the machine, not of a method."""


@contextmanager
def disk_errors(target: Path) -> Iterator[None]:
    """Turn a full or read-only disk into one sentence."""
    try:
        yield
    except OSError as error:
        # numpy reports a short write as "N requested and M written", without an errno
        if error.errno in (errno.ENOSPC, errno.EDQUOT) or (error.errno is None and "requested and" in str(error)):
            raise DiskError(f"The disk is full: {target} could not be written. Free some space and run again.") from error
        if error.errno in (errno.EACCES, errno.EROFS):
            raise DiskError(f"No permission to write {target}. Choose another folder (STBENCH_HOME, --results).") from error
        if error.errno in (errno.EEXIST, errno.ENOTDIR):
            raise DiskError(f"{target}: a part of this path is a file. Choose another folder (STBENCH_HOME, --results).") from error
        raise


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write `content` so that `path` holds either the old file or the whole new one."""
    data = content.encode() if isinstance(content, str) else content
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            # mkstemp makes it private; a cache or a store may be shared
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


@contextmanager
def new_folder(destination: Path) -> Iterator[Path]:
    """A temporary folder that becomes `destination` if the block ends well, and vanishes otherwise; then the old one stays."""
    with disk_errors(destination):
        destination.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=destination.parent, prefix=f".{destination.name}."))
        try:
            yield temporary
            _swap(temporary, destination)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def _swap(new: Path, destination: Path) -> None:
    """Rename `new` to `destination`; what stood there is removed last, and put back if the renaming fails."""
    if not destination.exists():
        os.replace(new, destination)
        return
    old = new.with_name(f"{new.name}.old")
    os.replace(destination, old)
    try:
        os.replace(new, destination)
    except BaseException:
        os.replace(old, destination)
        raise
    shutil.rmtree(old, ignore_errors=True)


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
