"""A forecaster that is a network: the author writes the network and its options, the engine does the rest."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.contract import RunContext
from benchmark.forecasting.contract import Forecaster
from benchmark.forecasting.problem import ForecastProblem, Inputs
from benchmark.forecasting.training import train


class NeuralForecaster(Forecaster):
    """Scope `task`: one network, trained by the one loop. `Options` derives from `TrainingOptions`."""

    def __init__(self, options: Any, problem: ForecastProblem) -> None:
        super().__init__(options, problem)
        self.network = self.build_network(problem)

    @abstractmethod
    def build_network(self, problem: ForecastProblem) -> nn.Module:
        """A network that maps `Inputs` to [batch, horizon, node], z-scored."""

    def fit(self, run: RunContext) -> None:
        self.network.to(run.device)
        result = train(self.network, self.problem.only, self.options, run)
        run.notes["training"] = {"epochs": result.epochs, "best_epoch": result.best_epoch, "steps": result.steps,
                                 "validation_mae": result.best_loss}

    @torch.no_grad()
    def predict(self, inputs: Inputs) -> Tensor:
        self.network.eval()
        return self.problem.tasks[inputs.task].scaler.unscale(self.network(inputs).float())

    def state_dict(self) -> Mapping[str, Tensor]:
        return self.network.state_dict()

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        self.network.load_state_dict(dict(state))

    def parameter_count(self) -> int:
        return sum(p.numel() for p in self.network.parameters())
