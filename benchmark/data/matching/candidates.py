"""The nearest roads of many points, exact: a coarse grid finds segments for small cells, a cell's short list serves its points."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from benchmark.data.matching.geometry import Segments
from benchmark.ragged import offsets_of, ranges

# side in metres of the small cells whose points share a list of segments; any value gives the same candidates
CELL = 40.0
# (cell or point, segment) pairs projected at once, about 100 bytes each
PAIRS = 1_000_000


@dataclass(frozen=True)
class Candidates:
    """The nearest roads of each point, nearest first: [point, candidate]; road -1 and distance inf where there are fewer."""

    road: np.ndarray
    distance: np.ndarray
    offset: np.ndarray


class RoadIndex:
    """Finds the nearest `count` roads within `radius` metres of points."""

    def __init__(self, segments: Segments, count: int, radius: float) -> None:
        self.segments, self.count, self.radius = segments, count, radius
        self.reach = radius + CELL * np.sqrt(0.5)  # whatever is within the radius of a cell's point is within reach of its middle
        end_x = segments.x + segments.east * segments.length
        end_y = segments.y + segments.north * segments.length
        # origin so that every point within the radius of a road has cells of numbers >= 1
        self.x = min(segments.x.min(), end_x.min()) - 2 * self.reach
        self.y = min(segments.y.min(), end_y.min()) - 2 * self.reach
        self.columns = int((max(segments.x.max(), end_x.max()) - self.x) // self.reach) + 3
        self.rows = int((max(segments.y.max(), end_y.max()) - self.y) // self.reach) + 3
        # a piece of at most one side touches no cell but those of the box around it, at most two by two
        segment, piece = ranges(np.zeros(len(segments.x), np.int64), np.ceil(segments.length / self.reach).astype(np.int64).clip(1))
        share = segments.length / np.ceil(segments.length / self.reach).clip(1)
        ends = [(segments.x[segment] + segments.east[segment] * share[segment] * number - self.x,
                 segments.y[segment] + segments.north[segment] * share[segment] * number - self.y) for number in (piece, piece + 1)]
        cell = np.concatenate([self._cell(x // self.reach, y // self.reach) for x, _ in ends for _, y in ends])
        listed = np.unique(cell * len(segments.x) + np.tile(segment, 4))
        self.cell, self.listed = listed // len(segments.x), listed % len(segments.x)

    def nearest(self, x: np.ndarray, y: np.ndarray) -> Candidates:
        """Candidates of points in local metres."""
        found = Candidates(np.full((len(x), self.count), -1, np.int64), np.full((len(x), self.count), np.inf),
                           np.zeros((len(x), self.count)))
        with np.errstate(invalid="ignore"):
            inside = np.flatnonzero((x > self.x + self.reach) & (x < self.x + (self.columns - 1) * self.reach)
                                    & (y > self.y + self.reach) & (y < self.y + (self.rows - 1) * self.reach))
        if not inside.size:
            return found
        lines = int(self.rows * self.reach // CELL) + 1
        key = ((x[inside] - self.x) // CELL).astype(np.int64) * lines + ((y[inside] - self.y) // CELL).astype(np.int64)
        cells, cell = np.unique(key, return_inverse=True)
        offsets, segment = self._lists((cells // lines + 0.5) * CELL, (cells % lines + 0.5) * CELL)
        for block in _blocks(np.diff(offsets)[cell]):
            point, place = ranges(offsets[cell[block]], offsets[cell[block] + 1])
            point = inside[block][point]
            distance, offset = self.segments.project(segment[place], x[point], y[point])
            near = np.flatnonzero(distance <= self.radius)
            kept, rank = _ranked(point[near], self.segments.road[segment[place[near]]], distance[near])
            kept = near[kept[rank < self.count]]
            at = point[kept], rank[rank < self.count]
            found.road[at] = self.segments.road[segment[place[kept]]]
            found.distance[at], found.offset[at] = distance[kept], offset[kept]
        return found

    def _cell(self, column: np.ndarray, row: np.ndarray) -> np.ndarray:
        return column.astype(np.int64) * self.rows + row.astype(np.int64)

    def _lists(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(offsets [cell + 1], segments): all segments that may hold a candidate of any point of the cells with middles x, y."""
        around = np.array([(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)])
        wanted = self._cell(x[:, None] // self.reach + around[:, 0], y[:, None] // self.reach + around[:, 1])
        first, stop = np.searchsorted(self.cell, wanted, "left"), np.searchsorted(self.cell, wanted, "right")
        counts, lists = np.zeros(len(x), np.int64), [np.zeros(0, np.int64)]
        for block in _blocks((stop - first).sum(axis=1)):
            row, place = ranges(first[block].ravel(), stop[block].ravel())
            row, segment = row // 9, self.listed[place]
            distance, _ = self.segments.project(segment, x[block][row] + self.x, y[block][row] + self.y)
            near = distance <= self.reach
            row, segment, distance = row[near], segment[near], distance[near]
            kept, rank = _ranked(row, self.segments.road[segment], distance)
            last = kept[rank == self.count - 1]
            # a distance changes by at most half a diagonal from the middle to a point: beyond the k-th road plus a diagonal none is chosen
            limit = np.full(len(x[block]), np.inf)
            limit[row[last]] = distance[last] + CELL * np.sqrt(2) + 0.01  # 1 cm: ranks go by millimetres
            near = distance <= limit[row]
            pairs = np.unique(row[near] * len(self.segments.x) + segment[near])
            counts[block] = np.bincount(pairs // len(self.segments.x), minlength=len(limit))
            lists.append(pairs % len(self.segments.x))
        return offsets_of(counts), np.concatenate(lists)


def _ranked(owner: np.ndarray, road: np.ndarray, distance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(row, rank): the nearest row of each owner's road, by owner, then distance, then road; rank 0 is the owner's nearest."""
    order = np.lexsort((distance, road, owner))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(owner[order]) != 0) | (np.diff(road[order]) != 0)
    row = order[new]
    # whole millimetres: both directions of a street, and all roads that end at a junction, are equally near; they stay in order of road
    row = row[np.lexsort((np.rint(distance[row] * 1000), owner[row]))]
    return row, np.arange(len(row)) - np.searchsorted(owner[row], owner[row], "left")


def _blocks(work: np.ndarray) -> list[slice]:
    """Consecutive rows with about PAIRS of work each."""
    done = offsets_of(work)[:-1]
    cuts = np.unique(np.concatenate([[0], np.searchsorted(done, np.arange(PAIRS, (done[-1] if len(done) else 0) + 1, PAIRS)), [len(work)]]))
    return [slice(int(a), int(b)) for a, b in pairwise(cuts)]
