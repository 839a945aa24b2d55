"""CMuST as a method: prompts, RoAda over the tasks of a city, and one refined network a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

import torch
from torch import Tensor
from torch.func import functional_call

from benchmark import Forecaster, ForecastProblem, Inputs, RunContext
from methods.cmust.msti import TaskMSTI
from methods.cmust.options import CMuSTOptions
from methods.cmust.prompts import summary_prompts
from methods.cmust.roada import adapt, weights


class CMuST(Forecaster):
    """Scope `city`: the tasks of a city are learnt one after the other, in the problem's order, then refined apart."""

    Options = CMuSTOptions

    def __init__(self, options: CMuSTOptions, problem: ForecastProblem) -> None:
        super().__init__(options, problem)
        self.network = TaskMSTI(options, problem.tasks, problem.history, problem.horizon)
        # task -> shared weights as refined for it; the prompts stay in the network
        self.refined = {task: weights(self.network) for task in problem.tasks}

    def fit(self, run: RunContext) -> None:
        self.network.to(run.device)
        prompts = summary_prompts(self.problem.tasks, self.problem.history, self.options.prompt_width, run)
        with torch.no_grad():
            for task, prompt in prompts.items():
                self.network.prompts[task].copy_(prompt)
        self.refined, reports = adapt(self.network, self.problem.tasks, self.options, run)
        run.notes["cmust"] = {"task_order": list(self.problem.tasks), "prompt_seed": run.seed,
                              "stages": [asdict(report) for report in reports]}

    @torch.no_grad()
    def predict(self, inputs: Inputs) -> Tensor:
        self.network.eval()
        refined = {f"msti.{name}": weight for name, weight in self.refined[inputs.task].items()}
        return self.problem.tasks[inputs.task].scaler.unscale(functional_call(self.network, refined, inputs).float())

    def state_dict(self) -> Mapping[str, Tensor]:
        """`<task>/<shared weight>` and `<task>/prompt`."""
        state = {f"{task}/prompt": prompt.detach() for task, prompt in self.network.prompts.items()}
        return state | {f"{task}/{name}": weight for task, refined in self.refined.items() for name, weight in refined.items()}

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        own = self.state_dict()
        if own.keys() != state.keys():
            raise ValueError(f"The state is not of an equal CMuST: {len(own.keys() - state.keys())} tensors are missing and "
                             f"{len(state.keys() - own.keys())} are unknown, e.g. '{min(own.keys() ^ state.keys())}'.")
        for name, tensor in own.items():
            tensor.copy_(state[name])

    def parameter_count(self) -> int:
        """Of one network with one prompt, the first task's."""
        first = next(iter(self.problem.tasks))
        return sum(p.numel() for p in self.network.msti.parameters()) + self.network.prompts[first].numel()
