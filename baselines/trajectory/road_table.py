"""Encoders that are a table of road vectors: a trip is the mean of its roads' vectors, or the vector of its last road."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from baselines.trajectory.trip_vector import trip_vectors
from benchmark import CityProblem, RunContext, TrajectoryEncoder, TrajectoryProblem, Trips


class RoadTable(TrajectoryEncoder):
    """Scope `city`. A method says how the vectors are made; `options.width` is their length."""

    def __init__(self, options: Any, problem: TrajectoryProblem) -> None:
        super().__init__(options, problem)
        # [road, width]
        self.table = torch.zeros(len(problem.only.roads), options.width)

    @abstractmethod
    def make_table(self, city: CityProblem, run: RunContext) -> Tensor:
        """[road, width] float32."""

    def fit(self, run: RunContext) -> None:
        self.table = self.make_table(self.problem.only, run).to(run.device)

    def encode(self, trips: Trips) -> Tensor:
        last = self.table[trips.route.values["road"][trips.route.offsets[1:] - 1]]
        return trip_vectors(self.options.trip_vector, self.pooled(trips), last)

    def pooled(self, trips: Trips) -> Tensor:
        """[trip, width]: the mean vector of a trip's roads."""
        return torch.nn.functional.embedding_bag(trips.route.values["road"], self.table, trips.route.offsets[:-1], mode="mean")

    def roads(self, city: str, trips: Trips) -> Tensor:
        return self.table

    def state_dict(self) -> Mapping[str, Tensor]:
        return {"table": self.table}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        self.table = state["table"]
