"""What the terminal shows: text of its width, lists and nested facts."""

from __future__ import annotations

import io
import shutil
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from benchmark.report.visible import visible

# columns that a wrapped text has at the least
LEAST_ROOM = 20
# a default that is longer does not widen the column of defaults
WIDEST_DEFAULT = 12


def captured(write: Callable[[Console], None]) -> str:
    """What a console of the terminal's width would print; colours only on a terminal."""
    terminal = Console()
    console = Console(file=io.StringIO(), force_terminal=terminal.is_terminal, width=shutil.get_terminal_size((100, 24)).columns)
    write(console)
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def plain_table(rows: Sequence[Mapping[str, Any]], section: str = "", prose: Sequence[str] = (), optional: Sequence[str] = ()) -> str:
    """Equal rows of facts as a table of the terminal's width.

    Parameters
    ----------
    section: a column whose values stand once, above their rows. What is too wide is first taken from the columns of `prose`, which go below
    their rows, then from the `optional` ones, which are left out and named below, then from whole words; at last each fact has a line.
    """
    order = list(dict.fromkeys(row.get(section) for row in rows))
    rows = sorted(rows, key=lambda row: order.index(row.get(section)))
    made = [{key: value for key, value in row.items() if key != section} for row in rows]
    sections = [_fact(row[section]) if section in row else "" for row in rows]

    def write(console: Console) -> None:
        columns = dict.fromkeys(key for row in made for key in row)
        below = [key for key in prose if key in columns]
        dropped: list[str] = []
        for aside in ([], below):
            kept = [key for key in columns if key not in aside]
            if whole := _lines_fit(made, kept, console.width):
                break
        for key in optional:
            if not whole and key in kept:
                kept.remove(key)
                dropped.append(key)
                whole = _lines_fit(made, kept, console.width)
        widths = _widths([[key, *(_fact(row.get(key)) for row in made)] for key in kept], console.width, 2)
        console.print()
        if widths is None:
            for row in rows:
                console.print(Text("\n".join(f"{key}: {_fact(value)}" for key, value in row.items())), "", sep="\n")
            return
        _print_grid(console, made, sections, kept, widths, [key for key in below if key not in kept])
        if dropped:
            console.print(Text(f"Wider terminals show as well: {', '.join(dropped)}.", style="dim"))

    return captured(write)


def _lines_fit(rows: Sequence[Mapping[str, Any]], keys: Sequence[str], width: int) -> bool:
    return sum(max(map(len, [key, *(_fact(row.get(key)) for row in rows)])) + 2 for key in keys) <= width


def _print_grid(console: Console, rows: Sequence[Mapping[str, Any]], sections: Sequence[str], keys: Sequence[str], widths: Sequence[int],
                below: Sequence[str]) -> None:
    """Heads, a rule, and the rows; each is followed by its prose, indented, and each section has its name above."""
    numbers = {key for key in keys if all(isinstance(row.get(key), int | float | None) for row in rows)}

    def show(cells: Sequence[str], style: str = "") -> None:
        wrapped = [Text(text).wrap(console, width) for text, width in zip(cells, widths, strict=True)]
        for k in range(max(map(len, wrapped))):
            parts = [(lines[k].plain.rstrip() if k < len(lines) else "") for lines in wrapped]
            line = "  ".join(part.rjust(width) if key in numbers else part.ljust(width)
                             for key, part, width in zip(keys, parts, widths, strict=True))
            console.print(Text(f" {line}".rstrip(), style=style))

    show(keys, "bold")
    console.print(Text(" " + "─" * (sum(widths) + 2 * (len(widths) - 1))))
    for k, row in enumerate(rows):
        if sections[k] and (k == 0 or sections[k] != sections[k - 1]):
            console.print(*([""] if k else []), Text(f" {sections[k]}", style="bold cyan"), sep="\n")
        show([_fact(row.get(key)) for key in keys])
        for key in below:
            console.print(Text("\n".join(_wrapped("   ", _fact(row.get(key)), console.width - 1)), style="dim"))
    console.print()


def _widths(columns: Sequence[Sequence[str]], width: int, gap: int) -> list[int] | None:
    """Of columns that break no word, the first one not even between words; None where the terminal is too narrow for that."""
    whole = [max(map(len, texts)) for texts in columns]
    least = [whole[0], *(max(len(word) for text in texts for word in text.split() or [""]) for texts in columns[1:])]
    room = width - 2 - gap * (len(columns) - 1)
    if sum(whole) <= room:
        return whole
    spare, wished = room - sum(least), sum(whole) - sum(least)
    return None if spare < 0 else [low + spare * (high - low) // wished for low, high in zip(least, whole, strict=True)]


def _fact(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int | float) else "–" if value is None else visible(str(value))


def plain_facts(facts: Mapping[str, Any]) -> str:
    """Nested facts as indented lines; options as a table of name, default and meaning, with range or choices where there are some."""
    width = shutil.get_terminal_size((100, 24)).columns
    return "\n".join(map(visible, _fact_lines(facts, 0, width))) + "\n"


def _fact_lines(value: Any, depth: int, width: int) -> list[str]:
    pad = "  " * depth
    if isinstance(value, Mapping) and value and all(isinstance(one, Mapping) and "default" in one for one in value.values()):
        return _option_lines(value, pad, width)
    if isinstance(value, Mapping):
        made = []
        for key, inner in value.items():
            inside = _fact_lines(inner, depth + 1, width)
            one_line = len(inside) == 1 and not inside[0].startswith("  " * (depth + 1))
            made += _wrapped(f"{pad}{key}: ", inside[0], width) if one_line else [f"{pad}{key}:", *inside]
        return made or ["none"]
    return [", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)]


def _option_lines(options: Mapping[str, Mapping[str, Any]], pad: str, width: int) -> list[str]:
    """Aligned; a meaning that has no room beside its option, or only little, goes below it."""
    defaults = {name: _fact_lines(one["default"], 0, width)[0] or "–" for name, one in options.items()}
    names, values = max(map(len, defaults)), max([len(text) for text in defaults.values() if len(text) <= WIDEST_DEFAULT], default=0)
    behind = len(pad) + names + values + 4
    lines = []
    for name, one in options.items():
        limits = one.get("range") or ", ".join(map(str, one.get("choices", ())))
        said = one["meaning"] + (f" [{limits}]" if limits else "")
        start = f"{pad}{name:<{names}}  {defaults[name]:<{values}}  "
        if behind <= width // 2 and len(start) == behind:
            lines += _wrapped(start, said, width)
        else:
            lines += [start.rstrip(), *_wrapped(" " * (behind if behind <= width // 2 else len(pad) + 4), said, width)]
    return lines


def _wrapped(start: str, text: str, width: int) -> list[str]:
    """A text behind its start, whose further lines stand below its first; as it is where there is hardly room."""
    if width - len(start) < LEAST_ROOM:
        return [start + text]
    return textwrap.wrap(text, width, initial_indent=start, subsequent_indent=" " * len(start), break_long_words=False,
                         break_on_hyphens=False) or [start.rstrip()]
