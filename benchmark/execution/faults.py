"""Whose fault it is that a run failed: the method's, which is a record, or the store's and the machine's, which are raised."""

from __future__ import annotations

import errno
import signal
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from benchmark.files import DiskError

# faults of the store, of the worker process and of the machine, not of a method; while a method is at work only some are
INFRASTRUCTURE = (MemoryError, OSError, DiskError)
# what the machine lacks, whoever asks for it: room on the disk, a working disk, a mounted one
OF_THE_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE)
# letters of an error's message and of its traceback that a record keeps
LONGEST_MESSAGE = 2000


class BadResult(RuntimeError):
    """What a method tells of itself is nothing that a record holds."""


def is_of_the_machine(error: BaseException, signals: Signals) -> bool:
    """Whether an error that came while a method was at work is the store's, the machine's, or an interrupt that came by a signal."""
    return (isinstance(error, DiskError) or (isinstance(error, OSError) and error.errno in OF_THE_MACHINE)
            or (isinstance(error, KeyboardInterrupt) and signals.came))


def failure_of(error: BaseException) -> dict[str, str]:
    """Kind, message and the end of the traceback, as plain text."""
    tail = "".join(traceback.format_exception(error)[-4:]).replace(str(Path(__file__).resolve().parents[2]), "…")[-LONGEST_MESSAGE:]
    try:
        message = str(error)[:LONGEST_MESSAGE]
    except Exception:  # an exception of the method's own may do anything
        message = ""
    said = {"kind": type(error).__name__, "message": message, "traceback": tail}
    return {key: text.encode(errors="backslashreplace").decode() for key, text in said.items()}


class Signals:
    """Notes whether an interrupt came by a signal: a method can raise one, too."""

    came = False

    def __enter__(self) -> Signals:
        self.before = {}
        if threading.current_thread() is threading.main_thread():  # no other one hears signals
            for number in (signal.SIGINT, signal.SIGTERM):
                if callable(handler := signal.getsignal(number)):
                    self.before[number] = handler
                    signal.signal(number, self._noted(handler))
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.before.items():
            signal.signal(number, handler)

    def _noted(self, handler: Callable[[int, FrameType | None], Any]) -> Callable[[int, FrameType | None], Any]:
        def note(number: int, frame: FrameType | None) -> Any:
            self.came = True
            return handler(number, frame)
        return note
