"""The graph of a city: its own adjacency, else recipe G1 on coordinates."""

from __future__ import annotations

import numpy as np

EARTH_RADIUS_M = 6_371_008.8
# G1 drops weights below this
KAPPA = 0.1


def great_circle_metres(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """[node, node] haversine distances in metres, from degrees."""
    x, y = np.radians(lon), np.radians(lat)
    half = np.sin((y[:, None] - y[None]) / 2) ** 2 + np.cos(y)[:, None] * np.cos(y)[None] * np.sin((x[:, None] - x[None]) / 2) ** 2
    return 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(half, 0, 1)))


def gaussian_graph(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Recipe G1: exp(-(d / sigma)²), weights below 0.1 dropped, diagonal 1, the nearest node linked where none is left.

    sigma is the pitch: on a grid the distance of neighbouring cells, else the median distance to the nearest node.

    Returns
    -------
    [node, node] float32.
    """
    distance = great_circle_metres(lon, lat)
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
