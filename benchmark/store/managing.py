"""What is done with records as files: some are published, removed or exported, and always by name."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.errors import UserError, unknown
from benchmark.files import disk_errors, write_atomic
from benchmark.folders import below, new_folder
from benchmark.spec import Record
from benchmark.store.claims import running
from benchmark.store.records import LARGEST_RECORD, Store, dumps

Takes = Callable[[Record], bool]
# every file of an archive says this moment, so that the same records are the same bytes
UNDATED = (1980, 1, 1, 0, 0, 0)


@dataclass
class Promotion:
    """What would be published, and what would not."""

    ready: list[Record] = field(default_factory=list)
    # record, and why it is refused
    refused: list[tuple[Record, str]] = field(default_factory=list)
    # published already
    there: int = 0


def plan_promotion(source: Store, target: Store, takes: Takes) -> Promotion:
    """Sort the finished runs that a filter takes; nothing is written."""
    plan = Promotion()
    for record in source.records():
        if not takes(record):
            continue
        if target.has(record.spec):
            plan.there += 1
        elif reason := unfit(record):
            plan.refused.append((record, reason))
        else:
            plan.ready.append(record)
    return plan


def promote(plan: Promotion, target: Store) -> list[Path]:
    """Copy what is ready to the published store; returns the new files."""
    for record in plan.ready:
        write_atomic(target.path(record.spec), dumps(record))
    return [target.path(record.spec) for record in plan.ready]


def unfit(record: Record) -> str | None:
    """Why a record is not published; None: it may be."""
    size = len(dumps(record).encode())
    if record.spec.preset == "smoke":
        return "a smoke run measures nothing"
    if record.spec.file:
        return "its method is of a file that nobody else has; make a package of it with stbench new"
    if record.environment.get("dirty") is True:
        return "made from a checkout with uncommitted changes; commit them and run again with --force"
    if size > LARGEST_RECORD:
        return f"it has {size // 1024} KB; a published record stays below {LARGEST_RECORD // 1024} KB"
    return None


@dataclass(frozen=True)
class Found:
    """All that lies in a store of one run."""

    id: str
    # what it is, as far as one of its files can be read
    record: Record | None
    paths: tuple[Path, ...]


def find_runs(store: Store, ids: Iterable[str] = (), takes: Takes | None = None) -> list[Found]:
    """Runs by id, or by a filter of their records, failed ones included; each with every file and folder that lies beside its record.

    Raises
    ------
    UserError: there is no run of an id, or a process is at work on one of the runs.
    """
    ids = list(ids)
    files: dict[Path, list[Path]] = {}
    for path in below(store.root, 3):
        files.setdefault(path.with_name(path.name.partition(".")[0]), []).append(path)
    for absent in sorted(set(ids) - {run.name for run in files}):
        raise unknown("run", absent, {run.name for run in files})
    chosen = []
    for run, paths in files.items():
        if ids and run.name not in ids:
            continue
        record = _readable(store, run, paths)
        if takes is not None and (record is None or not takes(record)):
            continue
        if owner := running(run.with_suffix(".json")):
            raise UserError(f"Process {owner.pid} is at work on run {run.name}; end it first (see `stbench status`).")
        chosen.append(Found(run.name, record, tuple(paths)))
    return chosen


def _readable(store: Store, run: Path, paths: list[Path]) -> Record | None:
    """The record of a run, or of its last failed attempt; a broken one is named, and counts as none."""
    files = (run.with_suffix(".json"), *reversed([path for path in paths if path.name.startswith(f"{run.name}.error-")]))
    return next((record for path in files if (record := store.sound(path))), None)


def remove(found: Iterable[Found]) -> None:
    """Delete everything of these runs."""
    for run in found:
        for path in run.paths:
            with disk_errors(path):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)


def export(store: Store, destination: Path, takes: Takes) -> list[Record]:
    """Write the records that a filter takes, as far as they are whole, into a new folder or a new ``.zip``; nothing that lies beside them.

    Raises
    ------
    UserError: the destination is there already, or the filter takes none.
    """
    if destination.exists():
        raise UserError(f"{destination} is there already; name a new folder, or a new file that ends in .zip.")
    records = [record for record in store.records() if takes(record)]
    if not records:
        raise UserError(f"{store.root} has no record that these filters take; nothing was written.")
    texts = {str(store.path(record.spec).relative_to(store.root)): dumps(record) for record in records}
    if destination.suffix == ".zip":
        write_atomic(destination, zipped(texts))
        return records
    with new_folder(destination) as folder:
        for name, text in texts.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(text.encode())
    return records


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    """A compressed archive of these files, in the order of their names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, UNDATED), files[name], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
