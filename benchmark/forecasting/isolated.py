"""A forecaster in a process of its own, and what is asked of it again, window by window."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from benchmark.contract import RunContext
from benchmark.forecasting.contract import Forecaster
from benchmark.forecasting.problem import ForecastProblem, Inputs
from benchmark.isolation.alone import Drawn, check_equal
from benchmark.isolation.host import Given, Host
from benchmark.isolation.method import IsolatedMethod


class ForecasterHost(Host):
    """The forecaster's side."""

    def predict(self, inputs: Inputs) -> Given:
        """[batch, horizon, node] of a batch of windows."""
        return {"": self.method.predict(inputs.to(self.device))}


class IsolatedForecaster(IsolatedMethod, Forecaster):
    """Predicts there; windows come one batch at a time, without their targets."""

    host = "benchmark.forecasting.isolated:ForecasterHost"

    def __init__(self, target: str, options: Any, problem: ForecastProblem, run: RunContext) -> None:
        super().__init__(options, problem)
        self.target, self.run = target, run
        # task -> windows that are asked again
        self.drawn: dict[str, Drawn[Inputs]] = {}
        self.start(target, options, problem, run)

    def predict(self, inputs: Inputs) -> Tensor:
        predicted = self.child.tensor("predict", inputs, device=self.device)
        self.drawn.setdefault(inputs.task, Drawn()).see(inputs.row, predicted)
        return predicted

    def check_alone(self, problem: ForecastProblem) -> None:
        """Ask some windows again, each alone in a fresh process. problem: the method's, without training and validation data.

        Raises
        ------
        NotAlone: it is answered otherwise.
        """
        state = self.state_dict()
        for task, drawn in self.drawn.items():
            for inputs, many, among in drawn:
                fresh = IsolatedForecaster(self.target, self.options, problem, self.run)
                try:
                    fresh.load_state_dict(state)
                    check_equal(f"A window of task {task}", among, fresh.predict(inputs.repeated(many)).cpu()[:1])
                finally:
                    fresh.close()
