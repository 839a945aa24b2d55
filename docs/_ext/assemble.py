"""All pages in one folder: those that were written, their links turned to where things lie on the site, and those that are generated."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import api_page
import command_page
import list_page
import method_pages

# a page of the project → its name on the site; others of docs/ keep theirs, and search.html is the site's own
NAMES = {"README.md": "start.md", "CONTRIBUTING.md": "contributing.md", "docs/search.md": "how-quick-was-chosen.md"}
LINK = re.compile(r"(?<=\]\()([^)\s#]+)(?=[)#])")
FENCED = re.compile(r"^(```.*?^```$)", re.DOTALL | re.MULTILINE)


def write(root: Path, source: Path) -> None:
    """Write every page, and what pages link to, into a new folder."""
    for name, content in _pages(root):
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _pages(root: Path) -> Iterator[tuple[str, bytes]]:
    """Name on the site → content."""
    ours = {path: path.name for path in (root / "docs").glob("*.md")} | {root / name: site for name, site in NAMES.items()}
    for path, name in ours.items():
        text, files = _turned(path, root, ours)
        yield name, text.encode()
        for file in files:
            yield f"files/{file.relative_to(root).as_posix()}", file.read_bytes()
    for module in (method_pages, list_page, command_page, api_page):
        yield from ((name, text.encode()) for name, text in module.pages())


def _turned(path: Path, root: Path, ours: dict[Path, str]) -> tuple[str, list[Path]]:
    """A page whose links fit the site, and the files that they lead to."""
    files = []

    def turn(found: re.Match[str]) -> str:
        if "://" in found[1]:
            return found[1]
        target = Path(os.path.normpath(path.parent / found[1]))
        if target in ours:
            return ours[target]
        if not target.is_relative_to(root) or not target.exists():
            raise ValueError(f"{path.relative_to(root)} links to {found[1]}, which is not there")
        if target.is_dir() or target.suffix == ".md":
            return f"project:{target.relative_to(root).as_posix()}"
        files.append(target)
        return f"files/{target.relative_to(root).as_posix()}"

    parts = FENCED.split(path.read_text(encoding="utf-8"))
    turned = [part if part.startswith("```") else LINK.sub(turn, part) for part in parts]
    # what can only be read in the checkout is named, not linked
    plain = [re.sub(r"\[([^\]]*)\]\(project:([^)#]*)[^)]*\)", r"\1 (`\2` in the checkout)", part) for part in turned]
    return "".join(plain), files
