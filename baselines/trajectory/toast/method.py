"""Toast: road vectors from walks and traffic context, then from trips.

Chen, Li, Cong, Bao, Long, Liu, Chandran, Ellison, "Robust Road Network Representation Learning: When Traffic Patterns Meet Traveling
Semantics", CIKM 2021, https://doi.org/10.1145/3459637.3482293. The authors published no code; own code from the paper, and from a
description of the reimplementation in VecCity (Apache-2.0) where the paper is silent. Times are not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.layers.ragged import Ragged
from baselines.trajectory.masking import masked_mean
from baselines.trajectory.toast.network import ToastNetwork
from baselines.trajectory.toast.options import ToastOptions
from baselines.trajectory.toast.pairs import random_walks
from baselines.trajectory.toast.traffic_context import MASK, ROADS, learn_walks
from benchmark import Asks, NeuralEncoder, RunContext, TrajectoryProblem, Trips

# many small steps, as the other encoders take them
SMALL_STEPS = {"batch_size": 16, "epochs": 4, "dropout": 0.0, "learning_rate": 1e-3}


def masked_span(layout: Ragged, share: float) -> Tensor:
    """bool [unit]: one stretch of each sequence, of this share of it and at least one unit, anywhere with equal odds; torch's generator."""
    span = (layout.lengths * share).long().clamp(min=1)
    first = (torch.rand(len(span), device=span.device) * (layout.lengths - span + 1)).long()
    behind = layout.place - first[layout.sequence]
    return (behind >= 0) & (behind < span[layout.sequence])


class Toast(NeuralEncoder):
    """Scope `city`. Road vectors are the token table after stage 2."""

    Options = ToastOptions
    presets: ClassVar = {
        "smoke": {"width": 16, "feed_forward_width": 16, "layers": 1, "heads": 2, "epochs": 1, "walks": 1, "walk_length": 12,
                  "walk_epochs": 1},
        "quick": {"width": 64, "feed_forward_width": 64, "walks": 2, **SMALL_STEPS},
        "medium": {"width": 128, "feed_forward_width": 128, "walks": 5, **SMALL_STEPS},
    }
    sweeps: ClassVar = {"mask_share": (0.15, 0.25, 0.4)}
    options: ToastOptions
    network: ToastNetwork

    @classmethod
    def asks(cls, options: Any) -> Asks:
        return Asks(road_class=options.road_class)

    def build_network(self, problem: TrajectoryProblem) -> nn.Module:
        return ToastNetwork(self.options, problem.only)

    def fit(self, run: RunContext) -> None:
        self.network.to(run.device)
        run.notes["walks"] = learn_walks(self.network.skip_gram, self.problem.only, self.options, run.at_stage(1, 2))
        self.network.begin_with_walks()
        super().fit(run.at_stage(2, 2))

    def losses(self, trips: Trips) -> Mapping[str, Tensor]:
        """A stretch of every trip and of as many walks is masked; trips are recovered, and told from the walks."""
        network, count = self.network, len(trips)
        walks = self.walks(count).to(trips.route.offsets.device)
        drawn = walks >= 0
        rows = ROADS + torch.cat([trips.route.values["road"], walks[drawn]])
        layout = Ragged.of_lengths(torch.cat([trips.route.lengths(), drawn.sum(dim=1)]))
        masked = masked_span(layout, self.options.mask_share)
        tokens = network.tokens(rows.masked_fill(masked, MASK), layout)
        asked = masked & (layout.sequence < count)
        is_trip = (torch.arange(2 * count, device=rows.device) < count).long()
        return {"recovery": masked_mean(network.recover(tokens[asked]), rows[asked]),
                "discrimination": F.cross_entropy(network.discriminate(layout.mean(tokens)), is_trip)}

    def walks(self, count: int) -> Tensor:
        """int64 [walk, walk length] of new walks from any roads, -1 behind a walk's end; torch's generator decides."""
        rng = np.random.default_rng(int(torch.randint(2**62, (), device="cpu")))
        roads = self.problem.only.roads
        return random_walks(roads.links, len(roads), rng.integers(len(roads), size=count), self.options.walk_length, rng)

    def roads(self, city: str, trips: Trips) -> Tensor:
        return self.network.table.weight.detach()[ROADS:]
