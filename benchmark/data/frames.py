"""Coordinate frames: China's shifted GCJ-02 ↔ WGS84, Web Mercator → WGS84, and local metres. Light: numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.errors import UserError, unknown

FRAMES = ["wgs84", "gcj02", "epsg3857"]

# the ellipsoid the shift is written for
MAJOR_AXIS_M = 6378245.0
ECCENTRICITY_SQUARED = 0.00669342162296594
# of the sphere of Web Mercator, EPSG:3857
MERCATOR_RADIUS_M = 6378137.0
# the mean radius of the earth, for great circles and local metres
EARTH_RADIUS_M = 6371008.8
METRES_PER_DEGREE = float(np.radians(EARTH_RADIUS_M))
# the shift changes by less than 1 % of a step, so every round gains two digits: 500 m, 5 m, 5 cm, 0.5 mm, …
INVERSE_ROUNDS = 8


def to_wgs84(lon: np.ndarray, lat: np.ndarray, frame: str, name: str = "Points") -> tuple[np.ndarray, np.ndarray]:
    """Points of a `frame` as WGS84 degrees: "wgs84", "gcj02", or "epsg3857", the metres of Web Mercator.

    name: where the points stand, to begin a sentence.

    Raises
    ------
    UserError: there is no such frame, or it is China's and most of the points lie elsewhere.
    """
    if frame not in FRAMES:
        raise unknown("frame", frame, FRAMES)
    if frame == "epsg3857":
        return web_mercator_to_wgs84(lon, lat)
    if frame == "gcj02":
        inside = np.atleast_1d(in_china(np.asarray(lon), np.asarray(lat)))
        if len(inside) and inside.mean() < 0.5:
            first = int(np.argmin(inside))
            raise UserError(f'{name}: frame = "gcj02", but {int((~inside).sum()):,} of {len(inside):,} points lie outside China '
                            f'(first: lon {np.atleast_1d(lon)[first]}, lat {np.atleast_1d(lat)[first]}), where the GCJ-02 offset is not '
                            'defined; write frame = "wgs84".')
        return gcj02_to_wgs84(lon, lat)
    return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def in_china(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """The formula's usual box; outside it nothing is shifted."""
    return (lon >= 72.004) & (lon <= 137.8347) & (lat >= 0.8293) & (lat <= 55.8271)


def wgs84_to_gcj02(lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """WGS84 degrees as the GCJ-02 degrees that Chinese maps and taxi records use."""
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    inside = in_china(lon, lat)
    east, north = _shift(lon, lat)
    return np.where(inside, lon + east, lon), np.where(inside, lat + north, lat)


def gcj02_to_wgs84(lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """GCJ-02 degrees as WGS84 degrees: the fixed point of p = given − shift(p)."""
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    inside = in_china(lon, lat)
    true_lon, true_lat = lon, lat
    for _ in range(INVERSE_ROUNDS):
        east, north = _shift(true_lon, true_lat)
        true_lon, true_lat = lon - east, lat - north
    return np.where(inside, true_lon, lon), np.where(inside, true_lat, lat)


def web_mercator_to_wgs84(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Metres of EPSG:3857 as WGS84 degrees."""
    across, along = (np.asarray(one, dtype=np.float64) / MERCATOR_RADIUS_M for one in (x, y))
    return np.degrees(across), np.degrees(np.arctan(np.sinh(along)))


def great_circle_m(lon: np.ndarray, lat: np.ndarray, other_lon: np.ndarray, other_lat: np.ndarray) -> np.ndarray:
    """Metres between WGS84 points, by the haversine formula."""
    x, y, other_x, other_y = (np.radians(angle) for angle in (lon, lat, other_lon, other_lat))
    half = np.sin((other_y - y) / 2) ** 2 + np.cos(y) * np.cos(other_y) * np.sin((other_x - x) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(half, 0, 1))))


@dataclass(frozen=True)
class Projection:
    """Metres east and north of a centre, equirectangular: within a city of 50 km the scale errs by a few thousandths at most."""

    # WGS84 degrees
    lon: float
    lat: float

    @property
    def metres_per_degree(self) -> tuple[float, float]:
        """Along a parallel of the centre's latitude, and along a meridian."""
        return METRES_PER_DEGREE * float(np.cos(np.radians(self.lat))), METRES_PER_DEGREE

    def to_metres(self, lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """x metres east and y metres north of the centre."""
        across, along = self.metres_per_degree
        return (np.asarray(lon, dtype=np.float64) - self.lon) * across, (np.asarray(lat, dtype=np.float64) - self.lat) * along

    def to_degrees(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Longitude and latitude of points given in metres."""
        across, along = self.metres_per_degree
        return np.asarray(x, dtype=np.float64) / across + self.lon, np.asarray(y, dtype=np.float64) / along + self.lat


def _shift(lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Degrees by which GCJ-02 moves WGS84 points east and north."""
    x, y = lon - 105.0, lat - 35.0
    root = 0.1 * np.sqrt(np.abs(x))
    ripple = (20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + root + ripple + (
        20 * np.sin(np.pi * x) + 40 * np.sin(np.pi / 3 * x)) * 2 / 3 + (
        150 * np.sin(np.pi / 12 * x) + 300 * np.sin(np.pi / 30 * x)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 2 * root + ripple + (
        20 * np.sin(np.pi * y) + 40 * np.sin(np.pi / 3 * y)) * 2 / 3 + (
        160 * np.sin(np.pi / 12 * y) + 320 * np.sin(np.pi / 30 * y)) * 2 / 3
    phi = np.radians(lat)
    bend = 1 - ECCENTRICITY_SQUARED * np.sin(phi) ** 2
    meridian = MAJOR_AXIS_M * (1 - ECCENTRICITY_SQUARED) / bend ** 1.5
    return np.degrees(east / (MAJOR_AXIS_M / np.sqrt(bend) * np.cos(phi))), np.degrees(north / meridian)
