"""Every command with its options, as its own parser knows them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from marks import line, table
from typer.main import get_command

from benchmark.cli.app import app

HEAD = """# Commands

Made from the command line itself; `stbench COMMAND --help` says the same. A user's mistake is one sentence and exit code 2.
"""


def pages() -> Iterator[tuple[str, str]]:
    """The one page."""
    yield "all-commands.md", "\n".join([HEAD, *_sections(get_command(app), "stbench")])


def _sections(command: Any, name: str) -> Iterator[str]:
    """A command and those below it, each a section."""
    below = getattr(command, "commands", {})
    yield f"{'##' if name.count(' ') < 2 else '###'} {name}\n"
    yield _help(command.help or "")
    options = [row for one in command.params if (row := _row(one))]
    if options:
        yield table(("option", "meaning", "default"), options)
    for key, one in below.items():
        yield from _sections(one, f"{name} {key}")


def _help(text: str) -> str:
    """The help, its example as a block to copy."""
    said, _, example = inspect.cleandoc(text).partition("Example: ")
    return "\n".join([*(f"{line(part)}\n" for part in said.split("\n\n") if part.strip()),
                      f"```\n{example.strip()}\n```\n" if example else ""])


def _row(one: Any) -> tuple[str, str, str] | None:
    """An option or an argument; None for what every command has."""
    if one.name == "help":
        return None
    names = (*one.opts, *one.secondary_opts) if one.param_type_name == "option" else (one.metavar or one.name.upper(),)
    default = "required" if one.required else "–" if one.default in (None, False, (), []) else f"`{one.default}`"
    return ", ".join(f"`{name}`" for name in names), line(one.help or ""), default
