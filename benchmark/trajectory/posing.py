"""A trajectory problem posed: which trips of a city are learnt from, and what an encoder is told of roads and cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from benchmark.data.trajectory.city import TrajectoryCity
from benchmark.data.trajectory.splits import LABELLED, TEST, UNLABELLED, VALIDATION, hash_order
from benchmark.errors import UserError
from benchmark.trajectory.cuts import TripTable, whole
from benchmark.trajectory.problem import Cells, CityProblem, Roads, TrajectoryProblem
from benchmark.trajectory.protocol import PROTOCOLS, TrajectoryProtocol

# the classes that road_label asks for (trajectory-suite §5)
STRICT = PROTOCOLS["strict"]
ROAD_LABELS = ("primary", "secondary", "tertiary", "residential")


@dataclass(frozen=True)
class PartRows:
    """Rows of a city's trips by what they are used for, in ascending order."""

    unlabelled: np.ndarray
    labelled: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    # all trips of the training days that the split uses, whatever the budget: what the floors know
    train: np.ndarray

    @property
    def seen(self) -> np.ndarray:
        """The training trips of the budget, unlabelled and labelled."""
        return np.sort(np.concatenate([self.unlabelled, self.labelled]))

    def without_test(self) -> PartRows:
        """No test trip: every second validation trip stands for them, the others stay what they are. What a search may look at."""
        return replace(self, validation=self.validation[::2], test=self.validation[1::2])


def part_rows(city: TrajectoryCity, budget: Mapping[str, int | None], labelled_share: float | None = None) -> PartRows:
    """The trips of each part; a budget's caps, and the share of the labelled trips that a scenario keeps, take those with the smallest
    hash of their id, the same for every method."""
    parts, order = city.parts, hash_order(city.trip_ids)

    def some(part: int, most: int | None = None) -> np.ndarray:
        return np.sort(order[parts[order] == part][:most])

    labelled = some(LABELLED, budget["labelled_trips"])
    if labelled_share is not None:
        labelled = some(LABELLED, max(round(labelled_share * len(labelled)), 2))
    return PartRows(some(UNLABELLED, budget["unlabelled_trips"]), labelled, some(VALIDATION), some(TEST),
                    np.flatnonzero(np.isin(parts, (UNLABELLED, LABELLED))))


def pose_trajectories(tables: Sequence[TripTable], rows: Mapping[str, PartRows], *, road_class: bool = False,
                      protocol: TrajectoryProtocol = STRICT) -> TrajectoryProblem:
    """The problem of one fit. Its arrays are copies: no labelled or test trip is reachable from it, and no road class.

    road_class: show the classes after all, for a method that asks; its road_label is then not scored.
    """
    return TrajectoryProblem({table.name: replace(_city(table, rows[table.name], road_class), lone_roads=protocol.lone_roads)
                              for table in tables})


def road_labels(city: TrajectoryCity) -> np.ndarray:
    """int64 [road]: number in `ROAD_LABELS` of each road's class, -1 for another class."""
    number = {name: k for k, name in enumerate(ROAD_LABELS)}
    return city.network.table["highway"].map(lambda name: number.get(name, -1)).to_numpy(np.int64)


def check_labels(city: TrajectoryCity) -> None:
    """Raise UserError where the roads of a city have none of the four classes."""
    if not (road_labels(city) >= 0).any():
        raise UserError(f"No road of city {city.name} is {', '.join(ROAD_LABELS[:-1])} or {ROAD_LABELS[-1]} (column highway of its roads); "
                        "road_label needs them. Name other tasks with --task.")


def _city(table: TripTable, rows: PartRows, road_class: bool) -> CityProblem:
    network, grid, city = table.network, table.city.grid, table.city
    columns = [network.table[name].to_numpy(kind) for name, kind in (("length_m", np.float32), ("oneway", bool), ("lanes", np.int64))]
    roads = Roads(*(torch.from_numpy(np.array(array)) for array in (*columns, network.offsets, network.lon, network.lat, network.links)))
    lon, lat = grid.centre(np.arange(grid.cells))
    poi = torch.from_numpy(np.array(city.poi, dtype=np.float32))
    cells = Cells(grid.rows, grid.columns, torch.from_numpy(lon), torch.from_numpy(lat), poi)
    classes = np.unique(network.table["highway"].to_numpy(str), return_inverse=True)[1] if road_class else None
    return CityProblem(city.name, roads, cells, whole(table, rows.unlabelled), whole(table, rows.validation),
                       None if classes is None else torch.from_numpy(classes.astype(np.int64)))
