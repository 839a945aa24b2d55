"""Padded tables for attention: sequences of like length lie together, so that little of a table is padding."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from baselines.layers.ragged import Ragged

# sequences of a table on a CPU: small tables stay in its cache; a GPU takes all at once
TOGETHER = 8


def like_lengths(lengths: Tensor) -> Sequence[Tensor]:
    """int64 [sequence] -> the sequences that share a table, int64 each, the shortest first; every one once."""
    order = torch.argsort(lengths, stable=True)
    return order.split(TOGETHER) if lengths.device.type == "cpu" and len(lengths) else (order,)


class Tables:
    """One padded table for each group of sequences, and the row of these tables, one after the other, where each token lies."""

    def __init__(self, layout: Ragged, groups: Sequence[Tensor] | None = None) -> None:
        """groups: as `like_lengths` gives them, which is the default; layouts that meet in attention take the same."""
        groups = like_lengths(layout.lengths) if groups is None else groups
        lengths = [layout.lengths[rows] for rows in groups]
        # (sequences, tokens of the longest) of each table, at least one token
        self.shapes = [(len(some), max(int(some.max()), 1) if len(some) else 1) for some in lengths]
        self._lengths = lengths
        wide = torch.cat([torch.full_like(rows, longest) for rows, (_, longest) in zip(groups, self.shapes, strict=True)])
        starts = torch.empty_like(wide).index_copy(0, torch.cat(list(groups)), wide.cumsum(0) - wide)
        # int64 [token]
        self.slot = starts[layout.sequence] + layout.place

    @cached_property
    def masks(self) -> Sequence[Tensor | None]:
        """bool [sequence, 1, 1, token] of each table: where attention may look, None: everywhere. An empty sequence shows its first slot:
        no softmax is over nothing."""
        return [(torch.arange(longest, device=some.device) < some.clamp(min=1)[:, None])[:, None, None]
                for some, (_, longest) in zip(self._lengths, self.shapes, strict=True)]

    def pad(self, x: Tensor) -> list[Tensor]:
        """[token, width] -> [sequence, token of the longest, width] of each group, zeros where there is no token."""
        slots = x.new_zeros(sum(count * longest for count, longest in self.shapes), x.shape[1]).index_copy(0, self.slot, x)
        parts = slots.split([count * longest for count, longest in self.shapes])
        return [part.view(*shape, x.shape[1]) for part, shape in zip(parts, self.shapes, strict=True)]

    def unpad(self, tables: Sequence[Tensor]) -> Tensor:
        """What `pad` gives, or other widths -> [token, width]."""
        return torch.cat([table.flatten(0, 1) for table in tables]).index_select(0, self.slot)


class EvenTable(Tables):
    """The one table of sequences of equal length, whose tokens lie one sequence after the other: nothing is padded."""

    def __init__(self, length: int) -> None:
        self.length = length

    @cached_property
    def masks(self) -> Sequence[Tensor | None]:
        return [None]

    def pad(self, x: Tensor) -> list[Tensor]:
        return [x.unflatten(0, (-1, self.length))]

    def unpad(self, tables: Sequence[Tensor]) -> Tensor:
        (table,) = tables
        return table.flatten(0, 1)
