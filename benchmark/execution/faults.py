"""Whose fault it is that a run failed: the method's, which is a record, or the store's and the machine's, which are raised."""

from __future__ import annotations

import errno
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from benchmark.files import DiskError

# faults of the store, of the worker process and of the machine, not of a method; while a method is at work only some are
INFRASTRUCTURE = (MemoryError, OSError, DiskError)
# what the machine lacks, whoever asks for it: room on the disk, a working disk, a mounted one
OF_THE_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE)


def is_of_the_machine(error: BaseException, signals: Signals) -> bool:
    """Whether an error that came while a method was at work is the store's, the machine's, or an interrupt that came by a signal."""
    return (isinstance(error, DiskError) or (isinstance(error, OSError) and error.errno in OF_THE_MACHINE)
            or (isinstance(error, KeyboardInterrupt) and signals.came))


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
