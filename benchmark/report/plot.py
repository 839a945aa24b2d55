"""Pictures for Python; matplotlib is loaded when one is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.report.figures.kinds.series import node_forecasts
from benchmark.report.figures.style import no_matplotlib
from benchmark.report.visible import visible
from benchmark.store.kept import find_kept
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
    kept = find_kept(Store(local_root(results)), run)
    ahead, task = (steps,) if isinstance(steps, int) else tuple(steps), task or kept.spec.tasks[0]
    shown = node_forecasts(kept, task, node, ahead)
    axes: Axes = ax if ax is not None else pyplot.subplots(figsize=(8, 3))[1]
    axes.plot(*shown.last(days), color="0.3", linewidth=1, label="truth")
    for step in ahead:
        axes.plot(*shown.ahead(step, days), linewidth=1, label=f"{kept.spec.method}, {step} ahead")
    # a dollar would begin mathematics
    axes.set_title(visible(f"{kept.spec.suite} · {task} · node {shown.node}").replace("$", r"\$"))
    axes.tick_params(axis="x", rotation=30)
    axes.legend()
    return axes


def _pyplot() -> Any:
    try:
        from matplotlib import pyplot
    except ImportError:
        raise no_matplotlib() from None
    return pyplot
