"""`stbench show`: one method, suite or source in full."""

from __future__ import annotations

from typing import Annotated

import typer

from benchmark.cli.options import AsJson
from benchmark.cli.streams import put


def show(
    name: Annotated[str, typer.Argument(help="A method, a suite or a source; or a class of a file (my.py:Mine).")],
    json: AsJson = False,
) -> None:
    """Show a method (paper, inputs, options), a suite (cities, tasks, editions) or a source (files, options); or all of one name.

    Example: stbench show cmust
    """
    from benchmark.report.console import plain_facts
    from benchmark.report.listing import describe
    from benchmark.report.visible import as_json

    facts = describe(name)
    put(as_json(facts) if json else plain_facts(facts))
