"""JSON that anybody may have written or mangled, read with care: plain data, or one sentence that says what is wrong with the file."""

from __future__ import annotations

import json
import logging
import math
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmark.errors import UserError

logger = logging.getLogger("stbench")

# the longest file that is read, in bytes, and how deep its lists and objects may lie in each other
LONGEST = 4 * 1024 * 1024
DEEPEST = 32


class BadFile(UserError):
    """A file that is not what it should be. Whoever reads many leaves it out, and names it."""


# what was left out in this process
_named: set[str] = set()


def leave_out(bad: UserError) -> None:
    """Name what is left out, in one sentence, once in a process."""
    if str(bad) not in _named:
        _named.add(str(bad))
        logger.warning("%s", bad)


def read_json(path: Path) -> Any:
    """The content of a file.

    Raises
    ------
    FileNotFoundError: there is none.
    BadFile: it is no regular file, unreadable, too long, or no JSON as `parse_json` takes it.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise BadFile(f"{path} is no regular file.")
        if found.st_size > LONGEST:
            raise BadFile(f"{path} has {found.st_size:,} bytes; no more than {LONGEST:,} are read.")
        return parse_json(path.read_bytes())
    except FileNotFoundError:
        raise
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise BadFile(f"{path} {error}.") from None


def parse_json(content: bytes, constant: Callable[[str], Any] | None = None) -> Any:
    """Plain data from UTF-8.

    constant: what NaN, Infinity and -Infinity stand for; nothing, if left out: they are refused.

    Raises
    ------
    ValueError: it is not UTF-8 or no JSON, a key stands twice in an object, or it is no plain data. The message goes on from a name.
    """
    try:
        value = json.loads(content.decode(), parse_constant=constant or _not_finite, object_pairs_hook=_each_once)
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    except RecursionError:
        raise ValueError(f"is nested deeper than {DEEPEST}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is not readable JSON ({error})") from None
    check_plain(value)
    return value


def check_plain(value: Any, depth: int = 0) -> None:
    """Raise ValueError where a value is no plain data: a text, a finite number, true, false, null, or lists and objects of these.

    The message goes on from a name.
    """
    if depth > DEEPEST:
        raise ValueError(f"is nested deeper than {DEEPEST}")
    if isinstance(value, dict):
        for key, one in value.items():
            if not isinstance(key, str):
                raise ValueError(f"holds a key of the type {type(key).__name__}, and not a text")
            _check_text(key)
            check_plain(one, depth + 1)
    elif isinstance(value, list | tuple):
        if {*map(type, value)} != {float} or not all(map(math.isfinite, value)):  # most are, and long
            for one in value:
                check_plain(one, depth + 1)
    elif isinstance(value, str):
        _check_text(value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            _not_finite(str(value))
    elif value is not None and not isinstance(value, int):
        raise ValueError(f"holds an object of the type {type(value).__name__}")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"holds half a character in {ascii(text)[:80]}") from None


def _not_finite(text: str) -> float:
    raise ValueError(f"holds {text}, which is no finite number")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"says {ascii(key)[:80]} twice")
        found[key] = value
    return found
