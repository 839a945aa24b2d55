"""The files of a site → a folder: only what differs is written, and what an earlier build wrote and this one does not is removed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path

from benchmark.errors import UserError
from benchmark.files import disk_errors, write_atomic

# names all files of the site, so that the next build knows which ones are its own
LIST = "files.txt"
# a path that a list may name: below the folder, and nothing hidden
OURS = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")


def write_site(folder: Path, files: Iterable[tuple[str, bytes]]) -> tuple[int, int]:
    """Bring a folder to these files; returns how many there are, and how many were written.

    Raises
    ------
    UserError: the folder holds something else than a site.
    """
    earlier, made = _earlier(folder), dict(files)
    # until all is written and removed it names both builds, so that the next one goes on from wherever this one stops
    _write_list(folder, earlier | made.keys())
    written = [name for name, content in made.items() if not _same(folder / name, content)]
    for name in written:
        write_atomic(folder / name, made[name])
    for name in sorted(earlier - made.keys()):
        with disk_errors(folder / name):
            (folder / name).unlink(missing_ok=True)
    _write_list(folder, made.keys())
    return len(made), len(written)


def _same(path: Path, content: bytes) -> bool:
    with disk_errors(path, "read"):
        return path.is_file() and path.read_bytes() == content


def _write_list(folder: Path, names: Collection[str]) -> None:
    write_atomic(folder / LIST, "".join(f"{name}\n" for name in sorted(names)))


def _earlier(folder: Path) -> set[str]:
    """The files of an earlier build."""
    with disk_errors(folder, "read"):
        if not folder.exists() or not any(folder.iterdir()):
            return set()
        if not (folder / LIST).is_file():
            raise UserError(f"{folder} holds files and no earlier leaderboard (it has no {LIST}). Name a new folder, or an empty one.")
        return {name for name in (folder / LIST).read_text(encoding="utf-8").splitlines() if OURS.fullmatch(name)}
