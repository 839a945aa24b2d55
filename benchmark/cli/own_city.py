"""`stbench data import`: a city of one's own from its TOML file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmark.errors import UserError


def import_city(
    toml: Annotated[Path, typer.Argument(help="The city file: which arrays, which clock, which nodes; or which roads, which trips.")],
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite a city, and suites, of this name.")] = False,
) -> None:
    """Check and build your own city from a TOML file; its name is then a suite.

    All keys stand at the top of benchmark/data/own/city_file.py (series on nodes) and trajectory_file.py (GPS trips, kind =
    "trajectories"); examples in tests/cities.

    Example: stbench data import my-city.toml
    """
    from benchmark.data.own.trajectory_file import is_trajectory_file

    (_import_trajectories if is_trajectory_file(toml) else _import_series)(toml, replace)


def _import_series(toml: Path, replace: bool) -> None:
    from benchmark.data.own.city_file import read_city_file
    from benchmark.data.own.series import import_city as build
    from benchmark.suites.catalogue import check_city

    check_city(read_city_file(toml).name)
    city = build(toml, replace=replace)
    typer.echo(f"{city.name} ({city.edition}): {', '.join(city.tasks)}; {city.card['nodes']} nodes; fingerprint {city.fingerprint}.\n"
               f"It lies in {city.folder}. Next: stbench run --method historical_average --suite {city.name}")


def _import_trajectories(toml: Path, replace: bool) -> None:
    from benchmark.data.own.trajectories import import_trajectories
    from benchmark.data.own.trajectory_file import read_trajectory_file
    from benchmark.suites.catalogue import check_city, check_declaration, declare

    given = read_trajectory_file(toml)
    check_city(given.name)
    for name, cities in given.suites.items():
        if name == given.name:
            raise UserError(f"'{name}' is the name of the city itself; choose another under [suites].")
        check_declaration(name, cities, replace=replace)
    city = import_trajectories(toml, replace=replace)
    for name, cities in given.suites.items():
        declare(name, cities, city.card["kind"], replace=replace)
    card, notes = city.card, city.card["notes"]
    dropped = "; ".join(f"{count:,} {reason}" for reason, count in notes["dropped"].items()) or "none"
    typer.echo(f"{city.name} ({city.edition}): {card['trips']:,} of {notes['trips_given']:,} trips, {card['points']:,} points, "
               f"{card['roads']:,} roads, {card['links']:,} links, {card['cells']:,} cells; fingerprint {city.fingerprint}.\n"
               f"Dropped: {dropped}.\nIt lies in {city.folder}.")
    for name, cities in given.suites.items():
        typer.echo(_declared(name, cities))
    typer.echo(f"Next: stbench run --method random,word2vec --suite {city.name}")


def _declared(name: str, cities: Sequence[str]) -> str:
    """What can be done with a suite now."""
    from benchmark.suites.catalogue import find_suite

    ready = find_suite(name).editions
    return (f"Suite {name} of {', '.join(cities)} is declared; "
            + (f"its editions: {', '.join(ready)}." if ready else "it runs when all its cities are prepared in one edition."))
