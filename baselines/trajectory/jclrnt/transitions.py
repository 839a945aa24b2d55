"""Roads that follow one another in trips, at once or later (card §3): how JCLRNT's second graph is made."""

from __future__ import annotations

import torch
from torch import Tensor

from baselines.layers.ragged import Ragged
from baselines.trajectory.multi_view.trip_features import chunks
from benchmark import Trips


def transition_scores(trips: Trips, roads: int) -> Tensor:
    """float32 [road, road]: how often the second road comes with or after the first one in a trip, over the row's largest count.

    0 on the diagonal, which counts as well before it is taken away: it is how often the first road is driven.
    """
    scores = torch.zeros(roads, roads, device="cpu")
    for part in chunks(trips):
        road, layout = part.route.values["road"], Ragged.of(part.route.offsets)
        # token k is the first of as many pairs as there are roads from it to its trip's end
        pairs = Ragged.of_lengths(layout.lengths[layout.sequence] - layout.place)
        pair = road[pairs.sequence] * roads + road[pairs.sequence + pairs.place]
        scores.view(-1).index_add_(0, pair, torch.ones(len(pair), device="cpu"))
    scores /= scores.amax(dim=1, keepdim=True).clamp(min=1)
    return scores.fill_diagonal_(0)


def transition_links(trips: Trips, roads: int, least: float) -> Tensor:
    """int64 [link, 2]: pairs of a higher score than `least`."""
    return (transition_scores(trips, roads) > least).nonzero()
