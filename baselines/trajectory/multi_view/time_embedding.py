"""When a unit of a trip was entered, and for how long: SMARTraj2 card §3.1."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from baselines.trajectory.multi_view.trip_features import Units

MINUTES, WEEKDAYS = 1440, 7


class IntervalEmbedding(nn.Module):
    """Soft bins: scalar -> Linear -> softmax over the bins -> weighted sum of the bins' vectors."""

    def __init__(self, bins: int, width: int) -> None:
        super().__init__()
        self.weigh = nn.Linear(1, bins)
        self.bins = nn.Embedding(bins, width)

    def forward(self, seconds: Tensor) -> Tensor:
        """[unit], -1 where unknown -> [unit, width]."""
        # DEVIATION: the authors' softmax has no axis and so is over the trips of a batch (card §6, row 13); here it is over the bins.
        return torch.softmax(self.weigh(seconds[:, None]), dim=-1) @ self.bins.weight


class TimeEmbedding(nn.Module):
    """Sum of weekday, minute and interval; row 0 of the first two stands for unknown."""

    def __init__(self, width: int, bins: int) -> None:
        super().__init__()
        self.minute = nn.Embedding(MINUTES + 1, width)
        self.weekday = nn.Embedding(WEEKDAYS + 1, width)
        self.interval = IntervalEmbedding(bins, width)

    def forward(self, units: Units) -> Tensor:
        """[unit, width]."""
        return self.minute(units.minute) + self.weekday(units.weekday) + self.interval(units.interval)

    def at_mean_time(self, units: Units) -> Tensor:
        """[unit, width]: as `forward`, with the means over all known minutes and weekdays (MVTraj, SMARTraj2)."""
        return self.minute.weight[1:].mean(dim=0) + self.weekday.weight[1:].mean(dim=0) + self.interval(units.interval)

    def mean_time(self) -> Tensor:
        """[width]: the means over all known minutes and weekdays, and over the bins (JGRM)."""
        return self.minute.weight[1:].mean(dim=0) + self.weekday.weight[1:].mean(dim=0) + self.interval.bins.weight.mean(dim=0)
