"""What no text of a bundle may hold: where its author's files lie, addresses of people, markup, and signs that do not print."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

# a folder that a user or a system has; what goes on from a host name is part of an address, and no path
PATH = re.compile(r"(?<![\w.:/-])(?:/(?:home|Users|root|tmp|var|mnt|opt|srv|media|private|scratch|etc|usr)(?:/|\b)|~/|file:)"
                  r"|(?<![\w/])[A-Za-z]:[\\/](?!/)|\\\\\w")
MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
MARKUP = re.compile(r"<\s*(?!https?://)[A-Za-z/!?]")
SCRIPT = re.compile(r"\b(?:javascript|vbscript)\s*:|data:text/html", re.IGNORECASE)
# signs that turn the direction of a text, or begin a file in another encoding
TURNING = {"\u200e", "\u200f", "\u061c", "\ufeff", *map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}


def shown(text: str, most: int = 120) -> str:
    """Any text in a sentence: in plain letters, cut."""
    plain = ascii(text[: most + 1])[1:-1]
    return plain if len(text) <= most else f"{plain[:most]}…"


def problem_of(text: str, *, card: bool = False) -> str | None:
    """What a text holds that it must not, in words that go on from "holds"; a card may name who to write to."""
    if any((unicodedata.category(sign) == "Cc" and sign not in "\n\t") or sign in TURNING for sign in text):
        return "a sign that does not print"
    if found := PATH.search(text):
        return f"a path of somebody's machine ({_around(text, found)})"
    if not card and (found := MAIL.search(text)):
        return f"an e-mail address ({_around(text, found)})"
    if (found := MARKUP.search(text)) or (found := SCRIPT.search(text)):
        return f"markup ({_around(text, found)})"
    return None


def texts_of(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """(where it stands, text) of every text in plain data, keys too."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield where, key
            yield from texts_of(one, f"{where}.{key}" if where else key)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts_of(one, where)


def problems_of(value: Any) -> Iterator[str]:
    """The first thing that plain data hold and must not, if any; it goes on from a name."""
    for where, text in texts_of(value):
        if problem := problem_of(text):
            yield f"holds {problem} in {shown(where)}" if where else f"holds {problem}"
            return


def _around(text: str, found: re.Match[str]) -> str:
    return shown(text[found.start() :].partition("\n")[0], 40)
