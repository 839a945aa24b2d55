"""MSTI, the multi-dimensional spatio-temporal interaction network that all tasks share, and the little that is a task's own.

Z. Yi et al., "Get Rid of Isolation: A Continuous Multi-task Spatio-Temporal Learning Framework", NeurIPS 2024,
https://arxiv.org/abs/2410.10524. Profile `code`: where paper and authors' code disagree, the code's way.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from benchmark import Inputs, TaskProblem
from methods.cmust.layers import Interaction
from methods.cmust.options import CMuSTOptions


class Embedding(nn.Module):
    """The slices o, s, t of H, each with no more axes than it depends on. No activation anywhere."""

    def __init__(self, options: CMuSTOptions, steps_per_day: int) -> None:
        super().__init__()
        self.steps_per_day = steps_per_day
        self.observation = nn.Linear(3, options.observation_width)
        self.space = nn.Linear(2, options.space_width)
        self.time_of_day = nn.Embedding(steps_per_day, options.time_of_day_width)
        self.weekday = nn.Embedding(7, options.weekday_width)
        self.calendar = nn.Linear(6, options.calendar_width)
        self.time = nn.Linear(options.time_width, options.time_width)

    def forward(self, inputs: Inputs, coordinates: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs, [node, 2] -> o [batch, node, step, d_obs], s [node, d_s], t [batch, step, d_t]."""
        values = inputs.scaled.transpose(1, 2)  # [batch, node, step]
        weekday = inputs.weekday[:, : inputs.history]  # [batch, step]
        # DEVIATION: the paper embeds the value alone; the authors' code adds the raw time of day in [0, 1) and the weekday 0 … 6.
        clock = torch.stack([inputs.time_of_day(), weekday.to(values.dtype)], dim=-1)  # [batch, step, 2]
        channels = torch.cat([values[..., None], clock[:, None].expand(*values.shape, 2)], dim=-1)  # [batch, node, step, 3]
        times = torch.cat([self.calendar(inputs.calendar), self.time_of_day(self.slot(inputs)), self.weekday(weekday)], dim=-1)
        return self.observation(channels), self.space(coordinates), self.time(times)

    def slot(self, inputs: Inputs) -> Tensor:
        """[batch, step] row of the time-of-day table, floor(tod * S) in integers: tasks may have longer steps than the table."""
        return inputs.slot[:, : inputs.history] * self.steps_per_day // inputs.steps_per_day


class MSTI(nn.Module):
    """All shared weights: embedding, eight interactions, head. Nothing in it depends on the number of nodes."""

    def __init__(self, options: CMuSTOptions, steps_per_day: int, history: int, horizon: int) -> None:
        super().__init__()

        def cross(asking: int, asked: int) -> Interaction:
            return Interaction(asking, asked, options.cross_width, options.heads, options.feed_forward_width, options.dropout)

        def own() -> Interaction:
            width = options.hidden_width
            return Interaction(width, width, options.self_width, options.heads, options.feed_forward_width, options.dropout)

        observation, space, time = options.observation_width, options.space_width, options.time_width
        self.embedding = Embedding(options, steps_per_day)
        self.time_asks_observation = cross(time, observation)
        self.observation_asks_time = cross(observation, time)
        self.space_asks_observation = cross(space, observation)
        self.observation_asks_space = cross(observation, space)
        self.temporal = nn.ModuleList(own() for _ in range(2))
        self.spatial = nn.ModuleList(own() for _ in range(2))
        self.head = nn.Linear(history * options.hidden_width, horizon)

    def forward(self, inputs: Inputs, coordinates: Tensor, prompt: Tensor) -> Tensor:
        """Inputs, [node, 2] in [0, 1], [step, node, d_p] -> [batch, horizon, node], z-scored."""
        o, s, t = self.embedding(inputs, coordinates)
        t, p = t[:, None], prompt.transpose(0, 1)  # [batch, 1, step, d_t], [node, step, d_p]
        # DEVIATION: the paper interacts with space first and lets both layers of a pair read the same H; as in the authors' code, time
        # comes first and each layer reads what the one before it wrote.
        o = self.time_asks_observation(t, o)  # along time: [batch, node, step, ·]
        t = self.observation_asks_time(o, t)
        o = o.transpose(1, 2).contiguous()
        o = self.space_asks_observation(s, o)  # along space: [batch, step, node, ·]
        s = self.observation_asks_space(o, s)
        # H = [o, s, t, p], the same prompt for every sample: [batch, node, step, h]
        h = torch.cat([o.transpose(1, 2), s.transpose(1, 2), t, p.expand(len(o), -1, -1, -1)], dim=-1)
        for layer in self.temporal:
            h = layer(h, h)
        h = h.transpose(1, 2).contiguous()  # [batch, step, node, h]
        for layer in self.spatial:
            h = layer(h, h)
        # DEVIATION: the fusion head of appendix B.3 is not in the authors' code; one linear layer reads the steps of a node in order.
        return self.head(h.transpose(1, 2).flatten(2)).transpose(1, 2)


class TaskMSTI(nn.Module):
    """One MSTI for all tasks of a city, with each task's prompt (a free parameter) and coordinates."""

    def __init__(self, options: CMuSTOptions, tasks: Mapping[str, TaskProblem], history: int, horizon: int) -> None:
        super().__init__()
        self.msti = MSTI(options, max(problem.steps_per_day for problem in tasks.values()), history, horizon)
        # filled at fit time: a summary of the training rows (`prompts`)
        self.prompts = nn.ParameterDict(
            {task: torch.zeros(history, problem.nodes, options.prompt_width) for task, problem in tasks.items()})
        every = torch.cat([problem.coordinates for problem in tasks.values()])
        low, high = every.amin(0), every.amax(0)
        for task, problem in tasks.items():
            # min-max over the nodes of the city to [0, 1]; an axis without extent is 0
            scaled = (problem.coordinates - low) / torch.where(high > low, high - low, 1)
            self.register_buffer(f"coordinates_{task}", scaled, persistent=False)

    def forward(self, inputs: Inputs) -> Tensor:
        """Inputs of any of the tasks -> [batch, horizon, node], z-scored."""
        return self.msti(inputs, self.coordinates(inputs.task), self.prompts[inputs.task])

    def coordinates(self, task: str) -> Tensor:
        """[node, 2] in [0, 1]."""
        return self.get_buffer(f"coordinates_{task}")
