"""What a simulated city is made of: frozen parameters with their units, read from ``<city>.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.data.built_in import SERIES
from benchmark.data.clock import Clock
from benchmark.data.simulate.parameters import read_table

LAND_USES = ("home", "work", "leisure")


@dataclass(frozen=True)
class ZoneParameters:
    """How activity and land use lie over the zones."""

    # mean trips per zone and step: departures, or vehicles passing a sensor
    level: float
    # shape of the gamma distribution of the zones' levels; smaller is more unequal
    shape: float
    # share of zones at the edge where almost nobody starts, and their level relative to the mean zone
    fringe_share: float
    fringe_level: float
    # arrivals are spread as departures to this power (below 1: more evenly)
    arrival_power: float
    # standard deviation of the log ratio of a zone's arrivals to its departures
    arrival_noise: float
    # how strongly zones lean to one land use (0: all the same mixture)
    specialisation: float
    # range over which neighbouring zones share land use and activity, km
    range_km: float


@dataclass(frozen=True)
class Purpose:
    """A reason to travel: from one land use to another, with its share of all trips by hour."""

    origin: str
    destination: str
    # 24 relative weights among the purposes of the same hour
    weekday: tuple[float, ...]
    weekend: tuple[float, ...]


@dataclass(frozen=True)
class DemandParameters:
    """How many trips there are at each time, and how far they go."""

    # trips by local hour, mean 1
    weekday: tuple[float, ...]
    weekend: tuple[float, ...]
    # trips of a weekend day relative to a weekday
    weekend_volume: float
    # gravity: the number of trips falls as exp(−distance / reach), km
    reach_km: float


@dataclass(frozen=True)
class ShockParameters:
    """Log-intensity shocks: what a day differs by from its time of the week. Standard deviations are of log intensity."""

    # one for the whole city: weather
    weather_sd: float
    # smooth over the map, correlated as exp(−distance / district_km)
    district_sd: float
    district_km: float
    # each zone's own
    zone_sd: float
    # share of the district and zone variance that departures and arrivals of a zone have in common
    together: float
    # a shock's variance is split in a short part that fades with `short_hours` …
    short_hours: float
    # … and a part (share of the variance) that comes back at the same time of day, fading with `memory_days`
    daily_share: float
    memory_days: float
    # how long the returning part lasts within a day, hours
    daily_hours: float


@dataclass(frozen=True)
class Parameters:
    """All that the cities share; `extra` holds a city's own tables as read."""

    title: str
    clock: Clock
    zones: ZoneParameters
    purposes: tuple[Purpose, ...]
    demand: DemandParameters
    shocks: ShockParameters
    extra: dict[str, Any]


def load(city: str) -> Parameters:
    """Read ``<city>.toml`` beside this file; the clock is the published one."""
    table, facts = read_table(Path(__file__).parent, city), SERIES[city]
    return Parameters(
        title=table.pop("title"),
        clock=Clock(facts.start, facts.interval_minutes, facts.zone),
        zones=ZoneParameters(**table.pop("zones")),
        purposes=tuple(Purpose(**one) for one in table.pop("purposes")),
        demand=DemandParameters(**table.pop("demand")),
        shocks=ShockParameters(**table.pop("shocks")),
        extra=table,
    )
