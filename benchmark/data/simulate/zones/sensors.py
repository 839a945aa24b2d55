"""What a road sensor reports: the speed of what passes, and only now and then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from benchmark.data.simulate.zones.shocks import ar1


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
    # traffic's pull on reporting, in standard deviations of the spells for one of the log flow
    traffic_pull: float


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
    """[step, sensor] bool: which entries get a record; a `share` of all, in spells, likelier with traffic.

    Sensors differ, busier ones report more, but each has between half and one and a half times the share: none is silent.
    Only `possible` entries can have a record.
    """
    steps, sensors = flow.shape
    traffic = np.log1p(flow)
    typical = traffic.mean(axis=0)
    rank = np.argsort(np.argsort(typical / typical.std() + rng.standard_normal(sensors)))
    records = np.round(steps * share * (0.5 + rank / (sensors - 1))).astype(np.int64)
    spell = ar1(rng.standard_normal(flow.shape), parameters.spell_hours * per_hour)
    wish = spell + parameters.traffic_pull * (traffic - typical) / np.maximum(traffic.std(axis=0), 1e-9)
    wish[~possible] = -np.inf
    least = np.sort(wish, axis=0)[steps - records, np.arange(sensors)]
    return (wish >= least) & possible
