"""One table as plain data, and all forms of it: for the terminal, markdown, LaTeX, CSV, HTML, JSON.

Whoever shows records makes sheets: suites, ablations, whatever comes. What stands in a sheet is its maker's; how it looks is decided here.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import groupby
from typing import Any

from benchmark.errors import unknown

# what a mark of a cell may be, besides 0: none
BEST, SECOND, FLOOR, DIM = 1, 2, 3, 4


@dataclass(frozen=True)
class Sheet:
    """A table before any form is made of it. Sheets below each other of one group, title and notes share these."""

    title: str
    # one a column, without its block
    heads: Sequence[str]
    # one text a column
    rows: Sequence[Sequence[str]]
    # columns of words, on the left; the others hold numbers
    words: int = 1
    # columns on the left that stand again in every part of a split table; never fewer than `words`
    keys: int = 1
    # whether the first column names sections: the terminal shows each name once, above its rows
    sections: bool = False
    # column -> the block that it belongs to, whose name stands before its head; columns of one block are never parted
    blocks: Mapping[int, str] = field(default_factory=dict)
    # (row, column) -> BEST, SECOND, FLOOR or DIM
    marks: Mapping[tuple[int, int], int] = field(default_factory=dict)
    notes: Sequence[str] = ()
    # apart from another sheet of equal title and notes
    group: int = 0
    # the same content as tidy rows of these columns, for CSV; what a row lacks is empty
    columns: Sequence[str] = ()
    data: Sequence[Mapping[str, Any]] = ()
    # the same content as one nested object, for JSON
    whole: Any = None

    @property
    def full_heads(self) -> list[str]:
        """The heads in one line: ``taxi_pick MAE``."""
        return [" ".join(filter(None, (self.blocks.get(j), head))) for j, head in enumerate(self.heads)]

    def cells(self, marks: Mapping[int, str], escape: Callable[[str], str]) -> list[list[str]]:
        """The rows, escaped and marked; a mark that has no template is not shown."""
        return [[marks.get(self.marks.get((k, j), 0), "{}").format(escape(text)) for j, text in enumerate(row)]
                for k, row in enumerate(self.rows)]


# what is shown where there is no sheet: its title on the terminal, its columns in CSV
NOTHING = Sheet("Nothing to show.", (), ())


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


def groups(sheets: Sequence[Sheet]) -> list[list[Sheet]]:
    """Sheets below each other that share title and notes."""
    return [list(group) for _, group in groupby(sheets, key=lambda sheet: (sheet.group, sheet.title, tuple(sheet.notes)))]


def _placed(sheets: Sequence[Sheet], notes_at: int) -> list[tuple[str, Sequence[str], Sheet]]:
    """(title, notes, sheet): a group has its title at its first sheet, and its notes at its first (0) or its last (-1)."""
    return [(sheet.title if sheet is group[0] else "", sheet.notes if sheet is group[notes_at] else (), sheet)
            for group in groups(sheets) for sheet in group]


def _rich(sheets: Sequence[Sheet], nothing: Sheet) -> str:
    # loaded here, because it is itself made of sheets
    from benchmark.report.terminal import terminal

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
