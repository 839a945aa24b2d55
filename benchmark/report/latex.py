"""Sheets as LaTeX: a float a sheet, with heading and notes, that can be pasted into a paper."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from benchmark.report.sheet import BEST, FLOOR, SECOND, Sheet, noted
from benchmark.report.visible import visible

PACKAGES = r"% The preamble needs \usepackage{booktabs,threeparttable}; before TeX Live 2018 also \usepackage[utf8]{inputenc}."
# what prints as something else, or not at all; a bracket or a star after \\ would belong to the line break
SYMBOLS = str.maketrans({"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
                         "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
                         "|": r"\textbar{}", "[": "{[}", "]": "{]}", "*": "{*}", "≥": r"$\geq$", "≠": r"$\neq$", "±": r"$\pm$",
                         "†": r"$^\dagger$", "×": r"$\times$", "✕": r"$\times$", "Δ": r"$\Delta$", "–": "--", "−": "$-$",
                         "↑": r"$\uparrow$", "↓": r"$\downarrow$", "≤": r"$\leq$", "≈": r"$\approx$"})
MARKS = {BEST: r"\textbf{{{}}}", SECOND: r"\underline{{{}}}", FLOOR: r"\textit{{{}}}"}

# it takes no width, so that digits stay below each other
SIGN = r"\rlap{{\textsuperscript{{{}}}}}"


def escape(text: str) -> str:
    """A text in one line, of which nothing is a command."""
    return visible(text).translate(SYMBOLS)


def latex(groups: Sequence[Sequence[Sheet]], nothing: str) -> str:
    """Groups of escaped sheets; the first float of a group has the heading, the last the notes, and those between are called continued."""
    if not groups:
        return f"% {nothing}\n"
    floats = [_float(sheet, sheet is group[0], noted(group, "best bold", "second underlined") if sheet is group[-1] else ())
              for group in groups for sheet in group]
    return "\n\n".join([PACKAGES, *floats]) + "\n"


def _float(sheet: Sheet, first: bool, notes: Sequence[str]) -> str:
    caption = [rf"\caption{{{sheet.title}}}"] if first else [r"\addtocounter{table}{-1}", r"\caption{(continued)}"]
    items = [rf"\item {note}" for note in notes]
    under = [r"\begin{tablenotes}[flushleft]", r"\footnotesize", r"\setlength{\labelsep}{0pt}", *items, r"\end{tablenotes}"]
    return "\n".join([r"\begin{table}[htbp]", r"\centering", r"\footnotesize", r"\setlength{\tabcolsep}{4pt}", *caption,
                      r"\begin{threeparttable}", *_tabular(sheet), *(under if notes else []), r"\end{threeparttable}", r"\end{table}"])


def _tabular(sheet: Sheet) -> list[str]:
    """Sections are set apart by rules, and each has its name once, above its rows."""
    left, cells = int(sheet.sections), sheet.cells(MARKS, SIGN)
    columns = range(left, len(sheet.heads))
    lines = [r"\begin{tabular}{" + "".join("l" if j < sheet.words else "r" for j in columns) + "}", r"\toprule"]
    lines += _heads(sheet, columns)
    for name, rows in groupby(range(len(cells)), key=lambda k: sheet.rows[k][0] if sheet.sections else ""):
        lines.append(r"\midrule")
        if sheet.sections:
            lines.append(rf"\multicolumn{{{len(columns)}}}{{l}}{{\textbf{{{name}}}}} \\")
        lines += [_row(cells[k][left:]) for k in rows]
    return [*lines, *([] if cells else [r"\midrule"]), r"\bottomrule", r"\end{tabular}"]


def _heads(sheet: Sheet, columns: Sequence[int]) -> list[str]:
    """The blocks' names over their columns, then the heads, of which what stands in brackets goes to a line of its own."""
    lines = []
    if any(name for name, _ in sheet.runs):
        spans = [rf"\multicolumn{{{len(run)}}}{{c}}{{{name}}}" for name, run in sheet.runs]
        rules = [rf"\cmidrule(lr){{{run[0] - columns[0] + 1}-{run[-1] - columns[0] + 1}}}" for name, run in sheet.runs if name]
        lines += [_row(spans), "".join(rules)]
    parts = [sheet.heads[j].partition(" (") for j in columns]
    lines.append(_row([name for name, _, _ in parts]))
    if any(bracket for _, bracket, _ in parts):
        lines.append(_row([bracket[1:] + mask for _, bracket, mask in parts]))
    return lines


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"
