"""A run that is made again, on the terminal: its epochs, and what becomes of it."""

from __future__ import annotations

from dataclasses import asdict

from rich.text import Text

from benchmark.cli.saying import Saying
from benchmark.cli.streams import say
from benchmark.contract import Progress
from benchmark.execution.engines import Watcher
from benchmark.report.status import stage_in_words
from benchmark.report.visible import visible
from benchmark.spec import RunSpec
from benchmark.store.campaigns import label
from benchmark.store.submissions import BITS
from benchmark.submission.verifying import MACHINE, Difference, Verdict

# so many metrics that differ are said
MOST = 20


class Epochs(Watcher):
    """Shows how far the run is, on a terminal."""

    def __init__(self, saying: Saying) -> None:
        self.saying = saying

    def epoch(self, spec: RunSpec, progress: Progress) -> None:
        said = f"{label(spec, {})} · {stage_in_words(asdict(progress))} · epoch {progress.epoch}/{progress.epochs}"
        self.saying.line.update(text=Text(visible(said)))


def print_verdict(verdict: Verdict) -> None:
    """One line, and one for each metric that differs."""
    spec = verdict.record.spec
    about = f"{spec.id}  {label(spec, {})} on {spec.suite}"
    if verdict.error is not None:
        say(f"{about}: does not reproduce; the run fails here: {verdict.error}")
        return
    if verdict.how == BITS:
        say(f"{about}: reproduced, bit for bit.")
        return
    where = "on an equal machine, where bits are promised" if verdict.bits_asked else f"on another machine ({_differs(verdict)})"
    say(f"{about}: {f'reproduced {verdict.how}' if verdict.how else 'does not reproduce'}, {where}.")
    for one in verdict.differences[:MOST]:
        say(f"  {one.task} {one.metric}: record {_value(one.theirs)}, here {_value(one.ours)}, {_relative(one)}")
    if len(verdict.differences) > MOST:
        say(f"  … {len(verdict.differences) - MOST} more")


def _differs(verdict: Verdict) -> str:
    """What the two machines do not have in common."""
    theirs, ours = verdict.record.environment, verdict.environment
    return ", ".join(f"{key} {theirs.get(key, 'not said')}, here {ours.get(key)}" for key in MACHINE if theirs.get(key) != ours.get(key))


def _value(value: float | None) -> str:
    return "none" if value is None else repr(value)


def _relative(one: Difference) -> str:
    return "of which one is none" if one.theirs is None or one.ours is None else f"relative {one.relative:.1e}"
