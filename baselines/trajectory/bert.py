"""BERT: a deep encoder of routes in both directions; a road is a token.

Devlin, Chang, Lee, Toutanova, "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding", NAACL 2019,
https://arxiv.org/abs/1810.04805. SMARTraj2's tables have such a baseline but say nothing of it; the 433 MB of Table 7 are BERT-base with
its own 28,996 words. Here roads are the words and all weights are learnt from trips. Times are not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.layers.attention import Positions
from baselines.layers.bert import EPSILON, BertEncoder, start_normal
from baselines.layers.dropout import Dropout
from baselines.layers.ragged import Ragged
from baselines.trajectory.masking import masked_blocks, masked_mean
from baselines.trajectory.pretraining import SMALL_STEPS, PretrainedEncoder, PretrainingOptions
from baselines.trajectory.trip_vector import trip_vectors
from benchmark import CityProblem, TrajectoryProblem, Trips, ranged

# rows of the token table before the roads. PAD and UNK are never read, but the published sizes hold them
PAD, UNK, CLS, SEP, MASK, ROADS = range(6)
# of the chosen tokens, these shares become MASK and a random road; the rest stays as it is
MASKED, RANDOM = 0.8, 0.1


@dataclass(frozen=True, kw_only=True)
class BERTOptions(PretrainingOptions):
    """6.2 million numbers at Xi'an's 4,996 roads; the profile `base` is the paper's network, of which a CPU is not capable."""

    profiles: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "small": {}, "base": {"width": 768, "layers": 12, "heads": 12, "feed_forward_width": 3072, "places": 512}}
    # sizes: those below, or BERT-base's (12 layers, width 768, 12 heads, feed-forward 3,072, 512 places)
    profile: Literal["small", "base"] = "small"
    # roads that are chosen together (the paper: 1; the suite's other encoders: 2)
    mask_length: int = 1
    # probability with which a road is chosen to be recovered (the paper: 0.15; the suite's other encoders: 0.2)
    mask_probability: float = 0.15
    # decoupled decay of the weights a step, times the step size (the paper)
    weight_decay: float = 0.01
    # hidden numbers of a layer's feed-forward part (the paper: four times the width)
    feed_forward_width: int = 1024
    # places of a sequence that have a vector of their own; later ones share the last (the paper: 512)
    places: int = 128
    # encoder layers (the paper: 12)
    layers: int = ranged(6, least=1)
    # attention heads (the paper: 12)
    heads: int = ranged(8, least=1)
    # what a pooled vector is: the token CLS in front of a route (the paper), or the mean over its roads
    pooling: Literal["cls", "mean"] = "cls"
    # learn as well whether the two halves of a route were swapped, for the paper's next-sentence task
    swapped_halves: bool = False


@dataclass(frozen=True)
class Framed:
    """Routes between their special tokens: CLS and SEP, or CLS, SEP and SEP around and between two halves.

    All CLS come first among the tokens, then the roads, then all SEP.
    """

    layout: Ragged
    # int64 [token]: 1 in the second half and its SEP
    types: Tensor
    separators: int

    @staticmethod
    def whole(roads: Ragged) -> Framed:
        """CLS route SEP."""
        one = Ragged.of_lengths(torch.ones_like(roads.lengths))
        layout = Ragged.joined([one, roads, one])
        return Framed(layout, torch.zeros_like(layout.place), len(one.lengths))

    @staticmethod
    def halves(roads: Ragged, first: Tensor) -> Framed:
        """CLS half SEP half SEP; first: int64 [trip] roads of the half that is shown first."""
        trip, head = torch.arange(len(first), device=first.device), torch.zeros_like(first)
        second = (roads.place >= first[roads.sequence]).long()
        layout = Ragged(roads.lengths + 3, torch.cat([trip, roads.sequence, trip, trip]),
                        torch.cat([head, roads.place + 1 + second, first + 1, roads.lengths + 2]))
        return Framed(layout, torch.cat([head, second, head, head + 1]), 2 * len(first))


class BERTNetwork(nn.Module):
    """Tokens + places + types -> post-norm encoder; recovery with the token table as its last map, and a pooler over CLS."""

    def __init__(self, options: BERTOptions, city: CityProblem) -> None:
        super().__init__()
        o = options
        self.table = nn.Embedding(ROADS + len(city.roads), o.width)
        self.positions = Positions(o.places, o.width)
        self.types = nn.Embedding(2, o.width)
        self.norm = nn.LayerNorm(o.width, EPSILON)
        self.dropout = Dropout(o.dropout)
        self.encoder = BertEncoder(o.layers, o.width, o.heads, o.feed_forward_width, o.dropout)
        # learns with swapped halves alone; without them it is there because the published size holds it
        self.pooler = nn.Sequential(nn.Linear(o.width, o.width), nn.Tanh())
        self.recover = nn.Sequential(nn.Linear(o.width, o.width), nn.GELU(), nn.LayerNorm(o.width, EPSILON))
        self.recover_bias = nn.Parameter(torch.zeros(self.table.num_embeddings))
        self.swapped = nn.Linear(o.width, 2) if o.swapped_halves else None
        self.pooling, self.trip_vector = o.pooling, o.trip_vector
        start_normal(self)

    def forward(self, trips: Trips) -> Tensor:
        """[trip, width], or twice that for both kinds of vector."""
        roads = Ragged.of(trips.route.offsets)
        heads, tokens = self.encoded(ROADS + trips.route.values["road"], Framed.whole(roads))
        return trip_vectors(self.trip_vector, heads if self.pooling == "cls" else roads.mean(tokens), roads.last(tokens))

    def encoded(self, rows: Tensor, framed: Framed) -> tuple[Tensor, Tensor]:
        """int64 [unit] rows of the token table -> [trip, width] of CLS and [unit, width] of the roads."""
        layout, trips = framed.layout, len(framed.layout.lengths)
        rows = torch.cat([rows.new_full((trips,), CLS), rows, rows.new_full((framed.separators,), SEP)])
        x = self.norm(self.table(rows) + self.positions(layout) + self.types(framed.types))
        x = self.encoder(self.dropout(x), layout)
        return x[:trips], x[trips:len(x) - framed.separators]

    def logits(self, tokens: Tensor) -> Tensor:
        """[token, width] -> [token, row of the token table]."""
        return F.linear(self.recover(tokens), self.table.weight, self.recover_bias)

    def road_tokens(self, trips: Trips) -> Tensor:
        """[road unit, width]."""
        return self.encoded(ROADS + trips.route.values["road"], Framed.whole(Ragged.of(trips.route.offsets)))[1]

    def lone_roads(self, city: str, roads: Tensor) -> Tensor:
        """int64 [k] -> [k, width]: each road as a trip of its own."""
        return self.encoded(ROADS + roads, Framed.whole(Ragged.of_lengths(torch.ones_like(roads))))[1]


def corrupted(rows: Tensor, chosen: Tensor, table: int) -> Tensor:
    """A copy of int64 [unit] rows of the table where of the chosen ones 80 % are MASK and 10 % random roads; torch's generator."""
    draw = torch.rand(len(rows), device=rows.device)
    other = torch.randint(ROADS, table, (len(rows),), device=rows.device)
    shown = rows.masked_fill(chosen & (draw < MASKED), MASK)
    return torch.where(chosen & (draw >= 1 - RANDOM), other, shown)


def swap_halves(roads: Ragged, swapped: Tensor) -> tuple[Tensor, Tensor]:
    """(int64 [unit] which unit is shown at each place, int64 [trip] units of the half shown first); swapped: bool [trip]."""
    half = roads.lengths // 2
    start = roads.lengths.cumsum(0) - roads.lengths
    turn = torch.where(swapped, half, 0)[roads.sequence]
    order = start[roads.sequence] + (roads.place + turn) % roads.lengths[roads.sequence]
    return order, torch.where(swapped, roads.lengths - half, half)


class BERT(PretrainedEncoder):
    """Scope `city`."""

    Options = BERTOptions
    presets: ClassVar = {
        "smoke": {"width": 16, "feed_forward_width": 32, "layers": 1, "heads": 2, "epochs": 1, "warm_up_epochs": 1},
        # nothing but the recovery of roads trains CLS: with the mean, travel times and destinations were better on validation trips
        "quick": {"width": 64, "feed_forward_width": 256, "layers": 3, "heads": 4, "pooling": "mean", **SMALL_STEPS},
        "medium": {"width": 128, "feed_forward_width": 512, "layers": 3, "heads": 4, "pooling": "mean", **SMALL_STEPS},
    }
    # docs/search.md
    trials: ClassVar = {"quick": 2}
    sweeps: ClassVar = {"layers": (3, 6, 12), "width": (128, 256, 512), "mask_probability": (0.15, 0.2)}
    options: BERTOptions
    network: BERTNetwork

    def build_network(self, problem: TrajectoryProblem) -> nn.Module:
        return BERTNetwork(self.options, problem.only)

    def losses(self, trips: Trips) -> Mapping[str, Tensor]:
        o, network, roads = self.options, self.network, Ragged.of(trips.route.offsets)
        rows, framed, swapped = ROADS + trips.route.values["road"], Framed.whole(roads), None
        if o.swapped_halves:
            swapped = torch.rand(len(trips), device=rows.device) < 0.5
            order, first = swap_halves(roads, swapped)
            rows, framed = rows[order], Framed.halves(roads, first)
        chosen = masked_blocks(roads, o.mask_length, o.mask_probability)
        heads, tokens = network.encoded(corrupted(rows, chosen, network.table.num_embeddings), framed)
        terms = {"recovery": masked_mean(network.logits(tokens[chosen]), rows[chosen])}
        if network.swapped is not None and swapped is not None:
            terms["swapped halves"] = F.cross_entropy(network.swapped(network.pooler(heads)), swapped.long())
        return terms
