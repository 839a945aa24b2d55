"""Node2vec: skip-gram over biased random walks on the road graph; trips are not used.

Grover and Leskovec, "node2vec: Scalable Feature Learning for Networks", KDD 2016, https://arxiv.org/abs/1607.00653. Walks are our own,
all at once; skip-gram by gensim. The trajectory papers state no settings; these are the card's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor

from baselines.layers.skip_gram import SkipGramOptions, skip_gram
from baselines.layers.walks import biased_walks
from baselines.trajectory.road_table import RoadTable
from baselines.trajectory.trip_vector import TripVectorOptions
from benchmark import CityProblem, RunContext, ranged


@dataclass(frozen=True, kw_only=True)
class Node2vecOptions(SkipGramOptions, TripVectorOptions):
    """Ten walks of 80 roads from every road; p = q = 1 is DeepWalk."""

    window: int = 10
    epochs: int = 5
    # walks that begin at each road
    walks: int = ranged(10, least=1)
    # roads of a walk; one that reaches a dead end is shorter
    walk_length: int = ranged(80, least=1)
    # weight 1/p of going back to the road before
    p: float = ranged(1.0, above=0)
    # weight 1/q of a road that does not lead to the road before
    q: float = ranged(1.0, above=0)
    # walks may go against the direction of travel
    undirected: bool = False


class Node2vec(RoadTable):
    """Every road begins walks, so every road has a vector."""

    Options = Node2vecOptions
    presets: ClassVar = {"smoke": {"walks": 2, "walk_length": 20, "epochs": 1}}

    def make_table(self, city: CityProblem, run: RunContext) -> Tensor:
        links = city.roads.links.numpy()
        if self.options.undirected:
            links = np.unique(np.concatenate([links, links[:, ::-1]]), axis=0)
        start = np.repeat(np.arange(len(city.roads)), self.options.walks)
        rng = run.numpy("walks")
        walks = biased_walks(links, len(city.roads), rng.permutation(start), self.options.walk_length, self.options.p, self.options.q, rng)
        table, _ = skip_gram([walk[walk >= 0].tolist() for walk in walks], len(city.roads), self.options, run)
        return table

    def parameter_count(self) -> int:
        return 2 * self.table.numel()
