"""`stbench time`: what methods cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.options import AsJson, Data, Device, Format, Preset, Protocol, Results
from benchmark.cli.parse import names
from benchmark.cli.saying import Saying
from benchmark.cli.streams import put, say

if TYPE_CHECKING:
    from benchmark.timing.figures import Timing


def time(
    method: Annotated[str | None, typer.Option(help="One method, a list (stid,gwnet), or all; or a class of a file (my.py:Mine).")] = None,
    suite: Annotated[str | None, typer.Option(help="nyc, sip, chicago; chengdu, xian, chengdu-xian; or a city you imported.")] = None,
    task: Annotated[str | None, typer.Option(help="The task whose inputs are shown; default the first.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="An option of the method: key=value. Repeatable.")] = None,
    preset: Preset = None,
    protocol: Protocol = "strict",
    data: Data = None,
    device: Device = None,
    batch: Annotated[str, typer.Option(help="Windows or trips that are asked about at once.")] = "1,64",
    force: Annotated[bool, typer.Option("--force", help="Measure again what is measured already.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Measure nothing; print what is stored.")] = False,
    results: Results = None,
    format: Format = "rich",
    json: AsJson = False,
) -> None:
    """Measure what methods cost: size, arithmetic, time, memory and energy, one method after the other, each in a fresh process.

    Example: stbench time --method cmust,stid --suite nyc
    """
    from benchmark.errors import UserError
    from benchmark.report.render import check_format, render
    from benchmark.report.timing import NOTHING, timing_sheets

    format = "json" if json else format
    check_format(format)
    if show:
        put(render(timing_sheets(_stored(suite, method, preset, data, results)), format, NOTHING))
        return
    if method is None or suite is None:
        raise UserError("Name methods and a suite: stbench time --method cmust,stid --suite nyc; or add --show to see what is stored.")
    sizes = _sizes(batch)
    with Saying():
        # the line is there before torch is
        from benchmark.execution.plan import Request
        from benchmark.options import parse_assignments
        from benchmark.store.records import local_root
        from benchmark.timing.campaign import time_methods

        request = Request(names(method, "--method") or (), suite, (0,), names(task, "--task"), parse_assignments(set_ or []), preset,
                          protocol, data, device)
        done = time_methods(request, local_root(results), batches=sizes, force=force)
    put(render(timing_sheets(done.timings), format, NOTHING))
    if done.there:
        say(f"Measured before, add --force to measure again: {', '.join(done.there)}.", err=True)
    for name, fault in done.failed.items():
        say(f"{name} could not be timed: {fault}", err=True)
    if done.failed:
        raise typer.Exit(1)


def _stored(suite: str | None, method: str | None, preset: str | None, data: str | None, results: Path | None) -> list[Timing]:
    """The timings of both stores that the filters take."""
    from benchmark.report.choice import Filter, open_stores
    from benchmark.timing.files import timings

    chosen = Filter(names(suite, "--suite"), names(data, "--data"), names(preset, "--preset"), methods=names(method, "--method"))
    chosen.check()
    return [timing for store in open_stores(results) if store for timing in timings(store.root, chosen.takes)]


def _sizes(text: str) -> tuple[int, ...]:
    """``"1,64"`` → (1, 64)."""
    from benchmark.errors import UserError

    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"--batch takes whole numbers with commas between them (1,64), got '{text[:80]}'.") from None
