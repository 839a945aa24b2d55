"""Tables of plain text as markdown, LaTeX and HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

# what a mark of a cell may be, besides 0: none
BEST, SECOND, FLOOR = 1, 2, 3


@dataclass(frozen=True)
class Sheet:
    """A table as plain text, before markdown, LaTeX or HTML is made of it."""

    # empty: that of the sheet before
    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str]
    # columns of words, on the left; the others hold numbers
    words: int
    # (row, column) -> BEST, SECOND or FLOOR
    marks: Mapping[tuple[int, int], int] = field(default_factory=dict)

    def cells(self, marks: Mapping[int, str], escape: Callable[[str], str] = str) -> list[list[str]]:
        """The rows, escaped and marked."""
        return [[marks[self.marks.get((k, j), 0)].format(escape(text)) for j, text in enumerate(row)] for k, row in enumerate(self.rows)]


def markdown(sheets: Sequence[Sheet]) -> str:
    parts = []
    for sheet in sheets:
        rule = "|" + "---|" * sheet.words + "---:|" * (len(sheet.heads) - sheet.words)
        lines = [*([f"**{sheet.title}**", ""] if sheet.title else []), "| " + " | ".join(sheet.heads) + " |", rule]
        lines += ["| " + " | ".join(row) + " |" for row in sheet.cells({0: "{}", BEST: "**{}**", SECOND: "<u>{}</u>", FLOOR: "*{}*"})]
        parts.append("\n".join([*lines, *(["", *sheet.notes] if sheet.notes else [])]))
    return "\n\n".join(parts) + "\n"


def latex(sheets: Sequence[Sheet]) -> str:
    symbols = str.maketrans({"_": r"\_", "%": r"\%", "≥": r"$\geq$", "≠": r"$\neq$", "±": r"$\pm$", "†": r"$^\dagger$", "×": r"$\times$",
                             "✕": r"$\times$", "Δ": r"$\Delta$", "–": "--"})
    parts = []
    for sheet in sheets:
        lines = [*([f"% {sheet.title}"] if sheet.title else []), *(f"% {note}" for note in sheet.notes),
                 r"\begin{tabular}{" + "l" * sheet.words + "r" * (len(sheet.heads) - sheet.words) + "}", r"\toprule",
                 " & ".join(sheet.heads).translate(symbols) + r" \\", r"\midrule"]
        cells = sheet.cells({0: "{}", BEST: r"\textbf{{{}}}", SECOND: r"\underline{{{}}}", FLOOR: r"\textit{{{}}}"},
                            lambda text: text.translate(symbols))
        lines += [" & ".join(row) + r" \\" for row in cells]
        parts.append("\n".join([*lines, r"\bottomrule", r"\end{tabular}"]))
    return "\n\n".join(parts) + "\n"


def html(sheets: Sequence[Sheet]) -> str:
    parts = []
    for sheet in sheets:
        caption = f"<caption>{escape(sheet.title)}</caption>\n" if sheet.title else ""
        head = "".join(f"<th>{escape(text)}</th>" for text in sheet.heads)
        body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
                         for row in sheet.cells({0: "{}", BEST: "<b>{}</b>", SECOND: "<u>{}</u>", FLOOR: "<i>{}</i>"}, escape))
        foot = "".join(f"<p>{escape(note)}</p>" for note in sheet.notes)
        parts.append(f"<table>\n{caption}<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n{foot}")
    return "\n".join(parts) + "\n"
