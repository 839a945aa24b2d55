"""The mean day of the training part."""

from dataclasses import dataclass

import torch

from benchmark import Forecaster


@dataclass(frozen=True)
class Options:
    """Nothing to choose."""


class SeasonalNaive(Forecaster):
    """Predicts the training mean of the slot of the day, per node."""

    Options = Options

    def fit(self, run):
        train = self.problem.only.train
        slots, nodes = self.problem.only.steps_per_day, train.values.shape[1]
        total, count = torch.zeros(slots, nodes), torch.zeros(slots, nodes)
        total.index_add_(0, train.slot, train.values)
        count.index_add_(0, train.slot, train.observed.float())
        self.means = total / count.clamp(min=1)

    def predict(self, inputs):
        return self.means.to(inputs.values.device)[inputs.slot[:, inputs.history:]]

    def state_dict(self):
        return {"means": self.means}

    def load_state_dict(self, state):
        self.means = state["means"]
