"""Sequences of unequal length without padding: all tokens in one tensor [token, width], and where each would lie in a padded table.

What works on single tokens (linear maps, norms, sums) never meets padding; attention and GRUs get tables and packed sequences made from
here (`padding.py`, `recurrent.py`). A sequence may be empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence


@dataclass(frozen=True)
class Ragged:
    """The layout of some tokens, in any order."""

    # int64 [sequence] tokens of each
    lengths: Tensor
    # int64 [token]: the sequence of each token, and its place there, from 0; a sequence's places are 0 … length - 1
    sequence: Tensor
    place: Tensor

    @staticmethod
    def of(offsets: Tensor) -> Ragged:
        """Tokens that lie one sequence after the other: sequence k has ``offsets[k]:offsets[k + 1]``."""
        return Ragged.of_lengths(offsets.diff())

    @staticmethod
    def of_lengths(lengths: Tensor) -> Ragged:
        """The same, from int64 [sequence] lengths."""
        sequence = torch.repeat_interleave(torch.arange(len(lengths), device=lengths.device), lengths)
        place = torch.arange(len(sequence), device=lengths.device) - (lengths.cumsum(0) - lengths)[sequence]
        return Ragged(lengths, sequence, place)

    @cached_property
    def longest(self) -> int:
        """Tokens of the longest sequence; at least 1."""
        return max(int(self.lengths.max()), 1) if len(self.lengths) else 1

    def total(self, x: Tensor) -> Tensor:
        """[token, width] -> [sequence, width] sums; zeros for an empty sequence."""
        return x.new_zeros(len(self.lengths), x.shape[1]).index_add(0, self.sequence, x)

    def mean(self, x: Tensor) -> Tensor:
        """[token, width] -> [sequence, width] means; zeros for an empty sequence."""
        return self.total(x) / self.lengths.clamp(min=1)[:, None]

    def last(self, x: Tensor) -> Tensor:
        """[token, width] -> [sequence, width]: the token at each sequence's last place; zeros for an empty sequence."""
        ends = (self.place == self.lengths[self.sequence] - 1).nonzero()[:, 0]
        return x.new_zeros(len(self.lengths), x.shape[1]).index_copy(0, self.sequence[ends], x.index_select(0, ends))

    def with_head(self) -> Ragged:
        """Each sequence with one token more in front; these come first among the tokens, in the order of their sequences."""
        first = torch.arange(len(self.lengths), device=self.lengths.device)
        return Ragged(self.lengths + 1, torch.cat([first, self.sequence]), torch.cat([torch.zeros_like(first), self.place + 1]))

    @staticmethod
    def joined(parts: Sequence[Ragged]) -> Ragged:
        """Sequence k of all parts one after the other, nothing between; the tokens are those of the parts, part after part."""
        starts, total = [], torch.zeros_like(parts[0].lengths)
        for part in parts:
            starts.append(total)
            total = total + part.lengths
        place = [part.place + start[part.sequence] for part, start in zip(parts, starts, strict=True)]
        return Ragged(total, torch.cat([part.sequence for part in parts]), torch.cat(place))

    @cached_property
    def packing(self) -> tuple[Tensor, Tensor]:
        """(int64 [token] order of a packed sequence, CPU int64 [longest] batch sizes)."""
        filled = torch.argsort(self.lengths, descending=True, stable=True)[: int((self.lengths > 0).sum())]
        rank = torch.zeros_like(self.lengths).index_copy(0, filled, torch.arange(len(filled), device=filled.device))
        order = torch.argsort(self.place * len(self.lengths) + rank[self.sequence])
        return order, torch.bincount(self.place).cpu()

    def pack(self, x: Tensor) -> PackedSequence:
        """[token, width] -> what a GRU takes; empty sequences are left out."""
        order, sizes = self.packing
        return PackedSequence(x.index_select(0, order), sizes)

    def unpack(self, packed: PackedSequence) -> Tensor:
        """What a GRU gave for `pack` -> [token, width]."""
        return torch.empty_like(packed.data).index_copy(0, self.packing[0], packed.data)

    def backwards(self) -> Ragged:
        """The same tokens, each sequence read from its end."""
        return Ragged(self.lengths, self.sequence, self.lengths[self.sequence] - 1 - self.place)
