"""Sheets in every format: for the terminal, markdown, LaTeX, CSV, HTML, JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from benchmark.errors import unknown
from benchmark.report.latex import latex
from benchmark.report.page import html
from benchmark.report.sheet import BEST, FLOOR, NOTHING, SECOND, Sheet, groups, noted
from benchmark.report.terminal import terminal


def render(sheets: Sheet | Sequence[Sheet], format: str, nothing: Sheet = NOTHING) -> str:
    """Sheets in one of `FORMATS`. JSON is a list of objects; of a sheet that was not given in a list, an object.

    Raises
    ------
    UserError: unknown format.
    """
    check_format(format)
    if isinstance(sheets, Sheet):
        return _json(sheets.whole) if format == "json" else render([sheets], format)
    return FORMATS[format](sheets, nothing)


def check_format(format: str) -> None:
    """Raise UserError for a format that does not exist."""
    if format not in FORMATS:
        raise unknown("format", format, FORMATS)


def _rich(sheets: Sequence[Sheet], nothing: Sheet) -> str:
    return terminal(groups(sheets), nothing.title)


def _latex(sheets: Sequence[Sheet], nothing: Sheet) -> str:
    return latex(groups(sheets), nothing.title)


def _html(sheets: Sequence[Sheet], nothing: Sheet) -> str:
    return html(groups(sheets), nothing.title)


def _markdown(sheets: Sequence[Sheet], nothing: Sheet) -> str:
    """A title, its tables, its notes; the best bold, the second underlined by a tag that code hosts let through."""
    if not sheets:
        return f"{nothing.title}\n"
    parts = []
    for group in groups(sheets):
        parts.append(f"**{group[0].title}**")
        for sheet in group:
            rule = "|" + "---|" * sheet.words + "---:|" * (len(sheet.heads) - sheet.words)
            cells = sheet.cells({BEST: "**{}**", SECOND: "<ins>{}</ins>", FLOOR: "*{}*"}, _bars)
            parts.append("\n".join([_line(map(_bars, sheet.full_heads)), rule, *map(_line, cells)]))
        if notes := noted(group, "best bold", "second underlined"):
            parts.append("\n".join(notes))
    return "\n\n".join(part for part in parts if part != "****") + "\n"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _bars(text: str) -> str:
    """A bar within a cell would end it."""
    return text.replace("|", r"\|")


def _csv(sheets: Sequence[Sheet], nothing: Sheet) -> str:
    out = io.StringIO()
    columns = dict.fromkeys(column for sheet in sheets or [nothing] for column in sheet.columns)
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row for sheet in sheets for row in sheet.data)
    return out.getvalue()


def _json(whole: Any) -> str:
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[Sequence[Sheet], Sheet], str]] = {
    "rich": _rich, "csv": _csv, "json": lambda sheets, _: _json([sheet.whole for sheet in sheets]), "markdown": _markdown,
    "latex": _latex, "html": _html}
