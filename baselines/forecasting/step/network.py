"""STEP as one network: TSFormer at rest, the learned graph, and a graph WaveNet that reads window, graph and what TSFormer says."""

from __future__ import annotations

from typing import Self, cast

import torch
from torch import Tensor, nn

from baselines.forecasting.gwnet import WaveNet
from baselines.forecasting.side_by_side import SideBySide
from baselines.forecasting.step.graph import LearnedGraph, alike, walks
from baselines.forecasting.step.options import STEPOptions
from baselines.forecasting.step.tsformer import TSFormer
from benchmark import ForecastProblem, Inputs

# series that TSFormer reads at once where no gradient is kept
TOGETHER = 2048


class STEPNetwork(nn.Module):
    """K tasks side by side: TSFormer reads each series by itself; nodes are alike by the states of all tasks; the context is their mean."""

    # [node, task, step] z-scored training series, 0 where unobserved; kept, for a kept problem has no training rows
    series: Tensor

    def __init__(self, problem: ForecastProblem, steps: int, options: STEPOptions) -> None:
        """steps: of the training series."""
        super().__init__()
        first, *_ = problem.tasks.values()
        tasks, self.options, self.together = len(problem.tasks), options, SideBySide(problem)
        self.tokens = options.history_days * first.steps_per_day // options.patch
        self.tsformer = TSFormer(options)
        self.learned = LearnedGraph(tasks, steps, options)
        self.backend = WaveNet(first.nodes, tasks + options.channels - 1, tasks * problem.horizon, options)
        self.context = nn.Sequential(
            nn.Linear(options.state_width, options.context_width), nn.ReLU(),
            nn.Linear(options.context_width, options.skip_width), nn.ReLU())
        self.register_buffer("series", torch.zeros(first.nodes, tasks, steps))

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        if self.options.tsformer_eval:
            self.tsformer.eval()
        return self

    def past(self, inputs: Inputs) -> tuple[Tensor, Tensor]:
        """The days that end with the windows, [batch, node, task, token, patch]: z-scored values, and which of them are observed."""
        values, observed = [], []
        for one in self.together.series(inputs):
            assert one.past is not None  # it is asked for
            values.append(torch.cat([one.past.scaled, one.scaled], dim=1))
            observed.append(torch.cat([one.past.observed, one.observed], dim=1))
        last = slice(-self.tokens * self.options.patch, None)
        x, seen = (torch.stack(parts, dim=-1)[:, last].permute(0, 2, 3, 1) for parts in (values, observed))
        return x.unflatten(-1, (self.tokens, -1)), seen.unflatten(-1, (self.tokens, -1))

    @torch.no_grad()
    def states(self, inputs: Inputs, short: Tensor | None = None) -> Tensor:
        """What TSFormer says, [batch, node, task, token, width]. short: bool [batch], days that begin before the series does."""
        patches, _ = self.past(inputs)
        if short is not None and self.options.short_history == "zeros":
            patches = patches.masked_fill(short[:, None, None, None, None], 0.0)
        states = [self.tsformer(some) for some in patches.flatten(0, 2).split(TOGETHER)]
        return torch.cat(states).unflatten(0, patches.shape[:3])

    def look(self, inputs: Inputs, short: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Of each window the last token's state, [batch, node, width], and bool [batch, node, node]: who is alike."""
        states = self.states(inputs, short)
        return _last(states), alike(states.flatten(2), self.options.neighbours)

    def likely(self) -> Tensor:
        """θ [receiver, sender]; see `LearnedGraph`."""
        return cast(Tensor, self.learned(self.series))

    def answer(self, inputs: Inputs, state: Tensor, likely: Tensor) -> Tensor:
        """Windows, the last states [batch, node, width], θ → [batch, task · horizon, node]."""
        x = self.together.channels(inputs, self.options.channels)
        given = walks(self.learned.graphs(likely, len(x)))
        return self.backend.answer(x, given, self.context(state).transpose(0, 1))

    def forward(self, inputs: Inputs) -> Tensor:
        return self.answer(inputs, _last(self.states(inputs)), self.likely())


def _last(states: Tensor) -> Tensor:
    """[batch, node, task, token, width] → [batch, node, width]: the last token's, mean over tasks."""
    return states[..., -1, :].mean(dim=2)
