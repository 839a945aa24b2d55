"""`stbench data fetch`: the files of a public source, from its provider."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmark.cli.streams import say


def fetch(
    name: Annotated[str, typer.Argument(help="A source; see stbench list sources.")],
    set_: Annotated[list[str] | None, typer.Option("--set", help="An option of the source: key=value. Repeatable.")] = None,
    to: Annotated[Path | None, typer.Option(help="Folder of the files, if not where `stbench data build` looks for them.")] = None,
) -> None:
    """Fetch the files of a public source, and say first on which terms they are given. A download that broke off goes on where it stopped.

    Example: stbench data fetch nyc --set months=2019-01,2019-02
    """
    from benchmark.data.fetching.fetch import fetch as fetch_files
    from benchmark.files import named_folder
    from benchmark.options import parse_assignments

    with Bar() as bar:
        fetch_files(name, parse_assignments(set_ or []), to and named_folder(to, "--to"), say, bar.watch)


class Bar:
    """One bar on a terminal's stderr, of the file that comes at the moment; elsewhere nothing."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

        console = Console(stderr=True, highlight=False)
        self.progress = Progress(TextColumn("{task.description}", markup=False), BarColumn(bar_width=20), DownloadColumn(),
                                 TransferSpeedColumn(), TimeRemainingColumn(), console=console, transient=True,
                                 redirect_stdout=console.is_terminal, disable=not console.is_terminal)
        self.task = self.progress.add_task("", visible=False)

    def __enter__(self) -> Bar:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def watch(self, name: str, done: int, total: int | None) -> None:
        """Show how far a file is."""
        if name != self.progress.tasks[0].description:
            self.progress.remove_task(self.task)
            self.task = self.progress.add_task(name, total=total)
        self.progress.update(self.task, completed=done, total=total)
