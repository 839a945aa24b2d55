"""What kept runs predicted of a node, against the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.errors import UserError, unknown
from benchmark.report.figures.charts.lines import TRUTH, Line, Lines, Panel
from benchmark.report.figures.kinds.runs import Run, Runs
from benchmark.report.figures.picture import Picture
from benchmark.store.kept import Kept, find_kept, unpack_predictions
from benchmark.store.records import Store

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class NodeForecasts:
    """One node of the test part."""

    node: str
    # [row] local times
    times: pd.DatetimeIndex
    # [row] in the task's unit
    truth: np.ndarray
    # [window, horizon] in the task's unit; window w asks for the rows w … w + horizon - 1
    predictions: np.ndarray

    def last(self, days: float) -> tuple[pd.DatetimeIndex, np.ndarray]:
        """Times and truth of the last days."""
        shown = self.times > self.times[-1] - _days(days)
        return self.times[shown], self.truth[shown]

    def ahead(self, step: int, days: float) -> tuple[pd.DatetimeIndex, np.ndarray]:
        """Times of the last days, and what was predicted of them so many steps before."""
        times = self.times[step - 1: len(self.predictions) + step - 1]
        shown = times > self.times[-1] - _days(days)
        return times[shown], self.predictions[:, step - 1][shown]


def node_forecasts(kept: Kept, task: str, node: str | None, steps: Sequence[int]) -> NodeForecasts:
    """What a kept run predicted of a node of a task; None: the first one. steps: those that will be asked for.

    Raises
    ------
    UserError: no such task, node or step, or a run that keeps no forecasts.
    """
    import pandas as pd

    arrays = unpack_predictions(kept)
    if task not in kept.spec.tasks:
        raise unknown(f"task of run {kept.spec.id}", task, kept.spec.tasks)
    if f"{task}.nodes" not in arrays:
        raise UserError(f"Run {kept.spec.id} is of a {kept.spec.family} method, whose answers are no series; only forecasts are drawn.")
    nodes = arrays[f"{task}.nodes"].tolist()
    if node is not None and node not in nodes:
        raise unknown(f"node of task {task}", node, nodes)
    horizon = arrays[f"{task}.predictions"].shape[1]
    for step in steps:
        if not 1 <= step <= horizon:
            raise UserError(f"steps = {step} is not ahead of a window; the run predicts the steps 1 to {horizon}.")
    column = nodes.index(node) if node is not None else 0
    return NodeForecasts(nodes[column], pd.to_datetime(arrays[f"{task}.times"]), arrays[f"{task}.truth"][:, column],
                         arrays[f"{task}.predictions"][:, :, column])


def against_truth(runs: Runs, *, node: str | None = None, step: int = 1, days: float = 3) -> Picture:
    """The last days of the test part, of one node.

    Raises
    ------
    UserError: no run keeps its predictions, or there is no such node or step.
    """
    panels = []
    for task in runs.tasks:
        drawn: dict[str, Line] = {}
        shown = None
        for label, kept in _kept(runs, task):
            shown = node_forecasts(kept, task, node, (step,))
            drawn[TRUTH] = Line(TRUTH, *shown.last(days))
            drawn[label] = Line(label, *shown.ahead(step, days))
        if shown is not None:
            panels.append(Panel(f"{task} · node {shown.node}", runs.first.city["tasks"][task]["unit"], list(drawn.values())))
    if not panels:
        raise UserError(f"No run of this checkout keeps its forecasts. Make some: {runs.run_command(keep=True)}")
    ahead = "one step" if step == 1 else f"{step} steps"
    return Picture("series", f"What was predicted {ahead} ahead of one node, against the truth, in the last {days:g} days of the test "
                             "part; the first seed.", Lines(runs.title, "local time (month-day hour)", panels, times=True))


def _kept(runs: Runs, task: str) -> list[tuple[str, Kept]]:
    """(label, its first seed that is kept)."""
    found = []
    for label, own, seeds in runs.each():
        kept = next((one for run in seeds if own == task and (one := _kept_run(run)) is not None), None)
        found += [(label, kept)] if kept else []
    return found


def _kept_run(run: Run) -> Kept | None:
    try:
        return find_kept(Store(run.path.parents[2]), run.path)
    except UserError:  # it was not kept, or is of an earlier fit
        return None


def _days(days: float) -> pd.Timedelta:
    import pandas as pd

    return pd.Timedelta(days=days)
