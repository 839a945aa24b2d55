"""Trips as an encoder sees them: three views as values + offsets, without ids, dates or order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

VIEWS = ("gps", "route", "grid")


@dataclass(frozen=True)
class TripView:
    """One view of some trips: trip k has the entries ``offsets[k]:offsets[k + 1]``."""

    # int64 [trip + 1]
    offsets: Tensor
    # name -> [entry]
    values: Mapping[str, Tensor]

    def lengths(self) -> Tensor:
        """Entries of each trip, int64 [trip]."""
        return self.offsets.diff()

    def rows(self, index: Tensor) -> TripView:
        """The trips of these rows (int64 [trip]), in this order."""
        lengths = self.lengths()[index]
        offsets = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])
        entry = torch.arange(int(offsets[-1]), device=index.device)
        entry += torch.repeat_interleave(self.offsets[index] - offsets[:-1], lengths)
        return TripView(offsets, {name: values[entry] for name, values in self.values.items()})

    def padded(self, name: str, fill: float = 0) -> Tensor:
        """[trip, longest] values of one array, `fill` behind each trip's end."""
        mask = self.mask()
        table = torch.full(mask.shape, fill, dtype=self.values[name].dtype, device=self.offsets.device)
        table[mask] = self.values[name]
        return table

    def mask(self) -> Tensor:
        """[trip, longest] bool: where `padded` holds an entry."""
        lengths = self.lengths()
        longest = int(lengths.max()) if len(lengths) else 0
        return torch.arange(longest, device=lengths.device) < lengths[:, None]

    def to(self, device: torch.device) -> TripView:
        return TripView(self.offsets.to(device), {name: values.to(device) for name, values in self.values.items()})


@dataclass(frozen=True)
class Trips:
    """Some trips of one city, cut and with hidden times as a task demands.

    Times are seconds since the minute of departure began, so the minute of an entry is ``minute + time // 60``; NaN where hidden.
    """

    city: str
    # int64 [trip]: local weekday of the departure, Monday 0 … Sunday 6, and its minute of the day
    weekday: Tensor
    minute: Tensor
    # float64 lon, lat in degrees (WGS84); float32 time; int64 road, cell, and step: which of the trip's roads in `route`, from 0
    gps: TripView
    # int64 road; float32 time of entry; where these are hidden but not the days, int64 weekday of entry as well
    route: TripView
    # int64 cell; float32 time of entry; equal neighbours are one entry
    grid: TripView

    def __len__(self) -> int:
        return len(self.weekday)

    def rows(self, index: Tensor) -> Trips:
        """The trips of these rows (int64 [trip]), in this order."""
        return Trips(self.city, self.weekday[index], self.minute[index], *(getattr(self, view).rows(index) for view in VIEWS))

    def to(self, device: torch.device) -> Trips:
        return Trips(self.city, self.weekday.to(device), self.minute.to(device), *(getattr(self, view).to(device) for view in VIEWS))

    def batches(self, size: int) -> Iterator[tuple[Tensor, Trips]]:
        """(rows, trips) in batches of trips of like length, so that little is padded; every trip once."""
        for index in torch.argsort(self.route.lengths(), stable=True).split(size):
            yield index, self.rows(index)
