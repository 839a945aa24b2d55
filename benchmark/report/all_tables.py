"""All tables of suites as files: one Markdown, CSV and LaTeX file a suite, edition, preset and protocol, and an index of them.

They are made of records alone, so that whoever makes them again gets the same bytes. The index says which files of the folder are ours:
those that are no longer made are removed, all others stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.files import disk_errors, write_atomic
from benchmark.report.markdown import escape
from benchmark.report.render import render
from benchmark.report.suite import suite_sheets
from benchmark.report.table import Table, make_tables
from benchmark.store.records import Store

INDEX = "index.md"
# suffix -> format
SUFFIXES = {".md": "markdown", ".csv": "csv", ".tex": "latex"}
# a file that the index names: of this folder and of one of our kinds, nothing else
NAMED = re.compile(rf"\]\(([\w][\w.-]*(?:{'|'.join(map(re.escape, SUFFIXES))}))\)")
HEAD = """# Tables

Made by `stbench table --all --out <this folder>` from the published records; made again, they are the same to the byte. Not to be edited.

| suite | edition | preset | protocol | files |
|---|---|---|---|---|
"""

# suite, edition, preset, protocol
Key = tuple[str, str, str, str]


def all_tables(local: Store | None, published: Store | None) -> dict[str, str]:
    """File name → text, of all tables of two stores, with the index."""
    groups: dict[Key, list[Table]] = {}
    for table in make_tables(local, published):
        key = table.suite.partition("@")[0], table.edition, table.preset, table.protocol.partition("@")[0]
        groups.setdefault(key, []).append(table)
    texts: dict[str, str] = {}
    lines = []
    for key, tables in sorted(groups.items()):
        sheets, stem = suite_sheets(tables), _stem(key, texts)
        texts |= {f"{stem}{suffix}": render(sheets, format) for suffix, format in SUFFIXES.items()}
        links = " ".join(f"[{suffix[1:]}]({stem}{suffix})" for suffix in SUFFIXES)
        lines.append(f"| {' | '.join(map(escape, key))} | {links} |\n")
    return {**texts, INDEX: HEAD + "".join(lines)}


def write_all(folder: Path, texts: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Bring a folder to these files; returns the names of those that were written and of those that were removed."""
    with disk_errors(folder, "read"):
        before = {name: (folder / name).read_bytes() for name in texts if (folder / name).is_file()}
    ours = set(NAMED.findall(before.get(INDEX, b"").decode(errors="replace")))
    written = [name for name in sorted(texts, key=lambda name: name == INDEX) if before.get(name) != texts[name].encode()]
    gone = sorted(name for name in ours - set(texts) if (folder / name).is_file())
    for name in written:  # the index last: until then it names what is to be removed
        if name == INDEX:
            _remove(folder, gone)
        write_atomic(folder / name, texts[name])
    return written, gone


def _remove(folder: Path, names: Sequence[str]) -> None:
    for name in names:
        with disk_errors(folder / name):
            (folder / name).unlink(missing_ok=True)


def _stem(key: Key, taken: Mapping[str, str]) -> str:
    """A name of letters, digits, dots and dashes; of names that differ in other signs alone, the later ones are numbered."""
    stem = "-".join(re.sub(r"[^\w.-]|^[.-]", "_", word) for word in key)
    return next(name for name in (stem, *(f"{stem}-{k}" for k in range(2, 2 + len(taken)))) if f"{name}.md" not in taken)
