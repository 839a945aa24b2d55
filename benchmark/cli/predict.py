"""`stbench predict`: what a kept run forecasts after the end of a city's series."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.parse import names


def predict(
    run: Annotated[str, typer.Argument(help="A run made with --keep: its id, the beginning of it, or a path of one of its files.")],
    city: Annotated[str, typer.Option(help="The city whose next steps are asked for: its name, or its folder.")],
    edition: Annotated[str | None, typer.Option(help="Of the city; default that of the run.")] = None,
    task: Annotated[str | None, typer.Option(help="Only these tasks of the run.")] = None,
    out: Annotated[Path | None, typer.Option(help="A file to write, .csv, .npz or .parquet; default CSV on the terminal.")] = None,
    results: Annotated[Path | None, typer.Option(help="Folder of the records.")] = None,
) -> None:
    """Forecast the steps after the end of a city's series, in its unit, with times in its zone: a row a task, step and node.

    Example: stbench predict 3f2a --city nyc --out forecasts.csv
    """
    from benchmark.execution.using import forecast
    from benchmark.report.outputs import as_csv, check_suffix, write_frame

    check_suffix(out)
    frame = forecast(run, city, names(task), edition=edition, results=results)
    if out is None:
        typer.echo(as_csv(frame, index=False), nl=False)
        return
    write_frame(frame, out, index=False)
    typer.echo(f"{len(frame)} forecasts written to {out}.")
