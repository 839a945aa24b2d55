"""What JGRM, MVTraj and SMARTraj2 share beside their layers: options of views and joint extractor, and how road tables may begin."""

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
from benchmark import RunContext, Trips, born_later, ranged

# encoders for tests, at about a fortieth of the papers' arithmetic, and at a quarter and half of their width
TINY_STREAMS = {"embedding_width": 8, "width": 16, "feed_forward_width": 16, "interval_bins": 5, "view_layers": 1, "view_heads": 1,
                "joint_layers": 1, "joint_heads": 1}
NARROW_STREAMS = {"embedding_width": 32, "width": 64, "feed_forward_width": 64, "view_layers": 2, "view_heads": 4, "joint_layers": 1}
HALF_STREAMS = {**NARROW_STREAMS, "embedding_width": 64, "width": 128, "feed_forward_width": 128}
# the same where streams ask one another as well
TINY_VIEWS, NARROW_VIEWS, HALF_VIEWS = ({**sizes, "cross_heads": heads} for sizes, heads in
                                        ((TINY_STREAMS, 1), (NARROW_STREAMS, 4), (HALF_STREAMS, 4)))


@dataclass(frozen=True, kw_only=True)
class StreamOptions(PretrainingOptions):
    """Widths and depths of JGRM's streams, and of what joins them."""

    # numbers of a road's, cell's, minute's or place's vector before the encoders (d_emb)
    embedding_width: int = ranged(128, least=1)
    # soft bins of the time spent on a unit
    interval_bins: int = ranged(100, least=1)
    # Transformer layers of the route and of the grid encoder
    view_layers: int = ranged(4, least=1)
    # attention heads of these
    view_heads: int = ranged(8, least=1)
    # Transformer layers over all streams together
    joint_layers: int = ranged(2, least=1)
    # attention heads of these
    joint_heads: int = ranged(4, least=1)
    # probability with which a link of the road graph is left out of a step
    edge_dropout: float = ranged(0.1, least=0, below=1)
    # first road vectors: random (what the authors' code amounts to), or skip-gram over the training routes (what it meant to do)
    road_init: Literal["random", "word2vec"] = "random"
    # which final state stands for the points of a unit: of the GRU that reads them from the end (the code), or from the beginning
    intra_direction: Literal["forward", "backward"] = "backward"
    # divides similarities between trips when hard negatives are drawn, and in the contrastive loss
    temperature: float = ranged(0.07, above=0)


@dataclass(frozen=True, kw_only=True)
class MultiViewOptions(StreamOptions):
    """What MVTraj adds: views that may be left out, and attention from each stream to the others."""

    # views that are read; without one, its streams and their losses are gone
    views: tuple[View, ...] = ("gps", "route", "grid")
    # heads of an attention from one stream to another
    cross_heads: int = ranged(8, least=1)
    # two layers of graph attention over the road table (the paper; SMARTraj2's training script switches them off)
    use_gat: bool = True
    # are two views of one trip: a classifier with hard negatives (the code), or a contrastive loss over the batch (the paper's formula)
    pair_loss: Literal["match", "infonce"] = "match"
    # what stands for the GPS points of a trip whose times are hidden: the line along its roads that the task shows, or nothing: one zero
    # vector a road or cell (ours)
    gps: Literal["line", "drop"] = born_later("line", as_before="line")

    def __post_init__(self) -> None:
        if len(streams_of(self.views)) < 2:
            raise ValueError(f"views names at least two of gps, route and grid, of which one is route or grid, got {','.join(self.views)}.")


class StreamEncoder(PretrainedEncoder):
    """With road tables that may begin as skip-gram vectors."""

    options: StreamOptions

    def fit(self, run: RunContext) -> None:
        if self.options.road_init == "word2vec":
            self._skip_gram_roads(run)
        super().fit(run)

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


class MultiViewEncoder(StreamEncoder):
    """Of views that may be switched off."""

    options: MultiViewOptions

    @classmethod
    def views(cls, options: Any, declared: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(view for view in declared if view in options.views)

    def lengths(self, trips: Trips) -> Tensor:
        # the tokens that attend to one another after the views are joined
        return sum((view.lengths() for name, view in (("route", trips.route), ("grid", trips.grid)) if name in self.options.views),
                   torch.zeros_like(trips.weekday))

    def roads(self, city: str, trips: Trips) -> Tensor:
        if "route" not in self.options.views:
            raise NotImplementedError("Without the view `route` no road has a vector, and road_label is not asked.")
        return super().roads(city, trips)
