"""`stbench check`: the conformance kit over one method."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from benchmark.cli.options import AsJson
from benchmark.cli.saying import Saying
from benchmark.cli.streams import put, say

if TYPE_CHECKING:
    from benchmark.testing.checking import Outcome


def check(
    method: Annotated[str, typer.Argument(help="A registered method, of this project or of an outside package; or path/to/file.py:Class.")],
    set_: Annotated[list[str] | None, typer.Option("--set", help="An option of the method: key=value. Repeatable.")] = None,
    json: AsJson = False,
) -> None:
    """Hold a method to everything that every method must do, on tiny cities. Exit code 1 where a check fails.

    What the method's class names in `expected_failures`, with a reason, is shown and does not count.

    Example: stbench check my_method
    """
    with Saying() as saying:  # the line is there before torch is
        from dataclasses import asdict

        from benchmark.fitting import prepare
        from benchmark.options import parse_assignments
        from benchmark.report.visible import as_json
        from benchmark.testing.checking import FAILS, outcomes

        options, found = parse_assignments(set_ or []), []
        prepare("cpu")
        with TemporaryDirectory(prefix="stbench-") as folder:
            for outcome in outcomes(method, Path(folder), options):
                saying.stop()
                found.append(outcome)
                for line in () if json else lines(outcome):
                    say(line)
    put(as_json([asdict(one) for one in found]) if json else count(found))
    if any(one.state == FAILS for one in found):
        raise typer.Exit(1)


def lines(outcome: Outcome) -> list[str]:
    """One line for a check that holds; what was seen, expected and is to be done under one that fails."""
    from benchmark.testing.checking import EXPECTED, HOLDS, MENDED

    if outcome.state == HOLDS:
        return [f"✓ {outcome.check}"]
    if outcome.state == MENDED:
        return [f"✓ {outcome.check}: no longer fails; remove it from expected_failures ({outcome.reason})"]
    head = f"expected: {outcome.check} fails ({outcome.reason})" if outcome.state == EXPECTED else f"✗ {outcome.check}"
    said = (("seen", outcome.seen), ("expected", outcome.expected), ("to fix it", outcome.fix))
    return [head, *(f"    {word + ':':<10} {text}" for word, text in said), *(f"        {line}" for line in outcome.traceback)]


def count(found: Sequence[Outcome]) -> str:
    """``16 checks; holds: 14; fails: 1; fails as expected: 1``"""
    return "; ".join([f"{len(found)} checks", *(f"{state}: {number}" for state, number in Counter(one.state for one in found).items())])
