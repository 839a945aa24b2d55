"""Small methods as an outside author writes them; each needs one part of the contract."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from benchmark import Asks, Forecaster, NeuralForecaster, RunContext, Stage, StageOptions, TrainingOptions, run_stage


@dataclass(frozen=True)
class LastWeekOptions:
    # days back
    days: int = 7


class LastWeek(Forecaster):
    """What was observed at the same time some days before, else the training mean of the node."""

    Options = LastWeekOptions

    @classmethod
    def asks(cls, options):
        return Asks(past_days=options.days)

    def fit(self, run):
        task = self.problem.only
        seen = torch.where(task.train.observed, task.train.values, 0.0)
        self.mean = seen.sum(dim=0) / task.train.observed.sum(dim=0).clamp(min=1)

    def predict(self, inputs):
        # the past ends where the window begins, so that the targets' time of day lies `history` rows after the beginning of a day ago
        steps = inputs.history + torch.arange(self.problem.horizon, device=inputs.values.device)
        same = steps + inputs.past.values.shape[1] - self.options.days * inputs.steps_per_day
        values, observed = inputs.past.values[:, same], inputs.past.observed[:, same]
        return torch.where(observed, values, self.mean.to(values))

    def state_dict(self):
        return {"mean": self.mean}

    def load_state_dict(self, state):
        self.mean = state["mean"]


@dataclass(frozen=True, kw_only=True)
class SampledOptions(TrainingOptions):
    learning_rate: float = 1e-2
    # steps after which half of the decoder's inputs are its own
    half: int = 20


class Sampled(NeuralForecaster):
    """A GRU cell a node that is fed the truth less and less often, as DCRNN is."""

    Options = SampledOptions
    # DCRNN's
    optimiser = staticmethod(partial(torch.optim.Adam, eps=1e-3))
    seen: list[tuple[int, int]] = []  # noqa: RUF012  (what a test reads)

    def build_network(self, problem):
        return Decoder(problem.horizon)

    def training_forward(self, inputs, targets, step, planned):
        self.seen.append((step, planned))
        chance = self.options.half / (self.options.half + step)
        fed = torch.rand((), device=inputs.scaled.device) < chance
        return self.network(inputs, targets.scaled(self.problem.only.scaler) if fed else None)

    def loss(self, prediction, targets, step, planned):
        """The first steps of the horizon first, as MTGNN's curriculum."""
        asked = 1 + (self.problem.horizon - 1) * step // max(planned - 1, 1)
        counted = targets.counted[:, :asked]
        error = torch.where(counted, prediction[:, :asked] - targets.values[:, :asked], 0.0).abs()
        return error.sum() / counted.sum().clamp(min=1)


class Decoder(nn.Module):
    def __init__(self, horizon):
        super().__init__()
        self.horizon, self.encoder, self.cell, self.out = horizon, nn.GRU(1, 16), nn.GRUCell(1, 16), nn.Linear(16, 1)

    def forward(self, inputs, truth=None):
        batch, _, nodes = inputs.scaled.shape
        _, state = self.encoder(inputs.scaled.transpose(0, 1).flatten(1)[..., None])
        state, step, made = state[0], inputs.scaled[:, -1].reshape(-1, 1), []
        for k in range(self.horizon):
            state = self.cell(step, state)
            made.append(self.out(state).view(batch, nodes))
            step = (made[-1] if truth is None else truth[:, k]).reshape(-1, 1)
        return torch.stack(made, dim=1)


class Transposed(NeuralForecaster):
    """Gives [batch, node, horizon]."""

    Options = TrainingOptions

    def build_network(self, problem):
        return Swapped(problem.history, problem.horizon)


class Swapped(nn.Module):
    def __init__(self, history, horizon):
        super().__init__()
        self.map = nn.Linear(history, horizon)

    def forward(self, inputs):
        return self.map(inputs.scaled.transpose(1, 2))


class ReadsTheTime(NeuralForecaster):
    """Says that it reads the value alone, and adds the slot of the day."""

    Options = TrainingOptions

    def build_network(self, problem):
        return Timed(problem.history, problem.horizon)


class Timed(Swapped):
    def forward(self, inputs):
        return super().forward(inputs).transpose(1, 2) + inputs.time_of_day()[:, -1:, None]


class SaysTooMuch(NeuralForecaster):
    """Says that it reads the graph, and does not."""

    Options = TrainingOptions

    def build_network(self, problem):
        return Plain(problem.history, problem.horizon)


class Plain(Swapped):
    def forward(self, inputs):
        return super().forward(inputs).transpose(1, 2)


class WrongDevice(SaysTooMuch):
    """Makes a tensor without a device in its forward."""

    def build_network(self, problem):
        return Homeless(problem.history, problem.horizon)


class Homeless(Plain):
    def forward(self, inputs):
        return super().forward(inputs) + torch.zeros(1)


@dataclass(frozen=True, kw_only=True)
class TwoPhaseOptions(StageOptions):
    learning_rate: float = 1e-2


class TwoPhases(Forecaster):
    """Pre-trains a map on reconstructing the window, then trains it on the targets: two stages, resumed for free."""

    Options = TwoPhaseOptions

    def __init__(self, options, problem):
        super().__init__(options, problem)
        self.network = Plain(problem.history, problem.horizon)

    def fit(self, run: RunContext):
        windows = self.problem.only.train.to(run.device)

        def stage(key, error):
            def batches(order):
                return torch.randperm(len(windows), generator=order, device="cpu").to(run.device).split(16)

            def loss(starts, step):
                return error(self.network(windows.inputs(starts)), starts)

            return Stage(key, batches, loss, lambda: float(loss(torch.arange(16, device=run.device), 0)))

        def truth(starts):
            return self.problem.only.scaler.scale(windows.targets(starts).values)

        for made in (stage("mirror", lambda made, starts: (made - windows.inputs(starts).scaled).square().mean()),
                     stage("fit", lambda made, starts: (made - truth(starts)).abs().mean())):
            run_stage(self.network, made, self.options, run)

    @torch.no_grad()
    def predict(self, inputs):
        return self.problem.only.scaler.unscale(self.network(inputs))

    def state_dict(self):
        return self.network.state_dict()

    def load_state_dict(self, state):
        self.network.load_state_dict(dict(state))
