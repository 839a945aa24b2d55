"""The graph of a city: its own adjacency, else recipe G1 on coordinates. From `SPARSE_FROM` nodes on only its links are held."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from scipy.sparse import coo_array, csr_array

from benchmark.data.frames import EARTH_RADIUS_M, great_circle_m

# G1 drops weights below this
KAPPA = 0.1
# of a node whose weights are all dropped, to and from its nearest one
LONELY = max(KAPPA, np.exp(-1.0))
# nodes from which a graph is sparse: fewer fit in 4 MB
SPARSE_FROM = 1000
# distances on the unit sphere that differ by less, relatively, are equal but for rounding
ROUNDING = 1e-9
# [node, node] weights as they are held: dense, or from SPARSE_FROM nodes on a row's links side by side
Graph: TypeAlias = np.ndarray | csr_array


def held(graph: Graph) -> Graph:
    """The same weights as they are held for so many nodes."""
    if graph.shape[0] < SPARSE_FROM:
        return graph.toarray() if isinstance(graph, csr_array) else graph
    links = csr_array(graph)
    links.sum_duplicates()
    links.eliminate_zeros()
    return links


def distance_graph(lon: np.ndarray, lat: np.ndarray) -> Graph:
    """Recipe G1 in float32, as it is held for so many nodes."""
    return gaussian_graph(lon, lat) if len(lon) < SPARSE_FROM else gaussian_links(lon, lat)


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
        weights[node, nearest[node]] = weights[nearest[node], node] = LONELY
    return weights.astype(np.float32)


def gaussian_links(lon: np.ndarray, lat: np.ndarray) -> csr_array:
    """The same graph of two nodes or more, from pairs that lie near each other alone: memory grows with the links.

    A chord through the unit sphere grows with the great circle, so that a tree finds the pairs; their weights are of the great circle.
    """
    from scipy.spatial import KDTree

    nodes, (x, y) = np.arange(len(lon)), (np.radians(lon), np.radians(lat))
    points = np.stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)], axis=1)
    tree = KDTree(points)
    chord, two = tree.query(points, k=2)
    # of nodes in one place a node itself need not be among its two nearest
    nearest = np.where(two[:, 1] == nodes, two[:, 0], two[:, 1])

    def metres(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return great_circle_m(lon[one], lat[one], lon[other], lat[other])

    sigma = max(float(np.median(metres(nodes, nearest))), 1.0)
    one, other = tree.query_pairs(_chord(sigma * np.sqrt(-np.log(KAPPA))) * (1 + ROUNDING), output_type="ndarray").T
    weights = np.exp(-np.square(metres(one, other) / sigma))
    one, other, weights = (part[weights >= KAPPA] for part in (one, other, weights))
    lonely = np.setdiff1d(nodes, np.concatenate([one, other]))
    near = tree.query_ball_point(points[lonely], chord[lonely, 1] * (1 + ROUNDING), return_sorted=True)
    for row, found in enumerate(near):
        among = np.setdiff1d(found, lonely[row])
        # of equally near ones the first
        nearest[lonely[row]] = among[great_circle_m(lon[lonely[row]], lat[lonely[row]], lon[among], lat[among]).argmin()]
    pairs = np.unique(np.sort(np.stack([lonely, nearest[lonely]]), axis=0), axis=1)
    rows, columns = np.concatenate([one, other, *pairs, nodes]), np.concatenate([other, one, *pairs[::-1], nodes])
    values = np.concatenate([weights, weights, np.full(pairs.size, LONELY), np.ones(len(nodes))])
    return csr_array(coo_array((values.astype(np.float32), (rows, columns)), shape=(len(nodes), len(nodes))))


def _chord(metres: float) -> float:
    """Through the unit sphere, of a great circle of so many metres."""
    return 2 * float(np.sin(min(metres / EARTH_RADIUS_M / 2, np.pi / 2)))
