"""Learning curves: validation error against epochs, and the best so far against seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from benchmark.errors import UserError
from benchmark.report.figures.charts.lines import Line, Lines, Panel
from benchmark.report.figures.kinds.beside import history
from benchmark.report.figures.kinds.runs import Run, Runs
from benchmark.report.figures.picture import Picture

# what stands over the curves of fits that train for no single task
WHOLE_FIT = "whole fit"
Curve = tuple[list[float], list[float]]
Entries = Sequence[Mapping[str, Any]]


def by_epoch(runs: Runs) -> Picture:
    """The validation error of every epoch; a later stage of a task goes on counting."""
    panels = _panels(runs, lambda own, _: (list(range(1, len(own) + 1)), _losses(own)))
    return Picture("curves", "Validation error by epoch of each task's training, its stages one after the other. One seed a method: the "
                             "first.", Lines(runs.title, "epoch", panels))


def by_seconds(runs: Runs) -> Picture:
    """The best validation error so far against seconds: where a line first passes below an error is the time to reach it."""
    def curve(own: Entries, whole: Entries) -> Curve:
        passed = dict(zip(map(id, whole), accumulate(float(entry["seconds"]) for entry in whole), strict=True))
        return [passed[id(entry)] for entry in own], list(accumulate(_losses(own), min))

    return Picture("time-to-best", "Best validation error of a task so far against the seconds since its fit began, whatever it trained "
                                   "before, validation included, on this machine; read across for the time to reach an error. One seed a "
                                   "method: the first.",
                   Lines(runs.title, "seconds since the fit began", _panels(runs, curve), log_x=True, steps=True))


def _panels(runs: Runs, curve: Callable[[Entries, Entries], Curve]) -> list[Panel]:
    """A panel a task, or one of the whole fit where the histories name no task. curve: of the entries of a task, and of those of its fit.

    Raises
    ------
    UserError: there is no history.
    """
    found: dict[str, dict[str, Line]] = {}
    for label, task, seeds in runs.each():
        run = next((one for one in seeds if history(one)), None)
        entries = history(run) if run else []
        if own := [entry for entry in entries if _is_of(entry, task)]:
            found.setdefault(task, {})[label] = Line(label, *curve(own, entries))
        elif run and not any("task" in entry for entry in entries):
            found.setdefault(WHOLE_FIT, {})[_fit_label(label, run, runs)] = Line(_fit_label(label, run, runs), *curve(entries, entries))
    if not found:
        raise UserError("No run of this checkout has a history of its epochs (published records have none, and some methods train "
                        f"nothing). Measure some: {runs.run_command()}")
    return [Panel(task, _axis(runs, task), list(lines.values())) for task, lines in found.items()]


def _is_of(entry: Mapping[str, Any], task: str) -> bool:
    """Whether an epoch trained a task; the history of an encoder names the city of each, the tasks of a suite of one city do not."""
    said = str(entry.get("task", ""))
    return said == task or said.endswith(f".{task}")


def _fit_label(label: str, run: Run, runs: Runs) -> str:
    """A fit of some of the tasks says which."""
    return label if set(run.spec.tasks) >= set(runs.tasks) else f"{label}: {', '.join(run.spec.tasks)}"


def _axis(runs: Runs, task: str) -> str:
    """Validation of a forecast is its MAE; that of a fine-tuned encoder is the error that stops it; of other fits it is a loss of their
    own, which compares with nobody's."""
    if task == WHOLE_FIT:
        return "validation loss (each method's own)"
    return f"validation {runs.label('mae', task)}" if runs.family.horizons else "validation error"


def _losses(entries: Entries) -> list[float]:
    return [float(entry["validation_loss"]) for entry in entries]
