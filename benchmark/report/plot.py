"""Pictures for Python; matplotlib is loaded when one is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.errors import UserError, unknown
from benchmark.report.visible import visible
from benchmark.store.kept import find_kept, unpack_predictions
from benchmark.store.records import Store, local_root

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot(run: str | Path, task: str | None = None, node: str | None = None, *, steps: int | Sequence[int] = 1, days: float = 7,
         ax: Axes | None = None, results: str | Path | None = None) -> Axes:
    """Draw what a kept run predicted of a node in the last days of the test part, against the truth.

    Parameters
    ----------
    run: its id, the beginning of it, or a path of one of its kept files. task, node: default the first ones; a node by its id.
    steps: how many steps ahead was predicted, one number or several. days: how much to draw, counted from the end.
    ax: where to draw; default a new figure. results: folder of the records.

    Raises
    ------
    UserError: no such run, task, node or step, a run that keeps no predictions, or matplotlib is missing.
    """
    pyplot = _pyplot()
    import pandas as pd

    kept = find_kept(Store(local_root(results)), run)
    arrays = unpack_predictions(kept)
    task = task or kept.spec.tasks[0]
    if task not in kept.spec.tasks:
        raise unknown(f"task of run {kept.spec.id}", task, kept.spec.tasks)
    if f"{task}.nodes" not in arrays:
        raise UserError(f"Run {kept.spec.id} is of a {kept.spec.family} method, whose answers are no series; only forecasts are drawn.")
    predictions, nodes = arrays[f"{task}.predictions"], arrays[f"{task}.nodes"].tolist()
    if node is not None and node not in nodes:
        raise unknown(f"node of task {task}", node, nodes)
    windows, horizon, _ = predictions.shape
    ahead = (steps,) if isinstance(steps, int) else tuple(steps)
    for step in ahead:
        if not 1 <= step <= horizon:
            raise UserError(f"steps = {step} is not ahead of a window; the run predicts the steps 1 to {horizon}.")
    column = nodes.index(node) if node is not None else 0
    times, truth = pd.to_datetime(arrays[f"{task}.times"]), arrays[f"{task}.truth"][:, column]
    shown = times > times[-1] - pd.Timedelta(days=days)
    axes: Axes = ax if ax is not None else pyplot.subplots(figsize=(8, 3))[1]
    axes.plot(times[shown], truth[shown], color="0.3", linewidth=1, label="truth")
    for step in ahead:
        # window w asks for the rows w … w + horizon - 1 of the truth
        rows = slice(step - 1, windows + step - 1)
        axes.plot(times[rows][shown[rows]], predictions[:, step - 1, column][shown[rows]], linewidth=1,
                  label=f"{kept.spec.method}, {step} ahead")
    # a dollar would begin mathematics
    axes.set_title(visible(f"{kept.spec.suite} · {task} · node {nodes[column]}").replace("$", r"\$"))
    axes.tick_params(axis="x", rotation=30)
    axes.legend()
    return axes


def _pyplot() -> Any:
    try:
        from matplotlib import pyplot
    except ImportError:
        raise UserError("Pictures need matplotlib; type `pip install 'stbench[plot]'`.") from None
    return pyplot
