"""CMuST as a method: prompts, RoAda over the tasks of a city, and one refined network a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import ClassVar

import torch
from torch import Tensor
from torch.func import functional_call

from benchmark import Asks, Forecaster, ForecastProblem, Inputs, Protocol, RunContext
from methods.cmust.network import TaskMSTI
from methods.cmust.options import CMuSTOptions
from methods.cmust.prompts import initial
from methods.cmust.roada import adapt, start, weights

# h = 12 + 4 + (8 + 8 + 4) + 12 = 48, one head: about a twentieth of the paper's arithmetic
NARROW = {"observation_width": 12, "space_width": 4, "time_of_day_width": 8, "weekday_width": 8, "calendar_width": 4, "prompt_width": 12,
          "cross_width": 8, "self_width": 48, "heads": 1, "feed_forward_width": 48}


class CMuST(Forecaster):
    """Scope `city`: the tasks of a city are learnt one after the other, in the problem's order or `task_order`, then refined apart."""

    Options = CMuSTOptions
    presets: ClassVar = {
        "smoke": {**NARROW, "observation_width": 8, "time_of_day_width": 4, "weekday_width": 4, "prompt_width": 4, "self_width": 24,
                  "feed_forward_width": 24, "roll_epochs": 2, "refine_epochs": 4},
        # steps of 4 windows: 960 in A, 120 for each task of B and in C, 480 for each task of D; of the trials in results/search/quick.toml,
        # the best on validation windows that keeps `make run` at about ten minutes
        "quick": {**NARROW, "batch_size": 4, "milestones": (3,), "decay": 0.3, "start_epochs": 6, "start_windows": 640, "roll_epochs": 4,
                  "roll_windows": 120, "refine_epochs": 4, "refine_windows": 480, "validation_windows": 64},
        # the same network and batches, five times the steps: 6,000 in A, 240 for each task of B and in C, 2,400 for each task of D; not
        # searched: in the search for `quick` every longer trial was the better one
        "medium": {**NARROW, "batch_size": 4, "milestones": (6, 9), "decay": 0.3, "start_epochs": 12, "start_windows": 2000,
                   "roll_epochs": 6, "roll_windows": 160, "refine_epochs": 12, "refine_windows": 800, "validation_windows": 128},
    }
    # docs/search.md
    trials: ClassVar = {"quick": 4}
    ablations: ClassVar = {
        "no_context_interaction": {"context_interaction": False},
        "no_consistency": {"freeze_unit": "none"},
        "no_prompt": {"prompt_init": "none"},
    }
    ablation_suite = "chicago"
    # appendix C.6; 72 / 4 / 1e-6 is the paper's best
    sweeps: ClassVar = {"prompt_width": (18, 36, 72, 144), "heads": (1, 2, 4, 8, 16), "stable_variance": (1e-4, 1e-5, 1e-6, 1e-7)}

    @classmethod
    def check(cls, options: CMuSTOptions, protocol: Protocol, tasks: tuple[str, ...]) -> None:
        _order(options.task_order, list(tasks))
        if options.prompt_fit == "all" and protocol.ranked:
            raise ValueError(f"prompt_fit=all reads the test part, which protocol '{protocol.name}' keeps unseen; it is allowed only under "
                             "a protocol that is not ranked: add --protocol paper, or leave prompt_fit=train.")

    @classmethod
    def asks(cls, options: CMuSTOptions) -> Asks:
        return Asks(whole_series=options.prompt_fit == "all")

    @classmethod
    def declines(cls, options: CMuSTOptions, problem: ForecastProblem) -> str | None:
        """Tasks may have other nodes and another clock, and one may come after the others, if there are others."""
        return super().declines(options, problem) if not problem.others else None

    def __init__(self, options: CMuSTOptions, problem: ForecastProblem) -> None:
        super().__init__(options, problem)
        self.order = _order(options.task_order, list(problem.tasks))
        self.network = TaskMSTI(options, problem.tasks, problem.history, problem.horizon)
        # task -> shared weights as refined for it; the prompts stay in the network
        self.refined = {task: weights(self.network) for task in problem.asked}

    def fit(self, run: RunContext) -> None:
        self.network.to(run.device)
        own = self.network.own()
        for name, tensor in initial(self.problem.tasks, self.problem.history, self.options, run).items():
            own[name].copy_(tensor)
        tasks = {task: self.problem.tasks[task] for task in self.order}
        asked = {task: problem for task, problem in tasks.items() if task in self.problem.asked}
        match self.problem.arrival:
            case "alone":  # plain MSTI: stage A, and nothing to refine
                (task,) = asked
                reports = [start(self.network, tasks[task], self.options, run.at_stage(1, 1))]
                self.refined = {task: weights(self.network)}
            case "after":
                earlier = {task: problem for task, problem in tasks.items() if task not in asked}
                self.refined, reports = adapt(self.network, earlier, asked, self.options, run)
            case "together":
                self.refined, reports = adapt(self.network, tasks, asked, self.options, run)
        run.notes["cmust"] = {"task_order": self.order, "prompt_seed": run.seed, "stages": [asdict(report) for report in reports]}

    @torch.no_grad()
    def predict(self, inputs: Inputs) -> Tensor:
        self.network.eval()
        refined = {f"msti.{name}": weight for name, weight in self.refined[inputs.task].items()}
        return self.problem.tasks[inputs.task].scaler.unscale(functional_call(self.network, refined, inputs).float())

    def state_dict(self) -> Mapping[str, Tensor]:
        """`<task>/<shared weight>` and `<task>/prompt`, or `<task>/summary` where the prompt is made of it."""
        return self.network.own() | {f"{task}/{name}": weight for task, refined in self.refined.items() for name, weight in refined.items()}

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        own = self.state_dict()
        if own.keys() != state.keys():
            raise ValueError(f"The state is not of an equal CMuST: {len(own.keys() - state.keys())} tensors are missing and "
                             f"{len(state.keys() - own.keys())} are unknown, e.g. '{min(own.keys() ^ state.keys())}'.")
        for name, tensor in own.items():
            tensor.copy_(state[name])

    def parameter_count(self) -> int:
        """Of one network with one prompt, that of the first task that is asked for."""
        prompts = [self.network.prompts[task] for task in self.problem.asked[:1] if task in self.network.prompts]
        return sum(p.numel() for p in (*self.network.msti.parameters(), *prompts))


def _order(wanted: tuple[str, ...], tasks: list[str]) -> list[str]:
    """The tasks in the order they are learnt."""
    if wanted and sorted(wanted) != sorted(tasks):
        raise ValueError(f"task_order names each task of the problem once; it is '{','.join(wanted)}', the tasks are {', '.join(tasks)}.")
    return list(wanted or tasks)
