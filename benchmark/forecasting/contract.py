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

    @classmethod
    def declines(cls, options: Any, problem: ForecastProblem) -> str | None:
        """Why a method of these options has no answer to a problem, in a few words for the foot of a table; None: it has one.

        A method that puts the series of all tasks side by side declines where ``not problem.aligned``. By default one declines to learn
        a task after others; a method that can says so by its own `declines`.
        """
        if problem.arrival != "after":
            return None
        return f"the method {'cannot learn a task after others' if problem.others else 'learns each task alone; none comes after others'}"

    @abstractmethod
    def predict(self, inputs: Inputs) -> torch.Tensor:
        """[batch, horizon, node] in the unit of `inputs.task`."""
