"""Timings on disk, beside the records: ``<store>/<suite>/<method>/<id>.timing.json``, each checked when it is read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmark.files import write_atomic
from benchmark.folders import below
from benchmark.plain_json import BadFile, leave_out
from benchmark.shapes import amount, an_object, anything, each, fields_of, or_none, read_shaped, text, typed, whole, word
from benchmark.spec import Record, RunSpec
from benchmark.store.check import SPEC
from benchmark.store.managing import Takes
from benchmark.timing.figures import SCHEMA, Timing, timing_id

SUFFIX = ".timing.json"
REPAIR = "It is no whole timing and is left out; remove it and measure again."

LATENCY = fields_of({"median_ms": amount, "p95_ms": amount, "mean_ms": amount, "n": whole})
ARITHMETIC = fields_of({"flops": whole, "not_counted": each(whole)})
TRAINING = fields_of({
    "batch": or_none(whole), "step": or_none(LATENCY), "arithmetic": or_none(ARITHMETIC), "steps_an_epoch": whole,
    "epoch_s": or_none(amount), "epochs": whole, "epoch_j": or_none(amount)})
INFERENCE = fields_of({"batch": whole, "call": LATENCY, "arithmetic": ARITHMETIC, "call_j": or_none(amount)})
MEMORY = fields_of({name: or_none(amount) for name in ("cpu_mb", "device_training_mb", "device_inference_mb")})
MACHINE = fields_of({"stbench": text, "torch": text, "python": text, "device": word, "processor": text, "cores": whole, "threads": whole,
                     "system": text}, rest=anything)


def _inference(value: Any, where: str) -> None:
    typed(lambda one: isinstance(one, list) and bool(one), "list of batch sizes")(value, where)
    for one in value:
        INFERENCE(one, where)


TIMING = fields_of({
    "schema": typed(lambda value: value == SCHEMA, f"schema that this version reads ({SCHEMA})"), "id": word, "spec": SPEC, "task": word,
    "unit": word, "machine": MACHINE, "code": an_object, "product_gflops": amount, "parameters": whole, "checkpoint_mb": amount,
    "training": or_none(TRAINING), "fit_s": or_none(amount), "inference": _inference, "memory": MEMORY})


def timing_path(root: Path, spec: RunSpec, id: str) -> Path:
    """Where the timing of an id stands in a store."""
    return root / spec.suite / spec.method / f"{id}{SUFFIX}"


def write_timing(root: Path, timing: Timing) -> Path:
    """Replace the timing of this id; a file is only ever there wholly."""
    path = timing_path(root, timing.spec, timing.id)
    write_atomic(path, json.dumps(timing.to_json(), sort_keys=True, indent=1, allow_nan=False, ensure_ascii=False) + "\n")
    return path


def read_timing(path: Path) -> Timing:
    """The timing of a file.

    Raises
    ------
    FileNotFoundError: there is none.
    BadFile: it cannot be read, is no timing, or is not that of its name.
    """
    data = read_shaped(path, TIMING, REPAIR)
    timing = Timing.from_json(data)
    if timing_path(Path(), timing.spec, timing.id) != Path(*path.parts[-3:]) or data["id"] != timing.id:
        raise BadFile(f"{path} is a copy of another timing, or was edited: that of its content is {timing.id}. {REPAIR}")
    return timing


def sound_timing(path: Path) -> Timing | None:
    """The timing of a file; None: there is none, or a broken one, which is named on stderr."""
    try:
        return read_timing(path)
    except FileNotFoundError:
        return None
    except BadFile as error:
        leave_out(error)
        return None


def find_timing(root: Path, spec: RunSpec, task: str, machine: dict[str, Any], batches: tuple[int, ...]) -> Timing | None:
    """The finished timing of what is about to be measured."""
    return sound_timing(timing_path(root, spec, timing_id(spec, task, machine, batches)))


def timings(root: Path, takes: Takes = lambda record: True) -> Iterator[Timing]:
    """All whole timings of a store whose run a filter of records takes, in the order of their paths."""
    for path in below(root, 3):
        if path.name.endswith(SUFFIX) and (timing := sound_timing(path)) and takes(Record(timing.spec, "done", {})):
            yield timing


def publishable(source: Path, target: Path, takes: Takes) -> list[Timing]:
    """The timings of a store that another one lacks and may hold: no smoke runs, none of a method of a file, none of a checkout with
    uncommitted changes."""
    return [timing for timing in timings(source, takes) if timing.spec.preset != "smoke" and not timing.spec.file
            and timing.code.get("dirty") is not True and not timing_path(target, timing.spec, timing.id).exists()]
