"""`stbench status`: how far the campaigns of a store are. No torch."""

from __future__ import annotations

import json as json_
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def status(
    every: Annotated[bool, typer.Option("--all", help="Finished campaigns too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="As data.")] = False,
    results: Annotated[Path | None, typer.Option(help="Folder of the records.")] = None,
) -> None:
    """Show what is done, running, failed and to do, and when it will be over.

    Example: stbench status
    """
    from benchmark.report.status import text
    from benchmark.store.campaigns import states
    from benchmark.store.records import Store, local_root

    found = [one for one in states(Store(local_root(results))) if every or one.done < one.runs]
    if json:
        typer.echo(json_.dumps([{**asdict(one), "eta": one.eta} for one in found], indent=2, ensure_ascii=False))
    else:
        typer.echo(text(found), nl=False)
