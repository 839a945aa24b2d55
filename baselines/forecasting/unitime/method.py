"""UniTime as a method: one network and one fit for all tasks of a city."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from baselines.forecasting.one_by_one import OneByOne
from baselines.forecasting.unitime.network import UniTimeNetwork
from baselines.forecasting.unitime.options import UniTimeOptions
from baselines.forecasting.unitime.pretrained import read_gpt2
from baselines.forecasting.unitime.words import instruction, word_tokens
from benchmark import ForecastProblem, NeuralForecaster, RunContext, Stage, run_stage

# `quick` and `medium`; the cosine ends with the planned epochs
SMALL = {"lm": "tiny", "decoder_layers": 1, "patch_dropout": 0.0, "lm_dropout": 0.0, "decoder_dropout": 0.0, "head_dropout": 0.0,
         "batch_size": 8, "nodes_per_step": 8, "cosine_span": 1.0}


class Batch(NamedTuple):
    """Of one step of training."""

    task: str
    # [window] their first steps
    starts: Tensor
    # [node] those that are learnt from
    nodes: Tensor


class UniTime(NeuralForecaster):
    """Scope `city`: steps on one task each, drawn at random; the network is told by a sentence which it is.

    DEVIATION: the best epoch is that of the least mean over tasks of validation MAE / training standard deviation. The authors keep an
    epoch when the sum over data sets of its relative improvements is not negative, from 5 each on; what is kept then depends on the order
    of all epochs before.
    DEVIATION: the task's one scaler for all nodes, where the authors scale each series, so that errors compare between nodes.
    DEVIATION: no batch is dropped, and no data set listed twice: the tasks of a city are equally long.

    It knows twelve steps of one series and no clock, so it cannot tell a morning from an evening and stays far behind the time-of-week
    mean. Simulated New York, `quick`, seed 0: the selected validation error over the six epochs is 0.395, 0.384, 0.390, 0.374, 0.377 and
    0.373 standard deviations, nearly flat from the first; test MAE on taxi_pick 14.94 (last value 16.89, linear 16.21). On the simulated
    Suzhou's five minutes it is behind the last value: flow 10.63 (10.46), speed 8.44 (7.92). Taxi pick-ups of 24 zones of Manhattan
    (real), `quick`: validation 0.72, 0.76, 0.69, 0.65, 0.63 and 0.63, test 49.3; the last value 56.8, a linear map of the same steps
    47.7, the mean 22.3.
    """

    Options = UniTimeOptions
    network: UniTimeNetwork
    optimiser = torch.optim.AdamW
    presets: ClassVar = {
        "smoke": {**SMALL, "width": 16, "heads": 2, "blocks": 1, "nodes_per_step": 4, "learning_rate": 3e-3},
        # quick: 3,840 steps of 64 series, with the small language model, one layer behind it and no dropout; not searched
        "quick": {**SMALL, "learning_rate": 1e-3},
        "medium": {**SMALL, "learning_rate": 1e-3},
    }

    def build_network(self, problem: ForecastProblem) -> nn.Module:
        texts = {task: instruction(one) for task, one in problem.tasks.items()}
        read = read_gpt2(texts, self.options.blocks) if self.options.lm == "gpt2" else None
        tokens, sizes = (read.tokens, read.sizes) if read else (word_tokens(texts), self.options.sizes)
        network = UniTimeNetwork(problem.history, problem.horizon, tokens, sizes, self.options)
        if read:
            network.language.load_state_dict(dict(read.state))
        self.weights_sha256 = read.sha256 if read else None
        for name, parameter in network.language.named_parameters():
            small = "norm" in name or name == "position"
            parameter.requires_grad_(self.options.tune == "all" or (self.options.tune == "norms" and small))
        return network

    def rate(self, epoch: int, epochs: int) -> float:
        """A cosine from the scheduled rate to `final_rate`, over the planned epochs instead of twenty."""
        passed, first = (epoch - 1) / (self.options.cosine_span * epochs), super().rate(epoch, epochs)
        return self.options.final_rate + (first - self.options.final_rate) * (1 + math.cos(math.pi * passed)) / 2

    def parameter_count(self) -> int:
        return sum(p.numel() for p in self.network.parameters() if p.requires_grad)

    def fit(self, run: RunContext) -> None:
        run, budget, options = run.at_stage(1, 1), run.budget, self.options
        self.network.to(run.device)
        both = torch.compile(self.network.both) if options.compile else self.network.both
        tasks = dict(sorted(self.problem.tasks.items()))
        train = {task: one.train.to(run.device) for task, one in tasks.items()}
        validation = {task: one.validation.to(run.device) for task, one in tasks.items()}

        def batches(order: torch.Generator) -> Iterator[Batch]:
            """All windows of every task, or as many as the budget says: of which task the next ones are is drawn, whichever has some."""
            left = {}
            for task, windows in train.items():
                shuffled = torch.randperm(len(windows), generator=order, device="cpu")[:budget.epoch_windows]
                left[task] = list(shuffled.to(run.device).split(options.batch_size))
            while left:
                task = list(left)[int(torch.randint(len(left), (), generator=order, device="cpu"))]
                nodes = torch.randperm(tasks[task].nodes, generator=order, device="cpu")[:options.nodes_per_step or None]
                yield Batch(task, left[task].pop(), nodes.to(run.device))
                if not left[task]:
                    del left[task]

        def loss(batch: Batch, step: int) -> Tensor:
            """Squared error of history and forecast, z-scored.

            DEVIATION: over the entries that were observed, and of the forecast those that count under the protocol; the authors' data
            have no gaps.
            """
            windows = train[batch.task]
            inputs, targets = windows.inputs(batch.starts), windows.targets(batch.starts)
            x, observed = inputs.scaled[..., batch.nodes], inputs.observed[..., batch.nodes]
            shown = observed & (torch.rand_like(x) >= options.mask_rate)
            with torch.autocast(run.device.type, dtype=torch.bfloat16, enabled=options.amp):
                answer = both(batch.task, x, shown).float()
            asked = torch.cat([x, targets.scaled(windows.scaler)[..., batch.nodes]], dim=1)
            counted = torch.cat([observed, targets.counted[..., batch.nodes]], dim=1)
            return torch.where(counted, answer - asked, 0.0).square().sum() / counted.sum().clamp(min=1)

        judged = OneByOne(self.network, self.network, validation, budget.validation_windows)
        stage = Stage("fit all tasks", batches, loss, judged.mean, {"stage": "fit", "task": ",".join(tasks)},
                      rate=lambda epoch: self.rate(epoch, budget.epochs), optimiser=self.optimiser)
        result = run_stage(self.network, stage, options, run)
        about = {"epochs": result.epochs, "best_epoch": result.best_epoch, "steps": result.steps, **result.pace()}
        known = {"language_pre_training": "GPT-2", "weights_sha256": self.weights_sha256} if self.weights_sha256 else {
            "language_pre_training": "none"}
        run.notes["unitime"] = {**known, "lm": options.lm, "selected_by": result.best_loss, "stages": [
            {"task": task, "validation_mae": error, **about} for task, error in judged.errors().items()]}
