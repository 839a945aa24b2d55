"""Views of a trip that should be told from those of other trips, and roads that are masked (card §4). All draw from torch's generator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from baselines.layers.ragged import Ragged
from baselines.trajectory.start.visits import Visits
from benchmark import Trips

# share of a trip's roads that is cut off; of the roads whose time changes; of the way to the road's usual time that it then goes
CUT, SHIFTED, TOWARDS = (0.05, 0.15), 0.15, (0.15, 0.30)


def uniform(count: int, ends: tuple[float, float], device: torch.device) -> Tensor:
    """float32 [count] between both ends."""
    return ends[0] + (ends[1] - ends[0]) * torch.rand(count, device=device)


def trimmed(trips: Trips) -> Trips:
    """5-15 % of a trip's roads, at least one, cut off at its start, at its end, or at both, each as likely; at least one stays."""
    layout = Ragged.of(trips.route.offsets)
    lengths, device = layout.lengths, layout.lengths.device
    cut = (lengths * uniform(len(lengths), CUT, device)).round().long().clamp(min=1).minimum(lengths - 1)
    both = (torch.rand(len(lengths), device=device) * (cut + 1)).long()
    where = torch.randint(3, (len(lengths),), device=device)
    front = torch.where(where == 0, cut, torch.where(where == 1, 0, both))
    trip = layout.sequence
    kept = (layout.place >= front[trip]) & (layout.place < (lengths - cut + front)[trip])
    offsets = torch.cat([lengths.new_zeros(1), (lengths - cut).cumsum(0)])
    return replace(trips, route=replace(trips.route, offsets=offsets,
                                        values={name: values[kept] for name, values in trips.route.values.items()}))


def shifted(trips: Trips, usual: Tensor) -> Trips:
    """Each road with probability 15 % driven in a time 15-30 % nearer to its usual one (float32 [road] seconds, NaN: as it was); what
    comes after is entered earlier or later by as much, and the departure stays."""
    layout, time = Ragged.of(trips.route.offsets), trips.route.values["time"].double()
    seconds = torch.cat([time[1:], time[:1]]) - time
    change = (usual[trips.route.values["road"]].double() - seconds).nan_to_num(0) * uniform(len(time), TOWARDS, time.device)
    change = change.where(torch.rand(len(time), device=time.device) < SHIFTED, 0).where(
        layout.place < layout.lengths[layout.sequence] - 1, 0)
    before = change.cumsum(0) - change
    moved = (time + before - before[trips.route.offsets[:-1]][layout.sequence]).float()
    return replace(trips, route=replace(trips.route, values={**trips.route.values, "time": moved}))


def masked_runs(layout: Ragged, length: float, share: float) -> Tensor:
    """bool [visit]: masked runs of this mean length that cover this share of a trip: a Markov chain of two states.

    Its runs are geometric, so they are drawn whole: masked and unmasked ones in turn, as many as the longest trip could need.
    """
    trips, longest, device = len(layout.lengths), layout.longest, layout.lengths.device
    if share == 0:
        return torch.zeros_like(layout.place, dtype=torch.bool)
    begins_masked = (torch.rand(trips, 1, device=device) < share).long()
    is_masked = (torch.arange(longest, device=device) + begins_masked) % 2 == 1  # [trip, run]
    ends = torch.where(is_masked, 1 / length, share / ((1 - share) * length))  # probability that a run ends at a road
    runs = 1 + ((1 - torch.rand(trips, longest, device=device)).log() / torch.log1p(-ends)).floor().clamp(max=longest)
    place = torch.arange(longest, device=device).expand(trips, -1).contiguous()
    run = torch.searchsorted(runs.long().cumsum(1), place, right=True).clamp(max=longest - 1)
    return is_masked.gather(1, run)[layout.sequence, layout.place]


def views_of(usual: Tensor, length: float, share: float) -> Mapping[str, Callable[[Trips], Visits]]:
    """Name -> trips as a view of that name shows them."""
    def masked(trips: Trips) -> Visits:
        visits = Visits.of(trips)
        return visits.hidden(masked_runs(visits.layout, length, share))

    return {"trim": lambda trips: Visits.of(trimmed(trips)), "shift": lambda trips: Visits.of(shifted(trips, usual)), "mask": masked,
            "dropout": Visits.of}
