"""Junctions and streets of a simulated city: a bent lattice whose lines have ranks, with gaps, parks and one-way pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from benchmark.data.simulate.streets.parameters import (
    CLASSES,
    PRIMARY,
    RESIDENTIAL,
    SECONDARY,
    TERTIARY,
    TRUNK,
    RoadClass,
    StreetParameters,
)
from benchmark.ragged import running_sums

BOTH_WAYS = 0
# waves that bend the lattice
WAVES = 8


@dataclass(frozen=True)
class Lattice:
    """Streets between junctions.

    Parameters
    ----------
    x, y: float64 [junction] metres from the centre.
    ends: int64 [street, 2] junctions. kind: int64 [street] number in CLASSES.
    way: int64 [street] 1 or −1: one-way along `ends` or against; 0: both ways.
    """

    x: np.ndarray
    y: np.ndarray
    ends: np.ndarray
    kind: np.ndarray
    way: np.ndarray

    def part(self, kept: np.ndarray) -> Lattice:
        """The streets where `kept` (bool [street]) is true; junctions keep their numbers."""
        return Lattice(self.x, self.y, self.ends[kept], self.kind[kept], self.way[kept])


def lay_lattice(rng: np.random.Generator, parameters: StreetParameters, classes: tuple[RoadClass, ...], width: float,
                height: float) -> Lattice:
    """The streets of a box of `width` × `height` metres around (0, 0), all in one piece."""
    columns, rows = parameters.lines
    x, y = _junctions(rng, parameters, width, height)
    number = np.arange(columns * rows).reshape(columns, rows)
    # streets along columns run north, streets along rows run east
    ends = np.concatenate([np.stack([number[:, :-1].ravel(), number[:, 1:].ravel()], axis=1),
                           np.stack([number[:-1].ravel(), number[1:].ravel()], axis=1)])
    along = [_classes(rng, parameters, columns, rows - 1, axis=True), _classes(rng, parameters, rows, columns - 1, axis=False)]
    ways = [_oneways(rng, parameters, kind) for kind in along]
    kind, way = (np.concatenate([pair[0].ravel(), pair[1].T.ravel()]) for pair in (along, ways))
    # class of the greatest street of each junction
    greatest = np.full(len(x), len(CLASSES) - 1)
    np.minimum.at(greatest, ends, kind[:, None])
    gaps, walled = (np.array([getattr(one, share) for one in classes]) for share in ("gaps", "walled"))
    unbuilt = gaps[kind] + np.where(kind >= RESIDENTIAL, walled[greatest[ends].min(axis=1)], 0)
    built = rng.random(len(kind)) >= unbuilt
    middle_x, middle_y = x[ends].mean(axis=1), y[ends].mean(axis=1)
    for _ in range(parameters.parks):
        at_x, at_y = rng.uniform(-0.45, 0.45) * width, rng.uniform(-0.45, 0.45) * height
        park = np.hypot(middle_x - at_x, middle_y - at_y) < rng.uniform(*parameters.park_m)
        built &= ~(park & (kind >= TERTIARY))
    return largest_piece(Lattice(x, y, ends, kind, way).part(built))


def largest_piece(lattice: Lattice) -> Lattice:
    """The streets of the largest connected piece."""
    ends = lattice.ends
    graph = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(lattice.x), len(lattice.x)))
    piece = connected_components(graph, directed=False)[1][ends[:, 0]]
    return lattice.part(piece == np.argmax(np.bincount(piece)))


def _junctions(rng: np.random.Generator, parameters: StreetParameters, width: float, height: float) -> tuple[np.ndarray, np.ndarray]:
    """(x, y) [junction], column by column, inside the box but for its margin."""
    lines = []
    for count, size in zip(parameters.lines, (width, height), strict=True):
        out = np.abs(np.arange(count - 1) - (count - 2) / 2) / (count / 2)
        gap = (1 + (parameters.edge_spacing - 1) * out) * np.exp(parameters.spacing_sd * rng.standard_normal(count - 1))
        place = running_sums(gap)
        # the central line stays in the centre
        middle = place[count // 2]
        side = np.where(place < middle, middle, place[-1] - middle)
        lines.append((place - middle) / side * (size / 2 - parameters.margin_m))
    x, y = (grid.ravel() for grid in np.meshgrid(*lines, indexing="ij"))
    moved = []
    for _ in range(2):
        angle, phase = rng.uniform(0, 2 * np.pi, (2, WAVES, 1))
        wave = 2 * np.pi / (1000 * parameters.bend_km * rng.uniform(0.6, 1.6, (WAVES, 1)))
        bend = np.sin(wave * (np.cos(angle) * x + np.sin(angle) * y) + phase).sum(axis=0) * np.sqrt(2 / WAVES)
        moved.append(parameters.bend_m * bend + parameters.jitter_m * rng.standard_normal(len(x)).clip(-2.5, 2.5))
    half_x, half_y = width / 2 - parameters.margin_m, height / 2 - parameters.margin_m
    # the bending fades towards the edges, so that no line is squeezed there
    calm = (1 - (np.abs(x) / half_x) ** 6) * (1 - (np.abs(y) / half_y) ** 6)
    return (x + moved[0] * calm).clip(-half_x, half_x), (y + moved[1] * calm).clip(-half_y, half_y)


def _classes(rng: np.random.Generator, parameters: StreetParameters, lines: int, blocks: int, axis: bool) -> np.ndarray:
    """int64 [line, block] class of each street of parallel lines; the central line of an `axis` is a trunk road."""
    rank = np.full(lines, RESIDENTIAL)
    rank[lines // 2] = TRUNK if axis else PRIMARY
    for side in (-1, 1):
        line, turn = lines // 2, SECONDARY if axis == (side > 0) else PRIMARY
        while True:
            line += side * int(rng.integers(parameters.arterial_gap[0], parameters.arterial_gap[1] + 1))
            if not 0 <= line < lines:
                break
            rank[line], turn = turn, PRIMARY + SECONDARY - turn
    piece = np.cumsum(rng.random((lines, blocks)) < parameters.changes, axis=1) + np.arange(lines)[:, None] * blocks
    local = rng.choice(np.arange(TERTIARY, len(CLASSES)), piece.max() + 1, p=np.array(parameters.local) / sum(parameters.local))
    lowered = (rng.random(piece.max() + 1) < parameters.lowered).astype(np.int64)
    kind = np.where(rank[:, None] == RESIDENTIAL, local[piece], rank[:, None] + lowered[piece] * (rank[:, None] != TRUNK))
    reach = np.abs(np.arange(blocks) - (blocks - 1) / 2) < parameters.ring
    for line in (lines // 2 - parameters.ring, lines // 2 + parameters.ring):
        if 0 <= line < lines:
            kind[line, reach] = TRUNK
    return kind


def _oneways(rng: np.random.Generator, parameters: StreetParameters, kind: np.ndarray) -> np.ndarray:
    """int64 [line, block]: 1 or −1 on local one-way streets, which come in neighbouring pairs of opposite ways; 0 elsewhere."""
    way = np.full(kind.shape, BOTH_WAYS)
    lines, blocks = kind.shape
    for _ in range(parameters.oneway_pairs * lines // 100):
        line, first = int(rng.integers(lines - 1)), int(rng.integers(blocks))
        span = slice(first, first + int(rng.integers(parameters.oneway_blocks[0], parameters.oneway_blocks[1] + 1)))
        direction = 1 if rng.random() < 0.5 else -1
        way[line, span], way[line + 1, span] = direction, -direction
    return np.where(kind >= TERTIARY, way, BOTH_WAYS)
