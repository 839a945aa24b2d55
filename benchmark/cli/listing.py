"""`stbench list`: methods, suites, tasks, scenarios, presets, protocols, sources. No torch."""

from __future__ import annotations

import json as json_
from typing import Annotated

import typer

from benchmark.cli.options import AsJson


def listing(
    what: Annotated[str, typer.Argument(help="methods, suites, tasks, scenarios, presets, protocols or sources.")],
    json: AsJson = False,
) -> None:
    """List what stbench knows.

    Example: stbench list methods
    """
    from benchmark.report.listing import KINDS
    from benchmark.report.listing_text import list_text

    if what not in KINDS:
        from benchmark.errors import unknown

        raise unknown("list", what, KINDS)
    rows = KINDS[what]()
    typer.echo(json_.dumps(rows, indent=2, ensure_ascii=False) if json else list_text(what, rows), nl=json)
