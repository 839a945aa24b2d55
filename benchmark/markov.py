"""First-order Markov: what most often followed a unit (a road, a cell), as arrays. Checks of data and floors of tasks both count so."""

from __future__ import annotations

import numpy as np
import pandas as pd

# answers given for each unit
BEST = 5


class MarkovTable:
    """For each unit the five most frequent ones after it. before, after: [step]."""

    def __init__(self, before: np.ndarray, after: np.ndarray) -> None:
        counts = pd.DataFrame({"before": before, "after": after}).value_counts().reset_index(name="count")
        counts = counts.sort_values(["before", "count", "after"], ascending=[True, False, True])
        overall = pd.Series(after).value_counts().reset_index(name="count").sort_values(["count", "index"], ascending=[False, True])
        self.overall = overall["index"].to_numpy()[: 2 * BEST]
        self.after = {key: part.to_numpy()[:BEST] for key, part in counts.groupby("before")["after"]}

    def best(self, last: np.ndarray) -> np.ndarray:
        """int64 [trip, 5], the most frequent first; -1 where fewer are known."""
        units, at = np.unique(last, return_inverse=True)
        table = np.full((len(units), BEST), -1, np.int64)
        for row, unit in enumerate(units.tolist()):
            own = self.after.get(unit, np.zeros(0, np.int64))
            filled = np.concatenate([own, self.overall[~np.isin(self.overall, own)]])[:BEST]
            table[row, :len(filled)] = filled
        return table[at]
