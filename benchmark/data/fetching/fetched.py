"""What a folder of downloads knows of its files: which were wanted, where each came from, and its SHA-256."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmark.errors import UserError
from benchmark.files import disk_errors, home, write_atomic
from benchmark.shapes import each, fields_of, or_none, read_shaped, text, whole

FETCHED, LOCK, WRONG = "fetched.json", ".fetch.lock", ".wrong"
CHECK = fields_of({"files": each(or_none(fields_of({"url": text, "bytes": whole, "sha256": text})))})


@dataclass(frozen=True)
class Known:
    """A file as it came."""

    # where from; empty: it was there already
    url: str
    bytes: int
    sha256: str


def downloads_home(source: str) -> Path:
    """Where the files of a source are fetched to, and built from, unless others are named."""
    return home() / "downloads" / source


def read_fetched(folder: Path) -> dict[str, Known | None]:
    """File → what is known of it; None: it is wanted and has not come yet."""
    try:
        found = read_shaped(folder / FETCHED, CHECK, "Remove it and fetch again; files that are there stay.")
    except FileNotFoundError:
        return {}
    return {name: known and Known(**known) for name, known in found["files"].items()}


def write_fetched(folder: Path, files: dict[str, Known | None]) -> None:
    said = {name: known and asdict(known) for name, known in sorted(files.items())}
    write_atomic(folder / FETCHED, json.dumps({"files": said}, indent=2) + "\n")


def want(folder: Path, names: Iterable[str]) -> None:
    """Note which files are being fetched; those that were wanted before and never came are forgotten."""
    came = {name: known for name, known in read_fetched(folder).items() if known}
    write_fetched(folder, {**dict.fromkeys(names), **came})


def note(folder: Path, name: str, known: Known) -> None:
    """Note that a file has come."""
    write_fetched(folder, {**read_fetched(folder), name: known})


def set_aside(path: Path, name: str) -> Path:
    """Move what is not the file `name` out of every reader's sight; an earlier one gives way."""
    aside = path.with_name(name + WRONG)
    with disk_errors(aside):
        os.replace(path, aside)
    return aside


def downloaded(source: str) -> Path | None:
    """The folder that a source was fetched to; None: it was not.

    Raises
    ------
    UserError: a file of those that were wanted is not there.
    """
    folder = downloads_home(source)
    files = read_fetched(folder)
    lacking = sorted(name for name, known in files.items() if not known and not (folder / name).is_file())
    if files and lacking:
        raise UserError(f"{folder} lacks {lacking[0]}, which was to be fetched. Type `stbench data fetch {source}` again with the same "
                        f"options, or build from what is there: --from {folder}.")
    return folder if files else None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Within, no other process fetches into the folder.

    Raises
    ------
    UserError: one does.
    """
    from filelock import FileLock, Timeout

    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise UserError(f"Another process is fetching into {folder}; wait for it, or name another folder: --to DIR.") from None
    try:
        yield
    finally:
        lock.release()
