"""What an encoder of trips is."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch

from benchmark.contract import Method
from benchmark.trajectory.problem import TrajectoryProblem
from benchmark.trajectory.trips import Trips


class TrajectoryEncoder(Method):
    """A method that maps trips, and the roads of a city, to vectors; the tasks' probes on top are the engine's."""

    def __init__(self, options: Any, problem: TrajectoryProblem) -> None:
        self.options = options
        self.problem = problem

    @classmethod
    def views(cls, options: Any, declared: tuple[str, ...]) -> tuple[str, ...]:
        """The views that these options read, of those that the method declares."""
        return declared

    @abstractmethod
    def encode(self, trips: Trips) -> torch.Tensor:
        """[trip, d] vectors of trips as a task shows them; one trip's vector does not depend on the others."""

    def roads(self, city: str, trips: Trips) -> torch.Tensor:
        """[road, d] vectors of a city's roads; `trips`: all training trips, whole and on the CPU, for a method whose vectors
        depend on the context.

        Only methods that read the view `route` offer it.
        """
        raise NotImplementedError(f"{type(self).__name__} reads routes but offers no vectors of roads")
