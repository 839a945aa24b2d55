"""`stbench data import-archive`: a suite's real edition from the archive its authors gave away."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from benchmark.errors import UserError, unknown


def import_archive(
    path: Annotated[Path, typer.Argument(help="The suite's folder, or the one above it (NYC, CHI, SIP; chengdu, xian).")],
    suite: Annotated[str, typer.Option(help="nyc, chicago or sip; chengdu or xian.")],
    task_map: Annotated[str | None, typer.Option(
        help="nyc, chicago, sip: folders of other names, TAXIPICK=taxi_pick,TAXIDROP=taxi_drop.")] = None,
    nodes: Annotated[Path | None, typer.Option(
        help="nyc, chicago, sip: a .csv of node_id, lon, lat and perhaps name; row j is column j.")] = None,
    start: Annotated[str | None, typer.Option(help="nyc, chicago, sip: local time of the first row, if it is not the suite's.")] = None,
    frame: Annotated[str | None, typer.Option(help="chengdu, xian: frame of the points, wgs84 (default) or gcj02.")] = None,
    cell_size_m: Annotated[float | None, typer.Option(help="chengdu, xian: metres; default 160 for chengdu, 90 for xian.")] = None,
    poi: Annotated[Path | None, typer.Option(help="chengdu, xian: a table of lon, lat (WGS84) and category; default none.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite the edition if its data differ.")] = False,
) -> None:
    """Check and build a suite from the authors' archive, as its edition `archive`.

    nyc, chicago, sip: a folder a task, with train.npz, val.npz, test.npz (x and y) and perhaps prompt.pth. chengdu, xian: the files of
    JGRM or MVTraj, edge_features.csv, edge_geometry.csv, line_graph_edge_idx.npy and the trips as .pkl. No archive can run code.

    Example: stbench data import-archive data/NYC --suite nyc
    """
    from benchmark.data.archives.cmust.build import SUITES
    from benchmark.data.archives.jgrm.build import TRAJECTORY_SUITES

    for_series = {"--task-map": task_map, "--nodes": nodes, "--start": start}
    for_trips = {"--frame": frame, "--cell-size-m": cell_size_m, "--poi": poi}
    if suite in SUITES:
        _refuse(for_trips, suite, list(TRAJECTORY_SUITES))
        _import_series(path, suite, task_map, nodes, start, replace)
    elif suite in TRAJECTORY_SUITES:
        _refuse(for_series, suite, list(SUITES))
        _import_trips(path, suite, frame or "wgs84", cell_size_m, poi, replace)
    else:
        raise unknown("suite of the authors' archives", suite, [*SUITES, *TRAJECTORY_SUITES])


def _refuse(options: Mapping[str, object], suite: str, others: list[str]) -> None:
    for option, given in options.items():
        if given is not None:
            raise UserError(f"{option} does not apply to suite {suite}; it is for {', '.join(others)}. Type the command without it.")


def _import_series(path: Path, suite: str, task_map: str | None, nodes: Path | None, start: str | None, replace: bool) -> None:
    from benchmark.data.archives.cmust.build import ArchiveRequest
    from benchmark.data.archives.cmust.build import import_archive as build
    from benchmark.data.archives.cmust.layout import parse_task_map

    city = build(ArchiveRequest(path, suite, parse_task_map(task_map), nodes, start), replace=replace)
    notes = city.card["notes"]
    steps = ", ".join(sorted({f"{about['steps']:,}" for about in city.card["tasks"].values()}))
    typer.echo(f"{city.name} ({city.edition}): {', '.join(city.tasks)}; {city.card['nodes']} nodes; {steps} steps; "
               f"fingerprint {city.fingerprint}.\n"
               f"Windows of train / val / test: {notes['windows']}. Coordinates: {notes['coordinates']}.\n"
               f"It lies in {city.folder}. Next: stbench run --method historical_average --suite {city.name} "
               f"--data {city.edition} --protocol paper")


def _import_trips(path: Path, suite: str, frame: str, cell_size_m: float | None, poi: Path | None, replace: bool) -> None:
    from benchmark.data.archives.jgrm.build import TrajectoryArchiveRequest, import_trajectory_archive

    city = import_trajectory_archive(TrajectoryArchiveRequest(path, suite, frame, cell_size_m, poi), replace=replace)
    card, notes = city.card, city.card["notes"]
    repaired, dropped = ("; ".join(f"{count:,} {reason}" for reason, count in notes[what].items()) or "none"
                         for what in ("repaired", "dropped"))
    typer.echo(f"{city.name} ({city.edition}): {card['trips']:,} of {notes['trips_given']:,} trips, {card['points']:,} points, "
               f"{card['roads']:,} roads, {card['links']:,} links, {card['cells']:,} cells; fingerprint {city.fingerprint}.\n"
               f"Trips of each part: {', '.join(f'{part} {count:,}' for part, count in notes['split']['trips'].items())}.\n"
               f"Repaired: {repaired}.\nDropped: {dropped}.\nIt lies in {city.folder}.")
