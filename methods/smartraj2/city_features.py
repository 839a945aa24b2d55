"""A city in 25 numbers: its share in each of five statistics of five quantities of trips (card §3.6)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from baselines.layers.ragged import Ragged
from baselines.trajectory.multi_view.trip_features import channels_of, chunks
from benchmark import TrajectoryProblem, Trips

# length in roads and in cells, metres and seconds between the first and the last GPS point, metres a second
QUANTITIES = 5
# mean, standard deviation, quartiles
QUARTILES = (0.25, 0.5, 0.75)
FEATURES = QUANTITIES * (2 + len(QUARTILES))
DISTANCE, SECONDS = 7, 6  # channels


def city_features(problem: TrajectoryProblem) -> dict[str, Tensor]:
    """City -> float32 [25], by the unlabelled training trips.

    The share x / (x + mean of the other cities): with two cities the two shares add to 1, as the authors' constants do (card §6, row 22);
    1/2 where a city is alone, or where all statistics are 0.
    """
    return shares({name: statistics(quantities(city.unlabelled)) for name, city in problem.cities.items()})


def quantities(trips: Trips) -> Tensor:
    """float64 [trip, 5], NaN where a trip does not have the quantity."""
    parts = []
    for part in chunks(trips):
        points, layout = channels_of(part), Ragged.of(part.gps.offsets)
        metres, seconds = layout.total(points[:, [DISTANCE, SECONDS]].nan_to_num()).unbind(1)
        speed = metres / torch.where(seconds > 0, seconds, torch.nan)
        parts.append(torch.stack([part.route.lengths().double(), part.grid.lengths().double(), metres, seconds, speed], dim=1))
    return torch.cat(parts)


def statistics(values: Tensor) -> Tensor:
    """float64 [trip, 5] -> [25]: mean, standard deviation and quartiles of one quantity after the other."""
    columns = []
    for column in values.unbind(1):
        known = column[~column.isnan()]
        if not len(known):
            known = torch.zeros(1, dtype=torch.float64)
        known = known.sort().values
        columns.append(torch.cat([torch.stack([known.mean(), known.std(correction=0)]), _quartiles(known)]))
    return torch.cat(columns)


def _quartiles(ascending: Tensor) -> Tensor:
    """Linear between neighbours, of any number of values (torch.quantile refuses more than 16 million)."""
    place = torch.tensor(QUARTILES, dtype=torch.float64) * (len(ascending) - 1)
    low = place.floor().long()
    high = (low + 1).clamp(max=len(ascending) - 1)
    return ascending[low] + (place - low) * (ascending[high] - ascending[low])


def shares(of_city: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """City -> statistics to city -> float32 shares."""
    total = torch.stack(list(of_city.values())).sum(0)
    found = {}
    for city, own in of_city.items():
        others = (total - own) / (len(of_city) - 1) if len(of_city) > 1 else own
        both = own + others
        found[city] = torch.where(both > 0, own / both.clamp(min=1e-300), 0.5).float()
    return found
