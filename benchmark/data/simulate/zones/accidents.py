"""Accidents drawn from exposure: more where more is on the road, in bad weather and at night."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.data.clock import Clock


@dataclass(frozen=True)
class AccidentParameters:
    """How often accidents happen and how bad they are."""

    # mean accidents per zone and step
    level: float
    # accidents grow as traffic to this power: streets away from the taxis' centre are busy, too
    exposure_power: float
    # log factor for each unit of log weather shock
    weather: float
    # factor from `dark_from` to `dark_to`, hours
    dark: float
    dark_from: int
    dark_to: int
    # persons involved: 2 + Poisson(more)
    more_persons: float
    # chances of an injured and of a killed person; every person scores 1, an injured one 2, a killed one 3
    injured: float
    killed: float


def draw_accidents(
    rng: np.random.Generator, parameters: AccidentParameters, traffic: np.ndarray, weather: np.ndarray, clock: Clock,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Zone, seconds since step 0 and summed severity of each accident; `traffic` [step, zone], `weather` [step]."""
    steps = len(traffic)
    hour = clock.slot(steps) * clock.interval_minutes // 60
    dark = np.where((hour >= parameters.dark_from) | (hour < parameters.dark_to), parameters.dark, 1.0)
    rate = traffic**parameters.exposure_power * (dark * np.exp(parameters.weather * weather))[:, None]
    counts = rng.poisson(rate * (parameters.level / rate.mean()))
    step, zone = np.divmod(np.repeat(np.arange(counts.size), counts.ravel()), traffic.shape[1])
    step_seconds = clock.interval_minutes * 60
    seconds = step * step_seconds + rng.integers(0, step_seconds, len(step))
    persons = 2 + rng.poisson(parameters.more_persons, len(step))
    killed = rng.binomial(persons, parameters.killed)
    injured = rng.binomial(persons - killed, parameters.injured / (1 - parameters.killed))
    return zone, seconds, persons + injured + 2 * killed
