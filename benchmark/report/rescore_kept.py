"""Sums made again from what a run predicted of its test part, as it was kept."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from benchmark.errors import UserError, unknown
from benchmark.families import find_family
from benchmark.metrics import add_in_order, error_sums, masks, recall_sums
from benchmark.report.selection import Selection
from benchmark.spec import Record

# windows whose errors are held at once; the sums do not depend on it
BATCH = 64


def kept_sums(arrays: Mapping[str, np.ndarray], task: str, record: Record, selection: Selection) -> dict[str, dict[str, np.ndarray]]:
    """mask → sum name → [step] float64 over the selected targets, in the order in which the run itself was scored.

    Parameters
    ----------
    arrays: of one run's kept predictions: ``<task>.predictions`` [window, step, node], ``.truth`` [row, node] (NaN: unobserved),
    ``.times`` [row] and ``.nodes`` [node].

    Raises
    ------
    UserError: they are no forecasts, or nothing is selected.
    """
    about = f"Run {record.spec.id} ({record.spec.method} on {record.spec.suite})"
    if f"{task}.predictions" not in arrays:
        raise UserError(f"{about} keeps no forecasts of {task}, but answers without time and place; what its record tells by --days and "
                        f"--hours, stbench rescore --suite {record.spec.suite} does.")
    predictions, truth, times, nodes = (arrays[f"{task}.{name}"] for name in ("predictions", "truth", "times", "nodes"))
    windows, steps, _ = predictions.shape
    if len(truth) != windows + steps - 1:
        raise UserError(f"{about} keeps {windows} windows of {task} and {len(truth)} rows of truth, which do not fit; type the command of "
                        "the run again with --keep.")
    places, taken = _places(nodes.tolist(), selection), selection.takes(times.astype("datetime64[s]"))
    ranks = find_family(record.spec.family).kind(task).ranks_cells and selection.at_least is None
    totals: dict[str, dict[str, np.ndarray]] = {}
    for start in range(0, windows, BATCH):
        rows = np.arange(start, min(start + BATCH, windows))[:, None] + np.arange(steps)  # [window, step]
        asked = truth[rows][..., places]
        observed = np.isfinite(asked)
        target, predicted = np.where(observed, asked, 0), predictions[start : start + BATCH][..., places]
        counts = observed if selection.at_least is None else observed & (target >= selection.at_least)
        parts = {name: error_sums(predicted, target, mask) for name, mask in masks(target, counts).items()}
        if ranks:
            parts["ranking"] = recall_sums(predicted, target, observed)
        for name, sums in parts.items():
            kept = totals.setdefault(name, {})
            for one, part in sums.items():
                kept[one] = add_in_order(kept.get(one, np.zeros(steps)), np.where(taken[rows], part, 0.0))
    if not totals["observed"]["count"].any():
        raise UserError(f"{about} was asked for no target of {task} that is {selection.words}; its test part goes from {times[0]} to "
                        f"{times[-1]}.")
    return totals


def _places(nodes: list[str], selection: Selection) -> np.ndarray:
    """The positions of the selected nodes."""
    for node in selection.nodes or ():
        if node not in nodes:
            raise unknown("node", node, nodes)
    return np.arange(len(nodes)) if selection.nodes is None else np.array([nodes.index(node) for node in dict.fromkeys(selection.nodes)])
