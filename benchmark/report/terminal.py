"""Sheets on the terminal: made as narrow as its width asks, then split into parts; no text is ever cut."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from benchmark.report.console import captured
from benchmark.report.sheet import BEST, DIM, FLOOR, SECOND, Sheet, noted

STYLES = {BEST: "bold", SECOND: "underline", FLOOR: "dim", DIM: "dim"}
# behind the number where no style is shown: in a pipe, a file, a terminal without any
SIGNS = {BEST: "*", SECOND: "+"}
# room for a sign: rich strips spaces at an end
BLANK = "\ue000"
# columns that a folded name keeps at the least
NAME_WIDTH = 6
# how narrow a grid is made: as it is; heads and words broken at brackets, the ± closed up; words broken at every comma;
# without edges, arrows below
WIDE, COMPACT, TIGHT, CLOSE = LEVELS = range(4)


def terminal(groups: Sequence[Sequence[Sheet]], nothing: str) -> str:
    """Groups of escaped sheets as text of the terminal's width, each under its heading and above its notes."""
    def write(console: Console) -> None:
        for group in groups:
            console.print(Text(group[0].title, style="bold"))
            for grid in _grids(console, group):
                # an edge is an empty line
                edge = [] if grid.show_edge else [""]
                console.print(*edge, grid, *edge, sep="\n")
            legend = ("best bold", "second underlined") if _styled(console) else (f"{SIGNS[BEST]} best", f"{SIGNS[SECOND]} second")
            for note in noted(group, *legend):
                console.print(Text(note, style="dim"))
            console.print()
        if not groups:
            console.print(Text(nothing))

    return captured(write).replace(BLANK, " ")


def _grids(console: Console, group: Sequence[Sheet]) -> list[Grid]:
    """In as few parts as the width allows, and of these the widest level; folded only if not even one block a part fits."""
    most, signed = max(len(_blocks(sheet)) for sheet in group), not _styled(console)
    for parts in range(1, most + 1):
        for level in LEVELS:
            grids = _made(group, parts, level, signed)
            if all(_width(grid) <= console.width for grid in grids):
                return grids
    return _made(group, most, CLOSE, signed, fold=console.width)


def _styled(console: Console) -> bool:
    """Whether bold and underlined are seen."""
    return console.color_system is not None


def _width(grid: Grid) -> int:
    """Columns that a grid takes where no text is folded; as rich measures it, without laying out every cell."""
    widths = [max(column.min_width or 0, *(cell_len(line) for text in (column.header, *column.cells) for line in str(text).split("\n")))
              for column in grid.columns]
    _, gap, _, _ = grid.padding
    return sum(widths) + (1 + gap) * (len(widths) - 1) + 2 * grid.show_edge


def _blocks(sheet: Sheet) -> list[list[int]]:
    """The columns that stay together; those that belong to no block stand alone."""
    numbered = groupby(range(sheet.keys, len(sheet.heads)), key=lambda j: sheet.blocks.get(j, j))
    return [list(columns) for _, columns in numbered] or [[]]


def _made(group: Sequence[Sheet], parts: int, level: int, signed: bool, fold: int = 0) -> list[Grid]:
    """signed: marks are signs, not styles. fold: the width into which texts are folded; 0: they are not."""
    # grids below each other have names of one width
    lines = [line for sheet in group for text in _names(sheet, level) for line in text.splitlines()]
    width = max(map(len, lines), default=None) if len(group) > 1 and not fold else None
    made = []
    for sheet in group:
        blocks = _blocks(sheet)
        size = -(-len(blocks) // parts)
        for k in range(0, len(blocks), size):
            made.append(_grid(sheet, [j for block in blocks[k : k + size] for j in block], level, width, signed, fold))
    return made


def _names(sheet: Sheet, level: int) -> list[str]:
    """The texts of the first column."""
    first = int(sheet.sections)
    return [*(row[0] for row in sheet.rows if sheet.sections), *(_text(sheet, first, row[first], level) for row in sheet.rows)]


def _grid(sheet: Sheet, part: Sequence[int], level: int, name_width: int | None, signed: bool, fold: int) -> Grid:
    """The columns of the keys, and of a part."""
    first, gap = int(sheet.sections), int(level < CLOSE)
    columns = [*range(first, sheet.keys), *part]
    texts = {j: _column(sheet, j, level, signed) for j in columns}
    folds = dict.fromkeys(columns, bool(fold)) | dict.fromkeys(_whole(sheet, texts, fold), False)
    grid = Grid(box=box.SIMPLE_HEAD, padding=(0, gap, 0, 0), pad_edge=False, show_edge=gap > 0)
    for j in columns:
        # rich gives a column of nothing the width 1, but does not count it
        grid.add_column(Text(texts[j][0] or " "), justify="left" if j < sheet.words else "right", overflow="fold", no_wrap=not folds[j],
                        min_width=name_width if j == first else None)
    for name, section in groupby(range(len(sheet.rows)), key=lambda k: sheet.rows[k][0] if sheet.sections else ""):
        if sheet.sections:
            grid.add_row(Text(name, style="bold cyan"))
        for k in (rows := list(section)):
            cells = [Text(texts[j][1 + k], style=STYLES.get(sheet.marks.get((k, j), 0), "")) for j in columns]
            grid.add_row(*cells, end_section=sheet.sections and k == rows[-1])
    return grid


def _column(sheet: Sheet, column: int, level: int, signed: bool) -> list[str]:
    """Head and cells of a column. Where a number has signs, the others have room for them, so that their digits stay below each other."""
    head, cells = _head(sheet, column, level), [_text(sheet, column, row[column], level) for row in sheet.rows]
    signs = [SIGNS.get(sheet.marks.get((k, column), 0), "") * signed + sheet.signs.get((k, column), "") for k in range(len(cells))]
    if column < sheet.words or not any(signs):
        return [head, *cells]
    room = max(map(cell_len, signs))
    width = max(map(cell_len, cells)) + room
    lines = [line + BLANK * min(room, max(width - cell_len(line), 0)) for line in head.splitlines()]
    return ["\n".join(lines), *(text + sign + BLANK * (room - cell_len(sign)) for text, sign in zip(cells, signs, strict=True))]


def _whole(sheet: Sheet, texts: Mapping[int, Sequence[str]], fold: int) -> list[int]:
    """The columns of numbers that are not folded where something must be: all of them, if the names still have room beside."""
    widths = {j: max(cell_len(line) for text in column for line in text.splitlines() or [""]) for j, column in texts.items()}
    least = sum(1 + (width if j >= sheet.words else min(width, NAME_WIDTH)) for j, width in widths.items())
    return [j for j in texts if j >= sheet.words] if least <= fold else []


def _head(sheet: Sheet, column: int, level: int) -> str:
    """A head in as few columns as it takes; over the first of a block its name, a line for each of its words between dots."""
    block = sheet.blocks.get(column, "")
    head = sheet.heads[column].replace(" (", "\n(")
    if level >= CLOSE:
        head = re.sub(r" ([↑↓])\n?", r"\n\1 ", head).strip()
    if block or level >= COMPACT:
        head = head.replace(", ", ",\n")
    return "\n".join([*block.split("."), head]) if block and sheet.blocks.get(column - 1) != block else head


def _text(sheet: Sheet, column: int, text: str, level: int) -> str:
    """A cell's text, in lines. Names within sections stand one column further to the right than the sections' names."""
    if column >= sheet.words:
        return text.replace(" ± ", "±") if level >= COMPACT else text
    indent = " " * (sheet.sections and column == 1)
    broken = text.replace(" (", f"\n{indent} (") if level >= COMPACT else text
    return indent + (broken.replace(", ", f",\n{indent}  ") if level >= TIGHT else broken)
