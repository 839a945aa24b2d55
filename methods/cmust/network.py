"""The shared MSTI and the little that is a task's own: its prompt and its coordinates."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from benchmark import Inputs, TaskProblem
from methods.cmust.msti import MSTI, Maps
from methods.cmust.options import CMuSTOptions
from methods.cmust.prompts import SUMMARY_WIDTH


class TaskMSTI(nn.Module):
    """One MSTI for all tasks of a city, with each task's prompt and coordinates."""

    def __init__(self, options: CMuSTOptions, tasks: Mapping[str, TaskProblem], history: int, horizon: int) -> None:
        super().__init__()
        self.history = history
        self.msti = MSTI(options, max(problem.steps_per_day for problem in tasks.values()), history, horizon)
        # free parameters, filled at fit time; empty where a prompt is FC_p(S) or where there is none
        self.prompts = nn.ParameterDict()
        # the tasks whose prompt is FC_p(S); S is a buffer, filled at fit time
        self.summarised = tuple(tasks) if options.prompt_init == "summary_fc" else ()
        every = torch.cat([problem.coordinates for problem in tasks.values()])
        low, high = every.amin(0), every.amax(0)
        for task, problem in tasks.items():
            if task in self.summarised:
                self.register_buffer(f"summary_{task}", torch.zeros(problem.nodes, SUMMARY_WIDTH), persistent=False)
            elif options.prompt_init != "none":
                self.prompts[task] = nn.Parameter(torch.zeros(history, problem.nodes, options.prompt_width))
            # min-max over the nodes of the city to [0, 1]; an axis without extent is 0
            scaled = (problem.coordinates - low) / torch.where(high > low, high - low, 1)
            self.register_buffer(f"coordinates_{task}", scaled, persistent=False)

    def forward(self, inputs: Inputs, return_attention: bool = False) -> Tensor | tuple[Tensor, Maps]:
        """Inputs of any of the tasks -> [batch, horizon, node], z-scored; with attention maps by layer where asked."""
        maps: Maps | None = {} if return_attention else None
        out = self.msti(inputs, self.coordinates(inputs.task), self.prompt(inputs.task), maps)
        return out if maps is None else (out, maps)

    def prompt(self, task: str) -> Tensor | None:
        """P [step, node, d_p]."""
        if task in self.summarised:
            assert self.msti.prompt_map is not None
            return self.msti.prompt_map(self.summary(task)).unflatten(1, (self.history, -1)).transpose(0, 1)
        return self.prompts.get(task)

    def summary(self, task: str) -> Tensor:
        """S [node, summary width]."""
        return self.get_buffer(f"summary_{task}")

    def coordinates(self, task: str) -> Tensor:
        """[node, 2] in [0, 1]."""
        return self.get_buffer(f"coordinates_{task}")

    def own(self) -> dict[str, Tensor]:
        """What is a task's own and `prompts.initial` fills, as `<task>/prompt` or `<task>/summary`; no copies."""
        free = {f"{task}/prompt": prompt.detach() for task, prompt in self.prompts.items()}
        return free | {f"{task}/summary": self.summary(task) for task in self.summarised}
