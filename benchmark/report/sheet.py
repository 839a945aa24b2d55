"""One table as plain data, before any form is made of it by `render.py`.

Whoever shows records makes sheets: suites, ablations, whatever comes. What stands in a sheet is its maker's; how it looks is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

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
    # (row, column) -> a sign behind the text, in any format; its notes say what it means
    signs: Mapping[tuple[int, int], str] = field(default_factory=dict)

    @property
    def full_heads(self) -> list[str]:
        """The heads in one line: ``taxi_pick MAE``."""
        return [" ".join(filter(None, (self.blocks.get(j), head))) for j, head in enumerate(self.heads)]

    @property
    def runs(self) -> list[tuple[str, list[int]]]:
        """Neighbouring columns of one block with its name, which is empty for those of none; a column of sections is left out."""
        columns = range(int(self.sections), len(self.heads))
        return [(name, list(run)) for name, run in groupby(columns, key=lambda j: self.blocks.get(j, ""))]

    def escaped(self, escape: Callable[[str], str]) -> Sheet:
        """The same with every text for readers escaped."""
        return replace(self, title=escape(self.title), heads=[*map(escape, self.heads)], rows=[[*map(escape, row)] for row in self.rows],
                       blocks={column: escape(name) for column, name in self.blocks.items()}, notes=[*map(escape, self.notes)],
                       signs={cell: escape(sign) for cell, sign in self.signs.items()})

    def cells(self, marks: Mapping[int, str], signed: str) -> list[list[str]]:
        """The rows, marked and with their signs, by templates; a mark that has none is not shown."""
        return [[marks.get(self.marks.get((k, j), 0), "{}").format(text) + (signed.format(self.signs[k, j]) if (k, j) in self.signs else "")
                 for j, text in enumerate(row)] for k, row in enumerate(self.rows)]


def noted(group: Sequence[Sheet], best: str, second: str) -> list[str]:
    """The notes of one group; first, as a format says it, what its marks of the best and the second are, as far as there are any."""
    used = {mark for sheet in group for mark in sheet.marks.values()}
    said = [word for mark, word in ((BEST, best), (SECOND, second)) if mark in used]
    legend = ", ".join(said)
    return [*([f"{legend[0].upper()}{legend[1:]}."] if said else []), *group[0].notes]


# what is shown where there is no sheet: its title on the terminal, its columns in CSV
NOTHING = Sheet("Nothing to show.", (), ())


def groups(sheets: Sequence[Sheet]) -> list[list[Sheet]]:
    """Sheets below each other that share title and notes."""
    return [list(group) for _, group in groupby(sheets, key=lambda sheet: (sheet.group, sheet.title, tuple(sheet.notes)))]
