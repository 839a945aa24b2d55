"""What the terminal shows: text of its width, lists and nested facts."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as RichTable


def captured(write: Callable[[Console], None]) -> str:
    """What a console of the terminal's width would print; colours only on a terminal."""
    terminal = Console()
    console = Console(file=io.StringIO(), force_terminal=terminal.is_terminal, width=shutil.get_terminal_size((100, 24)).columns)
    write(console)
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def plain_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Equal rows of facts as a terminal table; words are broken only where the terminal is too narrow for whole ones."""
    columns = {key: [row.get(key) for row in rows] for row in rows for key in row}
    texts = [[key, *map(_fact, values)] for key, values in columns.items()]

    def write(console: Console) -> None:
        gap, widths = 2, _widths(texts, console.width, 2)
        if widths is None:
            gap, widths = 1, _widths(texts, console.width, 1)
        grid = RichTable(box=box.SIMPLE_HEAD, padding=(0, gap, 0, 0), pad_edge=False)
        for k, (key, values) in enumerate(columns.items()):
            numeric = all(isinstance(value, int | float | None) for value in values)
            grid.add_column(key, justify="right" if numeric else "left", overflow="fold", no_wrap=k == 0,
                            width=widths[k] if widths else None)
        for cells in list(zip(*texts, strict=True))[1:]:
            grid.add_row(*cells)
        console.print(grid)

    return captured(write)


def _widths(columns: Sequence[Sequence[str]], width: int, gap: int) -> list[int] | None:
    """Of columns that break no word, the first one not even between words; None where the terminal is too narrow for that."""
    whole = [max(map(len, texts)) for texts in columns]
    least = [whole[0], *(max(len(word) for text in texts for word in text.split() or [""]) for texts in columns[1:])]
    room = width - (len(columns) + 1) - gap * (len(columns) - 1)
    if sum(whole) <= room:
        return whole
    spare, wished = room - sum(least), sum(whole) - sum(least)
    return None if spare < 0 else [low + spare * (high - low) // wished for low, high in zip(least, whole, strict=True)]


def _fact(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int | float) else "–" if value is None else str(value)


def plain_facts(facts: Mapping[str, Any]) -> str:
    """Nested facts as indented lines."""
    def lines(value: Any, depth: int) -> list[str]:
        pad = "  " * depth
        if isinstance(value, Mapping) and set(value) == {"default", "meaning"}:
            return [f"{value['default']}  {value['meaning']}"]
        if isinstance(value, Mapping):
            made = []
            for key, inner in value.items():
                inside = lines(inner, depth + 1)
                one_line = len(inside) == 1 and not inside[0].startswith("  " * (depth + 1))
                made += [f"{pad}{key}: {inside[0]}"] if one_line else [f"{pad}{key}:", *inside]
            return made or ["none"]
        return [", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)]
    return "\n".join(lines(facts, 0)) + "\n"
