"""`stbench figure`: one figure of a suite, as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.options import Results
from benchmark.cli.parse import names
from benchmark.cli.streams import say


def figure(
    kind: Annotated[str, typer.Option(help="horizon, hour, map, series, curves, time-to-best, ranks, cost or attention.")],
    out: Annotated[Path, typer.Option(help="The file to write: .pdf, .svg or .png.")],
    suite: Annotated[str | None, typer.Option(help="Of this suite.")] = None,
    method: Annotated[str | None, typer.Option(help="Only these methods.")] = None,
    task: Annotated[str | None, typer.Option(help="Only these tasks, a panel each.")] = None,
    metric: Annotated[str | None, typer.Option(help="What is compared; default the protocol's first metric of a task.")] = None,
    data: Annotated[str | None, typer.Option(help="Of this edition.")] = None,
    preset: Annotated[str | None, typer.Option(help="Of this preset.")] = None,
    protocol: Annotated[str, typer.Option(help="Of this protocol.")] = "strict",
    scenario: Annotated[str, typer.Option(help="Of this scenario.")] = "standard",
    results: Results = None,
) -> None:
    """Draw one figure of the records of one setting, several tasks as small multiples, and print its caption.

    Example: stbench figure --suite nyc --kind horizon --out horizon.pdf
    """
    from benchmark.report.choice import Filter, open_stores
    from benchmark.report.figures.kinds import find_kind
    from benchmark.report.figures.kinds.runs import one_setting
    from benchmark.report.figures.save import check_picture_suffix, write_figure
    from benchmark.report.figures.style import looks

    chosen, wanted = Filter(names(suite, "--suite"), names(data, "--data"), names(preset, "--preset"), (protocol,), names(task, "--task"),
                            names(method, "--method"), names(metric, "--metric"), (scenario,)), find_kind(kind)
    check_picture_suffix(out)
    runs = one_setting(*open_stores(results), chosen)
    picture = wanted.picture(runs)
    # a method has one colour, whatever the kind of figure shows
    write_figure(picture.chart.draw(looks([*runs.methods, *picture.chart.names])), out)
    say(f"{out}: {picture.chart.title}. {picture.caption}")
