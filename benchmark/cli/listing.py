"""`stbench list`: methods, suites, tasks, scenarios, presets, protocols, sources, experiments. No torch."""

from __future__ import annotations

from typing import Annotated

import typer

from benchmark.cli.options import AsJson
from benchmark.cli.streams import put


def listing(
    what: Annotated[str, typer.Argument(help="methods, suites, tasks, scenarios, presets, protocols, sources or experiments.")],
    json: AsJson = False,
) -> None:
    """List what stbench knows.

    Example: stbench list methods
    """
    from benchmark.report.listing import KINDS
    from benchmark.report.listing_text import list_text
    from benchmark.report.visible import as_json

    if what not in KINDS:
        from benchmark.errors import unknown

        raise unknown("list", what, KINDS)
    rows = KINDS[what]()
    put(as_json(rows) if json else list_text(what, rows))
