"""`stbench predict`: what a kept run forecasts after the end of a city's series."""

from __future__ import annotations

from typing import Annotated

import typer

from benchmark.cli.options import Edition, Kept, Out, Results
from benchmark.cli.parse import names
from benchmark.cli.streams import put, say


def predict(
    run: Kept,
    city: Annotated[str, typer.Option(help="The city whose next steps are asked for: its name, or its folder.")],
    edition: Edition = None,
    task: Annotated[str | None, typer.Option(help="Only these tasks of the run.")] = None,
    out: Out = None,
    results: Results = None,
) -> None:
    """Forecast the steps after the end of a city's series, in its unit, with times in its zone: a row a task, step and node.

    Example: stbench predict 3f2a --city nyc --out forecasts.csv
    """
    from benchmark.execution.using import forecast
    from benchmark.report.outputs import as_csv, check_suffix, write_frame
    from benchmark.report.visible import visible_lines

    check_suffix(out)
    frame = forecast(run, city, names(task, "--task"), edition=edition, results=results)
    if out is None:
        put(visible_lines(as_csv(frame, index=False)))
        return
    write_frame(frame, out, index=False)
    say(f"{len(frame)} forecasts written to {out}.")
