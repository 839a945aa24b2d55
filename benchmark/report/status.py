"""The state of campaigns in words."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from benchmark.report.visible import visible
from benchmark.store.campaigns import State
from benchmark.store.claims import Owner

# failed runs shown by name
SHOWN_FAILURES = 10
# characters of a campaign's id: enough to name it
SHOWN_ID = 8


def text(states: Sequence[State]) -> str:
    """One paragraph a campaign: counts, the time left, who is at work, what failed."""
    if not states:
        return "Nothing is to do: every run that was asked for is done (--all shows them).\n"
    return "\n".join(_paragraph(state) for state in states)


def facts(states: Sequence[State]) -> list[object]:
    """What of it is news: all but the clock."""
    return [(one.id, one.done, [(label, _progress(owner), owner.token) for label, owner in one.running], one.failed) for one in states]


def _paragraph(state: State) -> str:
    lines = [*state.headline.split("\n"), f"  {state.id[:SHOWN_ID]}  {state.runs} runs: {state.done} done, {len(state.running)} running, "
                             f"{state.todo} to do{_failed(state)}{_time(state)}"]
    lines += [f"  running  {label} · {_progress(owner)} · {duration(time.time() - owner.since)} · process {owner.pid}"
              for label, owner in state.running]
    lines += [f"  failed   {label}: {(message.splitlines() or [''])[0]}" for label, message in state.failed[:SHOWN_FAILURES]]
    if len(state.failed) > SHOWN_FAILURES:
        lines.append(f"  failed   … and {len(state.failed) - SHOWN_FAILURES} more")
    return "\n".join(map(visible, lines)) + "\n"


def _failed(state: State) -> str:
    return f" ({len(state.failed)} of them failed before)" if state.failed else ""


def _time(state: State) -> str:
    if state.done == state.runs:
        return ""
    if state.eta is not None:
        return f" · about {duration(state.eta)} left"
    if state.work_left is not None:
        return f" · about {duration(state.work_left)} of work, nobody at it"
    return " · time left unknown until a run of each kind is done" if state.running else ""


def _progress(owner: Owner) -> str:
    if not owner.progress:
        return "first epoch"
    step = owner.progress
    return f"{stage_in_words(step)} epoch {step['epoch']}/{step['epochs']} val {step['validation_loss']:.3f}"


def stage_in_words(step: Mapping[str, Any]) -> str:
    """``stage 3 of 9: roll taxi_pick`` where the method says so much, else its name alone."""
    several = (step.get("stages") or 1) > 1
    return f"stage {step['number']} of {step['stages']}: {step['stage']}" if several else str(step["stage"])


def duration(seconds: float) -> str:
    """``45 s``, ``12 min``, ``3 h 20 min``."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
