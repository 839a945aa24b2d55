"""`stbench data`: the cities on this machine, and how to get more: from a source, or your own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from benchmark.cli.fetch import fetch
from benchmark.cli.options import AsJson
from benchmark.cli.streams import put, say

app = typer.Typer(no_args_is_help=True)
app.command("fetch")(fetch)
# what a card counts of a task → the head of its column; a share is shown in percent
NUMBERS = {"nodes": "nodes", "steps": "steps", "skipped_steps": "skipped", "min": "min", "mean": "mean", "max": "max",
           "zero_share": "zero %", "unobserved_share": "missing %"}


@app.command("list")
def list_(json: AsJson = False) -> None:
    """List the cities that are prepared, and those that ship with stbench. A simulated city is made when a run first asks for it;
    `stbench data build` gets one from a source, `stbench data import my-city.toml` brings your own.

    Example: stbench data list
    """
    from benchmark.data.cards import overview
    from benchmark.report.listing_text import list_text
    from benchmark.report.visible import as_json

    rows = overview()
    put(as_json(rows) if json else list_text("cities", rows))


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A city of `stbench data list`.")],
    edition: Annotated[str | None, typer.Option(help="Only this edition, or this folder of `stbench data list`.")] = None,
    json: AsJson = False,
) -> None:
    """Show a city's card: source, licence, clock, tasks, what zero means, how missing is marked, smallest and largest values.

    Example: stbench data show my-city
    """
    from benchmark.data.cards import describe
    from benchmark.report.console import plain_facts, plain_table
    from benchmark.report.visible import as_json

    cards = describe(name, edition)
    if json:
        put(as_json(cards))
        return
    for card in cards:
        tasks = card["tasks"] if isinstance(card.get("tasks"), dict) else {}
        # words go to the facts, numbers to one table
        words = {task: {key: value for key, value in about.items() if key not in NUMBERS} for task, about in tasks.items()}
        put(plain_facts({**card, **({"tasks": words} if tasks else {})}))
        if tasks:
            put(plain_table([_numbers(task, about) for task, about in tasks.items()]))


@app.command()
def build(
    name: Annotated[str, typer.Argument(help="A source; see stbench list sources.")],
    path: Annotated[Path | None, typer.Option("--from", help="The files that the source needs, if they were not fetched.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="An option of the source: key=value. Repeatable.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite the city if its data differ.")] = False,
) -> None:
    """Check and build a city from a source: an archive that authors gave away, or the simulator.

    Example: stbench data build cmust --from data/NYC --set suite=nyc
    """
    from benchmark.data.sources import build_city
    from benchmark.options import parse_assignments

    for line in build_city(name, path, parse_assignments(set_ or []), replace=replace).lines:
        say(line)


@app.command("import")
def import_(
    toml: Annotated[Path, typer.Argument(help="The city file: which arrays, which clock, which nodes; or which roads, which trips.")],
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite a city, and suites, of this name.")] = False,
) -> None:
    """Check and build your own city from a TOML file; its name is then a suite.

    All keys stand in docs/data.md, and at the top of benchmark/data/own/city_file.py (series on nodes) and trajectory_file.py (GPS
    trips, kind = "trajectories"); examples in tests/cities.

    Example: stbench data import my-city.toml
    """
    from benchmark.suites.importing import import_own

    for line in import_own(toml, replace=replace).lines:
        say(line)


@app.command()
def verify(names: Annotated[list[str] | None, typer.Argument(help="Prepared cities; all by default.")] = None) -> None:
    """Compare every file of the cities with the SHA-256 of its card.

    Example: stbench data verify my-city
    """
    from benchmark.data.cards import verify_cities

    for name in verify_cities(names or ()):
        say(f"{name}: ok")


def _numbers(task: str, about: dict[str, Any]) -> dict[str, Any]:
    """A row of what a card counts of a task."""
    return {"task": task, **{head: round(100 * about[key], 2) if key.endswith("_share") else about[key] for key, head in NUMBERS.items()}}
