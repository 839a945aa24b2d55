"""The pages that a user reads, taken apart: commands, blocks of code, links."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [README, *DOCS]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of one language; "" for those that name none."""
    return [text for found, text in FENCED.findall(page.read_text()) if found == language]


def block(page: Path, language: str, containing: str) -> str:
    """The only block of a language that holds some text."""
    (found,) = [text for text in blocks(page, language) if containing in text]
    return found


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return FENCED.sub("", page.read_text())


def commands(page: Path) -> list[list[str]]:
    """The words after `stbench` of each command line in the blocks."""
    lines = [line for text in blocks(page, "") for line in text.splitlines()]
    found = [re.fullmatch(r"(?:\$ |[A-Z_]+=\S+ |\.venv/bin/)*stbench (.*)", line) for line in lines]
    return [shlex.split(one[1], comments=True) for one in found if one]


def mentions(page: Path) -> list[list[str]]:
    """The same of the prose, where a command may lack what it needs; one with an ellipsis is none."""
    found = [" ".join(code.split()) for code in re.findall(r"`stbench ([^`]+)`", prose(page))]
    return [shlex.split(one) for one in found if "…" not in one]


def links(page: Path) -> list[str]:
    """The targets of a page's links to files of the project."""
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)) if "://" not in target]
