"""Names as files, links that are safe to follow, data as scripts: what stands between the text of a record and a page."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from benchmark.report.visible import visible

PLAIN = re.compile(r"[a-z0-9_-][a-z0-9_.-]{0,79}")


def file_name(name: str) -> str:
    """A name as a part of a path and of a link: itself where it is plain, else what is plain of it and a digest of the whole.

    >>> file_name("chengdu-xian"), file_name("<b>")
    ('chengdu-xian', '_b_-507ca5a2')
    """
    if PLAIN.fullmatch(name):
        return name
    return f"{re.sub('[^a-z0-9_-]', '_', name.lower())[:40]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def safe_link(address: str | None) -> str | None:
    """An address that a page may link to: https alone; None for any other.

    >>> safe_link("https://example.org/a"), safe_link("javascript:alert(1)")
    ('https://example.org/a', None)
    """
    try:
        parts = urlsplit(address or "")
    except ValueError:
        return None
    return address if parts.scheme == "https" and parts.netloc else None


def script(variable: str, value: Any) -> str:
    """A script that assigns plain data to a variable. No text in it closes a tag or begins a comment, and none acts on a terminal."""
    text = json.dumps(_visible(value), allow_nan=False, separators=(",", ":"))
    for one in "<>&":
        text = text.replace(one, f"\\u{ord(one):04x}")
    return f"{variable} = {text};\n"


def _visible(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {visible(str(key)): _visible(one) for key, one in value.items()}
    return [_visible(one) for one in value] if isinstance(value, list | tuple) else value
