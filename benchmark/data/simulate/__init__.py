"""The simulated cities: simulated trips, binned and matched like real ones.

In: the name of a city, a size and a seed; what the city is made of stands in the TOML tables of `zones/` and `streets/`.
Out: a canonical city of edition `sim`. Its bytes depend on (city, size, seed) alone.

``build("nyc", "quick", seed=0, destination=folder)`` below writes one. Sizes keep the level of a cell and the calendar's start; only the
number of nodes and days shrinks. Trajectory cities (chengdu, xian) keep all days and the density of their streets; only the box and the
trips of a day shrink.

Open first: `zones/taxi_city.py` or `streets/city.py`, one whole city each. `checks/` holds the cities against real ones.
`parameters.py` reads the tables and gives every part of a city its own random stream.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from benchmark.data.built_in import SERIES, TRIPS
from benchmark.data.folder import cities_home
from benchmark.errors import unknown

if TYPE_CHECKING:
    from benchmark.data.forecasting.city import ForecastingCity
    from benchmark.data.trajectory.city import TrajectoryCity

logger = logging.getLogger("stbench")

# the source, and the edition of every city that it makes
NAME, SIM = "simulator", "sim"
# raise it whenever the bytes of a city change; it stands in the card's notes
VERSION = "1"
# the same for the trajectory cities
TRAJECTORY_VERSION = "2"


@dataclass(frozen=True)
class Size:
    """How large a simulated city is."""

    nodes: int
    days: int
    steps_per_day: int

    @property
    def steps(self) -> int:
        return self.days * self.steps_per_day


# nodes and days; `full` has the shapes of CMuST's Table 3, `smoke` a number of nodes that is no window's length: no transposed tensor fits
SIZES: dict[str, dict[str, Size]] = {
    city: {size: Size(nodes, days, SERIES[city].steps_per_day) for size, (nodes, days) in sizes.items()}
    for city, sizes in {
        "nyc": {"smoke": (13, 14), "quick": (60, 42), "medium": (120, 63), "full": (206, 91)},
        "sip": {"smoke": (10, 5), "quick": (40, 14), "medium": (70, 42), "full": (108, 90)},
        "chicago": {"smoke": (13, 14), "quick": (60, 42), "medium": (120, 91), "full": (220, 214)},
    }.items()
}


@dataclass(frozen=True)
class TrajectorySize:
    """How large a simulated trajectory city is."""

    # about so many before some streets are drawn in parts, in a box around the centre; None: all of the papers' box
    roads: int | None
    # raw trips of each day, faulty ones included
    trips: tuple[int, ...]
    # most trips of each part
    unlabelled: int
    labelled: int
    validation: int
    test: int


# 13 days to learn from, one to validate on and one to test on; `full` has the papers' parts
TRAJECTORY_SIZES: dict[str, dict[str, TrajectorySize]] = {
    city: {
        "smoke": TrajectorySize(300, (*[44] * 13, 44, 66), 360, 180, 40, 60),
        "quick": TrajectorySize(1_300, (*[880] * 13, 1_150, 1_720), 6_000, 4_000, 1_000, 1_500),
        "medium": TrajectorySize(2_600, (*[1_940] * 13, 2_300, 3_440), 10_000, 12_000, 2_000, 3_000),
        "full": TrajectorySize(None, (*[learnt] * 13, validated, tested), 50_000, 12_000, 5_000, 10_000),
    }
    # trips of a day in `full`; in xian more last longer than the limit of points
    for city, learnt, validated, tested in (("chengdu", 5_300, 5_700, 11_300), ("xian", 5_550, 5_900, 11_700))
}


def parameters_hash(city: str, size: str, seed: int) -> str:
    """8 hex characters over all that the bytes of a simulated city depend on: version, size, seed, the city's table and its facts.

    Raises
    ------
    UserError: unknown city or size.
    """
    shape, version, table = _size(city, size)
    facts = asdict(SERIES[city] if city in SERIES else TRIPS[city])
    del facts["title"]  # a simulated city has its own
    said = json.dumps([version, asdict(shape), seed, table.read_text(encoding="utf-8"), facts], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:8]


def folder_of(city: str, size: str, seed: int) -> Path:
    """Where a simulated city lies once it is made."""
    return cities_home() / city / f"{SIM}-{size}-{parameters_hash(city, size, seed)}"


def _size(city: str, size: str) -> tuple[Size | TrajectorySize, str, Path]:
    """How large a city is, the simulator's version, and the city's table."""
    if city not in SIZES and city not in TRAJECTORY_SIZES:
        raise unknown("simulated city", city, [*SIZES, *TRAJECTORY_SIZES])
    sizes: Mapping[str, Size | TrajectorySize] = SIZES[city] if city in SIZES else TRAJECTORY_SIZES[city]
    if size not in sizes:
        raise unknown("size", size, sizes)
    here = Path(__file__).parent
    return ((sizes[size], VERSION, here / "zones" / f"{city}.toml") if city in SIZES else
            (sizes[size], TRAJECTORY_VERSION, here / "streets" / f"{city}.toml"))


# a city named by a variable counts as a forecasting one, which the older callers build
@overload
def build(city: Literal["chengdu", "xian"], size: str, seed: int, destination: Path) -> TrajectoryCity: ...  # type: ignore[overload-overlap]
@overload
def build(city: str, size: str, seed: int, destination: Path) -> ForecastingCity: ...
def build(city: str, size: str, seed: int, destination: Path) -> ForecastingCity | TrajectoryCity:
    """Simulate a city and write it to the folder `destination`.

    Raises
    ------
    UserError: unknown city or size.
    """
    _size(city, size)
    logger.info("simulating %s (size %s) …", city, size)
    if city in TRAJECTORY_SIZES:
        from benchmark.data.simulate.streets.city import build_driven_city

        return build_driven_city(city, size, seed, destination)
    if city == "sip":
        from benchmark.data.simulate.zones.sensor_city import build_road_city as build_city
    else:
        from benchmark.data.simulate.zones.taxi_city import build_taxi_city as build_city
    return build_city(city, size, seed, destination)
