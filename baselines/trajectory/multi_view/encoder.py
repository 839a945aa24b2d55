"""What MVTraj and SMARTraj2 share beside their layers: options of views and joint extractor, and how an encoder of several views learns."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from baselines.layers.skip_gram import SkipGramOptions, skip_gram
from baselines.trajectory.multi_view.streams import View, streams_of
from baselines.trajectory.pretraining import PretrainedEncoder, PretrainingOptions
from benchmark import RunContext, Trips, ranged

# multi-view encoders for tests, at about a fortieth of the papers' arithmetic, and at half their width
TINY_VIEWS = {"embedding_width": 8, "width": 16, "feed_forward_width": 16, "interval_bins": 5, "view_layers": 1, "view_heads": 1,
              "cross_heads": 1, "joint_layers": 1, "joint_heads": 1}
NARROW_VIEWS = {"embedding_width": 32, "width": 64, "feed_forward_width": 64, "view_layers": 2, "view_heads": 4, "cross_heads": 4,
                "joint_layers": 1}
HALF_VIEWS = {**NARROW_VIEWS, "embedding_width": 64, "width": 128, "feed_forward_width": 128}


@dataclass(frozen=True, kw_only=True)
class MultiViewOptions(PretrainingOptions):
    """Widths and depths of MVTraj's views and joint extractor."""

    # views that are read; without one, its streams and their losses are gone
    views: tuple[View, ...] = ("gps", "route", "grid")
    # numbers of a road's, cell's, minute's or place's vector before the encoders (d_emb)
    embedding_width: int = ranged(128, least=1)
    # soft bins of the time spent on a unit
    interval_bins: int = ranged(100, least=1)
    # Transformer layers of the route and of the grid encoder
    view_layers: int = ranged(4, least=1)
    # attention heads of these
    view_heads: int = ranged(8, least=1)
    # heads of an attention from one stream to another
    cross_heads: int = ranged(8, least=1)
    # Transformer layers over all streams together
    joint_layers: int = ranged(2, least=1)
    # attention heads of these
    joint_heads: int = ranged(4, least=1)
    # two layers of graph attention over the road table (the paper; SMARTraj2's training script switches them off)
    use_gat: bool = True
    # probability with which a link of the road graph is left out of a step
    edge_dropout: float = ranged(0.1, least=0, below=1)
    # first road vectors: random (what the authors' code amounts to), or skip-gram over the training routes (what it meant to do)
    road_init: Literal["random", "word2vec"] = "random"
    # which final state stands for the points of a unit: of the GRU that reads them from the end (the code), or from the beginning
    intra_direction: Literal["forward", "backward"] = "backward"
    # divides similarities between trips when hard negatives are drawn, and in the contrastive loss
    temperature: float = ranged(0.07, above=0)
    # are two views of one trip: a classifier with hard negatives (the code), or a contrastive loss over the batch (the paper's formula)
    pair_loss: Literal["match", "infonce"] = "match"

    def __post_init__(self) -> None:
        if len(streams_of(self.views)) < 2:
            raise ValueError(f"views names at least two of gps, route and grid, of which one is route or grid, got {','.join(self.views)}.")


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

    def lengths(self, trips: Trips) -> Tensor:
        # the tokens that attend to one another after the views are joined
        return sum((view.lengths() for name, view in (("route", trips.route), ("grid", trips.grid)) if name in self.options.views),
                   torch.zeros_like(trips.weekday))

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
