"""Where the nodes of a city lie, for a picture: of cities whose places ship with stbench. Nothing is simulated to draw one."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians

from benchmark.data.embedded.recipe import HERE, embedded
from benchmark.report.report_page import Card

# of a picture, in its own units: the longer side, and the margin around the nodes
SIDE, MARGIN = 720.0, 12.0


@dataclass(frozen=True)
class Node:
    """One place on a picture."""

    x: float
    y: float
    name: str


@dataclass(frozen=True)
class Map:
    """The nodes of a city; a degree of longitude is as wide as it is at their middle latitude."""

    city: str
    edition: str
    width: float
    height: float
    nodes: tuple[Node, ...]


def maps_of(cards: Sequence[Card]) -> tuple[list[Map], list[str]]:
    """The maps of the cities whose places are here, and a sentence for each of the others."""
    maps, lines, known = [], [], embedded()
    for card in cards:
        city, edition, fingerprint = (card.facts.get(key, "") for key in ("name", "edition", "fingerprint"))
        if city in known and known[city].card["fingerprint"] == fingerprint:
            maps.append(draw(city, edition, _places(city)))
        else:
            lines.append(f"No map of {city} ({edition}, fingerprint {fingerprint}): records do not hold places, and only cities that ship "
                         "with stbench are drawn.")
    return maps, lines


def draw(city: str, edition: str, places: Sequence[tuple[str, float, float]]) -> Map:
    """A picture of places; each: name, longitude, latitude."""
    middle = (min(lat for _, _, lat in places) + max(lat for _, _, lat in places)) / 2
    across = [lon * cos(radians(middle)) for _, lon, _ in places]
    up = [lat for _, _, lat in places]
    west, north = min(across), max(up)
    wide, high = max(across) - west, north - min(up)
    unit = (SIDE - 2 * MARGIN) / (max(wide, high) or 1.0)
    nodes = tuple(Node(round(MARGIN + (x - west) * unit, 1), round(MARGIN + (north - y) * unit, 1), name)
                  for (name, _, _), x, y in zip(places, across, up, strict=True))
    return Map(city, edition, round(wide * unit + 2 * MARGIN, 1), round(high * unit + 2 * MARGIN, 1), nodes)


def _places(city: str) -> list[tuple[str, float, float]]:
    with (HERE / city / "nodes.csv").open(newline="", encoding="utf-8") as file:
        return [(f"{row['name']} ({row['node_id']})", float(row["lon"]), float(row["lat"])) for row in csv.DictReader(file)]
