"""What every process that fits a method does: set itself up, seed itself, check what the method notes, name its faults."""

from __future__ import annotations

import random
import sys
import traceback
from pathlib import Path

import numpy as np
import torch

from benchmark.contract import RunContext
from benchmark.plain_json import check_plain

# letters of an error's message and of its traceback that a record keeps
LONGEST_MESSAGE = 2000


class BadResult(RuntimeError):
    """What a method tells of itself is nothing that a record holds."""


def prepare(device: str) -> None:
    """Set a process up for fits: one thread on CPU, where two threads that fight for a busy core are slower than one."""
    if device == "cpu":
        torch.set_num_threads(1)
        keep_large_blocks()


def keep_large_blocks() -> None:
    """Ask glibc to keep large temporaries instead of returning them to the system after each step.

    A GWNET step on CPU reuses the same big buffers; unmapping and faulting them in again costs about a quarter of it.
    """
    if sys.platform.startswith("linux"):
        import ctypes

        trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD of malloc.h
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt"):
            libc.mallopt(mmap_threshold, 32 * 2**20)
            libc.mallopt(trim_threshold, 1024 * 2**20)


def return_free_blocks() -> None:
    """Ask glibc to return what is free of them: a method's blocks do not serve what comes after its fit."""
    if sys.platform.startswith("linux"):
        import ctypes

        libc = ctypes.CDLL(None)
        if hasattr(libc, "malloc_trim"):
            libc.malloc_trim(0)


def seed_everything(seed: int) -> None:
    """Initialisation and dropout draw from the global generators: the runner sets them, a method never does."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  (libraries that methods use may draw from it)
    torch.manual_seed(seed)


def check_notes(run: RunContext) -> None:
    """Raise BadResult where a method's notes are nothing that a record holds."""
    try:
        check_plain(run.notes)
    except ValueError as error:
        raise BadResult(f"run.notes {error}; they are JSON values only.") from None


def check_arrays(run: RunContext) -> None:
    """Raise BadResult where a method's arrays are nothing that a file without pickles holds."""
    for name, array in run.arrays.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
            raise BadResult(f"run.arrays['{name}'] is no numpy array of numbers.")


class FailedElsewhere(RuntimeError):
    """A method's fault in a process of its own, as that process named it."""

    def __init__(self, failure: dict[str, str]) -> None:
        super().__init__(failure["message"])
        self.failure = failure


def failure_of(error: BaseException) -> dict[str, str]:
    """Kind, message and the end of the traceback, as plain text."""
    if isinstance(error, FailedElsewhere):
        return error.failure
    tail = "".join(traceback.format_exception(error)[-4:]).replace(str(Path(__file__).resolve().parents[1]), "…")[-LONGEST_MESSAGE:]
    try:
        message = str(error)[:LONGEST_MESSAGE]
    except Exception:  # an exception of the method's own may do anything
        message = ""
    said = {"kind": type(error).__name__, "message": message, "traceback": tail}
    return {key: text.encode(errors="backslashreplace").decode() for key, text in said.items()}
