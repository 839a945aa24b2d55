"""What the pre-trained trajectory encoders share: options, the papers' optimiser and schedule, and vectors of roads from their tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from baselines.trajectory.trip_vector import TripVectorOptions
from benchmark import EncoderOptions, NeuralEncoder, RunContext, Trips, ranged

# trips, and roads without a trip, encoded at once
TRIPS, ROADS = 256, 4096
# many small steps, for `quick` (6,000 trips: 1,500 a city) and `medium` (10,000 trips: 2,500); for Transformer and MVTraj the step size is
# the best of the trials in results/search/encoders.toml on validation trips
SMALL_STEPS = {"batch_size": 16, "epochs": 4, "warm_up_epochs": 1, "dropout": 0.0, "learning_rate": 1e-3}


@dataclass(frozen=True, kw_only=True)
class PretrainingOptions(EncoderOptions, TripVectorOptions):
    """The schedule of SMARTraj2's paper: AdamW, a linear rise, then a cosine to 0."""

    epochs: int = 70
    batch_size: int = 64
    # the largest step size, after the warm-up
    learning_rate: float = 1e-4
    # decoupled decay of the weights a step, times the step size
    weight_decay: float = 1e-6
    # epochs over which the step size rises
    warm_up_epochs: int = ranged(5, least=0)
    # consecutive roads or cells that are masked together
    mask_length: int = ranged(2, least=1)
    # probability with which such a block is masked
    mask_probability: float = ranged(0.2, least=0, most=1)
    # learn from the unlabelled trips; false leaves the first weights, for fine-tuning from scratch
    pretrain: bool = True
    # numbers of a token
    width: int = ranged(256, least=1)
    # hidden numbers of a Transformer layer's feed-forward part
    feed_forward_width: int = ranged(256, least=1)
    # places of a sequence that have a vector of their own; later ones share the last
    places: int = ranged(100, least=1)
    # share of numbers dropped in Transformer layers, attention weights included
    dropout: float = ranged(0.1, least=0, below=1)


class PretrainedEncoder(NeuralEncoder):
    """The network has two methods more than `forward`: ``road_tokens(trips)`` and ``lone_roads(city, roads)``."""

    options: PretrainingOptions
    # one kernel for all weights: at the small widths a loop over them is a tenth of a step
    optimiser = staticmethod(partial(torch.optim.AdamW, fused=True))

    def rate(self, epoch: int, epochs: int) -> float:
        """Learning rate of an epoch, from 1, of so many: the cosine ends with the training, however short a budget makes it."""
        # DEVIATION: the authors' code advances a schedule of steps once an epoch, so that the rate never gets far from 0 (card §6, row 16).
        o = self.options
        if epoch <= o.warm_up_epochs:
            return o.learning_rate * epoch / o.warm_up_epochs
        through = (epoch - o.warm_up_epochs) / (max(epochs - o.warm_up_epochs, 0) + 1)
        return o.learning_rate * (1 + math.cos(math.pi * min(through, 1))) / 2

    def fit(self, run: RunContext) -> None:
        if self.options.pretrain:
            super().fit(run)
        else:
            self.network.to(run.device)

    @torch.no_grad()
    def roads(self, city: str, trips: Trips) -> Tensor:
        """[road, width]: the mean token of a road over all its occurrences; a road that does not occur, by itself at an unknown time."""
        network: Any = self.network.eval()
        device = next(network.parameters()).device
        roads = len(self.problem.cities[city].roads)
        total = torch.zeros(roads, self.options.width, dtype=torch.float64, device=device)
        for _, batch in trips.batches(TRIPS):
            batch = batch.to(device)
            total.index_add_(0, batch.route.values["road"], network.road_tokens(batch).double())
        count = torch.bincount(trips.route.values["road"], minlength=roads).to(device)
        for unseen in (count == 0).nonzero()[:, 0].split(ROADS):
            total[unseen] = network.lone_roads(city, unseen).double()
        return (total / count.clamp(min=1)[:, None]).float()
