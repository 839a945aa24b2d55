"""Folders that are there wholly or not at all, that are replaced at once, and that are listed with care.

A folder whose content is to be replaced has an entry, one file that every reader opens first. A new folder is one rename. A replacement
is laid into the folder under a name of its own, and then the entry becomes a link into it, again by one rename:

    <folder>/entry, a, b, …                           as it was first made
    <folder>/entry -> content-<8 random>/entry        once it was replaced; what stood there before stays for whoever has it open, until
                                                      the next replacement

So a reader finds the old or the new content, whole, at every moment, and a kill leaves one of them. Writers of one folder wait for each
other at its lock. Links within the folder are relative: it may be moved and copied.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmark.files import DiskError, disk_error, disk_errors
from benchmark.owners import remove, sweep, temporary_beside
from benchmark.plain_json import leave_out

CONTENT, LOCK = "content-", ".lock"
# seconds that earlier content stays at least after it was replaced: who has just begun to read it finds all its files
KEPT = 600.0


@contextmanager
def scratch_folder(beside: Path) -> Iterator[Path]:
    """A hidden folder beside a path, which is gone after the block; those of killed processes are swept."""
    with disk_errors(beside):
        beside.parent.mkdir(parents=True, exist_ok=True)
        sweep(beside.parent)
        temporary = temporary_beside(beside)
        temporary.mkdir()
        try:
            yield temporary
        finally:
            remove(temporary)


@contextmanager
def new_folder(destination: Path, entry: str | None = None) -> Iterator[Path]:
    """A temporary folder that becomes `destination` if the block ends well, and vanishes otherwise.

    Parameters
    ----------
    entry: the file of the folder that is opened first. With it, a folder that is there already is replaced.

    Raises
    ------
    DiskError: it cannot be written; or it is there already, and has no entry. What was there stays.
    """
    with scratch_folder(destination) as temporary:
        yield temporary
        if not destination.exists():
            try:
                os.rename(temporary, destination)
                return
            except OSError:
                if not destination.exists():
                    raise
        if entry is None:
            raise DiskError(f"{destination} is there already; it was left as it is.")
        _replace(temporary, destination, entry)


def content_of(folder: Path, entry: str) -> Path:
    """Where the files of a folder lie now: in itself, or in the folder that its entry leads to."""
    try:
        return (folder / os.readlink(folder / entry)).parent
    except OSError:  # no link, or nothing at all
        return folder


def _replace(new: Path, folder: Path, entry: str) -> None:
    """Make `new` the content of a folder that is there."""
    from filelock import FileLock

    content = folder / f"{CONTENT}{uuid.uuid4().hex[:8]}"
    with FileLock(folder / LOCK):
        _remove_earlier(folder, entry)
        os.rename(new, content)
        link = temporary_beside(folder / entry)
        try:
            os.symlink(f"{content.name}/{entry}", link)
            os.replace(link, folder / entry)
        except BaseException:
            remove(link)
            remove(content)
            raise


def _remove_earlier(folder: Path, entry: str) -> None:
    """Remove what is no content any more; only for the holder of the lock."""
    sweep(folder)
    now = content_of(folder, entry)
    if now == folder:  # never replaced: what lies in folders of content was left by killed writers
        earlier = [path for path in folder.iterdir() if path.name.startswith(CONTENT)]
    elif abs(time.time() - (folder / entry).lstat().st_mtime) > KEPT:
        earlier = [path for path in folder.iterdir() if path.name not in (entry, LOCK, now.name)]
    else:
        earlier = []
    for path in earlier:
        remove(path)


def below(root: Path, depth: int = 1) -> list[Path]:
    """What lies so many folders deep, sorted, hidden names left out; nothing where `root` is not there.

    A folder below `root` that cannot be read, or whose name is no text, is named on stderr and left out.

    Raises
    ------
    DiskError: `root` itself cannot be read.
    """
    with disk_errors(root, "read"):
        found = _listed(root)
    for _ in range(depth - 1):
        inside = []
        for folder in found:
            try:
                inside += _listed(folder)
            except NotADirectoryError:
                continue
            except DiskError as error:
                leave_out(error)
        found = inside
    return found


def _listed(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            found = sorted(folder / entry.name for entry in entries if not entry.name.startswith("."))
    except FileNotFoundError:
        return []
    except NotADirectoryError:
        raise
    except OSError as error:
        raise disk_error(error, folder, "read") from error
    for path in (strange := [path for path in found if not _is_text(path.name)]):
        said = os.fsencode(path).decode(errors="backslashreplace")
        leave_out(DiskError(f"{said} has a name that is not UTF-8 and is left out; rename it."))
    return [path for path in found if path not in strange] if strange else found


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
