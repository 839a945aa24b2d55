"""Sheets in every format: for the terminal, markdown, LaTeX, CSV, HTML, JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from benchmark.errors import unknown
from benchmark.report.sheet import BEST, FLOOR, NOTHING, SECOND, Sheet, groups
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


def _placed(sheets: Sequence[Sheet], notes_at: int) -> list[tuple[str, Sequence[str], Sheet]]:
    """(title, notes, sheet): a group has its title at its first sheet, and its notes at its first (0) or its last (-1)."""
    return [(sheet.title if sheet is group[0] else "", sheet.notes if sheet is group[notes_at] else (), sheet)
            for group in groups(sheets) for sheet in group]


def _rich(sheets: Sequence[Sheet], nothing: Sheet) -> str:
    return terminal(groups(sheets), nothing.title)


def _markdown(sheets: Sequence[Sheet], nothing: Sheet) -> str:
    parts = []
    for title, notes, sheet in _placed(sheets, -1):
        rule = "|" + "---|" * sheet.words + "---:|" * (len(sheet.heads) - sheet.words)
        cells = sheet.cells({BEST: "**{}**", SECOND: "<u>{}</u>", FLOOR: "*{}*"}, _bars)
        lines = [*([f"**{title}**", ""] if title else []), "| " + " | ".join(map(_bars, sheet.full_heads)) + " |", rule]
        parts.append("\n".join([*lines, *("| " + " | ".join(row) + " |" for row in cells), *(["", *notes] if notes else [])]))
    return "\n\n".join(parts) + "\n"


def _bars(text: str) -> str:
    """A bar within a cell would end it."""
    return text.replace("|", r"\|")


SYMBOLS = str.maketrans({"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
                         "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "≥": r"$\geq$", "≠": r"$\neq$", "±": r"$\pm$",
                         "†": r"$^\dagger$", "×": r"$\times$", "✕": r"$\times$", "Δ": r"$\Delta$", "–": "--"})


def _latex(sheets: Sequence[Sheet], nothing: Sheet) -> str:
    parts = []
    for title, notes, sheet in _placed(sheets, 0):
        cells = sheet.cells({BEST: r"\textbf{{{}}}", SECOND: r"\underline{{{}}}", FLOOR: r"\textit{{{}}}"},
                            lambda text: text.translate(SYMBOLS))
        lines = [*([f"% {title}"] if title else []), *(f"% {note}" for note in notes),
                 r"\begin{tabular}{" + "l" * sheet.words + "r" * (len(sheet.heads) - sheet.words) + "}", r"\toprule",
                 " & ".join(head.translate(SYMBOLS) for head in sheet.full_heads) + r" \\", r"\midrule"]
        parts.append("\n".join([*lines, *(" & ".join(row) + r" \\" for row in cells), r"\bottomrule", r"\end{tabular}"]))
    return "\n\n".join(parts) + "\n"


def _html(sheets: Sequence[Sheet], nothing: Sheet) -> str:
    parts = []
    for title, notes, sheet in _placed(sheets, -1):
        caption = f"<caption>{escape(title)}</caption>\n" if title else ""
        head = "".join(f"<th>{escape(text)}</th>" for text in sheet.full_heads)
        body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
                         for row in sheet.cells({BEST: "<b>{}</b>", SECOND: "<u>{}</u>", FLOOR: "<i>{}</i>"}, escape))
        foot = "".join(f"<p>{escape(note)}</p>" for note in notes)
        parts.append(f"<table>\n{caption}<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n{foot}")
    return "\n".join(parts) + "\n"


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
