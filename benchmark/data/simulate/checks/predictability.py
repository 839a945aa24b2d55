"""How well trips can be foretold without any learning: where the next road is known, and where trips end."""

from __future__ import annotations

import numpy as np

from benchmark.data.trajectory.city import TrajectoryCity
from benchmark.data.trajectory.splits import LABELLED, TEST, UNLABELLED
from benchmark.markov import MarkovTable
from benchmark.ragged import row_of

# destinations that are the most common, and the share of roads that are driven most
COMMONEST, MAIN = 5, 0.1


def predictability(city: TrajectoryCity) -> dict[str, float]:
    """Shares and bits. Counts are those of all training trips; what is foretold are test trips.

    The entropy is that of the next road given the road, each weighted by its use. A destination is a trip's last road; the road before it
    is the last one shown.
    """
    route, roads = city.view("route"), len(city.network)
    road, offsets = np.asarray(route.values["road"]).astype(np.int64), route.offsets
    learnt, tested = np.isin(city.parts, (UNLABELLED, LABELLED)), city.parts == TEST
    step = np.setdiff1d(np.arange(len(road)), offsets[:-1])
    trip = row_of(offsets)[step]
    before, after = road[step - 1], road[step]
    table = MarkovTable(before[learnt[trip]], after[learnt[trip]])
    foretold = table.best(before)[:, 0] == after
    end = np.searchsorted(step, offsets[1:] - 1)
    last = before[end]
    ends = np.bincount(after[end][learnt], minlength=roads)
    ways_on = np.bincount(city.network.links[:, 0], minlength=roads)
    use = np.sort(np.bincount(road, minlength=roads))[::-1]
    return {
        "links a road": len(city.network.links) / roads,
        "entropy of the next road, bits": next_entropy(before[learnt[trip]], after[learnt[trip]], roads),
        "next road from the road before it": float(foretold[tested[trip]].mean()),
        "destination from the last road shown": float(foretold[end][tested].mean()),
        "trips to the five commonest destinations": float(np.sort(ends)[-COMMONEST:].sum() / ends.sum()),
        "last roads shown with one way on": float((ways_on[last] == 1).mean()),
        "roads with one way on": float((ways_on == 1).mean()),
        "share of all steps on a tenth of the roads": float(use[:round(MAIN * roads)].sum() / use.sum()),
        "roads that no trip drives": float((use == 0).mean()),
    }


def next_entropy(before: np.ndarray, after: np.ndarray, roads: int) -> float:
    """Bits of the next road given the one before it. before, after: int64 [step]."""
    pair = np.unique(before * roads + after, return_counts=True)[1]
    one = np.unique(before, return_counts=True)[1]
    return float(((one * np.log2(one)).sum() - (pair * np.log2(pair)).sum()) / len(before))
