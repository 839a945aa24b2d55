"""`stbench results`: the local and the published store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Records."""


@app.command()
def promote(results: Annotated[Path | None, typer.Option(help="Folder of the local records.")] = None) -> None:
    """Copy finished runs on simulated cities to results/runs, to be committed and reviewed.

    Example: stbench results promote
    """
    from benchmark.errors import UserError
    from benchmark.store.records import Store, local_root, published_root
    from benchmark.store.records import promote as copy

    target = published_root()
    if target is None:
        raise UserError("There is no checkout to publish to; clone the project and run stbench there.")
    new = copy(Store(local_root(results)), Store(target))
    for path in new:
        typer.echo(path.relative_to(target))
    typer.echo(f"{len(new)} records published.")
