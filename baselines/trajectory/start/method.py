"""START: trips by a Transformer that sees the time between roads, and roads by a graph attention that sees which follows which.

Jiang, Pan, Ren, Jiang, Li, Wang, "Self-supervised Trajectory Representation Learning with Temporal Regularities and Travel Semantics",
ICDE 2023, https://arxiv.org/abs/2211.09510. Own code from a description of the paper and of https://github.com/aptx1231/START (MIT).
Against that code: no class of roads by default, local time instead of UTC, the vocabulary is the road network's, not the test trips'.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.trajectory.masking import masked_mean
from baselines.trajectory.pretraining import SMALL_STEPS, PretrainedEncoder
from baselines.trajectory.start.augmentation import masked_runs, views_of
from baselines.trajectory.start.network import StartNetwork
from baselines.trajectory.start.options import StartOptions
from baselines.trajectory.start.visits import Visits
from benchmark import Asks, TrajectoryProblem, Trips


class Start(PretrainedEncoder):
    """Scope `city`."""

    Options = StartOptions
    presets: ClassVar = {
        "smoke": {"width": 16, "feed_forward_width": 16, "layers": 1, "heads": 2, "graph_heads": (2, 1), "graph_width": 8, "epochs": 1,
                  "warm_up_epochs": 1},
        "quick": {"width": 64, "feed_forward_width": 64, "layers": 2, "heads": 4, "graph_heads": (4, 4, 1), "depth_dropout": 0.0,
                  **SMALL_STEPS},
        "medium": {"width": 128, "feed_forward_width": 128, "layers": 2, "heads": 4, "graph_heads": (4, 8, 1), "depth_dropout": 0.0,
                   **SMALL_STEPS},
    }
    options: StartOptions
    network: StartNetwork

    @classmethod
    def asks(cls, options: Any) -> Asks:
        return Asks(road_class=options.road_class)

    def build_network(self, problem: TrajectoryProblem) -> nn.Module:
        return StartNetwork(self.options, problem.only)

    def rate(self, epoch: int, epochs: int) -> float:
        """Learning rate of an epoch, from 1, of so many: a linear rise, then half a cosine, in the same shares of any training."""
        o = self.options
        rising = o.warm_up_epochs / o.epochs * epochs
        if epoch <= rising:
            return o.learning_rate * epoch / rising
        return o.learning_rate * (1 + math.cos(math.pi * (epoch - rising) / (epochs - rising + 1))) / 2

    def losses(self, trips: Trips) -> Mapping[str, Tensor]:
        """Recovery of masked roads, and how well the two views of a trip are told from other trips'; all in one pass."""
        o, network = self.options, self.network
        views = views_of(network.usual, o.mask_length, o.mask_probability)
        visits = Visits.of(trips)
        masked = masked_runs(visits.layout, o.mask_length, o.mask_probability)
        pooled, tokens = network.encoded(Visits.together([visits.hidden(masked), *(views[name](trips) for name in o.views)]))
        recovered = network.recover(tokens[: len(masked)][masked])
        one, other = F.normalize(network.pool(pooled[len(trips) :]), dim=1).chunk(2)
        return {"recovery": o.recovery_share * masked_mean(recovered, visits.row[masked]),
                "contrast": (1 - o.recovery_share) * views_apart(one, other, o.temperature)}


def views_apart(one: Tensor, other: Tensor, temperature: float) -> Tensor:
    """NT-Xent: each of 2 B vectors of unit length (2 × [trip, width]) is to find its other view among all but itself."""
    vectors = torch.cat([one, other])
    itself = torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    similar = (vectors @ vectors.T / temperature).masked_fill(itself, -math.inf)
    return F.cross_entropy(similar, torch.arange(len(vectors), device=vectors.device).roll(len(one)))
