"""UniST as a method: masked pre-training on all tasks of a city, then tuning with prompts on the hidden future.

DEVIATION: the table of slots has as many rows as the city has slots a day; the code has one of 48 rows and one of 24, and chooses by the
name of the data set. These and its unused position tables, which are trained by nothing, are left out.
DEVIATION: nodes stand on the city's grid where it has one, else on a pseudo-grid; cells without a node are outside the loss. The paper
knows grids alone. Values are scaled from the least and the largest of a task's training rows to −1 and 1, as in the paper; the code looks
at the test rows as well, which are not shown here. So forecasts are not clamped to that range: a test value may lie beyond it.
DEVIATION: batches are shuffled anew in every epoch (`fixed_batches` is the code's way), and the best epoch is that of the least mean over
tasks of validation MAE / training standard deviation; the code compares scaled losses of every tenth epoch. Warm-up and cosine are shares
of the planned epochs, and the first epoch has a rate above zero.
The clock is read through tables, so there are no further input channels. Its prompts read the days before the window.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from baselines.forecasting.one_by_one import OneByOne
from baselines.forecasting.unist.masks import MASKS, kept_tokens
from baselines.forecasting.unist.network import UniSTNetwork
from baselines.forecasting.unist.options import UniSTOptions
from benchmark import Asks, ForecastProblem, NeuralForecaster, RunContext, Stage, Windows, run_stage

# a task and some of its windows
Batch = tuple[str, Tensor]
# windows at once where nothing is learnt
EVALUATION_BATCH = 64
# the authors' smallest network, with small memories
NARROW = {"width": 64, "encoder_layers": 2, "decoder_layers": 2, "encoder_heads": 4, "decoder_heads": 2, "space_memory": 64,
          "time_memory": 64, "batch_size": 8, "learning_rate": 1e-3}


class UniST(NeuralForecaster):
    """Scope `city`: one network for all tasks; each batch is of one task."""

    Options = UniSTOptions
    optimiser = torch.optim.AdamW
    network: UniSTNetwork
    presets: ClassVar = {
        "smoke": {"width": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_heads": 2, "decoder_heads": 2, "space_memory": 16,
                  "time_memory": 16, "batch_size": 16, "learning_rate": 3e-3, "pretraining_epochs": 2, "pretraining_windows": 64,
                  "tuning_windows": 160},
        # 480 steps of pre-training, 1,920 of tuning
        "quick": {**NARROW, "pretraining_epochs": 3, "pretraining_windows": 320, "tuning_windows": 640},
        # the same network and batches: 1,920 steps of pre-training, 12,800 of tuning; not searched
        "medium": {**NARROW, "pretraining_epochs": 6, "pretraining_windows": 640, "tuning_windows": 1280},
    }

    @classmethod
    def asks(cls, options: UniSTOptions) -> Asks:
        return Asks(past_days=options.period_days if "period" in options.prompts else 0)

    @classmethod
    def declines(cls, options: UniSTOptions, problem: ForecastProblem) -> str | None:
        if problem.history % options.time_patch or problem.horizon % options.time_patch:
            return "the method needs a history and a horizon of whole patches of time"
        if "period" in options.prompts and any(one.steps_per_day < problem.horizon for one in problem.tasks.values()):
            return "the method reads the forecast's hours of the day before, so a horizon of at most a day"
        return super().declines(options, problem)

    def build_network(self, problem: ForecastProblem) -> nn.Module:
        return UniSTNetwork(problem, self.options)

    def rate(self, epoch: int, epochs: int) -> float:
        """Rises over the first epochs, then falls along a cosine; milestones multiply it."""
        options, done, rise = self.options, epoch - 1, self.options.warm_up * epochs
        highest = super().rate(epoch, epochs)
        if epoch < rise:
            return highest * epoch / rise
        share = max(done - rise, 0) / max(epochs - rise, 1)
        return options.last_rate + (highest - options.last_rate) * (1 + math.cos(math.pi * share)) / 2

    def fit(self, run: RunContext) -> None:
        self.network.to(run.device)
        most = self.options.pretraining_epochs
        stages, notes = 1 if most == 0 else 2, []
        if stages == 2:
            notes.append(self.pretrain(run.at_stage(1, stages), run.budget.epochs if most is None else most))
        notes += self.tune(run.at_stage(stages, stages))
        run.notes["unist"] = {"stages": notes}

    def pretrain(self, run: RunContext, epochs: int) -> dict[str, Any]:
        """Hidden entries of histories and targets of the training windows are made of the others."""
        network, every, validation = self.network, self._windows("train", run), self._windows("validation", run)
        forward, budget = self._compiled(network.reconstruct), run.budget.at_most(epochs)

        def batches(order: torch.Generator) -> Iterator[tuple[str, Tensor, Tensor]]:
            for task, starts in self._drawn(every, 1.0, run, self.options.pretraining_windows, order):
                mask = MASKS[int(torch.randint(len(MASKS), (1,), generator=order, device="cpu"))]
                yield task, starts.to(run.device), self._kept(mask, task, len(starts), order).to(run.device)

        def errors(windows: Windows, starts: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
            inputs, targets = windows.inputs(starts), windows.targets(starts)
            future = targets.scaled(windows.scaler)
            with torch.autocast(run.device.type, dtype=torch.bfloat16, enabled=self.options.amp):
                made, hidden = forward(inputs, future, kept)
            counts = hidden & torch.cat([inputs.observed, targets.observed], dim=1)
            wrong = (made.float() - torch.cat([inputs.scaled, future], dim=1)) * network.gain(windows.task)
            return torch.where(counts, wrong, 0.0).square().sum(), counts.sum()

        def loss(batch: tuple[str, Tensor, Tensor], step: int) -> Tensor:
            task, starts, kept = batch
            total, count = errors(every[task], starts, kept)
            return total / count.clamp(min=1)

        def validate() -> float:
            """The mean over tasks of the error of evenly spaced windows, hidden in turn by each mask; always the same."""
            order, means = run.generator("masks of unist's validation"), []
            for task, windows in validation.items():
                chosen = _spaced(len(windows), -(-(budget.validation_windows or len(windows)) // len(validation)))
                total, count = torch.zeros((), dtype=torch.float64, device="cpu"), 0
                for k, mask in enumerate(MASKS):
                    for starts in chosen[k::len(MASKS)].split(EVALUATION_BATCH):
                        kept = self._kept(mask, task, len(starts), order).to(run.device)
                        part, entries = errors(windows, starts.to(run.device), kept)
                        total, count = total + part.cpu().double(), count + int(entries)
                means.append(float(total) / max(count, 1))
            return sum(means) / len(means)

        stage = Stage("pretrain", batches, loss, validate, {"stage": "pretrain", "task": ",".join(network.tasks)},
                      rate=lambda epoch: self.rate(epoch, budget.epochs), optimiser=self.optimiser)
        result = run_stage(network, stage, self.options, replace(run, budget=budget))
        return {"stage": "pretrain", "task": ",".join(network.tasks), "validation_loss": result.best_loss, **_facts(result)}

    def tune(self, run: RunContext) -> list[dict[str, Any]]:
        """The history is seen, the future is hidden and prompted."""
        network, every, validation = self.network, self._windows("train", run), self._windows("validation", run)
        forward = self._compiled(network)
        backbone = [p for name, p in network.named_parameters() if not name.startswith("prompts.")]

        def batches(order: torch.Generator) -> Iterator[Batch]:
            for task, starts in self._drawn(every, self.options.tuning_share, run, self.options.tuning_windows, order):
                yield task, starts.to(run.device)

        def loss(batch: Batch, step: int) -> Tensor:
            task, starts = batch
            inputs, targets = every[task].inputs(starts), every[task].targets(starts)
            with torch.autocast(run.device.type, dtype=torch.bfloat16, enabled=self.options.amp):
                predicted = forward(inputs)
            wrong = (predicted.float() - targets.scaled(every[task].scaler)) * network.gain(task)
            return torch.where(targets.counted, wrong, 0.0).square().sum() / targets.counted.sum().clamp(min=1)

        judged = OneByOne(network, forward, validation, run.budget.validation_windows)
        stage = Stage("tune", batches, loss, judged.mean, {"stage": "tune", "task": ",".join(network.tasks)},
                      rate=lambda epoch: self.rate(epoch, run.budget.epochs), optimiser=self.optimiser)
        for parameter in backbone:
            parameter.requires_grad_(not self.options.freeze_backbone)
        result = run_stage(network, stage, self.options, run)
        for parameter in backbone:
            parameter.requires_grad_(True)
        return [{"stage": "tune", "task": task, "validation_mae": error, **_facts(result)} for task, error in judged.errors().items()]

    def _windows(self, part: str, run: RunContext) -> dict[str, Windows]:
        return {task: getattr(self.problem.tasks[task], part).to(run.device) for task in self.network.tasks}

    def _drawn(self, every: dict[str, Windows], share: float, run: RunContext, most: int | None,
               order: torch.Generator) -> list[Batch]:
        """The batches of one epoch, task by task drawn and then mixed. most: windows of a task, none above the budget's."""
        if self.options.fixed_batches:
            order = run.generator("unist's fixed batches")
        limits, drawn = [limit for limit in (run.budget.epoch_windows, most) if limit is not None], []
        for task, windows in every.items():
            starts = torch.randperm(max(int(share * len(windows)), 1), generator=order, device="cpu")
            drawn += [(task, some) for some in starts[:min(limits, default=None)].split(self.options.batch_size)]
        return [drawn[k] for k in torch.randperm(len(drawn), generator=order, device="cpu")]

    def _kept(self, mask: str, task: str, batch: int, order: torch.Generator) -> Tensor:
        """[batch, kept] tokens of a task's windows."""
        layout, options = self.network.layout(task), self.options
        frames = (self.problem.history + self.problem.horizon) // options.time_patch
        places = layout.rows * layout.columns // options.patch**2
        return kept_tokens(mask, batch, frames, places, options.mask_ratio, order)

    def _compiled(self, forward: Callable[..., Any]) -> Callable[..., Any]:
        if not self.options.compile:
            return forward
        torch.compiler.reset()
        compiled: Callable[..., Any] = torch.compile(forward)
        return compiled


def _spaced(windows: int, count: int) -> Tensor:
    """So many of the windows, evenly spaced."""
    return torch.linspace(0, windows - 1, min(count, windows), dtype=torch.float64, device="cpu").round().long()


def _facts(result: Any) -> dict[str, Any]:
    return {"epochs": result.epochs, "best_epoch": result.best_epoch, "steps": result.steps, **result.pace()}
