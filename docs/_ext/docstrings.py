"""Docstrings of this project as Sphinx reads them: short sections, and the comments above a dataclass's fields."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from benchmark.options import meanings

# an underlined word, and the lines until the next empty one
SECTION = re.compile(r"^(\w+)\n-{3,}\n(.*?)(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)
# what an item is of
NAMED = re.compile(r"^(\w+(?:, \w+)*): ")
# behind the end of a sentence, where the next name is explained
NEXT = re.compile(r"(?<=\.)\s+(?=\w+(?:, \w+)*: )")


def _process(app: Any, what: str, name: str, found: Any, options: Any, lines: list[str]) -> None:
    """Turn the lines of a docstring, in place."""
    text = SECTION.sub(_section, "\n".join(lines))
    if isinstance(found, type) and dataclasses.is_dataclass(found):
        said = meanings(found)
        fields = [f"{field.name}: {said[field.name]}" for field in dataclasses.fields(found) if said.get(field.name)]
        text += "\n\n" + _listed("Fields", fields) + "\n" if fields else ""
    lines[:] = text.split("\n")


def _section(match: re.Match[str]) -> str:
    return _listed(match[1], NEXT.split(" ".join(match[2].split())))


def _listed(head: str, items: list[str]) -> str:
    """A head, and below it an item a name; a text that explains no name is one paragraph."""
    return f"*{head}*\n\n" + "\n".join("- " + NAMED.sub(r"**\1**: ", item) for item in items)


def setup(app: Any) -> dict[str, Any]:
    """What Sphinx calls."""
    app.connect("autodoc-process-docstring", _process)
    return {"parallel_read_safe": True}
