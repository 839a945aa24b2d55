"""`stbench status`: how far the campaigns of a store are. No torch."""

from __future__ import annotations

import sys
import time
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.options import AsJson, Results, Strict
from benchmark.cli.streams import put, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmark.store.campaigns import State

# seconds between two looks
INTERVAL = 2.0


def status(
    every: Annotated[bool, typer.Option("--all", help="Finished campaigns too.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Look again every 2 s, until all is done or Ctrl-C.")] = False,
    drop: Annotated[str | None, typer.Option(metavar="ID|WORDS", help="Forget a campaign that nobody works on; its records stay.")] = None,
    json: AsJson = False,
    results: Results = None,
    strict: Strict = False,
) -> None:
    """Show what is done, running, failed and to do, and when it will be over.

    Example: stbench status --watch
    """
    from benchmark.errors import UserError
    from benchmark.report.status import text
    from benchmark.report.visible import as_json
    from benchmark.store.campaigns import drop as forget
    from benchmark.store.campaigns import states
    from benchmark.store.records import Store, check_none_broken, local_root

    store = Store(local_root(results))

    def shown() -> list[State]:
        return [one for one in states(store) if every or one.done < one.runs]

    if watch and json:
        raise UserError("--watch shows text; type --json without it.")
    if drop is not None:
        one = forget(store, drop)
        say(f"Dropped {one.headline}; its {one.done} records stay.")
    elif watch:
        _watch(shown)
    elif json:
        put(as_json([{**asdict(one), "eta": one.eta} for one in shown()]))
    else:
        put(text(shown()))
    if strict:
        check_none_broken(store)


def _watch(shown: Callable[[], list[State]]) -> None:
    """The same text in place on a terminal; elsewhere printed again when something has changed."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from benchmark.report.status import facts, text

    console, before = Console(highlight=False), None
    with Live(console=console, auto_refresh=False) if console.is_terminal else nullcontext() as live:
        try:
            while True:
                now = shown()
                if live is not None:
                    live.update(Text(text(now)), refresh=True)
                elif (news := facts(now)) != before:
                    put(text(now))
                    sys.stdout.flush()
                    before = news
                if all(one.done == one.runs for one in now):
                    return
                time.sleep(INTERVAL)
        except KeyboardInterrupt:
            return
