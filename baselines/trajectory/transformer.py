"""Transformer: masked roads recovered from the rest of a route.

Vaswani et al., "Attention Is All You Need", NeurIPS 2017, https://arxiv.org/abs/1706.03762. SMARTraj2's tables have such a baseline but say
nothing of it; layers, widths and objective are the card's: they fit the 14 MB of Table 7. Times are not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from baselines.layers.attention import Positions, TransformerEncoder
from baselines.layers.ragged import Ragged
from baselines.trajectory.initialisation import initialise
from baselines.trajectory.masking import masked_blocks, masked_mean
from baselines.trajectory.pretraining import SMALL_STEPS, PretrainedEncoder, PretrainingOptions
from baselines.trajectory.trip_vector import trip_vectors
from benchmark import CityProblem, TrajectoryProblem, Trips, ranged

# rows of the road table behind the roads; without padding PAD is never read, but the published size holds it
EXTRA_ROWS, MASK_ROW = 2, 1


@dataclass(frozen=True, kw_only=True)
class TransformerOptions(PretrainingOptions):
    """3.4 million numbers at Xi'an's 4,996 roads."""

    # encoder layers
    layers: int = ranged(2, least=1)
    # attention heads
    heads: int = ranged(4, least=1)


class TransformerNetwork(nn.Module):
    """Road table + positions -> post-norm encoder -> mean of the tokens, or the last one; a linear head to the roads."""

    def __init__(self, options: TransformerOptions, city: CityProblem) -> None:
        super().__init__()
        o = options
        self.table = nn.Embedding(len(city.roads) + EXTRA_ROWS, o.width)
        self.positions = Positions(o.places, o.width)
        self.encoder = TransformerEncoder(o.layers, o.width, o.heads, o.feed_forward_width, o.dropout)
        self.recover = nn.Linear(o.width, len(city.roads))
        self.trip_vector = o.trip_vector
        initialise(self)

    def forward(self, trips: Trips) -> Tensor:
        """[trip, width], or twice that for both kinds of vector."""
        layout = Ragged.of(trips.route.offsets)
        tokens = self.tokens(trips.route.values["road"], layout)
        return trip_vectors(self.trip_vector, layout.mean(tokens), layout.last(tokens))

    def tokens(self, roads: Tensor, layout: Ragged) -> Tensor:
        """int64 [unit] road or extra row -> [unit, width]."""
        return self.encoder(self.table(roads) + self.positions(layout), layout)

    def road_tokens(self, trips: Trips) -> Tensor:
        """[road unit, width]."""
        return self.tokens(trips.route.values["road"], Ragged.of(trips.route.offsets))

    def lone_roads(self, city: str, roads: Tensor) -> Tensor:
        """int64 [k] -> [k, width]: each road as a trip of its own."""
        return self.tokens(roads, Ragged.of_lengths(torch.ones_like(roads)))


class Transformer(PretrainedEncoder):
    """Scope `city`."""

    Options = TransformerOptions
    presets: ClassVar = {
        "smoke": {"width": 16, "feed_forward_width": 16, "layers": 1, "heads": 2, "epochs": 1, "warm_up_epochs": 1},
        "quick": {"width": 64, "feed_forward_width": 64, **SMALL_STEPS},
        "medium": {"width": 128, "feed_forward_width": 128, **SMALL_STEPS},
    }
    # docs/search.md
    trials: ClassVar = {"quick": 3}
    options: TransformerOptions
    network: TransformerNetwork

    def build_network(self, problem: TrajectoryProblem) -> nn.Module:
        return TransformerNetwork(self.options, problem.only)

    def losses(self, trips: Trips) -> Mapping[str, Tensor]:
        roads, layout = trips.route.values["road"], Ragged.of(trips.route.offsets)
        masked = masked_blocks(layout, self.options.mask_length, self.options.mask_probability)
        row = self.network.recover.out_features + MASK_ROW
        tokens = self.network.tokens(roads.masked_fill(masked, row), layout)
        return {"recovery": masked_mean(self.network.recover(tokens[masked]), roads[masked])}
