"""What MSTI reads: the slices o, s, t of H, and the paper's positional encoding."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmark import Inputs
from methods.cmust.options import CMuSTOptions


class Embedding(nn.Module):
    """The slices o, s, t of H, each as large as it has to be: an axis on which a slice does not depend has length 1. No activation."""

    def __init__(self, options: CMuSTOptions, steps_per_day: int) -> None:
        super().__init__()
        self.steps_per_day = steps_per_day
        self.observation = nn.Linear(options.obser_dim, options.observation_width)
        self.space = nn.Linear(2, options.space_width)
        self.time_of_day = nn.Embedding(steps_per_day, options.time_of_day_width)
        self.weekday = nn.Embedding(7, options.weekday_width)
        self.calendar = nn.Linear(6, options.calendar_width)
        self.time = nn.Linear(options.time_width, options.time_width)

    def forward(self, inputs: Inputs, coordinates: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs, [node, 2] -> o [batch, node, step, d_obs], s [1, node, 1, d_s], t [batch, 1, step, d_t]."""
        weekday = inputs.weekday[:, : inputs.history]  # [batch, step]
        channels = inputs.scaled.transpose(1, 2)[..., None]  # [batch, node, step, 1]
        if self.observation.in_features == 3:
            # DEVIATION: the paper embeds the value alone; the authors' code adds the raw time of day in [0, 1) and the weekday 0 … 6.
            clock = torch.stack([inputs.time_of_day(), weekday.to(channels.dtype)], dim=-1)  # [batch, step, 2]
            channels = torch.cat([channels, clock[:, None].expand(*channels.shape[:-1], 2)], dim=-1)
        times = torch.cat([self.calendar(inputs.calendar), self.time_of_day(self.slot(inputs)), self.weekday(weekday)], dim=-1)
        return self.observation(channels), self.space(coordinates)[None, :, None], self.time(times)[:, None]

    def slot(self, inputs: Inputs) -> Tensor:
        """[batch, step] row of the time-of-day table, floor(tod * S) in integers: tasks may have longer steps than the table.

        The paper's expanded intervals (2x, 4x) say nothing of it: a long step has the row of the first short one that it is made of.
        """
        return inputs.slot[:, : inputs.history] * self.steps_per_day // inputs.steps_per_day


def sinusoid(steps: int, width: int) -> Tensor:
    """[step, width]: sin(t / 10000^(2i / width)) on channel 2i and cos of the same on 2i + 1."""
    angle = torch.arange(steps)[:, None] / 10000.0 ** (torch.arange(0, width, 2) / width)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)[:, :width]
