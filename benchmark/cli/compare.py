"""`stbench compare`: kept runs against one of them, answer by answer."""

from __future__ import annotations

from typing import Annotated

import typer

from benchmark.cli.options import AsJson, Format, Kept, Results
from benchmark.cli.streams import put


def compare(
    reference: Kept,
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs to compare with it, made with --keep as well.")],
    results: Results = None,
    format: Format = "rich",
    json: AsJson = False,
) -> None:
    """Say by how much runs differ from a reference, with 95 % intervals of a paired bootstrap over the same test trips.

    Example: stbench compare 2d42 4262 3b44
    """
    from benchmark.report.paired import compare as compared
    from benchmark.report.render import check_format, render
    from benchmark.store.records import Store, local_root

    format = "json" if json else format
    check_format(format)
    text = render([compared(Store(local_root(results)), reference, runs)], format)
    put(text)
