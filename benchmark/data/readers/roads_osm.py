"""OpenStreetMap files (XML, PBF, and both compressed) → the roads one may drive. Needs the extra `geo`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.data.bounds import reading
from benchmark.data.readers.road_rows import Box, RoadRow, build_network, first_int, first_value
from benchmark.data.trajectory.roads import RoadNetwork
from benchmark.errors import lacks

CLASSES = ["motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street"]
DRIVABLE = frozenset(CLASSES + [f"{name}_link" for name in CLASSES[:5]])


@dataclass(frozen=True)
class _Way:
    way: int
    highway: str
    # +1: only as drawn, -1: only against it, 0: both
    direction: int
    lanes: int
    nodes: list[int]
    # lon and lat of each node, None where the file lacks the node
    points: list[tuple[float, float] | None]


def read_osm(path: Path, box: Box | None = None, u_turns: bool = False) -> RoadNetwork:
    """The drivable roads of an .osm or .pbf file; a street is cut where two meet, and where its way ends.

    Roads are called ``<way>.<k>``, the k-th piece of that OSM way from 0, with an ``r`` after it if driven against the drawing.
    Lanes are those the way counts, of both directions together. Nodes the file lacks (a cut-out's edge) interrupt a way.

    Parameters
    ----------
    box: west, south, east, north; keep the roads that have one end inside.
    u_turns: whether a road links to the same street driven backwards.
    """
    ways = list(_drivable_ways(path))
    uses = Counter(node for way in ways for node in way.nodes)
    for way in ways:
        uses.update([way.nodes[0], way.nodes[-1]])
    rows = [row for way in ways for row in _roads(way, uses)]
    return build_network(rows, path.name, u_turns, box)


def osmium_of(path: Path) -> Any:
    """The library `osmium`, once it is known to be here."""
    try:
        import osmium
    except ImportError:
        raise lacks(path.name, "osmium", "geo") from None
    return osmium


def reading_osm(path: Path) -> AbstractContextManager[None]:
    """Around the calls of `osmium`: whatever it raises is a sentence."""
    return reading(path, "no OSM file", again="save it again as .osm or .pbf", absent="correct the path of the OSM file")


def direction_of(tags: Mapping[str, str]) -> int:
    """+1: one may drive only as the way is drawn, -1: only against it, 0: both ways."""
    oneway = tags.get("oneway", "")
    if oneway in ("yes", "true", "1"):
        return 1
    if oneway in ("-1", "reverse"):
        return -1
    implied = first_value(tags.get("highway", "")) == "motorway" or tags.get("junction", "") == "roundabout"
    return 1 if implied and oneway not in ("no", "false", "0") else 0


def is_drivable(tags: Mapping[str, str]) -> bool:
    """Whether cars of everyone may use a way, by its class and access tags."""
    closed = tags.get("access", "") in ("no", "private") or "no" in (tags.get("motor_vehicle", ""), tags.get("motorcar", ""))
    return first_value(tags.get("highway", "")) in DRIVABLE and not closed and tags.get("area", "") != "yes"


def _drivable_ways(path: Path) -> Iterator[_Way]:
    osmium = osmium_of(path)
    with reading_osm(path):
        reader = osmium.FileProcessor(str(path)).with_locations()
        for way in reader.with_filter(osmium.filter.EntityFilter(osmium.osm.WAY)).with_filter(osmium.filter.KeyFilter("highway")):
            tags = dict(way.tags)
            if is_drivable(tags):
                # a node written twice in a row is one
                kept = [node for k, node in enumerate(way.nodes) if k == 0 or node.ref != way.nodes[k - 1].ref]
                points = [(node.location.lon, node.location.lat) if node.location.valid() else None for node in kept]
                if kept:
                    yield _Way(way.id, first_value(tags["highway"]), direction_of(tags), first_int(tags.get("lanes")),
                               [node.ref for node in kept], points)


def _roads(way: _Way, uses: Mapping[int, int]) -> Iterator[RoadRow]:
    first, piece = 0, 0
    for last in range(1, len(way.nodes)):
        if way.points[last] is None or way.points[first] is None:
            # the road stops before the gap and goes on after it
            yield from _road(way, piece, first, last - 1)
            piece += last - 1 > first
            first = last
        elif uses[way.nodes[last]] > 1:
            yield from _road(way, piece, first, last)
            first, piece = last, piece + 1
    if way.nodes and first < len(way.nodes) - 1:
        yield from _road(way, piece, first, len(way.nodes) - 1)


def _road(way: _Way, piece: int, first: int, last: int) -> Iterator[RoadRow]:
    """The road, or both roads, from the node number `first` to the node number `last` of a way."""
    if last <= first:
        return
    line = np.array(way.points[first:last + 1], dtype=np.float64)
    start, end = way.nodes[first], way.nodes[last]
    if way.direction >= 0:
        yield RoadRow(f"{way.way}.{piece}", way.highway, line, start, end, None, way.direction != 0, way.lanes)
    if way.direction <= 0:
        yield RoadRow(f"{way.way}.{piece}r", way.highway, line[::-1].copy(), end, start, None, way.direction != 0, way.lanes)
