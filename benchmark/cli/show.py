"""`stbench show`: one method or suite in full."""

from __future__ import annotations

import json as json_
from typing import Annotated

import typer


def show(
    name: Annotated[str, typer.Argument(help="A method or a suite.")],
    json: Annotated[bool, typer.Option("--json", help="As data.")] = False,
) -> None:
    """Show a method (paper, inputs, options) or a suite (tasks, editions).

    Example: stbench show cmust
    """
    from benchmark.report.listing import describe
    from benchmark.report.render import plain_facts

    facts = describe(name)
    typer.echo(json_.dumps(facts, indent=2, ensure_ascii=False) if json else plain_facts(facts), nl=json)
