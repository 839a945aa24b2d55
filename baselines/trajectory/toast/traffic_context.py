"""Stage 1: skip-gram over walks that also foretells the traffic context of a road, which is what its neighbours are like."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.trajectory.toast.options import ToastOptions
from baselines.trajectory.toast.pairs import context_pairs, noise_roads, random_walks
from benchmark import CityProblem, RunContext, Stage, StageOptions, run_stage

# rows of every table before the roads; PAD is never read, but the published sizes hold it
PAD, MASK, ROADS = range(3)
# lanes: unknown, 1, 2, 3, 4 or more; one-way; length: five equal parts of the training roads
LANES, LENGTHS = 5, 5
# walks whose pairs are shuffled together, and walks and pairs that validate
TOGETHER, HELD_OUT, ASKED = 512, 256, 8192

# pairs [pair, 2] and their noise roads [pair, negatives]
Batch = tuple[Tensor, Tensor]


def indicator_count(city: CityProblem) -> int:
    """11, and the road classes where they are shown."""
    return LANES + 1 + LENGTHS + (0 if city.road_class is None else int(city.road_class.max()) + 1)


def indicators(city: CityProblem) -> Tensor:
    """float32 [road, indicator] of 0 and 1: lanes, one-way, length, and the class if it is shown."""
    # DEVIATION: the class, the reimplementation's only indicator, is what road_label asks for, so it is an option; our road tables know no
    # bridges, tunnels or speed limits.
    roads = city.roads
    driven = roads.length[city.unlabelled.route.values["road"].unique()]
    edges = torch.quantile(driven, torch.arange(1, LENGTHS, device=driven.device) / LENGTHS)
    parts = [F.one_hot(roads.lanes.clamp(0, LANES - 1), LANES), roads.oneway[:, None],
             F.one_hot(torch.bucketize(roads.length, edges), LENGTHS)]
    if city.road_class is not None:
        parts.append(F.one_hot(city.road_class))
    return torch.cat([part.float() for part in parts], dim=1)


class TrafficSkipGram(nn.Module):
    """Tables of roads and of contexts, and a map from a road's vector to the indicators of its context."""

    def __init__(self, rows: int, width: int, indicators: int) -> None:
        super().__init__()
        self.road = nn.Embedding(rows, width, sparse=True)
        self.context = nn.Embedding(rows, width + indicators, sparse=True)
        self.traffic = nn.Linear(width, indicators, bias=False)
        nn.init.uniform_(self.road.weight, -0.5 / width, 0.5 / width)
        nn.init.zeros_(self.context.weight)

    def forward(self, pairs: Tensor, noise: Tensor, known: Tensor) -> Tensor:
        """[pair] losses of int64 [pair, 2] and their noise roads [pair, negatives]; known: [road, indicator]."""
        road = self.road(ROADS + pairs[:, 0])
        traffic = self.traffic(road)
        road = torch.cat([road, torch.sigmoid(traffic)], dim=1)
        # [pair, 1 + negatives]; on a CPU faster than a product of matrices so narrow
        scores = (self.context(ROADS + torch.cat([pairs[:, 1:], noise], dim=1)) * road[:, None]).sum(dim=2)
        # DEVIATION: the reimplementation takes the log-sigmoid of the noise scores' sum; this is word2vec's sum of log-sigmoids. Nor is the
        # traffic term left out where a side has four neighbours or more.
        skip_gram = F.logsigmoid(scores[:, 0]) + F.logsigmoid(-scores[:, 1:]).sum(dim=1)
        return F.binary_cross_entropy_with_logits(traffic, known[pairs[:, 1]], reduction="none").mean(dim=1) - skip_gram


def learn_walks(network: TrafficSkipGram, city: CityProblem, options: ToastOptions, run: RunContext) -> dict[str, Any]:
    """Train the skip-gram on walks from every road, for so many passes; what is to be noted of it."""
    o, roads, links, metres = options, len(city.roads), city.roads.links, city.roads.length
    known, rng = indicators(city).to(run.device), run.numpy("walks")
    walks = random_walks(links, roads, np.repeat(np.arange(roads), o.walks), o.walk_length, rng)

    def pairs_of(walks: Tensor, generator: torch.Generator) -> Batch:
        pairs = context_pairs(walks, metres, o.window, o.reach_m)
        pairs = pairs[torch.randperm(len(pairs), generator=generator, device="cpu")]
        return pairs, noise_roads(pairs, roads, o.negatives, generator)

    def losses(batch: Batch) -> Tensor:
        return network(batch[0].to(run.device), batch[1].to(run.device), known)

    def batches(order: torch.Generator) -> Iterable[Batch]:
        for rows in torch.randperm(len(walks), generator=order, device="cpu").split(TOGETHER):
            pairs, noise = pairs_of(walks[rows], order)
            yield from zip(pairs.split(o.pairs), noise.split(o.pairs), strict=True)

    def loss(batch: Batch, step: int) -> Tensor:
        return losses(batch).sum() if o.walk_loss == "sum" else losses(batch).mean()

    other = random_walks(links, roads, rng.integers(roads, size=HELD_OUT), o.walk_length, rng)
    pairs, noise = pairs_of(other, run.generator("walks aside"))
    limited = replace(run, budget=run.budget.at_most(o.walk_epochs))
    epochs = limited.budget.epochs
    stage = Stage("walks", batches, loss, lambda: float(losses((pairs[:ASKED], noise[:ASKED])).mean()), {"stage": "walks"},
                  # the line's height in the middle of an epoch
                  rate=lambda epoch: o.walk_rate * (1 - (epoch - 0.5) / epochs), optimiser=torch.optim.SGD)
    result = run_stage(network, stage, StageOptions(batch_size=o.pairs, learning_rate=o.walk_rate), limited)
    return {"epochs": result.epochs, "best_epoch": result.best_epoch, "steps": result.steps, "validation_loss": result.best_loss,
            **result.pace()}
