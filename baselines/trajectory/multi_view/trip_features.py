"""Trips as numbers that networks read: units (roads, cells) with their times, GPS points with eight channels (SMARTraj2 card §2)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from baselines.layers.ragged import Ragged
from benchmark import Trips

# constant 1, longitude, latitude, speed, acceleration, heading change, seconds since and metres from the point before
CHANNELS = 8
METRES_PER_DEGREE = 6_371_008.8 * math.pi / 180
MINUTES, DAYS = 1440, 7
# trips looked at together when statistics are made
CHUNK = 4096


@dataclass(frozen=True)
class Units:
    """The roads or the cells of some trips, trip after trip."""

    layout: Ragged
    # int64 [unit] road or cell
    number: Tensor
    # int64 [unit] 1 … 7 and 1 … 1440 at entry; 0 where it is hidden
    weekday: Tensor
    minute: Tensor
    # float32 [unit] whole seconds until the next unit, after the last one until the last GPS point; -1 where hidden
    interval: Tensor


def units_of(trips: Trips, view: Literal["route", "grid"]) -> Units:
    """Units of one view, with no other times than the task shows."""
    shown = trips.route if view == "route" else trips.grid
    layout, time = Ragged.of(shown.offsets), shown.values["time"]
    trip = layout.sequence
    known = ~time.isnan()
    since = trips.minute[trip] + torch.where(known, time, 0).div(60, rounding_mode="floor").long()
    following = torch.cat([time[1:], time[:1]])
    is_last = layout.place == layout.lengths[trip] - 1
    seconds = (torch.where(is_last, _last_times(trips)[trip], following) - time).floor().clamp(min=0)
    weekday = torch.where(known, (trips.weekday[trip] + since.div(MINUTES, rounding_mode="floor")) % DAYS + 1, 0)
    if "weekday" in shown.values:  # told without the time
        weekday = shown.values["weekday"] + 1
    return Units(layout, shown.values["road" if view == "route" else "cell"], weekday,
                 torch.where(known, since % MINUTES + 1, 0), torch.where(seconds.isnan(), -1, seconds))


def _last_times(trips: Trips) -> Tensor:
    """float32 [trip] time of the last GPS point; NaN where there is none or it is hidden."""
    offsets, time = trips.gps.offsets, trips.gps.values["time"]
    padded = torch.cat([time.new_full((1,), math.nan), time])
    return torch.where(offsets.diff() > 0, padded[offsets[1:]], math.nan)


def channels_of(trips: Trips) -> Tensor:
    """float64 [point, 8], NaN where a channel is not defined: it takes a point before, a move, or a time that is hidden."""
    layout = Ragged.of(trips.gps.offsets)
    lon, lat, time = (trips.gps.values[name].double() for name in ("lon", "lat", "time"))
    first = layout.place == 0

    def change(x: Tensor) -> Tensor:
        """From the point before; NaN at a trip's first point."""
        return torch.where(first, math.nan, x - torch.cat([x[:1], x[:-1]]))

    east = METRES_PER_DEGREE * change(lon) * torch.cos(torch.deg2rad(lat))
    north = METRES_PER_DEGREE * change(lat)
    distance, seconds = torch.hypot(east, north), change(time)
    seconds = torch.where(seconds < 0, math.nan, seconds)
    lasting = torch.where(seconds > 0, seconds, math.nan)
    speed = distance / lasting
    turn = change(torch.where(distance > 0, torch.atan2(north, east), math.nan))
    turn = torch.remainder(turn + math.pi, 2 * math.pi) - math.pi
    return torch.stack([torch.ones_like(lon), lon, lat, speed, change(speed) / lasting, turn, seconds, distance], dim=1)


def unit_of_point(trips: Trips, view: Literal["route", "grid"]) -> Tensor:
    """int64 [point]: the unit of the view that each point lies in, among all units of all trips; -1 where the view does not show it.

    Roads by the point's step (card §6, row 20), cells by runs of equal cells.
    """
    trip = Ragged.of(trips.gps.offsets).sequence
    if view == "route":
        shown, place = trips.route, trips.gps.values["step"]
    else:
        shown, cell = trips.grid, trips.gps.values["cell"]
        begins = torch.ones_like(cell)
        begins[1:] = ((cell[1:] != cell[:-1]) | (trip[1:] != trip[:-1])).long()
        run = begins.cumsum(0) - 1
        place = run - run[trips.gps.offsets[trip]]
    return torch.where(place < shown.lengths()[trip], shown.offsets[:-1][trip] + place, -1)


def times_hidden(trips: Trips, view: Literal["gps", "route"]) -> Tensor:
    """bool [trip]: whether the task hides a time of the view."""
    shown = trips.gps if view == "gps" else trips.route
    return Ragged.of(shown.offsets).total(shown.values["time"].isnan()[:, None].float())[:, 0] > 0


def emptied(points: Tensor, unit: Tensor, trips: Trips, layout: Ragged) -> tuple[Tensor, Tensor]:
    """[point, channel] and int64 [point] unit of each; of a trip whose times are hidden one zero vector a unit instead of its points."""
    hidden = times_hidden(trips, "gps")
    kept = ~hidden[Ragged.of(trips.gps.offsets).sequence]
    empty = hidden[layout.sequence].nonzero()[:, 0]
    return torch.cat([points[kept], points.new_zeros(len(empty), CHANNELS)]), torch.cat([unit[kept], empty])


class PointScaler(nn.Module):
    """z-scores of channels 2 … 8 by the training trips of a city (card §6, row 21); the constant stays 1."""

    def __init__(self, training: Trips) -> None:
        super().__init__()
        # DEVIATION: the authors' code scales the evaluation file by its own statistics.
        count, total, squares = (torch.zeros(CHANNELS, dtype=torch.float64) for _ in range(3))
        for part in chunks(training):
            channels = channels_of(part)
            defined = ~channels.isnan()
            channels = channels.nan_to_num()
            count, total, squares = count + defined.sum(0), total + channels.sum(0), squares + channels.square().sum(0)
        mean = total / count.clamp(min=1)
        std = (squares / count.clamp(min=1) - mean.square()).clamp(min=0).sqrt()
        std = torch.where(std > 1e-9 * mean.abs(), std, 1.0)
        mean[0], std[0] = 0.0, 1.0
        self.mean, self.std = nn.Buffer(mean), nn.Buffer(std)

    def forward(self, trips: Trips) -> Tensor:
        """float32 [point, 8]; 0 where a channel is not defined."""
        return ((channels_of(trips) - self.mean) / self.std).nan_to_num().float()


def chunks(trips: Trips) -> Iterator[Trips]:
    """The trips, some thousands at a time."""
    for rows in torch.arange(len(trips)).split(CHUNK):
        yield trips.rows(rows)


def normalised_poi(poi: Tensor) -> Tensor:
    """float32 [cell, category] counts -> shares; zeros where a cell has none."""
    return poi / poi.sum(dim=1, keepdim=True).clamp(min=1)
