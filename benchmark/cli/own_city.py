"""`stbench data import`: a city of one's own from its TOML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmark.errors import UserError


def import_city(
    toml: Annotated[Path, typer.Argument(help="The city file: which arrays, which clock, which nodes; or which roads, which trips.")],
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite a city, and suites, of this name.")] = False,
) -> None:
    """Check and build your own city from a TOML file; its name is then a suite.

    All keys stand at the top of benchmark/data/sources/city_file.py (series on nodes) and trajectory_file.py (GPS trips, kind =
    "trajectories"); examples in tests/cities.

    Example: stbench data import my-city.toml
    """
    from benchmark.data.sources.trajectory_file import is_trajectory_file

    (_import_trajectories if is_trajectory_file(toml) else _import_series)(toml, replace)


def _import_series(toml: Path, replace: bool) -> None:
    from benchmark.data.build import import_city as build

    city = build(toml, replace=replace)
    typer.echo(f"{city.name} ({city.edition}): {', '.join(city.tasks)}; {city.card['nodes']} nodes; fingerprint {city.fingerprint}.\n"
               f"It lies in {city.folder}. Next: stbench run --method historical_average --suite {city.name}")


def _import_trajectories(toml: Path, replace: bool) -> None:
    from benchmark.data.import_trajectories import import_trajectories
    from benchmark.data.sources.trajectory_file import read_trajectory_file
    from benchmark.suites.catalogue import declare

    given = read_trajectory_file(toml)
    _check_names(given.name, given.suites, replace)
    city = import_trajectories(toml, replace=replace)
    for name, cities in given.suites.items():
        declare(name, cities, replace=replace)
    card, notes = city.card, city.card["notes"]
    dropped = "; ".join(f"{count:,} {reason}" for reason, count in notes["dropped"].items()) or "none"
    typer.echo(f"{city.name} ({city.edition}): {card['trips']:,} of {notes['trips_given']:,} trips, {card['points']:,} points, "
               f"{card['roads']:,} roads, {card['links']:,} links, {card['cells']:,} cells; fingerprint {city.fingerprint}.\n"
               f"Dropped: {dropped}.\nIt lies in {city.folder}.")
    for name, cities in given.suites.items():
        typer.echo(_declared(name, cities))
    typer.echo(f"Next: stbench run --method random,word2vec --suite {city.name}")


def _check_names(city: str, declared: Mapping[str, Sequence[str]], replace: bool) -> None:
    """Refuse a name that another suite has, before anything is written."""
    from benchmark.suites.catalogue import built_in, suites

    known = suites()
    if city in known and known[city].cities != (city,):
        raise UserError(f"'{city}' is the name of a suite of the cities {', '.join(known[city].cities)}; give this city another name.")
    for name, cities in declared.items():
        taken = known.get(name)
        if name == city or name in built_in() or (taken and len(taken.cities) == 1):
            raise UserError(f"'{name}' is the name of a suite already; choose another under [suites].")
        if taken and taken.cities != tuple(cities) and not replace:
            raise UserError(f"Suite '{name}' is already declared over {', '.join(taken.cities)}; add --replace to declare it anew.")


def _declared(name: str, cities: Sequence[str]) -> str:
    """What can be done with a suite now."""
    from benchmark.suites.catalogue import find_suite

    ready = find_suite(name).editions
    return (f"Suite {name} of {', '.join(cities)} is declared; "
            + (f"its editions: {', '.join(ready)}." if ready else "it runs when all its cities are prepared in one edition."))
