"""A forecaster that is a network: the author writes the network and its options, the engine does the rest."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.contract import RunContext
from benchmark.forecasting.contract import Forecaster
from benchmark.forecasting.problem import ForecastProblem, Inputs, Targets
from benchmark.forecasting.training import masked_mae, scheduled_rate, train


class NeuralForecaster(Forecaster):
    """Scope `task`: one network, trained by the one loop. `Options` derives from `TrainingOptions`.

    Only `build_network` must be written; the other steps are there to be replaced, one by one.
    """

    # what takes the steps, made as optimiser(parameters, lr=…, weight_decay=…): a class, or staticmethod(partial(Adam, eps=1e-3))
    optimiser: Callable[..., torch.optim.Optimizer] = torch.optim.Adam

    def __init__(self, options: Any, problem: ForecastProblem) -> None:
        super().__init__(options, problem)
        self.network = self.build_network(problem)

    @abstractmethod
    def build_network(self, problem: ForecastProblem) -> nn.Module:
        """A network that maps `Inputs` to [batch, horizon, node], z-scored."""

    def rate(self, epoch: int, epochs: int) -> float:
        """Learning rate of an epoch, from 1, of so many."""
        return scheduled_rate(self.options, epoch)

    def first_epochs(self, epochs: int, patience: int) -> int:
        """Epochs of so many before the patience may end the fit, where the loss grows harder (curricula); see `Stage`."""
        return 0

    def training_forward(self, inputs: Inputs, targets: Targets, step: int, planned: int) -> Tensor:
        """The prediction in training, [batch, horizon, node], z-scored, for a network that sees targets there (scheduled sampling).

        step: steps taken before this one, from 0; a resumed run goes on counting. planned: steps if all epochs run.
        """
        return self.network(inputs)

    def loss(self, prediction: Tensor, targets: Targets, step: int, planned: int) -> Tensor:
        """What is minimised; `prediction` is in the task's unit, `step` and `planned` as in `training_forward`."""
        return masked_mae(prediction, targets)

    def fit(self, run: RunContext) -> None:
        self.network.to(run.device)
        own = type(self).training_forward is not NeuralForecaster.training_forward
        result = train(self.network, self.problem.only, self.options, run.at_stage(1, 1),
                       training_forward=self.training_forward if own else None, loss=self.loss, optimiser=self.optimiser,
                       rate=lambda epoch: self.rate(epoch, run.budget.epochs),
                       first_epochs=self.first_epochs(run.budget.epochs, run.budget.patience))
        run.notes["training"] = {"epochs": result.epochs, "best_epoch": result.best_epoch, "steps": result.steps,
                                 "validation_mae": result.best_loss, **result.pace()}

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
