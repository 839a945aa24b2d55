"""Linear: one affine map from the window to the horizon, the same for all nodes, solved in closed form.

The single-layer linear forecaster of Zeng, Chen, Zhang and Xu, "Are Transformers Effective for Time Series Forecasting?",
AAAI 2023, https://arxiv.org/abs/2205.13504. The authors train it by gradient descent; here ridge regression gives its
least-squares solution, which no other affine map (DLinear, NLinear, last value) can undercut on the training windows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark import Forecaster, ForecastProblem, Inputs, RunContext, ranged

# windows accumulated at once; the sums are float64, so the result depends on it only by rounding
CHUNK = 32


@dataclass(frozen=True)
class LinearOptions:
    """The strength of the penalty."""

    # ridge penalty on the weights, not on the bias, as a share of the Gram matrix's mean diagonal
    ridge: float = ranged(1e-3, least=0)


class Linear(Forecaster):
    """prediction_q = w_q · z + b_q for each step q of the horizon, z the z-scored window (0 where unobserved)."""

    Options = LinearOptions

    def __init__(self, options: LinearOptions, problem: ForecastProblem) -> None:
        super().__init__(options, problem)
        self.weight = torch.zeros(problem.horizon, problem.history)
        self.bias = torch.zeros(problem.horizon)

    def fit(self, run: RunContext) -> None:
        gram, moment = self._normal_equations()
        history = self.problem.history
        # The bias is not penalised: a shift of the series must stay a shift of the prediction.
        scale = gram.diagonal(dim1=1, dim2=2)[:, :history].mean(dim=1)
        penalty = self.options.ridge * scale[:, None] * (torch.arange(history + 1, device=gram.device) < history)
        # The pseudo-inverse leaves directions without data (a constant series, a horizon never observed) at weight 0.
        solution = (torch.linalg.pinv(gram + torch.diag_embed(penalty), hermitian=True) @ moment[:, :, None])[:, :, 0]
        self.weight, self.bias = solution[:, :history].float(), solution[:, history].float()

    def _normal_equations(self) -> tuple[Tensor, Tensor]:
        """Gram matrices [horizon, history + 1, history + 1] and moments [horizon, history + 1], summed over training windows.

        A target that does not count has weight 0, so each step of the horizon has a Gram matrix of its own.
        """
        windows, size = self.problem.only.train, self.problem.history + 1
        gram = torch.zeros(self.problem.horizon * size, size, dtype=torch.float64, device=windows.device)
        moment = torch.zeros(self.problem.horizon, size, dtype=torch.float64, device=windows.device)
        for starts in torch.arange(len(windows), device=windows.device).split(CHUNK):
            z, targets = windows.inputs(starts).scaled.double(), windows.targets(starts)
            z = torch.cat([z, torch.ones_like(z[:, :1])], dim=1).transpose(1, 2).flatten(0, 1)  # [row, history + 1]
            weight = targets.counted.double().transpose(1, 2).flatten(0, 1)  # [row, horizon]
            y = windows.scaler.scale(targets.values.double()).transpose(1, 2).flatten(0, 1)
            gram += (weight[:, :, None] * z[:, None, :]).flatten(1).T @ z
            moment += torch.where(weight > 0, y, 0.0).T @ z
        return gram.view(self.problem.horizon, size, size), moment

    def predict(self, inputs: Inputs) -> Tensor:
        weight, bias = self.weight.to(inputs.scaled), self.bias.to(inputs.scaled)
        return self.problem.tasks[inputs.task].scaler.unscale(weight @ inputs.scaled + bias[:, None])

    def state_dict(self) -> Mapping[str, Tensor]:
        return {"weight": self.weight, "bias": self.bias}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        self.weight, self.bias = state["weight"], state["bias"]

    def parameter_count(self) -> int:
        return self.weight.numel() + self.bias.numel()
