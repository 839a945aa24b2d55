"""What the pre-trained trajectory encoders share: options, the papers' optimiser and schedule, and vectors of roads from their tokens."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from baselines.layers.skip_gram import SkipGramOptions, skip_gram
from baselines.trajectory.multi_view.streams import View, streams_of
from benchmark import EncoderOptions, NeuralEncoder, RunContext, Trips

# multi-view encoders for tests, and at about a fortieth of the papers' arithmetic
TINY_VIEWS = {"embedding_width": 8, "width": 16, "feed_forward_width": 16, "interval_bins": 5, "view_layers": 1, "view_heads": 1,
              "cross_heads": 1, "joint_layers": 1, "joint_heads": 1}
NARROW_VIEWS = {"embedding_width": 32, "width": 64, "feed_forward_width": 64, "view_layers": 2, "view_heads": 4, "cross_heads": 4,
                "joint_layers": 1}
# trips, and roads without a trip, encoded at once
TRIPS, ROADS = 256, 4096


@dataclass(frozen=True, kw_only=True)
class PretrainingOptions(EncoderOptions):
    """The schedule of SMARTraj2's paper: AdamW, a linear rise, then a cosine to 0."""

    epochs: int = 70
    batch_size: int = 64
    # the largest step size, after the warm-up
    learning_rate: float = 1e-4
    # decoupled decay of the weights a step, times the step size
    weight_decay: float = 1e-6
    # epochs over which the step size rises
    warm_up_epochs: int = 5
    # consecutive roads or cells that are masked together
    mask_length: int = 2
    # probability with which such a block is masked
    mask_probability: float = 0.2
    # learn from the unlabelled trips; false leaves the first weights, for fine-tuning from scratch
    pretrain: bool = True
    # numbers of a token
    width: int = 256
    # hidden numbers of a Transformer layer's feed-forward part
    feed_forward_width: int = 256
    # places of a sequence that have a vector of their own; later ones share the last
    places: int = 100
    # share of numbers dropped in Transformer layers, attention weights included
    dropout: float = 0.1


@dataclass(frozen=True, kw_only=True)
class MultiViewOptions(PretrainingOptions):
    """Widths and depths of MVTraj's views and joint extractor."""

    # views that are read; without one, its streams and their losses are gone
    views: tuple[View, ...] = ("gps", "route", "grid")
    # numbers of a road's, cell's, minute's or place's vector before the encoders (d_emb)
    embedding_width: int = 128
    # soft bins of the time spent on a unit
    interval_bins: int = 100
    # Transformer layers of the route and of the grid encoder
    view_layers: int = 4
    # attention heads of these
    view_heads: int = 8
    # heads of an attention from one stream to another
    cross_heads: int = 8
    # Transformer layers over all streams together
    joint_layers: int = 2
    # attention heads of these
    joint_heads: int = 4
    # two layers of graph attention over the road table (the paper; SMARTraj2's training script switches them off)
    use_gat: bool = True
    # probability with which a link of the road graph is left out of a step
    edge_dropout: float = 0.1
    # first road vectors: random (what the authors' code amounts to), or skip-gram over the training routes (what it meant to do)
    road_init: Literal["random", "word2vec"] = "random"
    # which final state stands for the points of a unit: of the GRU that reads them from the end (the code), or from the beginning
    intra_direction: Literal["forward", "backward"] = "backward"
    # divides similarities between trips when hard negatives are drawn, and in the contrastive loss
    temperature: float = 0.07
    # are two views of one trip: a classifier with hard negatives (the code), or a contrastive loss over the batch (the paper's formula)
    pair_loss: Literal["match", "infonce"] = "match"

    def __post_init__(self) -> None:
        if len(streams_of(self.views)) < 2:
            raise ValueError(f"views names at least two of gps, route and grid, of which one is route or grid, got {','.join(self.views)}.")


class PretrainedEncoder(NeuralEncoder):
    """The network has two methods more than `forward`: ``road_tokens(trips)`` and ``lone_roads(city, roads)``."""

    options: PretrainingOptions
    optimiser = torch.optim.AdamW

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


class MultiViewEncoder(PretrainedEncoder):
    """Of views that may be switched off, with road tables that may begin as skip-gram vectors."""

    options: MultiViewOptions

    @classmethod
    def views(cls, options: Any, declared: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(view for view in declared if view in options.views)

    def fit(self, run: RunContext) -> None:
        if self.options.road_init == "word2vec":
            self._skip_gram_roads(run)
        super().fit(run)

    def roads(self, city: str, trips: Trips) -> Tensor:
        if "route" not in self.options.views:
            raise NotImplementedError("Without the view `route` no road has a vector, and road_label is not asked.")
        return super().roads(city, trips)

    @abstractmethod
    def road_tables(self) -> Mapping[str, Tensor]:
        """City -> its road table [road, embedding width], where skip-gram vectors may begin; none without the view `route`."""

    @torch.no_grad()
    def _skip_gram_roads(self, run: RunContext) -> None:
        """Fill the road tables with skip-gram vectors; a road without a trip keeps its own."""
        for city, table in self.road_tables().items():
            route = self.problem.cities[city].unlabelled.route
            sequences = [trip.tolist() for trip in route.values["road"].split(route.lengths().tolist())]
            vectors, occurs = skip_gram(sequences, len(table), SkipGramOptions(width=table.shape[1]), run)
            table.copy_(torch.where(occurs[:, None], vectors, table.cpu()))
