"""Records as tables read them: those of the folders that are asked for, remembered between two commands.

    <STBENCH_HOME>/records/<hash of a folder>.lines   what was last read in one folder <store>/<suite>/<method>

Its lines: the digest of all that follows; then one object with the folder, the code that read it, and of each record the name and stamp of
its file, the short fields, and the numbers of the lines that hold the long ones; then these, each different text once. A long field is
parsed when somebody looks into it.

Such a file may be dropped or damaged at any moment. It is believed where size and times of a record's file are what they were, so only an
edit that keeps all of them can be missed. What is broken is never remembered, and so is named every time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from benchmark import metrics, plain_json, shapes, spec
from benchmark.errors import UserError
from benchmark.families import FAMILIES
from benchmark.files import home, write_atomic
from benchmark.folders import below
from benchmark.spec import Record, RunSpec
from benchmark.store import check
from benchmark.store.records import Store

# fields of a record that are long, or the same in many records
LONG = ("city", "sums", "days", "floors", "environment")
SHORT = tuple(one.name for one in fields(Record) if one.name not in ("spec", *LONG))
# bytes of all that is remembered; of more, what was written first is dropped
MOST_BYTES = 512 * 1024 * 1024

# size, time of the last change, and of the last change of anything about the file, in ns
Stamp = tuple[int, int, int]


class Part(Mapping[str, Any]):
    """A long field, as text until somebody looks into it. An empty one is none."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._value: dict[str, Any] | None = None

    @property
    def value(self) -> dict[str, Any]:
        if self._value is None:
            self._value = json.loads(self.text)
        return self._value

    def __getitem__(self, key: str) -> Any:
        return self.value[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.value)

    def __len__(self) -> int:
        return len(self.value)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return repr(self.value)


@dataclass(frozen=True)
class Known:
    """A record, and the stamp of its file when it was read."""

    stamp: Stamp
    record: Record


def read_records(store: Store, suites: Collection[str] | None = None, methods: Collection[str] | None = None) -> Iterator[Record]:
    """The finished runs of a store as `Store.records` gives them, but each with all metrics that its sums tell.

    Parameters
    ----------
    suites, methods: nothing is read of the others; None: all.
    """
    for folder, paths in groupby(below(store.root, 3), key=lambda path: path.parent):
        if (suites is None or folder.parent.name in suites) and (methods is None or folder.name in methods):
            yield from _of_folder(store, folder, [path for path in paths if path.suffix == ".json" and "." not in path.stem])


def completed(record: Record) -> Record:
    """The record with the metrics that its sums tell beyond those that it says: a metric may be younger than a record."""
    return replace(record, metrics={task: {**metrics.values(record.sums[task]), **said} for task, said in record.metrics.items()})


def _of_folder(store: Store, folder: Path, paths: Sequence[Path]) -> list[Record]:
    known = _recall(folder)
    found: dict[str, Known] = {}
    fresh = 0
    for path in paths:
        stamp = _stamp(path)  # before it is read: what is written meanwhile has another one
        if path.name in known and known[path.name].stamp == stamp:
            found[path.name] = known[path.name]
        elif record := store.sound(path):
            found[path.name], fresh = Known(stamp, completed(record)), fresh + 1
    if fresh or len(found) < len(known):
        _remember(folder, found)
    return [one.record for one in found.values()]


def _stamp(path: Path) -> Stamp:
    """Of a file that may be gone, or none at all; reading it says so."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _recall(folder: Path) -> dict[str, Known]:
    """File name → what was read; nothing where the text is not whole, or of other code."""
    try:
        digest, _, content = _place(folder).read_bytes().partition(b"\n")
    except (OSError, UserError):
        return {}
    if digest.decode(errors="replace") != _digest(content):
        return {}
    first, *lines = content.split(b"\n")
    said, parts = json.loads(first), [Part(line) for line in lines]
    if (said["folder"], said["reader"]) != (str(folder), _reader()):
        return {}
    return {name: Known(tuple(stamp), Record(RunSpec.from_json(of), **short, **{field: parts[k] for field, k in long.items()}))
            for name, stamp, of, short, long in said["records"]}


def _remember(folder: Path, found: Mapping[str, Known]) -> None:
    lines: dict[bytes, int] = {}
    records = []
    for name, one in found.items():
        long = {field: lines.setdefault(_text(value), len(lines)) for field in LONG if (value := getattr(one.record, field))}
        records.append((name, one.stamp, one.record.spec.to_json(), {field: getattr(one.record, field) for field in SHORT}, long))
    first = json.dumps({"folder": str(folder), "reader": _reader(), "records": records}).encode()
    content = b"\n".join([first, *lines])
    with suppress(UserError, OSError):  # without a place to write, all is read again next time
        place = _place(folder)
        write_atomic(place, _digest(content).encode() + b"\n" + content)
        _drop_oldest(place.parent)


def _text(field: Mapping[str, Any]) -> bytes:
    return field.text if isinstance(field, Part) else json.dumps(field).encode()


def _drop_oldest(folder: Path) -> None:
    """Keep what is remembered below `MOST_BYTES`."""
    sizes = {path: (path.stat().st_mtime, path.stat().st_size) for path in folder.glob("*.lines")}
    total = sum(size for _, size in sizes.values())
    for path in sorted(sizes, key=lambda path: sizes[path]):
        if total <= MOST_BYTES:
            break
        path.unlink(missing_ok=True)
        total -= sizes[path][1]


def _place(folder: Path) -> Path:
    return home() / "records" / f"{_digest(str(folder.absolute()).encode())}.lines"


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


@cache
def _reader() -> str:
    """The code that says what a record is, and what its sums tell; what other code read is read again."""
    sources = [Path(str(module.__file__)).read_bytes() for module in (check, metrics, plain_json, shapes, spec)]
    return _digest(b"\n".join([*sources, Path(__file__).read_bytes(), repr(FAMILIES).encode()]))
