"""The views of MVTraj and SMARTraj2, encoded: what is a city's own, and what all cities share (SMARTraj2 card §3.1-3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from baselines.layers.ragged import Ragged
from baselines.trajectory.masking import masked_blocks
from baselines.trajectory.multi_view.encoder import MultiViewOptions
from baselines.trajectory.multi_view.gps_encoder import GpsEncoder
from baselines.trajectory.multi_view.road_graph import RoadGraph
from baselines.trajectory.multi_view.streams import GRID, ROUTE, STREAMS, UNITS, Stream, streams_of
from baselines.trajectory.multi_view.time_embedding import TimeEmbedding
from baselines.trajectory.multi_view.trip_features import PointScaler, Units, emptied, normalised_poi, unit_of_point, units_of
from baselines.trajectory.multi_view.view_encoder import ViewEncoder
from benchmark import CityProblem, Trips

GPS_STREAMS = tuple(stream for stream in STREAMS if stream not in (ROUTE, GRID))


@dataclass(frozen=True)
class Encoded:
    """Trips after the view encoders."""

    streams: dict[str, Stream]
    # [trip, 2 · embedding width]: places of interest at the first and at the last cell that are shown; zeros without a cell
    ends: Tensor
    # view -> its units, and bool [unit] which of them are masked
    units: dict[str, Units]
    masked: dict[str, Tensor]

    def numbers(self) -> dict[str, Tensor]:
        """View -> int64 [unit]."""
        return {view: units.number for view, units in self.units.items()}


class SharedViews(nn.Module):
    """Times, places of interest, and GPS points: one set for all cities."""

    def __init__(self, options: MultiViewOptions, categories: int) -> None:
        super().__init__()
        self.time = TimeEmbedding(options.embedding_width, options.interval_bins)
        self.poi = nn.Parameter(torch.randn(categories, options.embedding_width))
        streams = streams_of(options.views)
        self.gps = nn.ModuleDict({stream: GpsEncoder(options.embedding_width, options.width, options.intra_direction)
                                  for stream in GPS_STREAMS if stream in streams})


class CityViews(nn.Module):
    """Road table and graph, cell table, route and grid encoders of one city, and the statistics of its training trips."""

    def __init__(self, options: MultiViewOptions, city: CityProblem) -> None:
        super().__init__()
        o = options
        self.block, self.probability = o.mask_length, o.mask_probability
        self.drops_gps = o.gps == "drop"
        self.streams = streams_of(o.views)
        self.lone_at_mean_time = city.lone_roads == "mean time"
        self.poi = nn.Buffer(normalised_poi(city.cells.poi), persistent=False)
        self.encoders = nn.ModuleDict({
            view: ViewEncoder(o.embedding_width, o.width, o.places, o.view_layers, o.view_heads, o.feed_forward_width, o.dropout)
            for view in (ROUTE, GRID) if view in self.streams})
        self.roads: RoadGraph | None = None
        if ROUTE in self.streams:
            self.roads = RoadGraph(len(city.roads), city.roads.links, o.embedding_width, 2 * o.use_gat, o.edge_dropout)
        # DEVIATION: the authors' code reads the cell table detached, so that cells keep their first vectors (card §6, row 12); it learns.
        self.cells = nn.Embedding(len(city.cells), o.embedding_width) if GRID in self.streams else None
        self.scaler = PointScaler(city.unlabelled) if set(GPS_STREAMS) & set(self.streams) else None

    def forward(self, trips: Trips, shared: SharedViews, *, masking: bool = False) -> Encoded:
        """Trips of this city; `masking`: hide blocks of roads and of cells from the streams, drawn independently."""
        units: dict[str, Units] = {view: units_of(trips, view) for view in (UNITS[ROUTE], UNITS[GRID])}
        masked = {view: masked_blocks(part.layout, self.block, self.probability) if masking else torch.zeros_like(part.number).bool()
                  for view, part in units.items()}
        poi = self.poi[units[GRID].number] @ shared.poi  # [cell unit, embedding width]
        streams = {}
        if self.roads is not None:
            streams[ROUTE] = self.route(units[ROUTE], masked[ROUTE], shared.time(units[ROUTE]))
        if self.cells is not None:
            grid, hidden = units[GRID], masked[GRID]
            x = self.cells(grid.number).masked_fill(hidden[:, None], 0) + poi + shared.time(grid)
            streams[GRID] = self.encoders[GRID](x, grid.layout)
        if self.scaler is not None:
            points = self.scaler(trips)
            for stream, encoder in shared.gps.items():
                view = UNITS[stream]
                layout, shown = units[view].layout, (points, unit_of_point(trips, view))
                if self.drops_gps:
                    shown = emptied(*shown, trips, layout)
                streams[stream] = encoder(*shown, layout, masked[view])
        return Encoded({stream: streams[stream] for stream in self.streams}, _ends(poi, trips), units, masked)

    def route(self, units: Units, masked: Tensor, time: Tensor) -> Stream:
        """The route encoder; bool [unit]: roads whose vectors are zero; [unit, embedding width] of the times."""
        assert self.roads is not None
        vectors = self.roads().index_select(0, units.number).masked_fill(masked[:, None], 0)
        return self.encoders[ROUTE](vectors + time, units.layout)

    def lone_roads(self, roads: Tensor, shared: SharedViews) -> Tensor:
        """[road, width] tokens of trips of one road each, at an unknown or at the mean time: for roads that no trip drives."""
        unknown = torch.zeros_like(roads)
        units = Units(Ragged.of_lengths(torch.ones_like(roads)), roads, unknown, unknown, unknown - 1.0)
        time = shared.time.at_mean_time if self.lone_at_mean_time else shared.time
        return self.route(units, unknown.bool(), time(units)).tokens


def _ends(poi: Tensor, trips: Trips) -> Tensor:
    """[cell unit, width] -> [trip, 2 · width] of first and last cell."""
    offsets = trips.grid.offsets
    padded = torch.cat([poi, poi.new_zeros(1, poi.shape[1])])
    some = offsets.diff() > 0
    return torch.cat([padded[torch.where(some, end, len(poi))] for end in (offsets[:-1], offsets[1:] - 1)], dim=1)


def road_tokens(versions: list[Mapping[str, Stream]]) -> Tensor:
    """[road unit, width]: the mean of the road-aligned tokens of all versions (card §4, downstream embedding)."""
    return torch.stack([stream.tokens for version in versions for name, stream in version.items() if UNITS[name] == "route"]).mean(0)
