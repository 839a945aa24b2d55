"""Shared shocks: unit-variance noise in time, coloured over the map.

Time: a short part, AR(1) with a memory of hours, and a daily part that returns at the same time of the next days.
Map: a covariance over places, applied by its Cholesky root. Both are separable, so one matrix product does it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter

from benchmark.data.clock import Clock
from benchmark.data.simulate.parameters import generator
from benchmark.data.simulate.zones.parameters import ShockParameters


@dataclass(frozen=True)
class Shocks:
    """Log-intensity shocks of a city; the exponentials have expectation 1."""

    # [step]: the whole city's; above 0 is bad weather: more taxis wanted, slower and more dangerous streets
    weather: np.ndarray
    # [step, zone]: of departures and of arrivals
    departures: np.ndarray
    arrivals: np.ndarray


def draw_shocks(seed: int, city: str, parameters: ShockParameters, clock: Clock, days: int, distance: np.ndarray) -> Shocks:
    """Draw a city's shocks; `distance` is [zone, zone] km."""
    zones = len(distance)
    covariance = (parameters.district_sd**2 * np.exp(-distance / parameters.district_km)
                  + parameters.zone_sd**2 * np.eye(zones))
    root = np.linalg.cholesky(covariance).T

    def noise(part: str, places: int) -> np.ndarray:
        return _noise_in_time(generator(seed, city, "shocks", part), parameters, clock, days, places)

    common = noise("common", zones)
    own, shared = np.sqrt(1 - parameters.together), np.sqrt(parameters.together)
    variance = covariance.diagonal() / 2
    weather = parameters.weather_sd * noise("weather", 1)[:, 0]
    return Shocks(
        weather=weather - parameters.weather_sd**2 / 2,
        departures=(shared * common + own * noise("departures", zones)) @ root - variance,
        arrivals=(shared * common + own * noise("arrivals", zones)) @ root - variance,
    )


def _noise_in_time(rng: np.random.Generator, parameters: ShockParameters, clock: Clock, days: int, places: int) -> np.ndarray:
    """[step, place] unit-variance Gaussian noise, independent between places."""
    per_hour = 60 / clock.interval_minutes
    steps = days * clock.steps_per_day
    short = ar1(rng.standard_normal((steps, places)), parameters.short_hours * per_hour)
    # at each time of day a memory over days, then a blur over neighbouring times
    daily = ar1(rng.standard_normal((days, clock.steps_per_day * places)), parameters.memory_days).reshape(steps, places)
    daily = blur(daily, parameters.daily_hours * per_hour)
    return np.sqrt(1 - parameters.daily_share) * short + np.sqrt(parameters.daily_share) * daily


def ar1(white: np.ndarray, memory: float) -> np.ndarray:
    """Stationary AR(1) along axis 0 from white noise: unit variance, correlation exp(−lag / memory)."""
    keep = np.exp(-1 / memory)
    driven = white * np.sqrt(1 - keep**2)
    driven[0] = white[0]
    return lfilter([1.0], [1.0, -keep], driven, axis=0)


def blur(white: np.ndarray, width: float) -> np.ndarray:
    """Gaussian moving average along axis 0 that keeps unit variance; `width` is its standard deviation in steps."""
    impulse = np.zeros(8 * int(np.ceil(width)) + 9)
    impulse[len(impulse) // 2] = 1
    gain = np.sqrt((gaussian_filter1d(impulse, width, truncate=3) ** 2).sum())
    return gaussian_filter1d(white, width, axis=0, truncate=3, mode="wrap") / gain
