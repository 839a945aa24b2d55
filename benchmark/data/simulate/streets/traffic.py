"""How fast the roads of a simulated city are: by class, place, hour and day, with lights and turns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmark.data.simulate.parameters import generator
from benchmark.data.simulate.streets.network import Streets
from benchmark.data.simulate.streets.parameters import SECONDARY, RoadClass, TrafficParameters

# a turn by more than so many degrees loses time
TURN = 35.0


@dataclass(frozen=True)
class Traffic:
    """Facts of roads and links that never change.

    Parameters
    ----------
    free_speed, congestion: float64 [road] m/s of the empty road, and its exponent of the hour's level.
    lights: float64 [road] chance to be stopped by the lights at its end relative to the city's; 0: there are none.
    turn: float64 [link] seconds lost by driving from a road onto the next.
    """

    parameters: TrafficParameters
    free_speed: np.ndarray
    congestion: np.ndarray
    lights: np.ndarray
    turn: np.ndarray

    def level(self, hour: np.ndarray, weekend: np.ndarray) -> np.ndarray:
        """Speed of the city relative to an empty one at local hours 0 … 24, between the middles of hours by a line."""
        parameters = self.parameters
        day = np.array(parameters.level)
        level = np.interp(hour, np.arange(-1, 25) + 0.5, np.concatenate([day[-1:], day, day[:1]]))
        return 1 - (1 - level) * np.where(weekend, parameters.weekend, 1.0)

    def speed(self, road: np.ndarray | slice, level: np.ndarray | float) -> np.ndarray:
        """m/s of roads between lights at a level."""
        return np.asarray(self.free_speed[road] * level ** self.congestion[road])

    def stopped(self, road: np.ndarray | slice, level: np.ndarray | float) -> np.ndarray:
        """Chance to be stopped by lights at the end of roads."""
        return np.asarray(self.lights[road] * (self.parameters.stopped + self.parameters.stopped_rush * (1 - level)))


def rule_traffic(seed: int, city: str, parameters: TrafficParameters, classes: tuple[RoadClass, ...], streets: Streets) -> Traffic:
    """Draw the speeds and lights of all roads."""
    rng = generator(seed, city, "traffic")
    roads = len(streets)
    free = np.array([one.free_speed for one in classes])[streets.kind]
    congestion = np.array([one.congestion for one in classes])[streets.kind]
    away = np.hypot(*streets.middle) / 1000
    central = 1 + parameters.central * np.exp(-away / parameters.central_km)
    junctions = int(max(streets.begins.max(), streets.ends.max())) + 1
    arms, arterial = np.bincount(streets.ends, minlength=junctions), np.zeros(junctions, dtype=bool)
    arterial[streets.ends[streets.kind <= SECONDARY]] = True
    lights = (arms >= 3) & (arterial | (rng.random(junctions) < parameters.local_lights))
    chance = np.array([one.lights for one in classes])[streets.kind]
    return Traffic(parameters, parameters.scale * free * np.exp(parameters.road_sd * rng.standard_normal(roads)),
                   congestion * central * np.exp(parameters.congestion_sd * rng.standard_normal(roads)), chance * lights[streets.ends],
                   _turns(parameters, streets, lights))


def _turns(parameters: TrafficParameters, streets: Streets, lights: np.ndarray) -> np.ndarray:
    """float64 [link] seconds lost by turning, and by looking out where there are no lights."""
    first, last = streets.network.offsets[:-1], streets.network.offsets[1:] - 1
    leaving = np.arctan2(streets.y[last] - streets.y[last - 1], streets.x[last] - streets.x[last - 1])
    entering = np.arctan2(streets.y[first + 1] - streets.y[first], streets.x[first + 1] - streets.x[first])
    source, target = streets.network.links.T
    angle = np.degrees((entering[target] - leaving[source] + np.pi) % (2 * np.pi) - np.pi)
    lost = np.where(angle > TURN, parameters.left_seconds, np.where(angle < -TURN, parameters.right_seconds, 0.0))
    return np.asarray(lost + np.where(lights[streets.ends[source]], 0.0, parameters.crossing_seconds))
