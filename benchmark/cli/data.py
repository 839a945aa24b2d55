"""`stbench data`: the cities on this machine, and how to get more: from a source, or your own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.fetch import fetch
from benchmark.cli.options import AsJson
from benchmark.cli.streams import put, say

app = typer.Typer(no_args_is_help=True)
app.command("fetch")(fetch)


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
    html: Annotated[Path | None, typer.Option(help="Write one page to this file instead; it works offline.", metavar="FILE")] = None,
    json: AsJson = False,
) -> None:
    """Show a city's card: licence, source, how to cite it, what cleaning left out, its values, its numbers beside those of a paper that
    tabulates it, its day and week, SHA-256.

    Example: stbench data show my-city --html my-city.html
    """
    from benchmark.report.card.about import about, about_one
    from benchmark.report.card.text import card_text
    from benchmark.report.visible import as_json

    if html is not None:
        from benchmark.files import write_atomic
        from benchmark.report.card.page import card_page

        page = card_page(about_one(name, edition))
        write_atomic(html, page)
        say(f"{html} written: {len(page.encode()) / 1e3:,.0f} kB.")
        return
    found = about(name, edition)
    put(as_json([one.plain for one in found]) if json else "\n".join(map(card_text, found)))


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
def verify(
    names: Annotated[list[str] | None, typer.Argument(help="Prepared cities; all by default.")] = None,
    json: AsJson = False,
) -> None:
    """Compare every file of the cities with the SHA-256 of its card, and what is in it with all that the format promises. Nothing is
    changed. Exit code 2 where a city fails.

    Example: stbench data verify my-city
    """
    from dataclasses import asdict

    from benchmark.data.cards import verify_cities
    from benchmark.report.visible import as_json

    found = []
    for one in verify_cities(names or ()):
        found.append(one)
        if not json:
            say(f"{one.city}: {one.problem or 'ok'}")
    if json:
        put(as_json([asdict(one) for one in found]))
    if any(one.problem for one in found):
        raise typer.Exit(2)
