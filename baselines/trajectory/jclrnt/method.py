"""JCLRNT: roads and trips learnt together, by contrast of roads with roads, trips with trips, and trips with their roads.

Mao, Li, Li, Bai, Zhao, "Jointly Contrastive Representation Learning on Road Network and Trajectory", CIKM 2022,
https://arxiv.org/abs/2209.06389. Own code from a description. Times are not read. Against the authors' code: a trip of which all roads are
dropped keeps one, and the weight of trips with roads is the configuration file's 0.8, where their command line runs 1.0. The paper's
adaptive weights of pairs and its detours are not in their training either; their two other estimators are not built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from baselines.layers.attention import TransformerEncoder
from baselines.layers.dropout import Dropout
from baselines.layers.ragged import Ragged
from baselines.trajectory.initialisation import initialise
from baselines.trajectory.jclrnt.contrast import contrast, contrast_with_own
from baselines.trajectory.jclrnt.transitions import transition_links
from baselines.trajectory.multi_view.road_graph import RoadGraph
from baselines.trajectory.trip_vector import TripVectorOptions, trip_vectors
from benchmark import CityProblem, EncoderOptions, NeuralEncoder, TrajectoryProblem, Trips, ranged

# what a state says of the second graph, which a problem without trips no longer does
LINKS = "transitions"


@dataclass(frozen=True, kw_only=True)
class JCLRNTOptions(EncoderOptions, TripVectorOptions):
    """872,192 numbers at Xi'an's 4,996 roads; everything is the authors' code's unless it says otherwise."""

    epochs: int = 5
    weight_decay: float = 1e-6
    # numbers of a road's and of a trip's vector
    width: int = ranged(128, least=1)
    # layers of graph attention, of one head each
    graph_layers: int = ranged(2, least=1)
    # Transformer layers over the roads of a trip
    layers: int = ranged(2, least=1)
    # attention heads of these
    heads: int = ranged(4, least=1)
    # hidden numbers of their feed-forward part
    feed_forward_width: int = ranged(128, least=1)
    # share of numbers dropped in the trip encoder, at its input and in its layers, attention weights included
    dropout: float = ranged(0.2, least=0, below=1)
    # probability with which a road of a trip is dropped: nothing attends to it, and it is not pooled; one at least is kept
    road_dropout: float = ranged(0.2, least=0, below=1)
    # probability with which a link is left out of a version of the graph
    edge_dropout: float = ranged(0.2, least=0, below=1)
    # share of the contrast of trips with roads (λ_rt); the rest is that of roads and that of trips. The configuration file's; the command
    # line's default 1.0 overwrites it there and switches these two off
    road_trip_weight: float = ranged(0.8, least=0, most=1)
    # two random versions of one graph, or of the graph of links and one of roads that follow one another in trips
    form: Literal["single_view", "multi_view"] = "single_view"
    # multi_view: transition score above which two roads are linked
    transition_threshold: float = ranged(0.6, least=0, below=1)
    # which vectors of roads trips are made of: the graph's, or the bare table's (the code's mode "p"), which road tasks then get as well
    road_vectors: Literal["graph", "table"] = "graph"
    # roads, drawn for each step, that are contrasted with all roads; 0: all (the code; ours, for CPUs: this is a step's dearest part)
    roads_per_step: int = ranged(0, least=0)


class JCLRNTNetwork(nn.Module):
    """Road table -> graph attention, once or over two graphs; a trip's road vectors + sinusoids of place -> Transformer -> mean."""

    def __init__(self, options: JCLRNTOptions, city: CityProblem) -> None:
        super().__init__()
        o, roads = options, len(city.roads)
        self.first = RoadGraph(roads, city.roads.links, o.width, o.graph_layers, o.edge_dropout)
        self.second: RoadGraph | None = None
        if o.form == "multi_view":
            followers = transition_links(city.unlabelled, roads, o.transition_threshold)
            self.second = RoadGraph(roads, followers, o.width, o.graph_layers, o.edge_dropout, self.first.table)
        self.dropout = Dropout(o.dropout)
        self.encoder = TransformerEncoder(o.layers, o.width, o.heads, o.feed_forward_width, o.dropout)
        self.trip_vector, self.bare = o.trip_vector, o.road_vectors == "table"
        initialise(self)

    def forward(self, trips: Trips) -> Tensor:
        """[trip, width], or twice that for both kinds of vector; with two graphs the sum."""
        layout = Ragged.of(trips.route.offsets)
        tokens = sum_of([self.tokens(table, trips.route.values["road"], layout.place, layout) for table in self.tables()])
        return trip_vectors(self.trip_vector, layout.mean(tokens), layout.last(tokens))

    @property
    def graphs(self) -> list[RoadGraph]:
        """One, or two over one table of roads."""
        return [self.first] if self.second is None else [self.first, self.second]

    def tables(self) -> list[Tensor]:
        """[road, width] of each graph, no link left out: what trips are made of."""
        return [graph.table.weight if self.bare else graph.with_every_link() for graph in self.graphs]

    def tokens(self, table: Tensor, roads: Tensor, places: Tensor, layout: Ragged) -> Tensor:
        """[road, width], 2 × int64 [unit] road and its place in the whole trip -> [unit, width]."""
        return self.encoder(self.dropout(table.index_select(0, roads) + sinusoid(places, table.shape[1])), layout)

    def road_versions(self) -> tuple[Tensor, Tensor]:
        """2 × [road, width], links left out at random."""
        return self.graphs[0](), self.graphs[-1]()

    def trip_versions(self, trips: Trips, road_dropout: float) -> tuple[Tensor, Tensor]:
        """2 × [trip, width], roads dropped at random."""
        # without edge dropout a graph's vectors have nothing random in them: one pass is right for both versions
        tables, versions = self.tables(), []
        for table in (tables[0], tables[-1]):
            whole = Ragged.of(trips.route.offsets)
            kept = kept_units(whole, road_dropout)
            layout = Ragged.of_lengths(torch.bincount(whole.sequence[kept], minlength=len(trips)))
            versions.append(layout.mean(self.tokens(table, trips.route.values["road"][kept], whole.place[kept], layout)))
        return versions[0], versions[1]


class JCLRNT(NeuralEncoder):
    """Scope `city`."""

    Options = JCLRNTOptions
    presets: ClassVar = {
        "smoke": {"width": 16, "feed_forward_width": 16, "layers": 1, "heads": 2, "epochs": 1},
        "quick": {"width": 64, "feed_forward_width": 64, "roads_per_step": 512},
        "medium": {"roads_per_step": 512},
    }
    sweeps: ClassVar = {"road_trip_weight": (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)}
    options: JCLRNTOptions
    network: JCLRNTNetwork
    # one kernel for all weights
    optimiser = staticmethod(partial(torch.optim.Adam, fused=True))

    def build_network(self, problem: TrajectoryProblem) -> nn.Module:
        return JCLRNTNetwork(self.options, problem.only)

    def losses(self, trips: Trips) -> Mapping[str, Tensor]:
        """Road, trip, or road on the trip: each against all others."""
        network, weight = self.network, self.options.road_trip_weight
        one_roads, other_roads = network.road_versions()
        one_trips, other_trips = network.trip_versions(trips, self.options.road_dropout)
        # a road that is dropped from a version is still on the trip
        driven = torch.zeros(len(trips), len(one_roads), dtype=torch.bool, device=one_roads.device)
        driven[Ragged.of(trips.route.offsets).sequence, trips.route.values["road"]] = True
        both = contrast(other_trips, one_roads, driven) + contrast(one_trips, other_roads, driven)
        terms = {"trips with roads": weight / 2 * both}
        if weight < 1:
            # DEVIATION: `roads_per_step` takes some of the rows alone; the code takes all
            rows = torch.randperm(len(one_roads), device=one_roads.device)[: self.options.roads_per_step or None]
            every = torch.arange(len(trips), device=one_roads.device)
            terms["roads"] = (1 - weight) / 2 * contrast_with_own(one_roads[rows], other_roads, rows)
            terms["trips"] = (1 - weight) / 2 * contrast_with_own(one_trips, other_trips, every)
        return terms

    @torch.no_grad()
    def roads(self, city: str, trips: Trips) -> Tensor:
        """[road, width], whatever the trips; with two graphs the sum."""
        return sum_of(self.network.eval().tables()).float()

    def state_dict(self) -> Mapping[str, Tensor]:
        second = self.network.second
        return {**super().state_dict(), **({} if second is None else {LINKS: second.links})}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        if self.network.second is not None:
            self.network.second.links = nn.Buffer(state[LINKS].to(self.network.second.links.device), persistent=False)
        super().load_state_dict({name: tensor for name, tensor in state.items() if name != LINKS})


def kept_units(layout: Ragged, dropped: float) -> Tensor:
    """int64 [kept unit]: each is dropped with this probability, but never a sequence's last one left; torch's generator."""
    # DEVIATION: the authors' code drops all of a trip, too, whose mean is then NaN (card §6).
    drawn = torch.rand(len(layout.sequence), device=layout.sequence.device)
    largest = drawn.new_zeros(len(layout.lengths)).scatter_reduce(0, layout.sequence, drawn, "amax")
    return ((drawn >= dropped) | (drawn == largest[layout.sequence])).nonzero()[:, 0]


def sinusoid(places: Tensor, width: int) -> Tensor:
    """int64 [k] -> [k, width]: sin(place / 10000^(2i / width)) at 2i, and its cos at 2i + 1."""
    angle = places[:, None] / 10000.0 ** (torch.arange(0, width, 2, device=places.device) / width)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)[:, :width]


def sum_of(tensors: list[Tensor]) -> Tensor:
    """Of one it is itself."""
    return torch.stack(tensors).sum(0)
