"""The graph of a city: its own adjacency, else recipe G1 on coordinates."""

from __future__ import annotations

import numpy as np

from benchmark.data.frames import great_circle_m

# G1 drops weights below this
KAPPA = 0.1


def gaussian_graph(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Recipe G1: exp(-(d / sigma)²), weights below 0.1 dropped, diagonal 1, the nearest node linked where none is left.

    sigma is the pitch: on a grid the distance of neighbouring cells, else the median distance to the nearest node.

    Returns
    -------
    [node, node] float32.
    """
    distance = great_circle_m(lon[:, None], lat[:, None], lon[None], lat[None])
    others = np.where(np.eye(len(lon), dtype=bool), np.inf, distance)
    sigma = float(np.median(others.min(axis=1))) if len(lon) > 1 else 1.0
    weights = np.exp(-np.square(distance / max(sigma, 1.0)))
    weights[weights < KAPPA] = 0
    np.fill_diagonal(weights, 1)
    lonely = np.flatnonzero((weights > 0).sum(axis=1) < 2) if len(lon) > 1 else np.array([], dtype=int)
    nearest = others.argmin(axis=1) if len(lon) > 1 else lonely
    for node in lonely:
        weights[node, nearest[node]] = weights[nearest[node], node] = max(KAPPA, np.exp(-1.0))
    return weights.astype(np.float32)
