"""The numbers, the day, the week and the map of a trajectory city: when its trips begin, and which streets they take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmark.data.profile import HOURS, WEEKDAYS, Look, Outline, Profile
from benchmark.data.trajectory.city import TrajectoryCity
from benchmark.data.trajectory.statistics import data_statistics
from benchmark.ragged import some_rows


def look(city: TrajectoryCity) -> Look:
    """What its roads and trips tell."""
    return Look(data_statistics(city), [profile(city)], outline(city))


def profile(city: TrajectoryCity) -> Profile:
    """Trips that begin an hour, on the local days on which any begins."""
    gps = city.view("gps")
    begun: Any = pd.to_datetime(gps.values["time"][gps.offsets[:-1]], unit="s", utc=True).tz_convert(city.zone)
    days = begun.normalize().unique()
    by_hour = np.bincount(begun.hour, minlength=HOURS) / len(days)
    trips, seen = (np.bincount(moments.day_of_week, minlength=WEEKDAYS) for moments in (begun, days))
    return Profile("trips", "trips that begin in an hour", tuple(by_hour.tolist()),
                   tuple(float(count / (HOURS * number)) if number else None for count, number in zip(trips, seen, strict=True)))


def outline(city: TrajectoryCity) -> Outline:
    """The streets, each once whichever way it is driven, with the number of times that a trip takes it."""
    network = city.network
    street = network.streets
    driven = np.bincount(city.view("route").values["road"], minlength=len(network))
    weight = np.bincount(street, weights=driven)
    numbers, first = np.unique(street, return_index=True)
    kept = np.zeros(len(network), dtype=bool)
    kept[first] = True
    offsets, vertex = some_rows(kept, network.offsets)
    return Outline(offsets, network.lon[vertex], network.lat[vertex], (), weight[street[kept]], f"trips of {len(numbers):,} streets")
