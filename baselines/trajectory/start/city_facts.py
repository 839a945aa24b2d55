"""What START knows of a city: features of its roads; from its training trips, how roads follow each other and how long each takes."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.layers.ragged import Ragged
from benchmark import CityProblem, Trips

# rows in front of the roads; without padding PAD is never read, and every road is known, but the published sizes hold both
PAD, UNKNOWN, CLS, MASK = range(4)
SPECIAL = 4
# the most lanes, and links to or from a road, that have a column of their own; more share it
MOST_LANES, MOST_LINKS = 4, 6


def road_features(city: CityProblem, *, road_class: bool) -> Tensor:
    """float32 [4 + road, feature], zeros in the first four rows."""
    # DEVIATION: the authors' code reads the class of each road, which road_label asks for: off by default. Speed limits are not in the
    # roads of the suites: one column says that they are unknown.
    roads = city.roads
    enters, leaves = (torch.bincount(roads.links[:, end], minlength=len(roads)).clamp(max=MOST_LINKS) for end in (1, 0))
    parts = [F.one_hot(roads.lanes.clamp(0, MOST_LANES), MOST_LANES + 1), roads.oneway[:, None], F.one_hot(enters, MOST_LINKS + 1),
             F.one_hot(leaves, MOST_LINKS + 1), scaled(roads.length)[:, None], torch.ones(len(roads), 1)]
    if road_class:
        assert city.road_class is not None
        parts.append(F.one_hot(city.road_class))
    return F.pad(torch.cat([part.float() for part in parts], dim=1), (0, 0, SPECIAL, 0))


def scaled(length: Tensor) -> Tensor:
    """[road] -> between 0 for the shortest and 1 for the longest."""
    return (length - length.min()) / (length.max() - length.min()).clamp(min=1e-9)


def follows(trips: Trips) -> tuple[Tensor, Tensor]:
    """(int64 [step, 2] each road of a trip and the one after it, float64 [step] seconds between their entries)."""
    layout, road = Ragged.of(trips.route.offsets), trips.route.values["road"]
    time = trips.route.values["time"].double()
    first = (layout.place < layout.lengths[layout.sequence] - 1).nonzero()[:, 0]
    return torch.stack([road[first], road[first + 1]], dim=1), time[first + 1] - time[first]


def transfer_shares(trips: Trips, links: Tensor, roads: int, of: Literal["in", "out"]) -> Tensor:
    """float32 [link]: how often trips go over each link (int64 [link, 2]), as a share of all arrivals at its end, or departures at its
    beginning; 0 where there are none."""
    steps, _ = follows(trips)
    taken, count = torch.unique(steps[:, 0] * roads + steps[:, 1], return_counts=True)
    over = torch.zeros(len(links), dtype=torch.float64)
    if len(taken):
        key = links[:, 0] * roads + links[:, 1]
        at = torch.searchsorted(taken, key).clamp(max=len(taken) - 1)
        over = torch.where(taken[at] == key, count[at], 0).double()
    end = {"in": 1, "out": 0}[of]
    total = torch.bincount(steps[:, end], minlength=roads)[links[:, end]]
    return (over / total.clamp(min=1)).float()


def mean_seconds(trips: Trips, roads: int) -> Tensor:
    """float32 [road]: how long trips stay on each road until they enter the next one; NaN where none does."""
    steps, seconds = follows(trips)
    count = torch.bincount(steps[:, 0], minlength=roads)
    return (torch.zeros(roads, dtype=torch.float64).index_add_(0, steps[:, 0], seconds) / count).float()
