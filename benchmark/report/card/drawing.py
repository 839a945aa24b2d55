"""The pictures of a card's page as plain numbers: its nodes or streets on a map, its day and week as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from benchmark.data.profile import HOURS, Outline, Profile
from benchmark.ragged import row_at
from benchmark.report.card.text import DAYS
from benchmark.report.site.maps import SIDE, Map, draw
from benchmark.report.told import in_words

# of a map, in its own units: the raster that streets are drawn on, the largest node
PITCH, LARGEST = 0.5, 9.0
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
    # units of the map in one of the paths
    pitch: float
    # in words
    about: str


def drawn(city: str, edition: str, outline: Outline) -> Drawn:
    """A map of a city's own geometry; streets are drawn as finely as fits on a page."""
    # x and y of a vertex do not depend on its name
    names = outline.names or ("",) * len(outline.lon)
    on_map = draw(city, edition, list(zip(names, outline.lon.tolist(), outline.lat.tolist(), strict=True)))
    if outline.names:
        largest = min(LARGEST, max(SIDE / sqrt(len(names)) / 2, 1.5))
        shares = np.sqrt(outline.weight / (outline.weight.max() or 1.0))
        return Drawn(on_map, tuple(np.round(largest * (0.3 + 0.7 * shares), 1).tolist()), len(names) <= MOST_NAMES, (), 1.0,
                     f"{len(names):,} nodes; larger: {outline.weighed_by}")
    points, pitch = np.array([(one.x, one.y) for one in on_map.nodes]), PITCH
    while sum(map(len, paths := street_paths(points, outline.offsets, _parts(outline.weight), pitch))) > MOST_TEXT:
        pitch *= 2
    return Drawn(on_map, (), False, paths, pitch, f"{len(outline.weight):,} streets; stronger: taken by more trips")


def street_paths(points: np.ndarray, offsets: np.ndarray, parts: np.ndarray, pitch: float) -> tuple[str, ...]:
    """SVG path data of the streets of each part, in steps of a raster; a vertex that falls on the one before it is left out,
    and a street within one place is a dot.

    Parameters
    ----------
    points: [vertex, 2]. offsets: [street + 1]. parts: [street]. pitch: of the raster, in the units of the points.
    """
    on_raster = np.rint(points / pitch).astype(int)
    moves = np.diff(on_raster, axis=0, prepend=on_raster[:1])
    first = np.isin(np.arange(len(points)), offsets[:-1])
    texts: list[list[str]] = [[] for _ in range(PARTS)]
    kept = np.flatnonzero(first | moves.any(axis=1))
    x, y = np.where(first[:, None], on_raster, moves)[kept].T
    for part, begins, across, down in zip(parts[row_at(kept, offsets)], first[kept], x, y, strict=True):
        texts[part].append(f"M{across} {down}h0" if begins else f"l{across} {down}")
    return tuple(map("".join, texts))


def _parts(weight: np.ndarray) -> np.ndarray:
    """Which part each street belongs to: 0 never taken, then thirds of those that are."""
    part, taken = np.zeros(len(weight), int), weight > 0
    if taken.any():
        bounds = np.quantile(weight[taken], [k / (PARTS - 1) for k in range(1, PARTS - 1)])
        part[taken] = 1 + np.searchsorted(bounds, weight[taken], side="left")
    return part
