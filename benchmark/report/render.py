"""Sheets in every format: for the terminal, markdown, LaTeX, CSV, HTML, JSON. Whatever stands in a sheet is escaped here, once a format."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence

from benchmark.errors import unknown
from benchmark.report import latex, markdown, page
from benchmark.report.sheet import NOTHING, Sheet, groups
from benchmark.report.terminal import terminal
from benchmark.report.visible import as_json, visible

Form = Callable[[Sequence[Sheet], Sheet], str]


def render(sheets: Sheet | Sequence[Sheet], format: str, nothing: Sheet = NOTHING) -> str:
    """Sheets in one of `FORMATS`. JSON is a list of objects; of a sheet that was not given in a list, an object.

    Raises
    ------
    UserError: unknown format.
    """
    check_format(format)
    if isinstance(sheets, Sheet):
        return as_json(sheets.whole) + "\n" if format == "json" else render([sheets], format)
    return FORMATS[format](sheets, nothing)


def check_format(format: str) -> None:
    """Raise UserError for a format that does not exist."""
    if format not in FORMATS:
        raise unknown("format", format, FORMATS)


def _text(lay_out: Callable[[Sequence[Sequence[Sheet]], str], str], escape: Callable[[str], str]) -> Form:
    """A form for readers: sheets that share title and notes are one group, and every text of theirs is escaped."""
    return lambda sheets, nothing: lay_out(groups([sheet.escaped(escape) for sheet in sheets]), visible(nothing.title))


def _csv(sheets: Sequence[Sheet], nothing: Sheet) -> str:
    out = io.StringIO()
    columns = dict.fromkeys(column for sheet in sheets or [nothing] for column in sheet.columns)
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: visible(value) if isinstance(value, str) else value for key, value in row.items()}
                     for sheet in sheets for row in sheet.data)
    return out.getvalue()


def _json(sheets: Sequence[Sheet], nothing: Sheet) -> str:
    return as_json([sheet.whole for sheet in sheets]) + "\n"


FORMATS: dict[str, Form] = {
    "rich": _text(terminal, visible), "csv": _csv, "json": _json, "markdown": _text(markdown.markdown, markdown.escape),
    "latex": _text(latex.latex, latex.escape), "html": _text(page.html, page.escape)}
