"""Walks as one integer matrix, the pairs of roads that skip-gram learns from, and the noise roads beside them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from baselines.layers.walks import biased_walks

# roads of the shortest walk
SHORTEST = 5


def random_walks(links: Tensor, roads: int, start: np.ndarray, longest: int, rng: np.random.Generator) -> Tensor:
    """int64 [walk, longest] roads, -1 behind a walk's end: a uniform way on at every road, uniform lengths from 5 to `longest`."""
    walks = biased_walks(links.numpy(), roads, start, longest, 1, 1, rng)
    lengths = rng.integers(SHORTEST, longest + 1, len(walks))
    walks[np.arange(longest) >= lengths[:, None]] = -1
    return torch.from_numpy(walks)


def context_pairs(walks: Tensor, metres: Tensor, window: int, reach: float) -> Tensor:
    """int64 [pair, 2]: a road of a walk, and a road of its context there.

    On each side the context ends after `window` roads, or where their metres, added up, reach `reach`; the next road always belongs to it.

    Parameters
    ----------
    walks: int64 [walk, step], -1 behind a walk's end.
    metres: float32 [road].
    """
    own = torch.where(walks >= 0, metres[walks], 0).double()
    end = own.cumsum(1)
    start = end - own
    pairs = []
    for steps in range(1, window + 1):
        earlier, later = walks[:, :-steps], walks[:, steps:]
        ahead = end[:, steps:] - end[:, :-steps]
        behind = start[:, steps:] - start[:, :-steps]
        for road, near, far in ((earlier, later, ahead), (later, earlier, behind)):
            kept = (later >= 0) & ((far < reach) | (steps == 1))
            pairs.append(torch.stack([road[kept], near[kept]], dim=1))
    return torch.cat(pairs)


def noise_roads(pairs: Tensor, roads: int, count: int, generator: torch.Generator) -> Tensor:
    """int64 [pair, count]: uniform over the roads that are neither of the pair; a city has at least three."""
    noise = torch.randint(roads, (len(pairs), count), generator=generator, device="cpu")
    while len(clashes := (noise[:, :, None] == pairs[:, None]).any(dim=2).nonzero()):
        noise[clashes[:, 0], clashes[:, 1]] = torch.randint(roads, (len(clashes),), generator=generator, device="cpu")
    return noise
