"""CMuST's network as the authors' code computes it: nothing shared, nothing fused. The yardstick of the fast form.

Every node has its own copy of time, calendar and coordinates, every sample its own copy of the prompt; each layer makes explicit softmax
maps with the heads stacked on the batch axis, and the whole tensor H is concatenated anew after each of the eight layers. Profile `code`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class PlainAttention(nn.Module):
    """MHA(H_a, H_b) with explicit maps."""

    def __init__(self, asking: int, asked: int, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(asking, width)
        self.key = nn.Linear(asked, width)
        self.value = nn.Linear(asked, width)
        self.output = nn.Linear(width, asked)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """[..., length, asking], [..., length, asked] -> [..., length, asked]."""
        width = self.query.out_features // self.heads

        def stacked(projected: Tensor) -> Tensor:
            return torch.cat(torch.split(projected, width, dim=-1), dim=0)

        scores = stacked(self.query(a)) @ stacked(self.key(b)).transpose(-1, -2) / width**0.5
        mixed = torch.softmax(scores, dim=-1) @ stacked(self.value(b))
        return self.output(torch.cat(torch.split(mixed, len(a), dim=0), dim=-1))


class PlainLayer(nn.Module):
    """U = LN(H_b + Drop(MHA(H_a, H_b))), H_b = LN(U + FFN(U)) along axis 1 (time) or 2 (nodes) of [batch, step, node, channel]."""

    def __init__(self, asking: int, asked: int, width: int, heads: int, feed_forward_width: int, dropout: float) -> None:
        super().__init__()
        self.attention = PlainAttention(asking, asked, width, heads)
        self.feed_forward = nn.Sequential(
            nn.Linear(asked, feed_forward_width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(feed_forward_width, asked))
        self.attention_norm = nn.LayerNorm(asked)
        self.feed_forward_norm = nn.LayerNorm(asked)
        self.dropout = nn.Dropout(dropout)

    def forward(self, a: Tensor, b: Tensor, axis: int) -> Tensor:
        a, b = a.transpose(axis, -2), b.transpose(axis, -2)
        u = self.attention_norm(b + self.dropout(self.attention(a, b)))
        return self.feed_forward_norm(u + self.feed_forward(u)).transpose(axis, -2)


class PlainMSTI(nn.Module):
    """[batch, step, node, 11] -> [batch, horizon, node], channels as in the card's table of inputs."""

    def __init__(self, options, steps_per_day: int, nodes: int, history: int, horizon: int) -> None:
        super().__init__()
        self.steps_per_day = steps_per_day
        self.observation = nn.Linear(3, options.observation_width)
        self.space = nn.Linear(2, options.space_width)
        self.time_of_day = nn.Embedding(steps_per_day, options.time_of_day_width)
        self.weekday = nn.Embedding(7, options.weekday_width)
        self.calendar = nn.Linear(6, options.calendar_width)
        self.time = nn.Linear(options.time_width, options.time_width)
        self.prompt = nn.Parameter(torch.empty(history, nodes, options.prompt_width))
        self.widths = (options.observation_width, options.space_width, options.time_width, options.prompt_width)
        o, s, t, _ = self.widths

        def layer(asking: int, asked: int, width: int) -> PlainLayer:
            return PlainLayer(asking, asked, width, options.heads, options.feed_forward_width, options.dropout)

        self.time_asks_observation = layer(t, o, options.cross_width)
        self.observation_asks_time = layer(o, t, options.cross_width)
        self.space_asks_observation = layer(s, o, options.cross_width)
        self.observation_asks_space = layer(o, s, options.cross_width)
        self.temporal = nn.ModuleList(layer(sum(self.widths), sum(self.widths), options.self_width) for _ in range(2))
        self.spatial = nn.ModuleList(layer(sum(self.widths), sum(self.widths), options.self_width) for _ in range(2))
        self.head = nn.Linear(history * sum(self.widths), horizon)

    def forward(self, x: Tensor) -> Tensor:
        slot, weekday = (x[..., 1] * self.steps_per_day + 0.5).long(), x[..., 2].long()
        time = self.time(torch.cat([self.calendar(x[..., 5:11]), self.time_of_day(slot), self.weekday(weekday)], dim=-1))
        prompt = self.prompt.expand(len(x), *self.prompt.shape)
        h = torch.cat([self.observation(x[..., :3]), self.space(x[..., 3:5]), time, prompt], dim=-1)

        o, s, t, p = torch.split(h, self.widths, dim=-1)
        h = torch.cat([self.time_asks_observation(t, o, 1), s, t, p], dim=-1)
        o, s, t, p = torch.split(h, self.widths, dim=-1)
        h = torch.cat([o, s, self.observation_asks_time(o, t, 1), p], dim=-1)
        o, s, t, p = torch.split(h, self.widths, dim=-1)
        h = torch.cat([self.space_asks_observation(s, o, 2), s, t, p], dim=-1)
        o, s, t, p = torch.split(h, self.widths, dim=-1)
        h = torch.cat([o, self.observation_asks_space(o, s, 2), t, p], dim=-1)
        for axis, layers in ((1, self.temporal), (2, self.spatial)):
            for layer in layers:
                h = layer(h, h, axis)
        return self.head(h.transpose(1, 2).flatten(2)).transpose(1, 2)


def channels(inputs, coordinates: Tensor) -> Tensor:
    """The authors' input tensor [batch, step, node, 11], every field repeated for every node."""
    shape = inputs.scaled.shape
    clock = [inputs.time_of_day(), inputs.weekday[:, : shape[1]].float(), *inputs.calendar.unbind(-1)]
    value, tod, weekday, *calendar = [inputs.scaled, *(field[..., None].expand(shape) for field in clock)]
    places = [axis.expand(shape) for axis in coordinates.unbind(-1)]
    return torch.stack([value, tod, weekday, *places, *calendar], dim=-1)


def plain_name(name: str) -> str:
    """The plain network's name of a parameter of `TaskMSTI`."""
    if name.startswith("prompts."):
        return "prompt"
    parts = name.removeprefix("msti.").removeprefix("embedding.").split(".")
    if parts[-2] in ("query", "key", "value", "output"):
        parts.insert(-2, "attention")
    return ".".join(parts)


def plain_copy(method) -> PlainMSTI:
    """The plain form of a CMuST with one task, with its weights."""
    problem = method.problem.only
    plain = PlainMSTI(method.options, problem.steps_per_day, problem.nodes, method.problem.history, method.problem.horizon)
    plain.load_state_dict({plain_name(name): weight for name, weight in method.network.state_dict().items()})
    return plain
