"""Whether an interrupt came by a signal, or was raised by somebody's code. Light."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any


class Signals:
    """Notes whether an interrupt came by a signal: a method, or a package, can raise one, too."""

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
