"""Encoder of GPS points by unit: a GRU inside each road or cell, and a GRU from one to the next (SMARTraj2 card §3.4, JGRM)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from baselines.layers.ragged import Ragged
from baselines.layers.recurrent import states_of
from baselines.trajectory.multi_view.streams import Stream
from baselines.trajectory.multi_view.trip_features import CHANNELS

Direction = Literal["forward", "backward"]


class GpsEncoder(nn.Module):
    """Points -> Linear -> bidirectional GRU over a unit's points, of which one direction's final state is kept -> bidirectional GRU.

    A unit without points has a zero vector between the two. Only the direction that is kept is run; the other one's weights are there
    because the published counts hold them.
    """

    def __init__(self, embedding_width: int, width: int, direction: Direction) -> None:
        super().__init__()
        self.direction = direction
        self.points = nn.Linear(CHANNELS, embedding_width)
        self.inside = nn.ModuleDict({name: nn.GRU(embedding_width, embedding_width) for name in ("forwards", "backwards")})
        self.across = nn.GRU(embedding_width, width // 2, bidirectional=True)

    def forward(self, points: Tensor, unit: Tensor, layout: Ragged, masked: Tensor | None = None) -> Stream:
        """[point, channel]; int64 [point] unit of each, -1: not shown; units of the trips; bool [unit] -> tokens [unit, width]."""
        shown = unit >= 0
        if masked is None:
            masked = torch.zeros_like(layout.sequence, dtype=torch.bool)
        # DEVIATION: the authors' GRUs run on over padding, and take the k-th run for the k-th road even where a road has no point
        # (card §6, rows 14 and 20); here sequences are packed, and a point lies in the unit that the trip says.
        runs = self._runs(points[shown], unit[shown], masked)
        tokens = states_of(self.across, runs, layout) if len(runs) else runs.new_zeros(0, 2 * self.across.hidden_size)
        unmasked = layout.total((~masked)[:, None].to(tokens.dtype))
        return Stream(layout.total(tokens) / unmasked.clamp(min=1), tokens, layout)

    def _runs(self, points: Tensor, unit: Tensor, masked: Tensor) -> Tensor:
        """[unit, embedding width] vector of each unit's points, in the order of time."""
        if not len(points):
            return self.points.weight.new_zeros(len(masked), self.points.out_features)
        order = torch.argsort(unit, stable=True)
        unit = unit[order]
        x = self.points(points[order]).masked_fill(masked[unit][:, None], 0)
        runs = Ragged.of_lengths(torch.bincount(unit, minlength=len(masked)))
        if self.direction == "backward":
            runs, gru = runs.backwards(), self.inside["backwards"]
        else:
            gru = self.inside["forwards"]
        assert isinstance(gru, nn.GRU)
        return runs.last(states_of(gru, x, runs))
