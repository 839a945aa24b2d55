"""What a forecaster is."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch

from benchmark.contract import Method
from benchmark.forecasting.problem import ForecastProblem, Inputs


class Forecaster(Method):
    """A method that maps input windows to the next steps of a task."""

    def __init__(self, options: Any, problem: ForecastProblem) -> None:
        self.options = options
        self.problem = problem

    @abstractmethod
    def predict(self, inputs: Inputs) -> torch.Tensor:
        """[batch, horizon, node] in the unit of `inputs.task`."""
