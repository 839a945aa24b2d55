"""Sheets as Markdown that code hosts show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from benchmark.report.sheet import BEST, FLOOR, SECOND, Sheet, noted
from benchmark.report.visible import visible

# the best bold, the second underlined by a tag that code hosts let through
MARKS = {BEST: "**{}**", SECOND: "<ins>{}</ins>", FLOOR: "*{}*"}
# what begins markup; an underscore within a word does not, and a bar would end a cell
SPECIAL = re.compile(r"[\\`*\[|~$]|(?<![^\W_])_|_(?![^\W_])")
TAGS = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def escape(text: str) -> str:
    """A text in one line that holds no markup."""
    return SPECIAL.sub(r"\\\g<0>", visible(text)).translate(TAGS)


def markdown(groups: Sequence[Sequence[Sheet]], nothing: str) -> str:
    """Groups of escaped sheets: a title, its tables, its notes."""
    if not groups:
        return f"{escape(nothing)}\n"
    parts = []
    for group in groups:
        parts.append(f"**{group[0].title}**")
        for sheet in group:
            rule = "|" + "---|" * sheet.words + "---:|" * (len(sheet.heads) - sheet.words)
            parts.append("\n".join([_line(sheet.full_heads), rule, *map(_line, sheet.cells(MARKS, " {}"))]))
        if notes := noted(group, "best bold", "second underlined"):
            parts.append("\n".join(notes))
    return "\n\n".join(part for part in parts if part != "****") + "\n"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
