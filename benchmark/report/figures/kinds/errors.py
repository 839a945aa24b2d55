"""Errors by step of the horizon and by hour of the day."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from benchmark.errors import UserError
from benchmark.metrics import METRICS
from benchmark.report.figures.charts.lines import Line, Lines, Panel
from benchmark.report.figures.kinds.beside import arrays
from benchmark.report.figures.kinds.runs import Run, Runs, values
from benchmark.report.figures.picture import Picture
from benchmark.report.rows import shown_metrics
from benchmark.report.words import FEWEST_FOR_SD

BAND = f"Mean over seeds; the band is ± sample sd (n ≥ {FEWEST_FOR_SD})."


def by_horizon(runs: Runs) -> Picture:
    """The error of each step ahead, from the records' sums.

    Raises
    ------
    UserError: what the suite asks for has no steps.
    """
    if not runs.family.horizons:
        raise UserError(f"{runs.first.spec.suite} asks for what has no steps; there is no error by step of the horizon.")
    panels = []
    for task in runs.tasks:
        (metric,) = shown_metrics([runs.metric(task)], 1)
        lines = []
        for label, _, found in _of(runs, task):
            steps = range(1, _steps(found[0], task, METRICS[metric].mask) + 1)
            line = line_of(label, steps, [values(found, task, metric, step) for step in steps])
            lines += [line] if line else []
        panels.append(Panel(task, runs.label(metric, task), lines))
    minutes = {run.record.city["tasks"][task].get("clock", {}).get("interval_minutes") for _, task, some in runs.each() for run in some}
    each = f" ({minutes.pop():g} min each)" if len(minutes) == 1 and None not in minutes else ""
    return Picture("horizon", f"Error by step ahead. {BAND}", Lines(runs.title, f"steps ahead{each}", panels))


def by_hour(runs: Runs) -> Picture:
    """The error of the targets of each local hour of the day, from the sums beside the records.

    Raises
    ------
    UserError: no run keeps such sums.
    """
    panels = []
    for task in runs.tasks:
        lines = []
        for label, _, found in _of(runs, task):
            each = [hours for run in found if (hours := _hours(run, task))]
            line = line_of(label, range(24), [list(values) for values in zip(*each, strict=True)]) if each else None
            lines += [line] if line else []
        if lines:
            panels.append(Panel(task, runs.label("mae", task), lines))
    if not panels:
        raise UserError("No run of this checkout keeps its errors by hour of the day (published records have none). "
                        f"Measure some: {runs.run_command()}")
    return Picture("hour", f"MAE by local hour of the target. {BAND}",
                   Lines(runs.title, "local hour of the day", panels, ticks={hour: str(hour) for hour in range(0, 24, 4)}))


def line_of(label: str, x: Sequence[float], seeds: Sequence[Sequence[float]]) -> Line | None:
    """The means of the values of each place, and a band where every place has enough; None: there is no value at all."""
    y = [statistics.fmean(one) if one else math.nan for one in seeds]
    if all(math.isnan(value) for value in y):
        return None
    enough = all(len(one) >= FEWEST_FOR_SD for one in seeds)
    return Line(label, list(x), y, [statistics.stdev(one) for one in seeds] if enough else None)


def _of(runs: Runs, task: str) -> list[tuple[str, str, Sequence[Run]]]:
    return [one for one in runs.each() if one[1] == task]


def _steps(run: Run, task: str, mask: str) -> int:
    """How many steps the sums of a record have."""
    return max((len(part) for part in run.record.sums.get(task, {}).get(mask, {}).values()), default=0)


def _hours(run: Run, task: str) -> list[float]:
    """The MAE of each hour; NaN where there was no target."""
    kept = arrays(run, ".nodes.npz")
    if f"{task}.hour_absolute" not in kept:
        return []
    pairs = zip(kept[f"{task}.hour_absolute"].tolist(), kept[f"{task}.hour_count"].tolist(), strict=True)
    return [absolute / count if count else math.nan for absolute, count in pairs]
