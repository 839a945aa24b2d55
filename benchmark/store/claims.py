"""Who is at work on a run: a small file beside its record, with owner, heartbeat and progress.

    <store>/<suite>/<method>/<id>.claim

A claim is taken, taken over and given back under one short file lock of the store, so no two processes ever hold the same run. A claim
whose owner is dead is free: on this machine a dead owner is one without a process, on any other one without a heartbeat.
"""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from benchmark.files import disk_errors
from benchmark.owners import can_be_asked, host, lives, process_began, remove, sweep
from benchmark.plain_json import BadFile, leave_out
from benchmark.shapes import amount, an_object, fields_of, number, or_none, read_shaped, text, typed, whole
from benchmark.spec import RunSpec
from benchmark.store.records import Store

# seconds between two heartbeats, and without one after which an owner elsewhere counts as dead
HEARTBEAT = 5.0
SILENCE = 120.0


@dataclass(frozen=True)
class Owner:
    """A process at work on a run."""

    # name of the machine, and on Linux the process numbering (containers have their own)
    host: str
    pid: int
    # when the process began, in the system's own ticks: tells it from a later one of the same number
    began: int
    # when it took the run, seconds since 1970
    since: float
    token: str
    # stage, epoch, epochs, train_loss, validation_loss of the last epoch; empty before the first
    progress: dict[str, Any] = field(default_factory=dict)

    def alive(self, beat: float) -> bool:
        """Whether it still lives; `beat` is the time of its last heartbeat."""
        if self.host == host() and can_be_asked():
            return lives(self.pid, self.began)
        # a clock that runs ahead by more says nothing either
        return abs(time.time() - beat) < SILENCE


# what a claim says; a process has a number that the system can ask for
OWNER = fields_of({"host": text, "pid": typed(lambda value: type(value) is int and 0 < value < 2**31, "number of a process"),
                   "began": whole, "since": amount, "token": text, "progress": an_object})
PROGRESS = fields_of({"stage": text, "epoch": whole, "epochs": whole, "train_loss": number, "validation_loss": number},
                     {"number": or_none(whole), "stages": or_none(whole)})


class Claim:
    """A run that this process works on."""

    def __init__(self, path: Path, owner: Owner) -> None:
        self.path = path
        self.owner = owner
        self.progress: dict[str, Any] = {}

    def beat(self) -> None:
        """Say that the owner lives, and how far it is. A claim that was lost is left to its new owner."""
        if self.held():
            _write(self.path, replace(self.owner, progress=_shown(self.progress)))

    def held(self) -> bool:
        """Whether the run is still this process's."""
        found = read_claim(self.path)
        return found is not None and found[0].token == self.owner.token

    def lost(self) -> bool:
        """Whether somebody else took the run over; a claim that was only removed, with its folder, is nobody's."""
        return read_claim(self.path) is not None and not self.held()


@contextmanager
def claim(store: Store, spec: RunSpec) -> Iterator[Claim | None]:
    """Hold a run for the length of the block; None: somebody else is at work on it."""
    path = store.path(spec).with_suffix(".claim")
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _lock(store):
            found = read_claim(path)
            taken = None if found and found[0].alive(found[1]) else Claim(path, _myself())
            if taken:
                for litter in path.parent.glob(f".{path.name}.*"):  # of an owner killed in a heartbeat
                    litter.unlink(missing_ok=True)
                _write(path, taken.owner)
    if taken is None:
        yield None
        return
    over = threading.Event()
    heart = threading.Thread(target=_keep_beating, args=(taken, over), daemon=True)
    heart.start()
    try:
        yield taken
    finally:
        over.set()
        heart.join()
        with disk_errors(path), _lock(store):
            if taken.held():
                path.unlink(missing_ok=True)


def tidy(store: Store, spec: RunSpec) -> None:
    """Remove what a killed owner left of a finished run: its claim, its stages, its temporary files; nothing of a living one."""
    path, stages = store.path(spec).with_suffix(".claim"), store.checkpoint_folder(spec)
    sweep(path.parent)
    if path.exists() or stages.exists():
        with claim(store, spec) as mine:
            if mine:
                store.sweep(spec)
                remove(stages)


def running(record: Path) -> Owner | None:
    """The live owner of a run whose record will stand at this path."""
    found = read_claim(record.with_suffix(".claim"))
    return found[0] if found and found[0].alive(found[1]) else None


def read_claim(path: Path) -> tuple[Owner, float] | None:
    """A claim and the time of its last heartbeat; None where there is none, or none that can be read."""
    try:
        said, beat = read_shaped(path, OWNER, "It is no claim of a run, which counts as free."), path.stat().st_mtime
    except FileNotFoundError:
        return None
    except BadFile as error:
        leave_out(error)
        return None
    return Owner(**{**said, "progress": _shown(said["progress"])}), beat


def _shown(progress: dict[str, Any]) -> dict[str, Any]:
    """Progress that others can read; none where a method tells what is no progress, such as a loss that is no number."""
    try:
        PROGRESS(progress, "")
    except ValueError:
        return {}
    return progress


def _keep_beating(claim: Claim, over: threading.Event) -> None:
    shown: dict[str, Any] = {}
    last = time.monotonic()
    while not over.wait(0.5):
        # at once after an epoch, else now and then
        if claim.progress != shown or time.monotonic() - last > HEARTBEAT:
            shown, last = dict(claim.progress), time.monotonic()
            with suppress(OSError):  # the next one may reach the disk again
                claim.beat()


def _lock(store: Store) -> FileLock:
    store.root.mkdir(parents=True, exist_ok=True)
    return FileLock(store.root / ".claims.lock")


def _myself() -> Owner:
    return Owner(host(), os.getpid(), process_began(os.getpid()), time.time(), uuid.uuid4().hex)


def _write(path: Path, owner: Owner) -> None:
    """Whole or not at all; a heartbeat needs no fsync."""
    new = path.with_name(f".{path.name}.{owner.token}")
    new.write_text(json.dumps(asdict(owner)), encoding="utf-8")
    os.replace(new, path)
