"""Word2vec: skip-gram over the routes of the unlabelled training trips; a road is a word, a trip a sentence.

Mikolov, Chen, Corrado and Dean, "Efficient Estimation of Word Representations in Vector Space", 2013, https://arxiv.org/abs/1301.3781.
By gensim. The trajectory papers state no hyper-parameters; these are the card's.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from baselines.layers.skip_gram import SkipGramOptions, skip_gram
from baselines.trajectory.road_table import RoadTable
from baselines.trajectory.trip_vector import TripVectorOptions
from benchmark import CityProblem, RunContext


@dataclass(frozen=True, kw_only=True)
class Word2vecOptions(SkipGramOptions, TripVectorOptions):
    """Window 5, 10 epochs."""


class Word2vec(RoadTable):
    """A road that no trip drives has the mean vector of the roads linked to it, else zeros."""

    Options = Word2vecOptions

    def make_table(self, city: CityProblem, run: RunContext) -> Tensor:
        route = city.unlabelled.route
        sequences = [trip.tolist() for trip in route.values["road"].split(route.lengths().tolist())]
        table, occurs = skip_gram(sequences, len(city.roads), self.options, run)
        run.notes["roads without a trip"] = int((~occurs).sum())
        return filled(table, occurs, city.roads.links)

    def parameter_count(self) -> int:
        return 2 * self.table.numel()


def filled(table: Tensor, known: Tensor, links: Tensor) -> Tensor:
    """The table with the mean of the known neighbours, either way along a link, where a road is not known."""
    ends = torch.cat([links, links.flip(1)])
    ends = ends[known[ends[:, 1]] & ~known[ends[:, 0]]]
    total = torch.zeros_like(table).index_add_(0, ends[:, 0], table[ends[:, 1]])
    count = table.new_zeros(len(table)).index_add_(0, ends[:, 0], table.new_ones(len(ends)))
    return torch.where(known[:, None], table, total / count.clamp(min=1)[:, None])
