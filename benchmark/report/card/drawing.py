"""The pictures of a card's page as plain numbers: its nodes or streets on a map, its day and week as bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

import numpy as np

from benchmark.data.profile import HOURS, Outline, Profile
from benchmark.report.card.text import DAYS
from benchmark.report.site.maps import SIDE, Map, draw
from benchmark.report.told import in_words

# of a map, in its own units: how far a street may run from its drawn line, the largest node
TOLERANCE, LARGEST = 0.4, 9.0
# more nodes than these have no names to point at, and characters of streets that a page holds
MOST_NAMES, MOST_TEXT = 3_000, 600_000
# a street never taken, and three parts of the others, from the least taken to the most
PARTS = 4
# of bars, in their own units
WIDTH, HEIGHT = 480.0, 110.0


@dataclass(frozen=True)
class Bar:
    """One bar of a profile."""

    x: float
    y: float
    width: float
    height: float
    label: str


def bars(values: Sequence[float | None], names: Sequence[str]) -> list[Bar]:
    """A bar a value, from 0, or the least below it, to the highest; none where nothing was observed."""
    known = [value for value in values if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    unit, wide = HEIGHT / ((high - low) or 1.0), WIDTH / len(values)

    def bar(k: int, value: float) -> Bar:
        top, bottom = (high - max(value, 0.0)) * unit, (high - min(value, 0.0)) * unit
        return Bar(round(k * wide + wide * 0.1, 1), round(top, 1), round(wide * 0.8, 1), round(max(bottom - top, 0.5), 1),
                   f"{names[k]}: {in_words(value)}")

    return [bar(k, value) for k, value in enumerate(values) if value is not None]


def day_bars(profile: Profile) -> list[Bar]:
    """Of each hour of the day."""
    return bars(profile.day, [f"{k * HOURS // len(profile.day)} h" for k in range(len(profile.day))])


def week_bars(profile: Profile) -> list[Bar]:
    """Of each day of the week."""
    return bars(profile.week, DAYS)


@dataclass(frozen=True)
class Drawn:
    """A map: circles of nodes, or the lines of streets."""

    map: Map
    # one a node; its radius in the map's units
    radii: tuple[float, ...]
    # whether a node says its name
    names: bool
    # SVG path data, from the streets never taken to those taken most; empty of nodes
    paths: tuple[str, ...]
    # in words
    about: str


def drawn(city: str, edition: str, outline: Outline) -> Drawn:
    """A map of a city's own geometry; streets are simplified until all of them fit on a page."""
    # x and y of a vertex do not depend on its name
    names = outline.names or ("",) * len(outline.lon)
    on_map = draw(city, edition, list(zip(names, outline.lon.tolist(), outline.lat.tolist(), strict=True)))
    if outline.names:
        largest = min(LARGEST, max(SIDE / sqrt(len(names)) / 2, 1.5))
        shares = np.sqrt(outline.weight / (outline.weight.max() or 1.0))
        return Drawn(on_map, tuple(np.round(largest * (0.3 + 0.7 * shares), 1).tolist()), len(names) <= MOST_NAMES, (),
                     f"{len(names):,} nodes; larger: {outline.weighed_by}")
    points = np.array([(one.x, one.y) for one in on_map.nodes])
    streets, tolerance = [points[a:b] for a, b in pairwise(outline.offsets)], TOLERANCE
    while sum(map(len, paths := _paths(streets, _parts(outline.weight), tolerance))) > MOST_TEXT:
        tolerance *= 2
    return Drawn(on_map, (), False, paths, f"{len(streets):,} streets; stronger: taken by more trips")


def _parts(weight: np.ndarray) -> np.ndarray:
    """Which part each street belongs to: 0 never taken, then thirds of those that are."""
    part, taken = np.zeros(len(weight), int), weight > 0
    if taken.any():
        bounds = np.quantile(weight[taken], [k / (PARTS - 1) for k in range(1, PARTS - 1)])
        part[taken] = 1 + np.searchsorted(bounds, weight[taken], side="left")
    return part


def _paths(streets: Sequence[np.ndarray], parts: np.ndarray, tolerance: float) -> tuple[str, ...]:
    texts: list[list[str]] = [[] for _ in range(PARTS)]
    for points, part in zip(streets, parts, strict=True):
        texts[part].append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in _simplified(points, tolerance)))
    return tuple(map("".join, texts))


def _simplified(points: np.ndarray, tolerance: float) -> Iterator[np.ndarray]:
    """The points without which a line would leave its course by more than `tolerance` (Douglas and Peucker)."""
    kept, open_ = {0, len(points) - 1}, [(0, len(points) - 1)]
    while open_:
        a, b = open_.pop()
        if b - a < 2:
            continue
        course, between = points[b] - points[a], points[a + 1:b] - points[a]
        length = float(np.hypot(*course))
        away = np.hypot(*between.T) if length == 0 else np.abs(course[0] * between[:, 1] - course[1] * between[:, 0]) / length
        farthest = int(away.argmax())
        if away[farthest] > tolerance:
            kept.add(middle := a + 1 + farthest)
            open_ += [(a, middle), (middle, b)]
    yield from (points[k] for k in sorted(kept))
