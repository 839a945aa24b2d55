"""The masked auto-encoder: an encoder over the tokens that are seen, a decoder over all, prompts for those of the forecast."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from baselines.forecasting.unist.embedding import FrameTimes, Patches, positions, unpatchify
from baselines.forecasting.unist.layout import Layout
from baselines.forecasting.unist.options import UniSTOptions
from baselines.forecasting.unist.prompts import Prompts
from baselines.layers.axis import AxisAttention
from baselines.layers.dropout import Dropout
from benchmark import ForecastProblem, Inputs, Windows


class Block(nn.Module):
    """x += attention(LN(x)); x += W2 GELU(W1 LN(x))."""

    def __init__(self, width: int, heads: int, ratio: int) -> None:
        super().__init__()
        self.attention_norm, self.attention = nn.LayerNorm(width, eps=1e-6), AxisAttention(width, heads)
        self.feed_forward_norm = nn.LayerNorm(width, eps=1e-6)
        self.feed_forward = nn.Sequential(nn.Linear(width, ratio * width), nn.GELU(), nn.Linear(ratio * width, width))

    def forward(self, x: Tensor, first: int = 0) -> Tensor:
        """[batch, token, width] → the same from token `first` on."""
        x = x[:, first:] + self.attention(self.attention_norm(x), first)
        return x + self.feed_forward(self.feed_forward_norm(x))


class UniSTNetwork(nn.Module):
    """One network for all tasks, whatever their nodes: it has no weights of places. Tasks in the order of their names."""

    bounds: Tensor

    def __init__(self, problem: ForecastProblem, options: UniSTOptions) -> None:
        super().__init__()
        width, ratio, cells = options.width, options.feed_forward_ratio, options.time_patch * options.patch**2
        self.tasks, self.patch, self.time_patch = tuple(sorted(problem.tasks)), options.patch, options.time_patch
        self.history, self.horizon, self.days = problem.history, problem.horizon, options.period_days
        ordered = [problem.tasks[task] for task in self.tasks]
        self.layouts = nn.ModuleList(Layout(one.coordinates, options.patch) for one in ordered)
        # [task, (least, largest)] of the observed training rows, z-scored; in the state, for a kept problem has no training rows
        self.register_buffer("bounds", torch.tensor([_bounds(one.train) for one in ordered]))
        self.patches = Patches(width, options.patch, options.time_patch)
        self.times = FrameTimes(width, max(one.steps_per_day for one in ordered), options.time_patch)
        self.dropout = Dropout(options.dropout)
        self.encoder = nn.ModuleList(Block(width, options.encoder_heads, ratio) for _ in range(options.encoder_layers))
        self.encoder_norm = nn.LayerNorm(width, eps=1e-6)
        self.between = nn.Linear(width, width)
        self.mask_token = nn.Parameter(0.02 * torch.randn(width))
        self.decoder = nn.ModuleList(Block(width, options.decoder_heads, ratio) for _ in range(options.decoder_layers))
        self.decoder_norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width), nn.GELU(), nn.Linear(width, cells))
        self.prompts = Prompts(problem.history, options) if options.prompts else None
        self.apply(_start)
        for block in (*self.encoder, *self.decoder):
            for part in block.attention.joined.weight.chunk(3):  # queries, keys and values are layers of their own in the code
                nn.init.xavier_uniform_(part)
        if self.prompts is not None and {"closeness", "period"} <= set(options.prompts):
            self.prompts.over_days.load_state_dict(self.prompts.over_frames.state_dict())

    def layout(self, task: str) -> Layout:
        layout = self.layouts[self.tasks.index(task)]
        assert isinstance(layout, Layout)
        return layout

    def gain(self, task: str) -> Tensor:
        """How many units of the scale from −1 to 1 a standard deviation of a task is."""
        least, largest = self.bounds[self.tasks.index(task)]
        return 2 / (largest - least)

    def forward(self, inputs: Inputs) -> Tensor:
        """The forecast, [batch, horizon, node], z-scored; hidden are the frames to come, so the seen tokens are the first ones."""
        layout, seen = self.layout(inputs.task), self.history // self.time_patch
        shown = self.grid(inputs.scaled, inputs.task)
        where, times = self.terms(inputs, layout)
        tokens = self.dropout(self.patches(shown) + times[:, :seen]) + where[:seen]
        encoded = self.between(self.encode(tokens.flatten(1, 2))).unflatten(1, tokens.shape[1:3])
        hidden = self.mask_token.to(encoded.dtype).expand(len(encoded), len(where) - seen, where.shape[1], -1)
        tokens = torch.cat([encoded, hidden], dim=1) + where + times
        if self.prompts is not None:
            prompt = self.prompts(shown, tokens, (where + times)[:, seen:],
                                  self.period(inputs) if "period" in self.prompts.parts else None)
            tokens = torch.cat([tokens[:, :seen], tokens[:, seen:] + prompt], dim=1)
        return self.nodes(self.decode(tokens.flatten(1, 2), seen * where.shape[1]), inputs.task)

    def reconstruct(self, inputs: Inputs, future: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
        """All steps made of some tokens, [batch, step, node], z-scored, and whether an entry was hidden (bool, the same shape).

        future: [batch, horizon, node], the targets, z-scored; kept: [batch, kept] tokens that are seen.
        """
        layout = self.layout(inputs.task)
        where, times = self.terms(inputs, layout)
        frames = self.grid(torch.cat([inputs.scaled, future], dim=1), inputs.task)
        tokens = (self.dropout(self.patches(frames) + times) + where).flatten(1, 2)
        index = kept[:, :, None].expand(-1, -1, tokens.shape[2])
        encoded = self.between(self.encode(tokens.gather(1, index)))
        every = self.mask_token.to(encoded.dtype).expand(len(encoded), tokens.shape[1], -1).scatter(1, index, encoded)
        answer = self.decode((every.unflatten(1, where.shape[:2]) + where + times).flatten(1, 2))
        hidden = torch.ones(kept.shape[0], tokens.shape[1], device=kept.device).scatter(1, kept, 0.0)
        return self.nodes(answer, inputs.task), self.nodes(hidden[:, :, None].expand_as(answer), inputs.task, scaled=False) > 0

    def terms(self, inputs: Inputs, layout: Layout) -> tuple[Tensor, Tensor]:
        """Positions [frame, place, width], and times [batch, frame, 1, width], of all frames."""
        times = self.times(inputs.slot, inputs.weekday, inputs.steps_per_day)
        rows, columns = layout.rows // self.patch, layout.columns // self.patch
        return positions(times.shape[1], rows, columns, times.shape[-1], inputs.scaled.device), times

    def encode(self, x: Tensor) -> Tensor:
        for block in self.encoder:
            x = block(x)
        return self.encoder_norm(x)

    def decode(self, x: Tensor, first: int = 0) -> Tensor:
        """[batch, token, width] → [batch, token from `first` on, cell of the patch]; only these ask in the last block."""
        *blocks, last = self.decoder
        for block in blocks:
            x = block(x)
        return self.head(self.decoder_norm(last(x, first)))

    def period(self, inputs: Inputs) -> Tensor:
        """Tokens of the forecast's hours on the days before, [batch, day, frame, place, width]; what is missing is the window's mean."""
        assert inputs.past is not None
        # the window stands behind the past days: where a day is short, it holds a part of yesterday's same hours
        known = torch.cat([inputs.past.observed, inputs.observed], dim=1)
        rows = torch.where(known, torch.cat([inputs.past.scaled, inputs.scaled], dim=1), inputs.scaled.mean(dim=1, keepdim=True))
        starts = [rows.shape[1] - day * inputs.steps_per_day for day in range(1, self.days + 1)]
        days = torch.cat([rows[:, start:start + self.horizon] for start in starts])  # [day · batch, horizon, node]
        return self.patches(self.grid(days, inputs.task)).unflatten(0, (self.days, -1)).transpose(0, 1)

    def grid(self, scaled: Tensor, task: str) -> Tensor:
        """[batch, step, node], z-scored → [batch, step, row, column] from −1 to 1 in the training rows."""
        least = self.bounds[self.tasks.index(task), 0]
        return self.layout(task).place((scaled - least) * self.gain(task) - 1)

    def nodes(self, patches: Tensor, task: str, *, scaled: bool = True) -> Tensor:
        """[batch, frame · place, cell of the patch] → [batch, step, node]; scaled: from −1 to 1, to be z-scored."""
        layout, least = self.layout(task), self.bounds[self.tasks.index(task), 0]
        places = layout.rows // self.patch * (layout.columns // self.patch)
        frames = unpatchify(patches.unflatten(1, (-1, places)), layout.rows, layout.columns, self.patch, self.time_patch)
        values = layout.take(frames)
        return (values + 1) / self.gain(task) + least if scaled else values


def _bounds(windows: Windows) -> tuple[float, float]:
    """The least and the largest observed value of the training rows, z-scored; one apart where there is no difference."""
    # rows before the part are of no earlier part here, but days that the series does not have
    seen = windows.scaler.scale(windows.values[windows.past:][windows.observed[windows.past:]])
    if not len(seen) or seen.min() == seen.max():
        return -0.5, 0.5
    return float(seen.min()), float(seen.max())


def _start(module: nn.Module) -> None:
    """Xavier's uniform start with zero biases for every linear map."""
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
