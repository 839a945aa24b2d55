"""What lies along the streets: land uses that make trips begin and end, and the points of interest that they bring."""

from __future__ import annotations

import numpy as np

from benchmark.data.frames import Projection
from benchmark.data.simulate.parameters import generator
from benchmark.data.simulate.streets.network import Streets
from benchmark.data.simulate.streets.parameters import LandUse, RoadClass
from benchmark.data.trajectory.city import POI_CATEGORIES
from benchmark.data.trajectory.poi import PointsOfInterest

# metres beside the middle of a street between which points of interest lie
BESIDE = (8.0, 60.0)


def lay_uses(seed: int, city: str, uses: tuple[LandUse, ...], x: np.ndarray, y: np.ndarray, half: float) -> np.ndarray:
    """float64 [road, use] level of each use at x, y, metres from the centre; mean 1 over the roads. The city reaches from −half to half."""
    level = np.empty((len(x), len(uses)))
    for column, use in enumerate(uses):
        rng = generator(seed, city, "use", use.name)
        spots = max(2, round(use.spots * (2 * half / 1000) ** 2))
        if use.centre_km:
            at = (1000 * use.centre_km * rng.standard_normal((spots, 2))).clip(-half, half)
        else:
            at = rng.uniform(-half, half, (spots, 2))
        height, radius = rng.gamma(2.0, 0.5, spots), use.radius_m * rng.uniform(0.6, 1.4, spots)
        squared = (x[:, None] - at[:, 0]) ** 2 + (y[:, None] - at[:, 1]) ** 2
        field = use.base + (height * np.exp(-squared / (2 * radius**2))).sum(axis=1)
        level[:, column] = field / max(field.mean(), 1e-9)
    return level


def draw_poi(seed: int, city: str, uses: tuple[LandUse, ...], level: np.ndarray, streets: Streets,
             projection: Projection) -> PointsOfInterest:
    """Points beside the streets, more where a use has a high level."""
    rng = generator(seed, city, "poi")
    per_km = np.array([[use.poi.get(category, 0.0) for category in POI_CATEGORIES] for use in uses])
    # not by BLAS, whose rounding depends on its threads
    rate = np.einsum("ru,uc->rc", level, per_km)
    counts = rng.poisson(rate * streets.length[:, None] / 1000)  # [road, category]
    road, category = np.nonzero(counts)
    many = counts[road, category]
    road, category = np.repeat(road, many), np.repeat(category, many)
    first, last = streets.network.offsets[:-1][road], streets.network.offsets[1:][road] - 1
    dx, dy = streets.x[last] - streets.x[first], streets.y[last] - streets.y[first]
    along = rng.uniform(0, 1, len(road))
    aside = rng.uniform(*BESIDE, len(road)) / np.maximum(np.hypot(dx, dy), 1.0)
    # on the right: the other side belongs to the road back
    lon, lat = projection.to_degrees(streets.x[first] + along * dx + aside * dy, streets.y[first] + along * dy - aside * dx)
    return PointsOfInterest(np.round(lon, 6), np.round(lat, 6), category.astype(np.int64))


def stops(seed: int, city: str, uses: tuple[LandUse, ...], level: np.ndarray, streets: Streets,
          classes: tuple[RoadClass, ...]) -> np.ndarray:
    """float64 [use, road] share of a use's trips that begin or end on a road: all along the streets, and at its gates.

    A gate is one road, on one side of a street. The second most popular one of a use has half the trips of the first, the third a third, …
    """
    area = float(np.ptp(streets.x) * np.ptp(streets.y)) / 1e6
    along = level * (np.array([one.stops for one in classes])[streets.kind] * streets.length)[:, None]
    along /= along.sum(axis=0)
    for column, use in enumerate(uses):
        rng, gates = generator(seed, city, "gates", use.name), max(1, round(use.gates * area))
        # never on a street that is built later
        chance = np.where(streets.opened, 0.0, along[:, column])
        at = rng.choice(len(streets), gates, replace=False, p=chance / chance.sum())
        popularity = 1 / np.arange(1, gates + 1)
        along[:, column] *= 1 - use.gated
        along[at, column] += use.gated * popularity / popularity.sum()
    return np.asarray(along.T)
