"""STEP as a method: TSFormer fills in masked days of all series; then it rests, and graph and back-end learn to forecast."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from baselines.forecasting.side_by_side import SideBySide, evenly_spaced, not_aligned
from baselines.forecasting.step.contexts import Contexts
from baselines.forecasting.step.graph import SHORTEST, guidance
from baselines.forecasting.step.network import STEPNetwork
from baselines.forecasting.step.options import STEPOptions
from benchmark import Asks, ForecastProblem, Inputs, NeuralForecaster, RunContext, Stage, UserError, Windows, run_stage

# epochs of the authors' plan, in which their schedules are counted
PLAN = 100
# windows of a validation batch of pre-training
EVALUATION_BATCH = 16
# which tokens are hidden in validation, the same in every epoch
HIDING_SEED = 0

# a third of the paper's TSFormer and half of its back-end, each way
NARROW = {"state_width": 32, "feed_forward_width": 64, "encoder_layers": 2, "edge_width": 32, "tsformer_eval": True,
          "pretraining_windows": 320, "pretraining_rate": 2e-3, "width": 16, "skip_width": 64, "readout_width": 128, "context_width": 64,
          "dropout": 0.1, "batch_size": 8, "learning_rate": 3e-3, "decay": 0.3}


class STEP(NeuralForecaster):
    """Scope `city`: one TSFormer, one graph and one back-end for all tasks.

    DEVIATION: losses of both stages are the mean over tasks of the masked MAE on z-scored values; the authors have one task, in its unit.
    """

    Options = STEPOptions
    network: STEPNetwork
    presets: ClassVar = {
        "smoke": {"history_days": 1, "state_width": 8, "heads": 2, "feed_forward_width": 16, "encoder_layers": 1, "edge_width": 8,
                  "neighbours": 3, "tsformer_eval": True, "pretraining_windows": 32, "width": 8, "blocks": 1, "skip_width": 16,
                  "readout_width": 16, "context_width": 16, "embedding": 4, "batch_size": 32, "learning_rate": 1e-2},
        # 240 steps of pre-training and 960 of forecasting; three days, for seven would be more than half of a small city's training rows
        # (SIP has 14 days). Not searched
        "quick": {**NARROW, "history_days": 3, "milestones": (3, 5)},
        # 800 and 6,400 steps; not searched
        "medium": {**NARROW, "milestones": (8, 14)},
    }

    @classmethod
    def asks(cls, options: STEPOptions) -> Asks:
        return Asks(past_days=options.history_days, beside=True)

    @classmethod
    def declines(cls, options: STEPOptions, problem: ForecastProblem) -> str | None:
        return not_aligned(problem) or super().declines(options, problem)

    def __init__(self, options: STEPOptions, problem: ForecastProblem) -> None:
        super().__init__(options, problem)
        self.together = SideBySide(problem)

    def build_network(self, problem: ForecastProblem) -> STEPNetwork:
        series = _series(problem)
        rows = series.shape[-1]
        if rows:  # a kept method has none: its state brings them
            _check(problem, self.options, rows)
        network = STEPNetwork(problem, max(rows, SHORTEST), self.options)
        network.series[..., :rows] = series
        return network

    def fit(self, run: RunContext) -> None:
        self.network.to(run.device)
        pretraining = self._pretrain(run.at_stage(1, 2))
        run.notes["step"] = {"pretraining": pretraining, **self._forecast(run.at_stage(2, 2))}

    def _pretrain(self, run: RunContext) -> dict[str, Any]:
        """Stage 1: TSFormer fills in three quarters of the tokens of days that lie wholly in the series."""
        options, tsformer = self.options, self.network.tsformer
        train, validation = self.together.windows(run)
        budget = run.budget.at_most(options.pretraining_epochs or run.budget.epochs)
        whole = torch.arange(self._first, len(train))
        drawn = min(limit for limit in (len(whole), budget.epoch_windows, options.pretraining_windows) if limit)
        shown = evenly_spaced(validation, budget.validation_windows).split(EVALUATION_BATCH)

        def batches(order: torch.Generator) -> Iterable[Tensor]:
            chosen = whole[torch.randperm(len(whole), generator=order, device="cpu")[:drawn]]
            return chosen.to(run.device).split(options.pretraining_batch)

        def loss(starts: Tensor, step: int) -> Tensor:
            with torch.autocast(run.device.type, dtype=torch.bfloat16, enabled=options.amp):
                error, count = self._filled_in(train, starts, *tsformer.hide(self.network.tokens))
            return (error / count.clamp(min=1)).mean()

        @torch.no_grad()
        def validate() -> float:
            tsformer.eval()
            hiding = tsformer.hide(self.network.tokens, torch.Generator().manual_seed(HIDING_SEED))
            error, count = (torch.stack(parts).sum(dim=0) for parts in
                            zip(*(self._filled_in(validation, starts, *hiding) for starts in shown), strict=True))
            return float((error / count.clamp(min=1)).mean())

        def rate(epoch: int) -> float:
            return options.pretraining_rate * (0.5 if epoch > options.pretraining_half * budget.epochs else 1)

        stage = Stage("pre-train all tasks", batches, loss, validate, {"stage": "pre-train", "task": ",".join(self.together.tasks)},
                      rate=rate, optimiser=partial(torch.optim.Adam, betas=(0.9, 0.95)))
        chosen = replace(options, batch_size=options.pretraining_batch, learning_rate=options.pretraining_rate, weight_decay=0.0,
                         clip_norm=options.pretraining_clip)
        result = run_stage(tsformer, stage, chosen, replace(run, budget=budget))
        return {"epochs": result.epochs, "best_epoch": result.best_epoch, "steps": result.steps, "validation_mae_scaled": result.best_loss,
                **result.pace()}

    @property
    def _first(self) -> int:
        """The first training window whose days the series has."""
        return max(self.network.tokens * self.options.patch - self.problem.history, 0)

    def _filled_in(self, windows: Windows, starts: Tensor, seen: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """[task], [task]: sums of errors over what is hidden, in standard deviations, and how many entries count."""
        patches, observed = self.network.past(windows.inputs(starts))
        counted, truth = observed[..., hidden, :], patches[..., hidden, :]
        filled = self.network.tsformer.reconstruct(patches.flatten(0, 2), seen, hidden).float().view(truth.shape)
        if not windows.zero_counts:
            zero = [self.problem.tasks[task].scaler.scale(truth.new_zeros(())) for task in self.together.tasks]
            counted = counted & (truth != torch.stack(zero)[:, None, None])
        error = torch.where(counted, filled - truth, 0.0).abs()
        return error.sum(dim=(0, 1, 3, 4)), counted.sum(dim=(0, 1, 3, 4))

    def _forecast(self, run: RunContext) -> dict[str, Any]:
        """Stage 2: all but TSFormer learns from forecasts, and the graph from alike nodes too, ever less."""
        options, network = self.options, self.network
        train, validation = windows = self.together.windows(run)
        learnt = Contexts(network, train, torch.arange(len(train), device=run.device), self._first)
        judged = Contexts(network, validation, evenly_spaced(validation, run.budget.validation_windows))
        answer = torch.compile(network.answer) if options.compile else network.answer

        def answers(part: Windows, starts: Tensor) -> Tensor:
            state, _ = (learnt if part is train else judged).of(starts)
            return answer(part.inputs(starts), state, network.likely())

        def loss(starts: Tensor, step: int, planned: int) -> Tensor:
            state, alike = learnt.of(starts)
            with torch.autocast(run.device.type, dtype=torch.bfloat16, enabled=options.amp):
                likely = network.likely()
                answered = answer(train.inputs(starts), state, likely).float()
            forecast = torch.stack([self.loss(*pair, step, planned) for pair in self.together.pairs(answered, train, starts)]).mean()
            return forecast + guided(step, planned) * guidance(likely.float(), alike)

        trained = [parameter for name, parameter in network.named_parameters() if not name.startswith("tsformer.")]
        return self.together.fit(network, options, run, windows, answers, loss, parameters=trained,
                                 rate=lambda epoch: self.rate(epoch, run.budget.epochs))

    @torch.no_grad()
    def predict(self, inputs: Inputs) -> Tensor:
        self.network.eval()
        return self.together.prediction(self.network(inputs), inputs.task)

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """The training series come with the state, and with them the size of what reads them."""
        if (steps := state["series"].shape[-1]) != self.network.series.shape[-1]:
            self.network = STEPNetwork(self.problem, steps, self.options)
        self.network.load_state_dict(dict(state))


def guided(step: int, planned: int) -> float:
    """Weight of the graph's guidance in a step (from 0) of so many: 1 / (epoch // 6 + 1), with epochs of the authors' plan of 100.

    DEVIATION: by the share of the planned steps, for a short budget would never leave full guidance behind.
    """
    return 1 / ((step * PLAN // planned + 1) // 6 + 1)


def _series(problem: ForecastProblem) -> Tensor:
    """[node, task, step] z-scored training series of all tasks, 0 where unobserved; no steps for a kept problem."""
    rows = [one.train for _, one in sorted(problem.tasks.items())]
    scaled = [torch.where(one.observed, one.scaler.scale(one.values), 0.0)[one.past:] for one in rows]
    return torch.stack(scaled, dim=-1).permute(1, 2, 0)


def _check(problem: ForecastProblem, options: STEPOptions, rows: int) -> None:
    """Raise UserError where the days are no sequence of tokens, or longer than the training rows."""
    first, *_ = problem.tasks.values()
    days, tokens = options.history_days, options.history_days * first.steps_per_day // options.patch
    if int(tokens * options.masked_share) == 0:
        raise UserError(f"history_days={days} are {tokens} tokens of {options.patch} steps, of which masked_share={options.masked_share:g} "
                        "hides none; set a smaller patch or more days.")
    if tokens > options.positions:
        raise UserError(f"history_days={days} are {tokens} tokens of {options.patch} steps, more than positions={options.positions}; set a "
                        "larger patch, fewer days or more positions.")
    if (needed := tokens * options.patch + problem.horizon) > rows:
        most = (rows - problem.horizon) // first.steps_per_day
        allowed = f"set history_days to at most {most}" if most > 0 else "bring a longer series"
        raise UserError(f"history_days={days} needs {needed} training rows (the days, and the {problem.horizon} steps after them), and "
                        f"there are {rows}; {allowed}.")
