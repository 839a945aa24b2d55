"""Text of files, options and exceptions as it is shown: it does nothing on a terminal. Each format's own escape goes on from here."""

from __future__ import annotations

import json
from typing import Any


def visible(text: str) -> str:
    """A text as one line on which no terminal acts: white space is spaces, what else does not print is written as Python does (``\\x1b``).

    >>> print(visible("a\\tb \\x1b[31m\\u202e"))
    a b \\x1b[31m\\u202e
    """
    return text if text.isprintable() else "".join(one if one.isprintable() else " " if one.isspace() else ascii(one)[1:-1] for one in text)


def visible_lines(text: str) -> str:
    """The same of a text whose ends of lines are ours."""
    return "\n".join(map(visible, text.split("\n")))


def as_json(value: Any) -> str:
    """Plain data as JSON of ASCII alone, which any terminal shows and no locale changes."""
    return json.dumps(value, indent=2)
