"""Errors over the nodes of a city, at their own places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.data.folder import prepared, read_card
from benchmark.errors import UserError
from benchmark.report.figures.charts.nodes import NodeErrors, NodeMap
from benchmark.report.figures.kinds.beside import arrays
from benchmark.report.figures.kinds.runs import Run, Runs
from benchmark.report.figures.picture import Picture

if TYPE_CHECKING:
    import numpy as np

    from benchmark.data.forecasting.city import ForecastingCity

# more methods than these side by side are too small to read
MOST = 4


def on_the_map(runs: Runs) -> Picture:
    """The MAE of each node, pooled over seeds, from the sums beside the records.

    Raises
    ------
    UserError: no run keeps such sums, there are more methods than fit, or the city is not prepared here.
    """
    kept = {task: {label: errors for label, own, found in runs.each() if own == task and (errors := _errors(found, task)) is not None}
            for task in runs.tasks}
    names = dict.fromkeys(name for by_method in kept.values() for name in by_method)
    if not names:
        raise UserError("No run of this checkout keeps its errors by node (published records have none). "
                        f"Measure some: {runs.run_command()}")
    if len(names) > MOST:
        raise UserError(f"A map shows at most {MOST} methods side by side; these are {len(names)}: {', '.join(names)}. "
                        "Choose with --method.")
    city = _city(runs)
    if not city.placed:
        raise UserError(f"Nobody knows where the nodes of {city.name} lie, so there is no map of them; a figure of "
                        "another kind can be drawn.")
    tasks = []
    for task, by_method in kept.items():
        if by_method:
            places = city.nodes.iloc[city.series(task).node_index]
            tasks.append(NodeErrors(task, runs.label("mae", task), places["lon"].tolist(), places["lat"].tolist(),
                                    {name: errors.tolist() for name, errors in by_method.items()}))
    return Picture("map", "MAE of each node of the test part, pooled over seeds; one scale a task, whose end is the 98th percentile of "
                          "the nodes.", NodeMap(runs.title, tasks))


def _errors(found: Sequence[Run], task: str) -> np.ndarray | None:
    """[node]; NaN where a node has no target."""
    import numpy as np

    sums = [kept for run in found if f"{task}.absolute" in (kept := arrays(run, ".nodes.npz"))]
    if not sums:
        return None
    absolute, count = (np.sum([one[f"{task}.{name}"] for one in sums], axis=0) for name in ("absolute", "count"))
    return np.divide(absolute, count, out=np.full(absolute.shape, np.nan), where=count > 0)


def _city(runs: Runs) -> ForecastingCity:
    from benchmark.data.forecasting.city import ForecastingCity

    wanted = runs.first.spec.fingerprint
    for folder in prepared():
        if read_card(folder)["fingerprint"] == wanted:
            return ForecastingCity(folder)
    raise UserError(f"The city {runs.first.city['name']} of fingerprint {wanted}, whose nodes the map shows, is not prepared here. "
                    f"Make it, and the runs: {runs.run_command()}")
