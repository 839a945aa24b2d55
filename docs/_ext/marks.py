"""Plain data as Markdown: text, code, tables."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from benchmark.report.markdown import escape


def said(value: Any) -> str:
    """A value of plain data in a cell."""
    if value is None or value in ("", [], ()):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return ", ".join(map(said, value)) if isinstance(value, list | tuple) else line(str(value))


def code(value: Any) -> str:
    """A value as one types it."""
    text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    text = {"True": "true", "False": "false", "None": "none"}.get(text, text)
    return f"`{text}`" if text else "–"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def options_table(options: dict[str, dict[str, Any]]) -> str:
    """What `describe_options` tells, a row an option."""
    return table(("option", "default", "meaning", "allowed"), (
        (f"`{name}`", code(facts["default"]), line(facts["meaning"]) or "–",
         escape(", ".join(map(str, facts.get("choices", [facts.get("range", "")])))) or "–") for name, facts in options.items()))


def prose(docstring: str) -> str:
    """A docstring as Markdown: code stays code, what is set in stays as it is, each DEVIATION is a paragraph."""
    paragraphs = re.split(r"\n\s*\n", docstring.strip().replace("\nDEVIATION:", "\n\nDEVIATION:"))
    return "\n\n".join(f"```text\n{textwrap.dedent(part)}\n```" if part.startswith(" ") else line(part) for part in paragraphs) + "\n"


def line(text: str) -> str:
    """A text in one line; code stays code, and an address leads there."""
    parts = re.split(r"(`[^`]*`|https?://[^\s,;)]*[^\s,;).])", " ".join(text.split()))
    return "".join(part if part.startswith("`") else f"<{part}>" if part.startswith("http") else escape(part) for part in parts)
