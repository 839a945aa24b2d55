"""One page of what `stbench list` knows besides methods, and of the options of every source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from marks import options_table, said, table

from benchmark.data.sources import sources
from benchmark.options import describe_options
from benchmark.report.listing import KINDS
from benchmark.report.listing_text import SHOWN

HEAD = """# All suites, tasks, presets …

Made from the code, as `stbench list` tells it. What the words mean: [concepts](concepts.md).
"""


def pages() -> Iterator[tuple[str, str]]:
    """The one page."""
    parts = [HEAD]
    for kind, rows in KINDS.items():
        if kind != "methods":
            parts += [f"## {kind.capitalize()}\n", _table([SHOWN[kind](row) for row in rows() if not row.get("broken")])]
    known = sources()
    for one in known.all():
        if not known.is_outside(one.name):
            parts += [f"### Options of the source {one.name}\n", options_table(describe_options(known.options(one.name)))]
    yield "all-lists.md", "\n".join(parts)


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    """One table; of kinds that families have of their own, one a family."""
    if "family" not in rows[0]:
        return table(tuple(rows[0]), ([said(value) for value in row.values()] for row in rows))
    return "\n".join(f"**{family}**\n\n" + _table([{key: value for key, value in row.items() if key != "family"}
                                                for row in rows if row["family"] == family])
                     for family in dict.fromkeys(row["family"] for row in rows))
