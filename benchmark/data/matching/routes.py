"""Shortest ways between roads up to a bound, once per network (the table of FMM), with the last road before each target."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from benchmark.ragged import offsets_of

# numbers of one block of the search
BLOCK = 4_000_000


class RouteTable:
    """Ways from the end of a road to the start of another, at most `bound` metres long.

    Parameters
    ----------
    length: float64 [road] metres. links: int64 [link, 2] of the network.
    """

    def __init__(self, length: np.ndarray, links: np.ndarray, bound: float) -> None:
        roads = len(length)
        # a road is a vertex at its start; vertex roads + i is the end of road i, so that the way back onto the same road is found as well
        weight = np.concatenate([length[links[:, 0]], np.zeros(len(links))])
        graph = csr_matrix((weight, (np.concatenate([links[:, 0], links[:, 0] + roads]), np.tile(links[:, 1], 2))),
                           shape=(2 * roads, 2 * roads))
        size = max(1, BLOCK // (2 * roads))
        counts, targets, distances, before = [], [], [], []
        for first in range(0, roads, size):
            source = np.arange(first, min(first + size, roads))
            away, previous = dijkstra(graph, indices=source + roads, limit=bound, return_predecessors=True)
            row, target = np.nonzero(np.isfinite(away[:, :roads]))
            counts.append(np.bincount(row, minlength=len(source)))
            targets.append(target.astype(np.int32))
            distances.append(away[row, target].astype(np.float32))
            last = previous[row, target]
            before.append(np.where(last >= roads, last - roads, last).astype(np.int32))
        # metres and last road before the target, by place in the table
        self.distance, self.before = np.concatenate(distances), np.concatenate(before)
        number = np.arange(1, len(self.distance) + 1, dtype=np.int32)  # 0 would be no entry
        self._place = csr_matrix((number, np.concatenate(targets), offsets_of(np.concatenate(counts))), shape=(roads, roads))

    def place(self, source: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Place in the table of each pair of roads, -1 where no way is short enough."""
        if not source.size:
            return np.zeros(0, np.int64)
        return np.asarray(self._place[source, target]).ravel().astype(np.int64) - 1

    def ways(self, source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(count [pair], roads): the roads from each source, itself left out, to its target, one pair after the other."""
        count = np.zeros(len(source), np.int64)
        pair, road, found = np.arange(len(source)), target, []
        while pair.size:
            found.append((pair, count[pair], road))
            count[pair] += 1
            previous = self.before[self.place(source[pair], road)]
            more = previous != source[pair]
            pair, road = pair[more], previous[more].astype(np.int64)
        roads = np.zeros(int(count.sum()), np.int64)
        last = np.cumsum(count) - 1
        for pair, back, road in found:
            roads[last[pair] - back] = road
        return count, roads
