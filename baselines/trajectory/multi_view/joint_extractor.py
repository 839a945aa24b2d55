"""The joint extractor: every stream asks every other one (not in JGRM), then all attend together (SMARTraj2 card §3.7, JGRM's §3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.layers.attention import Positions, TransformerEncoder, attend
from baselines.layers.padding import Tables, like_lengths
from baselines.layers.ragged import Ragged
from baselines.trajectory.multi_view.streams import JOINT_ORDER, TYPE_ROWS, UNITS, Stream


class CrossAttentions(nn.Module):
    """A multi-head attention for every ordered pair of different streams; a stream's new tokens are the sum of what it is answered.

    One linear map a stream makes all its queries, keys and values, and one takes all that it is answered.
    """

    def __init__(self, streams: Sequence[str], width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.others = {stream: [other for other in streams if other != stream] for stream in streams}
        count = len(streams) - 1

        def weights(*shape: int, bound: float = 0.0) -> nn.ParameterDict:
            return nn.ParameterDict({stream: nn.Parameter(torch.empty(*shape).uniform_(-bound, bound)) for stream in streams})

        # stream -> [3 · count · width, width]: `width` rows for the query to each other stream, then as many for the key to each, then
        # for the value to each, others in the order of `self.others`. A pair's matrix is Xavier-uniform over the rows of its query, key
        # and value together, as in torch.nn.MultiheadAttention.
        self.in_weight = weights(3 * count * width, width, bound=(6 / (4 * width)) ** 0.5)
        self.in_bias = weights(3 * count * width)
        # stream -> [width, count · width]: `width` columns for the answer of each other stream
        self.out_weight = weights(width, count * width)
        self.out_bias = weights(count, width)
        for weight in self.out_weight.values():
            nn.init.normal_(weight, std=width**-0.5)  # Xavier-normal, a pair's own width × width

    def forward(self, x: Mapping[str, Tensor], layouts: Mapping[str, Ragged]) -> dict[str, Tensor]:
        """Stream -> [token, width]; the same shapes."""
        groups = like_lengths(torch.stack([layout.lengths for layout in layouts.values()]).sum(0))
        tables = {stream: Tables(layouts[stream], groups) for stream in self.others}
        # stream -> group of trips -> query for each other stream, key for each, value for each: [trip, token, head, width of a head]
        parts = {stream: [table.unflatten(2, (3 * len(others), self.heads, -1)).unbind(2) for table in
                          tables[stream].pad(F.linear(x[stream], self.in_weight[stream], self.in_bias[stream]))]
                 for stream, others in self.others.items()}

        def answer(stream: str, other: str, group: int) -> Tensor:
            """[trip, token, width] what a stream's trips of a group are told by another stream."""
            count, there = len(self.others[stream]), self.others[other].index(stream)
            query, told = parts[stream][group][self.others[stream].index(other)], parts[other][group]
            # DEVIATION: the authors' cross-attention lets padded keys be seen (card §6, row 14); here they are masked.
            return attend(query, told[count + there], told[2 * count + there], tables[other].masks[group])

        answers = {}
        for stream, others in self.others.items():
            mixed = [torch.cat([answer(stream, other, group) for other in others], dim=2) for group in range(len(groups))]
            answers[stream] = F.linear(tables[stream].unpad(mixed), self.out_weight[stream], self.out_bias[stream].sum(0))
        return answers


class JointExtractor(nn.Module):
    """Cross-attention, positions and types, a linear map for road tokens and one for cell tokens, a Transformer over all streams."""

    def __init__(self, streams: Sequence[str], width: int, cross_heads: int | None, places: int, layers: int, heads: int,
                 feed_forward_width: int, dropout: float) -> None:
        """cross_heads: None leaves the cross-attention out."""
        super().__init__()
        self.order = [stream for stream in JOINT_ORDER if stream in streams]
        self.cross = None if cross_heads is None else CrossAttentions(self.order, width, cross_heads)
        self.positions = Positions(places, width)
        self.mix = nn.ModuleDict({view: nn.Linear(width, width) for view in dict.fromkeys(UNITS[stream] for stream in self.order)})
        self.encoder = TransformerEncoder(layers, width, heads, feed_forward_width, dropout)

    def forward(self, streams: Mapping[str, Stream], types: Tensor) -> dict[str, Stream]:
        """Streams, and [4, width] vectors of their types -> new streams. Each is [pooled; tokens] here, the pooled vector at place 0."""
        layouts = {stream: streams[stream].layout.with_head() for stream in self.order}
        x = {stream: torch.cat([streams[stream].pooled, streams[stream].tokens]) for stream in self.order}
        if self.cross is not None:
            x = self.cross(x, layouts)
        mixed = [self.mix[UNITS[stream]](x[stream] + self.positions(layouts[stream]) + types[TYPE_ROWS[stream]]) for stream in self.order]
        joint = self.encoder(torch.cat(mixed), Ragged.joined([layouts[stream] for stream in self.order]))
        parts = joint.split([len(part) for part in mixed])
        trips = len(streams[self.order[0]].pooled)
        return {stream: Stream(part[:trips], part[trips:], streams[stream].layout)
                for stream, part in zip(self.order, parts, strict=True)}
