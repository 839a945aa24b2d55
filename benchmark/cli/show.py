"""`stbench show`: one method or suite in full."""

from __future__ import annotations

import json as json_
from typing import Annotated

import typer


def show(
    name: Annotated[str, typer.Argument(help="A method or a suite.")],
    json: Annotated[bool, typer.Option("--json", help="As data.")] = False,
) -> None:
    """Show a method (paper, inputs, options) or a suite (cities, tasks, editions).

    Example: stbench show cmust
    """
    from benchmark.report.console import plain_facts
    from benchmark.report.listing import describe

    facts = describe(name)
    typer.echo(json_.dumps(facts, indent=2, ensure_ascii=False) if json else plain_facts(facts), nl=json)
