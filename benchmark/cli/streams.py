"""What goes to the user: lines that do nothing on a terminal, in an encoding that may know less than UTF-8."""

from __future__ import annotations

import codecs
import logging
import sys

import typer

from benchmark.report.visible import visible

DEGRADED = "stbench.degraded"
# what stands for a sign where the encoding has none
INSTEAD = str.maketrans({"±": "+-", "–": "-", "−": "-", "·": "-", "…": "...", "─": "-", "━": "-", "↑": "^", "↓": "v", "→": "->", "≥": ">=",
                         "≤": "<=", "≠": "!=", "≈": "~", "×": "x", "✕": "x", "Δ": "d", "†": "#", "²": "2", "✓": "ok", "✗": "x"}
                        | {block: str(k) for k, block in enumerate("▁▂▃▄▅▆▇█", 1)})


class Visible(logging.Formatter):
    """A message of the log in one line."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(record.getMessage())


def prepare() -> None:
    """Let nothing that is printed fail or act: at the entry, once. What no encoding takes is written as Python does (``\\xe9``)."""
    codecs.register_error(DEGRADED, _degraded)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # not one that a program put there
            stream.reconfigure(errors=DEGRADED)
    if logging.lastResort:  # warnings of commands that show no progress
        logging.lastResort.setFormatter(Visible())


def _degraded(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    said = error.object[error.start:error.end].translate(INSTEAD)
    return said.encode("ascii", "backslashreplace").decode("ascii"), error.end


def put(text: str, *, err: bool = False) -> None:
    """Print text that is made to be shown, and end its last line."""
    # a file that is named is written as `prepare` left it; typer takes another in place of one that knows ASCII alone
    typer.echo(text, file=sys.stderr if err else sys.stdout, nl=not text.endswith("\n"))


def say(line: str, *, err: bool = False) -> None:
    """Print one line, whatever stands in it."""
    put(visible(line), err=err)
