"""Frames as tokens: patches of space and time, the clock of their frames, and where they lie."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor, nn

WEEKDAYS = 7


class Patches(nn.Module):
    """The map of a patch to its token: a three-dimensional convolution whose kernel is its stride, as one matrix."""

    def __init__(self, width: int, patch: int, time_patch: int) -> None:
        super().__init__()
        self.patch, self.time_patch = patch, time_patch
        self.map = nn.Linear(time_patch * patch * patch, width)  # columns: step, row, column in the patch

    def forward(self, frames: Tensor) -> Tensor:
        """[batch, step, row, column] → [batch, frame, place, width]."""
        return self.map(patchify(frames, self.patch, self.time_patch))


def patchify(frames: Tensor, patch: int, time_patch: int) -> Tensor:
    """[batch, step, row, column] → [batch, frame, place, step · row · column in the patch]; places row by row."""
    parts = frames.unflatten(3, (-1, patch)).unflatten(2, (-1, patch)).unflatten(1, (-1, time_patch))
    return parts.permute(0, 1, 3, 5, 2, 4, 6).flatten(4).flatten(2, 3)


def unpatchify(patches: Tensor, rows: int, columns: int, patch: int, time_patch: int) -> Tensor:
    """The way back."""
    parts = patches.unflatten(3, (time_patch, patch, patch)).unflatten(2, (rows // patch, columns // patch))
    return parts.permute(0, 1, 4, 2, 5, 3, 6).flatten(5).flatten(3, 4).flatten(1, 2)


class FrameTimes(nn.Module):
    """Slot of the day and weekday of the steps of each frame.

    The slots are those of the finest clock: a slot of a coarser one reads the row of its beginning.
    """

    def __init__(self, width: int, slots: int, time_patch: int) -> None:
        super().__init__()
        self.slot, self.weekday = nn.Parameter(torch.empty(slots, width)), nn.Parameter(torch.empty(WEEKDAYS, width))
        self.join = nn.Conv1d(width, width, time_patch, time_patch)
        for table in (self.slot, self.weekday):
            nn.init.trunc_normal_(table, std=0.02)

    def forward(self, slot: Tensor, weekday: Tensor, steps_per_day: int) -> Tensor:
        """[batch, step] int64 each → [batch, frame, 1, width]."""
        steps = self.slot[slot * len(self.slot) // steps_per_day] + self.weekday[weekday]
        return self.join(steps.mT).mT[:, :, None]


@lru_cache(maxsize=64)
def positions(frames: int, rows: int, columns: int, width: int, device: torch.device) -> Tensor:
    """[frame, place, width]: sines and cosines of the column in the first half and of the row in the second, plus those of the frame.

    rows, columns: of patches.
    """
    row, column = torch.meshgrid(*(torch.arange(side, device="cpu") for side in (rows, columns)), indexing="ij")
    place = torch.cat([_waves(column.flatten(), width // 2), _waves(row.flatten(), width // 2)], dim=1)
    return (_waves(torch.arange(frames, device="cpu"), width)[:, None] + place).float().to(device)


def _waves(position: Tensor, width: int) -> Tensor:
    """[place] → [place, width] float64: sines, then cosines, of frequencies from 1 down to 1 / 10,000."""
    rate = 10_000 ** -(torch.arange(width // 2, dtype=torch.float64, device="cpu") / (width // 2))
    angle = position[:, None] * rate
    return torch.cat([angle.sin(), angle.cos()], dim=1)
