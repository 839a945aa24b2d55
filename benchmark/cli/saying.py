"""What is being done before the first epoch, said at once: loading, simulating, starting workers."""

from __future__ import annotations

import logging
from collections.abc import Callable

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from benchmark.report.visible import visible

logger = logging.getLogger("stbench")


class Saying(logging.Handler):
    """Shows what the project's logger says, on stderr: steps as one line that the next one replaces, and elsewhere as plain lines.

    Warnings always stay. `hand_over` gives the steps to somebody who shows them better.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.console = Console(stderr=True, highlight=False)
        self.line = Spinner("dots" if self.console.encoding.startswith("utf") else "line", "loading …")
        # stdout is left alone: what is printed there may be read by a program
        self.live = Live(self.line, console=self.console, transient=True, redirect_stdout=False, redirect_stderr=False)
        self.elsewhere: Callable[[str], None] | None = None

    def __enter__(self) -> Saying:
        self.before = logger.level
        logger.addHandler(self)
        logger.setLevel(logging.INFO)
        if self.console.is_terminal:
            self.live.start(refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        logger.removeHandler(self)
        logger.setLevel(self.before)

    def stop(self) -> None:
        """End the line; what comes after it is somebody else's."""
        self.live.stop()

    def hand_over(self, show: Callable[[str], None]) -> None:
        """Steps are shown by `show` from now on, on a terminal."""
        self.elsewhere = show

    def emit(self, record: logging.LogRecord) -> None:
        text = visible(record.getMessage())
        if record.levelno > logging.INFO or not self.console.is_terminal:
            self.console.print(text, markup=False, soft_wrap=True)
        elif self.elsewhere:
            self.elsewhere(text)
        else:
            self.line.update(text=Text(text))
