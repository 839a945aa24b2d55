"""`stbench leaderboard`: the board as pages that open from the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.streams import say
from benchmark.errors import UserError

app = typer.Typer(no_args_is_help=True)
Site = Annotated[Path, typer.Option("--out", help="The folder of the site; other files are never touched.")]


@app.command()
def build(
    out: Site = Path("site"),
    results_root: Annotated[Path | None, typer.Option(help="A folder with runs/ and submissions/; default the published records.")] = None,
    docs: Annotated[str, typer.Option(help="Where the documentation lies below the site (see make site), to link to it.")] = "",
) -> None:
    """Make the leaderboard of published records: a page a suite and a method, every number a link to its record. It needs no server.

    Example: stbench leaderboard build --out site
    """
    from benchmark.files import named_folder
    from benchmark.report.site.build import site_files
    from benchmark.report.site.writing import write_site
    from benchmark.store.records import published_root

    published = published_root()
    root = named_folder(results_root, "--results-root") if results_root else published.parent if published else None
    if root is None:
        raise UserError("There are no published records here; name a folder of results with --results-root.")
    folder = named_folder(out, "--out")
    count, written = write_site(folder, site_files(root, docs))
    say(f"{count} files in {out}, {written} of them written. Open {folder / 'index.html'}.")


@app.command()
def serve(
    out: Site = Path("site"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8000,
) -> None:
    """Show a site that was built, on this machine alone, until it is stopped.

    Example: stbench leaderboard serve --port 8000
    """
    from benchmark.files import named_folder
    from benchmark.report.site.serving import server

    with server(named_folder(out, "--out"), port) as running:
        say(f"http://127.0.0.1:{running.server_port}/ until Ctrl-C.")
        running.serve_forever()
