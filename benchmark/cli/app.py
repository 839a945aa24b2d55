"""All commands, put together."""

from __future__ import annotations

from typing import Annotated

import typer

import benchmark
from benchmark.cli import (
    ablate,
    check,
    compare,
    data,
    embed,
    figure,
    leaderboard,
    listing,
    new,
    predict,
    report,
    rescore,
    results,
    run,
    show,
    status,
    submit,
    sweep,
    table,
    time,
    verify,
)
from benchmark.cli.streams import put

app = typer.Typer(
    name="stbench", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich",
    help="Measure spatio-temporal learning methods fairly.\n\nExample: stbench run --method cmust --suite nyc --seeds 5",
)


def _say_version(asked: bool) -> None:
    if asked:
        put(f"stbench {benchmark.__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of a user error.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version and stop.")] = False,
) -> None:
    """Options before the command's name."""


app.command("run")(run.run)
app.command("ablate")(ablate.ablate)
app.command("sweep")(sweep.sweep)
app.command("new")(new.new)
app.command("check")(check.check)
app.command("predict")(predict.predict)
app.command("embed")(embed.embed)
app.command("time")(time.time)
app.command("table")(table.table)
app.command("rescore")(rescore.rescore)
app.command("figure")(figure.figure)
app.command("report")(report.report)
app.command("compare")(compare.compare)
app.command("status")(status.status)
app.command("list")(listing.listing)
app.command("show")(show.show)
app.command("verify")(verify.verify)
app.add_typer(data.app, name="data", help="Cities: list, show, fetch, build, import, verify.")
app.add_typer(results.app, name="results", help="Records: publish, merge, remove or export them.")
app.add_typer(submit.app, name="submit", help="Submissions: pack records of a method, check and list them.")
app.add_typer(leaderboard.app, name="leaderboard", help="The board as pages that open from the disk: build, serve.")
