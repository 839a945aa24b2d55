"""What lies beside the records of this checkout: histories, sums by node and hour, attention maps. Published records have none of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from benchmark.plain_json import read_json
from benchmark.report.figures.kinds.runs import Run

if TYPE_CHECKING:
    import numpy as np


def history(run: Run) -> list[Mapping[str, Any]]:
    """One entry an epoch, in their order; none where nothing was trained, or the record was published.

    Raises
    ------
    BadFile: the file is not what a run writes.
    """
    try:
        found = read_json(run.path.with_suffix(".history.json"))
    except FileNotFoundError:
        return []
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def arrays(run: Run, suffix: str) -> dict[str, np.ndarray]:
    """The arrays of a file beside the record, such as ``.nodes.npz``; none where it is not there."""
    import numpy as np

    try:
        with np.load(run.path.with_suffix(suffix), allow_pickle=False) as found:
            return dict(found)
    except FileNotFoundError:
        return {}
