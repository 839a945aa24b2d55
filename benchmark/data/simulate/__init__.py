"""The embedded cities: simulated trips, binned like real ones.

``build("nyc", "quick", seed=0, destination=folder)`` writes one city. Sizes keep the level of a cell and the calendar's
start; only the number of nodes and days shrinks. A city's bytes depend on (city, size, seed) alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.errors import unknown

if TYPE_CHECKING:
    from benchmark.data.city import ForecastingCity

# raise it whenever the bytes of a city change; it stands in the card's notes
VERSION = "1"


@dataclass(frozen=True)
class Size:
    """How large a simulated city is."""

    nodes: int
    days: int
    steps_per_day: int

    @property
    def steps(self) -> int:
        return self.days * self.steps_per_day


# `full` has the shapes of CMuST's Table 3
SIZES: dict[str, dict[str, Size]] = {
    "nyc": {"smoke": Size(12, 14, 48), "quick": Size(60, 42, 48), "full": Size(206, 91, 48)},
    "sip": {"smoke": Size(10, 5, 288), "quick": Size(40, 14, 288), "full": Size(108, 90, 288)},
    "chicago": {"smoke": Size(12, 14, 48), "quick": Size(60, 42, 48), "full": Size(220, 214, 48)},
}


def build(city: str, size: str, seed: int, destination: Path) -> ForecastingCity:
    """Simulate a city and write it to the folder `destination`.

    Raises
    ------
    UserError: unknown city or size.
    """
    if city not in SIZES:
        raise unknown("simulated city", city, SIZES)
    if size not in SIZES[city]:
        raise unknown("size", size, SIZES[city])
    if city == "sip":
        from benchmark.data.simulate.road_city import build_road_city as build_city
    else:
        from benchmark.data.simulate.taxi_city import build_taxi_city as build_city
    return build_city(city, size, seed, destination)
