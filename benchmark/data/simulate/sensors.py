"""What a road sensor reports: the speed of what passes, and only now and then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from benchmark.data.simulate.shocks import ar1


@dataclass(frozen=True)
class SensorParameters:
    """How speed falls with flow, and how records go missing."""

    # speed = free / (1 + drop · (flow / capacity) ^ power), the form of the BPR function; capacity = headroom × mean flow
    drop: float
    power: float
    headroom: float
    # log effect of the weather shock on speed (negative: bad weather slows)
    weather: float
    # log standard deviation of a road's own state, and how long it lasts, hours
    state_sd: float
    state_hours: float
    # relative standard deviation between vehicles, and the share of them that tell their speed
    vehicle_sd: float
    probe_share: float
    # shares of all entries that have a record
    flow_share: float
    speed_share: float
    # a sensor reports in spells of so many hours
    spell_hours: float
    # traffic's pull on reporting, in standard deviations of the spells, and the difference between sensors
    traffic_pull: float
    sensor_sd: float


def measure_speed(
    rng: np.random.Generator, parameters: SensorParameters, flow: np.ndarray, free_speed: np.ndarray, weather: np.ndarray, per_hour: float,
) -> np.ndarray:
    """[step, sensor] mean speed of the passing vehicles that tell it, km/h, rounded to 0.1; 0 where there is none."""
    # the density that slows a vehicle built up over the last quarter of an hour
    dense = uniform_filter1d(flow.astype(np.float64), 3, axis=0, origin=1, mode="nearest")
    load = dense / (parameters.headroom * flow.mean(axis=0))
    speed = free_speed / (1 + parameters.drop * load**parameters.power)
    state = parameters.state_sd * ar1(rng.standard_normal(flow.shape), parameters.state_hours * per_hour)
    speed *= np.exp(state + parameters.weather * weather[:, None])
    probes = rng.binomial(flow, parameters.probe_share)
    speed *= np.maximum(1 + parameters.vehicle_sd * rng.standard_normal(flow.shape) / np.sqrt(np.maximum(probes, 1)), 0.1)
    return np.where(probes > 0, np.round(speed, 1), 0)


def report(
    rng: np.random.Generator, parameters: SensorParameters, flow: np.ndarray, share: float, possible: np.ndarray, per_hour: float,
) -> np.ndarray:
    """[step, sensor] bool: the `share` of entries that get a record, in spells, likelier with traffic, at least one a sensor.

    Only `possible` entries can have a record.
    """
    spell = ar1(rng.standard_normal(flow.shape), parameters.spell_hours * per_hour)
    traffic = np.log1p(flow)
    traffic -= traffic.mean()
    wish = spell + parameters.traffic_pull * traffic / traffic.std() + parameters.sensor_sd * rng.standard_normal(flow.shape[1])
    wish = np.where(possible, wish, -np.inf)
    reported = wish >= np.quantile(wish, 1 - share, method="higher")
    # a sensor that stays silent throughout would not be one: it reports at least its likeliest step
    reported[wish.argmax(axis=0), np.arange(flow.shape[1])] = True
    return reported & possible
