"""`stbench data import-archive`: a suite's real edition from the authors' pre-cut windows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def import_archive(
    path: Annotated[Path, typer.Argument(help="The suite's folder, or the one above it (NYC, CHI, SIP).")],
    suite: Annotated[str, typer.Option(help="nyc, chicago or sip.")],
    task_map: Annotated[str | None, typer.Option(help="Folders of other names: TAXIPICK=taxi_pick,TAXIDROP=taxi_drop.")] = None,
    nodes: Annotated[Path | None, typer.Option(help="A .csv of node_id, lon, lat and perhaps name; row j is column j.")] = None,
    start: Annotated[str | None, typer.Option(help="Local time of the first row, if it is not the suite's.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite the edition if its data differ.")] = False,
) -> None:
    """Check and build a suite from the authors' archive layout (pre-cut windows), as its edition `archive`.

    A folder a task, with train.npz, val.npz, test.npz (x and y) and perhaps prompt.pth. Nothing is unpickled but a bare tensor.

    Example: stbench data import-archive data/NYC --suite nyc
    """
    from benchmark.data.archive import ArchiveRequest
    from benchmark.data.archive import import_archive as build
    from benchmark.data.sources.archive import parse_task_map

    city = build(ArchiveRequest(path, suite, parse_task_map(task_map), nodes, start), replace=replace)
    notes = city.card["notes"]
    steps = ", ".join(sorted({f"{about['steps']:,}" for about in city.card["tasks"].values()}))
    typer.echo(f"{city.name} ({city.edition}): {', '.join(city.tasks)}; {city.card['nodes']} nodes; {steps} steps; "
               f"fingerprint {city.fingerprint}.\n"
               f"Windows of train / val / test: {notes['windows']}. Coordinates: {notes['coordinates']}.\n"
               f"It lies in {city.folder}. Next: stbench run --method historical_average --suite {city.name} "
               f"--data {city.edition} --protocol paper")
