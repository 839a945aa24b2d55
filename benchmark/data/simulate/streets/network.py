"""The drawn road network of a simulated city: streets merged, cut, curved and split into directed roads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.data.frames import Projection
from benchmark.data.simulate.parameters import generator
from benchmark.data.simulate.streets.lattice import BOTH_WAYS, Lattice, largest_piece, lay_lattice
from benchmark.data.simulate.streets.parameters import CLASSES, PRIMARY, SECONDARY, TERTIARY, RoadClass, StreetParameters
from benchmark.data.trajectory.roads import RoadNetwork, links_by_ends
from benchmark.ragged import offsets_of, running_sums

# where a street in two parts is divided, as a share of its length up to its first bend
PARTED = (0.3, 0.7)

Line = list[tuple[float, float]]


@dataclass(frozen=True)
class Streets:
    """A road network and what its builders know.

    Parameters
    ----------
    begins, ends: int64 [road] junction of the first and the last vertex.
    kind: int64 [road] number in CLASSES. reverse: int64 [road] the same street driven the other way, −1: none.
    opened: bool [road] closed until the last day.
    x, y: float64 [vertex] metres from the centre of the city, as `network.offsets` divides them.
    share: width and height of their box relative to the whole city's.
    """

    network: RoadNetwork
    begins: np.ndarray
    ends: np.ndarray
    kind: np.ndarray
    reverse: np.ndarray
    opened: np.ndarray
    x: np.ndarray
    y: np.ndarray
    share: float

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def length(self) -> np.ndarray:
        """float64 [road] metres of the drawn line."""
        step = np.hypot(np.diff(self.x, append=0), np.diff(self.y, append=0))
        step[self.network.offsets[1:] - 1] = 0
        return np.add.reduceat(step, self.network.offsets[:-1])

    @property
    def middle(self) -> tuple[np.ndarray, np.ndarray]:
        """x, y [road]: between the ends."""
        first, last = self.network.offsets[:-1], self.network.offsets[1:] - 1
        return (self.x[first] + self.x[last]) / 2, (self.y[first] + self.y[last]) / 2


def draw_streets(seed: int, city: str, parameters: StreetParameters, classes: tuple[RoadClass, ...], roads: int | None) -> Streets:
    """The streets of a box around the centre that holds about so many roads, all if None: smaller sizes are cut out of the full city."""
    west, east, south, north = parameters.box
    projection = Projection((west + east) / 2, (south + north) / 2)
    across, along = projection.metres_per_degree
    width, height = (east - west) * across, (north - south) * along
    lattice = lay_lattice(generator(seed, city, "lattice"), parameters, classes, width, height)
    share = 1.0
    if roads is not None:
        # of the box that a street needs
        needed = np.maximum((np.abs(lattice.x) + parameters.margin_m) / (width / 2),
                            (np.abs(lattice.y) + parameters.margin_m) / (height / 2))[lattice.ends].max(axis=1)
        order = np.argsort(needed, kind="stable")
        share = float(needed[order][np.searchsorted(np.cumsum(1 + (lattice.way == BOTH_WAYS)[order]), roads)])
        lattice = largest_piece(lattice.part(needed <= share))
    rng = generator(seed, city, "streets")
    lattice, lines = _cut(rng, parameters, classes, *_merged(rng, classes, lattice))
    lines = [_curved(rng, parameters, line) for line in lines]
    return _directed(rng, city, parameters, classes, projection, lattice, lines, share)


def _merged(rng: np.random.Generator, classes: tuple[RoadClass, ...], lattice: Lattice) -> tuple[Lattice, list[Line]]:
    """Streets that meet where nothing else does become one, mostly; and the line of each."""
    chance = rng.random(len(lattice.x))
    ends = [tuple(pair) for pair in lattice.ends.tolist()]
    lines: list[Line] = [[(float(lattice.x[a]), float(lattice.y[a])), (float(lattice.x[b]), float(lattice.y[b]))] for a, b in ends]
    kind, way, alive = lattice.kind.tolist(), lattice.way.tolist(), [True] * len(ends)
    at: dict[int, list[int]] = {}
    for street, pair in enumerate(ends):
        for junction in pair:
            at.setdefault(junction, []).append(street)
    for junction in sorted(at):
        if len(at[junction]) != 2:
            continue
        one, two = at[junction]
        if one == two or kind[one] != kind[two] or chance[junction] >= classes[kind[one]].merged:
            continue
        # both drawn through the junction: one ends there, two begins there
        for street, comes_first in ((one, True), (two, False)):
            if (ends[street][1] == junction) != comes_first:
                ends[street], lines[street], way[street] = ends[street][::-1], lines[street][::-1], -way[street]
        # no street back to where it began, and no second one between the same junctions
        neighbours = {other for street in at[ends[one][0]] for other in ends[street]}
        if way[one] != way[two] or ends[one][0] == ends[two][1] or ends[two][1] in neighbours:
            continue
        ends[one], lines[one], alive[two] = (ends[one][0], ends[two][1]), lines[one] + lines[two][1:], False
        at[ends[one][1]] = [one if street == two else street for street in at[ends[one][1]]]
        at[junction] = []
    kept = [street for street in range(len(ends)) if alive[street]]
    merged = Lattice(lattice.x, lattice.y, np.array([ends[s] for s in kept]), np.array([kind[s] for s in kept]),
                     np.array([way[s] for s in kept]))
    return merged, [lines[street] for street in kept]


def _cut(rng: np.random.Generator, parameters: StreetParameters, classes: tuple[RoadClass, ...], lattice: Lattice,
         lines: list[Line]) -> tuple[Lattice, list[Line]]:
    """Some streets are drawn in two pieces: one of them very short, or both of use."""
    metres, part = rng.uniform(*parameters.cut_m, len(lines)), rng.uniform(*PARTED, len(lines))
    short = rng.random(len(lines)) < parameters.cut
    parted = ~short & (rng.random(len(lines)) < np.array([one.parted for one in classes])[lattice.kind])
    ends, kind, way, drawn = [], [], [], []
    x, y = lattice.x.tolist(), lattice.y.tolist()
    for street, line in enumerate(lines):
        (a, b), first = lattice.ends[street].tolist(), np.hypot(line[1][0] - line[0][0], line[1][1] - line[0][1])
        pieces = [((a, b), line)]
        if parted[street] or (short[street] and first > 3 * metres[street]):
            share = part[street] if parted[street] else metres[street] / first
            place = (line[0][0] + share * (line[1][0] - line[0][0]), line[0][1] + share * (line[1][1] - line[0][1]))
            pieces = [((a, len(x)), [line[0], place]), ((len(x), b), [place, *line[1:]])]
            x.append(place[0])
            y.append(place[1])
        for pair, piece in pieces:
            ends.append(pair)
            drawn.append(piece)
            kind.append(lattice.kind[street])
            way.append(lattice.way[street])
    return Lattice(np.array(x), np.array(y), np.array(ends), np.array(kind), np.array(way)), drawn


def _curved(rng: np.random.Generator, parameters: StreetParameters, line: Line) -> Line:
    """A line of two vertices, bowed to one side or not."""
    curved, bow = rng.random() < parameters.curved, parameters.bow * rng.standard_normal()
    if not curved or len(line) > 2:
        return line
    (ax, ay), (bx, by) = line
    part = np.arange(1, 4) / 4
    side = bow * np.sin(np.pi * part)
    between = zip((ax + part * (bx - ax) - side * (by - ay)).tolist(), (ay + part * (by - ay) + side * (bx - ax)).tolist(), strict=True)
    return [line[0], *between, line[1]]


def _carriageway(line: Line, metres: float) -> Line:
    """The line moved to its right, but for its ends."""
    points = np.array(line)
    length = np.hypot(*np.diff(points, axis=0).T)
    at = running_sums(length)
    inset = min(2 * metres, at[-1] / 3)
    wanted = np.concatenate([[inset], at[(at > inset) & (at < at[-1] - inset)], [at[-1] - inset]])
    ahead = np.stack([np.interp(wanted + delta, at, column) for delta in (-1.0, 1.0) for column in points.T]).reshape(2, 2, -1)
    east, north = ahead[1] - ahead[0]
    scale = metres / np.hypot(east, north)
    moved = [np.interp(wanted, at, points[:, 0]) + scale * north, np.interp(wanted, at, points[:, 1]) - scale * east]
    return [line[0], *zip(*(column.tolist() for column in moved), strict=True), line[-1]]


def _directed(rng: np.random.Generator, city: str, parameters: StreetParameters, classes: tuple[RoadClass, ...], projection: Projection,
              lattice: Lattice, lines: list[Line], share: float) -> Streets:
    """Each street as one road, or two roads of opposite ways."""
    roads: list[tuple[int, int, int, Line]] = []  # street, begins, ends, line
    divided = (lattice.kind <= PRIMARY) & (lattice.way == BOTH_WAYS) & (
        np.array([np.hypot(line[-1][0] - line[0][0], line[-1][1] - line[0][1]) for line in lines]) > 6 * parameters.carriageway_m)
    for street, line in enumerate(lines):
        (a, b), way = lattice.ends[street].tolist(), int(lattice.way[street])
        both = [(street, a, b, line)] * (way >= 0) + [(street, b, a, line[::-1])] * (way <= 0)
        roads += [(s, u, v, _carriageway(drawn, parameters.carriageway_m)) for s, u, v, drawn in both] if divided[street] else both
    street_of = np.array([road[0] for road in roads])
    begins, ends = (np.array([road[side] for road in roads]) for side in (1, 2))
    x, y = np.array([vertex for road in roads for vertex in road[3]]).T
    offsets = offsets_of([len(road[3]) for road in roads])
    twin = np.flatnonzero(street_of[1:] == street_of[:-1])
    reverse = np.full(len(roads), -1)
    reverse[twin], reverse[twin + 1] = twin + 1, twin
    kind = lattice.kind[street_of]
    lanes = np.zeros(len(roads), np.int64)
    draw, unknown = rng.random(len(lines)), rng.random(len(lines))
    for number, one in enumerate(classes):
        weights = np.cumsum(one.lanes) / sum(one.lanes)
        known = (kind == number) & (unknown[street_of] >= one.lanes_unknown)
        lanes[known] = 1 + np.searchsorted(weights, draw[street_of[known]], side="right")
    step = np.hypot(np.diff(x, append=0), np.diff(y, append=0))
    step[offsets[1:] - 1] = 0
    # "divided": each carriageway is a one-way road of its own, as in OSM
    oneway = (lattice.way != BOTH_WAYS) | divided
    table = pd.DataFrame({
        "road_id": [f"{city}-road-{row:05d}" for row in range(len(roads))], "highway": np.array(CLASSES)[kind],
        "length_m": np.round(np.add.reduceat(step, offsets[:-1]), 1), "oneway": oneway[street_of], "lanes": lanes})
    lon, lat = (np.round(degrees, 7) for degrees in projection.to_degrees(x, y))
    network = RoadNetwork(table, offsets, lon, lat, links_by_ends(begins, ends, reverse))
    opened = np.isin(street_of, _opened(rng, parameters, lattice, lines))
    return Streets(network, begins, ends, kind, reverse, opened, x, y, share)


def _opened(rng: np.random.Generator, parameters: StreetParameters, lattice: Lattice, lines: list[Line]) -> np.ndarray:
    """Streets opened on the last day: of the centre, where many drive, secondary if there are enough, between two larger junctions."""
    degree = np.bincount(lattice.ends.ravel(), minlength=len(lattice.x))
    place = np.array([np.mean(line, axis=0) for line in lines])
    size = np.abs(place).max()
    fits = np.isin(lattice.kind, (SECONDARY, TERTIARY)) & (degree[lattice.ends].min(axis=1) >= 3) & (lattice.way == BOTH_WAYS) & (
        np.abs(place).max(axis=1) < 0.7 * size)
    chosen = rng.permutation(np.flatnonzero(fits))
    return chosen[np.argsort(lattice.kind[chosen], kind="stable")][:parameters.opened]
