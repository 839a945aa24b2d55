"""The conformance kit over one method: what became of each check, one after the other, whatever the others found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from traceback import extract_tb
from typing import Any

from benchmark import lazy
from benchmark.families import find_family
from benchmark.files import DiskError
from benchmark.method_files import named
from benchmark.registry import registry
from benchmark.testing.promises import BrokenPromise

# what becomes of a check; the last two of one that the method's class names in `expected_failures`
HOLDS, FAILS, EXPECTED, MENDED = "holds", "fails", "fails as expected", "no longer fails"
# lines of a traceback that are shown
TRACEBACK_LINES = 6


@dataclass(frozen=True)
class Outcome:
    """What became of one check."""

    # as `expected_failures` names it
    check: str
    # what it holds a method to
    promise: str
    # one of the four words above
    state: str
    # of a check that fails: what was seen, what was expected, and how to fix it
    seen: str = ""
    expected: str = ""
    fix: str = ""
    # of a method that raised: the end of the traceback
    traceback: tuple[str, ...] = ()
    # why the method's class says that it fails
    reason: str = ""

    def __str__(self) -> str:
        """``check_seeds: …. Expected: …. To fix it: ….``"""
        return "\n".join([f"{self.check}: {BrokenPromise(self.seen, self.expected, self.fix)}", *self.traceback])


def outcomes(name: str, folder: Path, options: Mapping[str, Any]) -> Iterator[Outcome]:
    """Run every check of its family on a registered method, or on one of a file; `folder` takes tiny cities.

    Raises
    ------
    UserError: there is no such method, its package does not load, or it has no such option.
    """
    (name,) = named([name], registry())
    bench = lazy.load(find_family(registry().info(name).family).checks)(name, folder, **options)
    if options:  # what a user typed is no fault of the method
        bench.options()
    declared = bench.cls.expected_failures
    # what a method raised, and where → the first check in which it did
    first: dict[tuple[str, tuple[str, ...]], str] = {}
    for check in bench.checks:
        outcome = _outcome(bench, check)
        reason = declared.get(outcome.check) if isinstance(declared, Mapping) else None
        if reason:
            outcome = replace(outcome, state=EXPECTED if outcome.state == FAILS else MENDED, reason=str(reason))
        if outcome.traceback:  # a method that cannot be fitted says so once
            other = first.setdefault((outcome.seen, outcome.traceback[-3:]), outcome.check)
            if other != outcome.check:
                outcome = replace(outcome, seen=f"{outcome.seen}, as in {other}", traceback=())
        yield outcome


def _outcome(bench: Any, check: Callable[[Any], None]) -> Outcome:
    named = check.__name__, (check.__doc__ or "").strip()
    try:
        with redirect_stdout(sys.stderr):  # what a method prints is not what a program reads
            check(bench)
    except BrokenPromise as broken:
        return Outcome(*named, FAILS, broken.seen, broken.expected, broken.fix)
    except DiskError:  # the machine's fault
        raise
    except (Exception, SystemExit) as error:  # a method may fail in any way; so much is its author's to know
        from benchmark.fitting import failure_of

        said = failure_of(error)
        message = f": {said['message']}" if said["message"] else ""
        place = _own_place(bench.cls, error)
        fix = f"begin at {place}, the last line of its own that was at work" if place else "the traceback says where it is raised"
        return Outcome(*named, FAILS, f"{bench.info.name} raises {said['kind']}{message}".rstrip("."), "that it comes to its end", fix,
                       tuple(said["traceback"].rstrip().splitlines()[-TRACEBACK_LINES:]))
    return Outcome(*named, HOLDS)


def _own_place(cls: type, error: BaseException) -> str:
    """``method.py:34``, where the method's own code was last at work as an error was raised; empty: nowhere."""
    from benchmark.testing.reach import own_files

    own = [frame for frame in extract_tb(error.__traceback__) if frame.filename.startswith(own_files(cls))]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else ""
