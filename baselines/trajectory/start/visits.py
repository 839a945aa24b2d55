"""The roads of trips with their times, as START reads them; versions of trips side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from baselines.layers.ragged import Ragged
from baselines.trajectory.multi_view.trip_features import units_of
from baselines.trajectory.start.city_facts import MASK, SPECIAL
from benchmark import Trips


@dataclass(frozen=True)
class Visits:
    """Roads of some trips, trip after trip."""

    layout: Ragged
    # int64 [visit]: the road's row in the network's tables
    row: Tensor
    # int64 [visit] 1 … 7 and 1 … 1440 at entry; 0 where hidden
    weekday: Tensor
    minute: Tensor
    # float32 [visit] seconds of entry since the minute of departure; NaN where hidden
    time: Tensor

    @staticmethod
    def of(trips: Trips) -> Visits:
        """With no other times than are shown."""
        units = units_of(trips, "route")
        return Visits(units.layout, units.number + SPECIAL, units.weekday, units.minute, trips.route.values["time"])

    @staticmethod
    def of_lone(roads: Tensor) -> Visits:
        """Trips of one road each (int64 [k]) at an unknown time."""
        unknown = torch.zeros_like(roads)
        return Visits(Ragged.of_lengths(torch.ones_like(roads)), roads + SPECIAL, unknown, unknown, unknown.float())

    @staticmethod
    def together(versions: Sequence[Visits]) -> Visits:
        """One after the other: the trips of the first, then those of the second, …"""
        layout = Ragged.of_lengths(torch.cat([one.layout.lengths for one in versions]))
        return Visits(layout, *(torch.cat([getattr(one, name) for one in versions]) for name in ("row", "weekday", "minute", "time")))

    def hidden(self, masked: Tensor) -> Visits:
        """Without these roads, minutes and weekdays (bool [visit]); how far times lie apart stays, as in the authors' code."""
        return replace(self, row=self.row.masked_fill(masked, MASK), weekday=self.weekday.masked_fill(masked, 0),
                       minute=self.minute.masked_fill(masked, 0))

    @property
    def start(self) -> Tensor:
        """float32 [trip] time of the first road."""
        return self.time[self.layout.lengths.cumsum(0) - self.layout.lengths]
