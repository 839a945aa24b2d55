"""Records on disk: one small JSON a run, written once, beside it the bulky parts that are never published.

    <store>/<suite>/<method>/<id>.json            the record of a finished run
    <store>/<suite>/<method>/<id>.error-<k>.json  a failed attempt
    <store>/<suite>/<method>/<id>.history.json    one entry an epoch
    <store>/<suite>/<method>/<id>.nodes.npz       error sums and counts a node, and an hour of the day
    <store>/<suite>/<method>/<id>.checkpoint/     the stages of an unfinished run

A fitted method that was kept stands there too; see `kept.py`.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmark.errors import UserError
from benchmark.files import DiskError, data_home, home, named_folder, sha256, write_atomic
from benchmark.folders import below, new_folder
from benchmark.owners import remove
from benchmark.plain_json import BadFile, leave_out
from benchmark.spec import Record, RunSpec
from benchmark.store.check import read_record

# a published record stays reviewable in a diff
LARGEST_RECORD = 48 * 1024
# what a wheel holds of `results/`; setup.py puts it there
SHIPPED = Path(__file__).resolve().parents[1] / "published"


def checkout() -> Path | None:
    """The root of the checkout this package runs from, if it does."""
    root = Path(__file__).resolve().parents[2]
    return root if (root / "pyproject.toml").is_file() and (root / "results").is_dir() else None


def local_root(chosen: str | Path | None = None) -> Path:
    """Where `run` writes: --results, else STBENCH_RESULTS, else results/local of the checkout, else the user's data folder."""
    if chosen or (chosen := os.environ.get("STBENCH_RESULTS")):
        return named_folder(chosen, "The folder of results")
    root = checkout()
    return root / "results" / "local" if root else data_home() / "results"


def published_root() -> Path | None:
    """The published records, of the checkout or of the wheel (unpacked into the cache once); `run` never writes there."""
    if root := checkout():
        return root / "results" / "runs"
    archive = SHIPPED / "runs.zip"
    if not archive.is_file():
        return None
    unpacked = home() / "published" / sha256(archive)[:16]
    if not unpacked.is_dir():
        try:
            with new_folder(unpacked) as folder, zipfile.ZipFile(archive) as packed:
                packed.extractall(folder)
        except DiskError:
            if not unpacked.is_dir():  # else another process was quicker
                raise
    return unpacked


def results_root() -> Path:
    """What is published beside records, of the checkout or of the wheel: the papers' own numbers, what is listed of outside methods."""
    return root / "results" if (root := checkout()) else SHIPPED


def paper_root() -> Path | None:
    """The papers' own numbers."""
    folder = results_root() / "paper"
    return folder if folder.is_dir() else None


class Store:
    """A folder of records."""

    def __init__(self, root: Path) -> None:
        self.root = root
        # file -> what is wrong with a record that was left out
        self.broken: dict[Path, str] = {}

    def path(self, spec: RunSpec) -> Path:
        return self.root / spec.suite / spec.method / f"{spec.id}.json"

    def has(self, spec: RunSpec) -> bool:
        """Whether this run is done: its record is there, and whole."""
        return self.sound(self.path(spec)) is not None

    def read(self, spec: RunSpec) -> Record:
        """The record of a finished run."""
        return read_record(self.path(spec))

    def sound(self, path: Path) -> Record | None:
        """The record of a file; None: there is none, or a broken one, which is named on stderr and kept in mind."""
        try:
            return read_record(path)
        except FileNotFoundError:
            return None
        except BadFile as error:
            self.broken[path] = str(error)
            leave_out(error)
            return None

    def checkpoint_folder(self, spec: RunSpec) -> Path:
        """Where an unfinished run keeps its stages."""
        return self.path(spec).with_suffix(".checkpoint")

    def sweep(self, spec: RunSpec) -> None:
        """Remove temporary files that a killed writer of this run left; only for the owner of the run."""
        for path in self.path(spec).parent.glob(f".{spec.id}.*"):
            if ".claim." not in path.name:
                remove(path)

    def write(self, record: Record, history: list[dict[str, Any]] | None = None,
              per_node: Mapping[str, Any] | None = None) -> Path:
        """Write a record, the bulky parts first, so that a record is never without them. Nothing is overwritten:
        an earlier record of the same run is kept as ``<id>.superseded-<k>.json``."""
        path = self.path(record.spec)
        if record.status != "done":
            path = _free(path, "error")
        else:
            if history:
                write_atomic(path.with_suffix(".history.json"), json.dumps(history) + "\n")
            if per_node:
                import numpy as np

                buffer = io.BytesIO()
                np.savez_compressed(buffer, **per_node)
                write_atomic(path.with_suffix(".nodes.npz"), buffer.getvalue())
            if path.exists():
                os.replace(path, _free(path, "superseded"))
        write_atomic(path, dumps(record))
        return path

    def records(self, folder: Path | None = None) -> Iterator[Record]:
        """All finished runs whose records are whole, in the order of their paths; or those of one folder, `root/<suite>/<method>`."""
        for path in below(folder) if folder else below(self.root, 3):
            if path.suffix == ".json" and "." not in path.stem and (record := self.sound(path)):
                yield record

    def errors(self, path: Path) -> list[Record]:
        """The failed attempts of the run whose record stands, or would stand, at this path, oldest first."""
        found = sorted(path.parent.glob(f"{path.stem}.error-*.json"), key=lambda one: (len(one.name), one.name))
        return [record for one in found if (record := self.sound(one))]


def check_none_broken(*stores: Store | None) -> None:
    """Raise UserError where these stores left out a broken record."""
    if broken := sum(len(store.broken) for store in stores if store):
        raise UserError(f"{broken} broken record{'s' if broken > 1 else ''}, named above, {'were' if broken > 1 else 'was'} left out.")


def dumps(record: Record) -> str:
    """Canonical text: sorted keys, one line a list, so that diffs stay readable."""
    return _layout(record.to_json(), 0) + "\n"


def _free(path: Path, kind: str) -> Path:
    """The first unused ``<id>.<kind>-<k>.json``."""
    k = 1
    while (candidate := path.with_suffix(f".{kind}-{k}.json")).exists():
        k += 1
    return candidate


def _layout(value: Any, depth: int) -> str:
    """JSON with sorted keys, objects broken over lines, lists and leaves on one."""
    if not isinstance(value, Mapping) or not value:
        return json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=False)
    pad = " " * (depth + 1)
    lines = [f"{pad}{json.dumps(key)}: {_layout(value[key], depth + 1)}" for key in sorted(value)]
    return "{\n" + ",\n".join(lines) + "\n" + " " * depth + "}"
