"""`stbench embed`: the vectors that a kept run gives to trips."""

from __future__ import annotations

from typing import Annotated

import typer

from benchmark.cli.options import Edition, Kept, Out, Results
from benchmark.cli.streams import put, say


def embed(
    run: Kept,
    trips: Annotated[str, typer.Option(help="A prepared city of the same roads and cells: its name, or its folder.")],
    edition: Edition = None,
    out: Out = None,
    results: Results = None,
) -> None:
    """Give the trips of a city their vectors, by trip id.

    Example: stbench embed 3f2a --trips xian --out vectors.parquet
    """
    from benchmark.execution.using import embed as vectors
    from benchmark.report.outputs import as_csv, check_suffix, write_frame
    from benchmark.report.visible import visible_lines

    check_suffix(out)
    frame = vectors(run, trips, edition=edition, results=results)
    if out is None:
        put(visible_lines(as_csv(frame)))
        return
    write_frame(frame, out, matrix="vectors")
    say(f"{len(frame)} vectors of {frame.shape[1]} numbers written to {out}.")
