"""Who wants to go where and when: land use, a gravity model for each purpose, and a weekly profile.

rate[step, origin, destination] = level · Σ_purpose share(step, purpose) · gravity[purpose, origin, destination]
                                  · exp(weather + departures[origin] + arrivals[destination])
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import gammaincinv

from benchmark.data.clock import Clock
from benchmark.data.simulate.parameters import generator
from benchmark.data.simulate.zones.parameters import LAND_USES, DemandParameters, Parameters, Purpose, ZoneParameters
from benchmark.data.simulate.zones.shocks import Shocks

KM_PER_DEGREE = 111.2
WEEKEND = 5
# how far chance moves a zone's rank against its centrality, both in standard units
RANK_CHANCE = 0.7
# enough for margins to a thousandth
BALANCING_ROUNDS = 30


@dataclass(frozen=True)
class Zones:
    """Places with land use; shares sum to 1 over the zones."""

    lon: np.ndarray
    lat: np.ndarray
    # [zone, zone] km, straight
    distance: np.ndarray
    # [zone]: share of all departures and arrivals
    departures: np.ndarray
    arrivals: np.ndarray
    # [zone, land use]: mixture, rows sum to 1
    use: np.ndarray

    def __len__(self) -> int:
        return len(self.lon)


def distances_km(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """[point, point] straight distances on the local plane, km."""
    x, y = plane_km(lon, lat, lat.mean())
    return np.hypot(x[:, None] - x, y[:, None] - y)


def plane_km(lon: np.ndarray, lat: np.ndarray, at: float) -> tuple[np.ndarray, np.ndarray]:
    """East and north of the origin in km, for a map around latitude `at`."""
    return lon * KM_PER_DEGREE * np.cos(np.radians(at)), lat * KM_PER_DEGREE


def draw_zones(seed: int, city: str, parameters: ZoneParameters, lon: np.ndarray, lat: np.ndarray, centrality: np.ndarray) -> Zones:
    """Spread activity and land use over places; `centrality` [zone] is larger nearer the centre, in standard units."""
    rng = generator(seed, city, "zones")
    distance = distances_km(lon, lat)
    root = np.linalg.cholesky(np.exp(-distance / parameters.range_km) + 1e-9 * np.eye(len(lon)))
    levels = _zone_levels(parameters, len(lon))
    # the ranks follow the centre and a smooth chance, so that neighbours are alike; the levels themselves are fixed
    rank = np.argsort(np.argsort(centrality + RANK_CHANCE * root @ rng.standard_normal(len(lon))))
    departures = levels[rank]
    arrivals = departures**parameters.arrival_power * np.exp(parameters.arrival_noise * rng.standard_normal(len(lon)))
    lean = parameters.specialisation * (root @ rng.standard_normal((len(lon), len(LAND_USES))))
    lean[:, LAND_USES.index("work")] += parameters.specialisation * centrality
    use = np.exp(lean)
    return Zones(lon, lat, distance, departures / departures.sum(), arrivals / arrivals.sum(), use / use.sum(axis=1, keepdims=True))


def _zone_levels(parameters: ZoneParameters, zones: int) -> np.ndarray:
    """[zone] ascending levels, mean about 1: a few fringe zones, the others at the quantiles of a gamma distribution."""
    fringe = round(parameters.fringe_share * zones)
    quantiles = (np.arange(zones - fringe) + 0.5) / (zones - fringe)
    body = gammaincinv(parameters.shape, quantiles) / parameters.shape
    return np.concatenate([np.full(fringe, parameters.fringe_level), np.maximum(body, parameters.fringe_level)])


def gravity(zones: Zones, purpose: Purpose, reach_km: float) -> np.ndarray:
    """[origin, destination] share of a purpose's trips; doubly constrained, sums to 1.

    Iterative proportional fitting (Furness): rows follow the purpose's departures, columns its arrivals.
    """
    leaving = zones.departures * zones.use[:, LAND_USES.index(purpose.origin)]
    arriving = zones.arrivals * zones.use[:, LAND_USES.index(purpose.destination)]
    leaving, arriving = leaving / leaving.sum(), arriving / arriving.sum()
    flow = leaving[:, None] * arriving * np.exp(-zones.distance / reach_km)
    for _ in range(BALANCING_ROUNDS):
        flow *= (leaving / flow.sum(axis=1))[:, None]
        flow *= arriving / flow.sum(axis=0)
    return flow / flow.sum()


def by_slot(hourly: np.ndarray, slots: int) -> np.ndarray:
    """[slot] values between 24 hourly ones, which stand at the middle of their hours; a day is a circle."""
    middle = (np.arange(slots) + 0.5) * 24 / slots
    return np.interp(middle, np.arange(-0.5, 25), np.concatenate([hourly[-1:], hourly, hourly[:1]]))


def purpose_shares(demand: DemandParameters, purposes: tuple[Purpose, ...], clock: Clock, steps: int) -> np.ndarray:
    """[step, purpose] intensity relative to the mean step: the weekly profile, split among the purposes.

    Steps that daylight saving skips have none.
    """
    slots = clock.steps_per_day
    kinds = []
    for hourly, weights in (
        (np.array(demand.weekday), [one.weekday for one in purposes]),
        (np.array(demand.weekend) * demand.weekend_volume, [one.weekend for one in purposes]),
    ):
        split = np.array(weights, dtype=np.float64)
        split /= split.sum(axis=0)
        kinds.append(np.stack([by_slot(hourly * one, slots) for one in split], axis=1))
    weekend = clock.weekday(steps) >= WEEKEND
    shares = np.where(weekend[:, None], kinds[1][clock.slot(steps)], kinds[0][clock.slot(steps)])
    shares[~clock.exists(steps)] = 0
    return shares / shares.sum(axis=1).mean()


@dataclass(frozen=True)
class Demand:
    """The expected trips of a city."""

    zones: Zones
    shocks: Shocks
    # [step, purpose]
    shares: np.ndarray
    # [purpose, origin, destination]
    gravity: np.ndarray
    # trips a step over the whole city, before shocks
    level: float

    @cached_property
    def load(self) -> np.ndarray:
        """[step] the city's intensity relative to its mean: what fills the streets."""
        load = self.shares.sum(axis=1) * np.exp(self.shocks.weather)
        return load / load.mean()

    def rate(self, first: int, last: int) -> np.ndarray:
        """[step, origin, destination] expected trips of the steps first … last-1."""
        count = len(self.zones)
        rate = (self.level * self.shares[first:last] @ self.gravity.reshape(-1, count * count)).reshape(-1, count, count)
        rate *= np.exp(self.shocks.weather[first:last, None] + self.shocks.departures[first:last])[:, :, None]
        rate *= np.exp(self.shocks.arrivals[first:last])[:, None, :]
        return rate


def make_demand(parameters: Parameters, zones: Zones, shocks: Shocks, steps: int, level: float) -> Demand:
    """The demand of a city from its parts; `level` trips a step are expected on average under these very shocks."""
    shares = purpose_shares(parameters.demand, parameters.purposes, parameters.clock, steps)
    attraction = np.stack([gravity(zones, purpose, parameters.demand.reach_km) for purpose in parameters.purposes])
    # Σ_od of the rate for level 1, without ever holding [step, origin, destination]
    leaving, arriving = np.exp(shocks.weather[:, None] + shocks.departures), np.exp(shocks.arrivals)
    expected = sum(float(share @ ((leaving @ one) * arriving).sum(axis=1)) for share, one in zip(shares.T, attraction, strict=True))
    return Demand(zones, shocks, shares, attraction, level * steps / expected)
