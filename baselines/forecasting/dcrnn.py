"""DCRNN: an encoder and a decoder of GRUs whose matrix products are walks over a directed graph.

Li, Yu, Shahabi and Liu, "Diffusion Convolutional Recurrent Neural Network: Data-Driven Traffic Forecasting", ICLR 2018,
https://arxiv.org/abs/1707.01926. Where paper and authors' code disagree it is the code: Chebyshev's recursion instead of powers, the
transposed walk (a node receives what the others send), and two steps of it. Equal to the code to rounding, with less work: the walks are
multiplied out once, a state is spread once for all that read it, and the encoder's inputs meet their weights in one product.

DEVIATION: Adam in torch's form with epsilon 1e-3; TensorFlow's adds epsilon before it corrects the bias, so that first steps are smaller.
DEVIATION: missing targets are known from the raw data; the code compares a float's round trip with 0, which may or may not be exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import torch
from scipy.special import lambertw
from torch import Tensor, nn

from baselines.forecasting.channels import ChannelOptions
from baselines.layers.graph import random_walk
from benchmark import ForecastProblem, Inputs, NeuralForecaster, RunContext, Targets, planned_steps, ranged

# share of the planned steps after which every second truth is shown: 15,202 of METR-LA's 37,500, where the code's tau of 2,000 is from
HALF_WAY = 0.405


@dataclass(frozen=True, kw_only=True)
class DCRNNOptions(ChannelOptions):
    """The settings of the authors' code for METR-LA, but for the inputs.

    DEVIATION: three inputs a step, as every method here is given (`ChannelOptions`); the authors' network reads two, value and time of
    day (`inputs=paper`).
    """

    paper_channels = 2

    # numbers of a node's state (paper and code)
    width: int = ranged(64, least=1)
    # recurrent layers of the encoder, and of the decoder (paper and code)
    layers: int = ranged(2, least=1)
    # steps of a walk, K (code: 2; paper: 3)
    walk_steps: int = ranged(2, least=0)
    # where the walk against the edges begins: carry: where the walk along them left off, as all published numbers of the code have it;
    # reset: at the node itself, as the paper means it
    support_chain: Literal["carry", "reset"] = "carry"
    # steps of the optimiser that stretch the fall of the share of truths shown to the decoder; 0: so that half of them are shown after
    # 40.5 % of the planned steps (ours), which on METR-LA is the code's 2000
    tau: float = ranged(0.0, least=0)
    learning_rate: float = 1e-2
    milestones: tuple[int, ...] = (20, 30, 40, 50)
    # the learning rate falls no lower (code)
    least_rate: float = ranged(2e-6, least=0)
    clip_norm: float = 5.0


class Cell(nn.Module):
    """A GRU whose products are diffusion convolutions (section 2.3): every term of a walk has weights of its own."""

    def __init__(self, channels: int, width: int, terms: int) -> None:
        super().__init__()
        self.channels, self.width = channels, width
        # (r, u) of the paper side by side, and the candidate; [term, input and state, out]
        self.gates = nn.Parameter(torch.empty(terms, channels + width, 2 * width))
        self.candidate = nn.Parameter(torch.empty(terms, channels + width, width))
        self.gates_bias = nn.Parameter(torch.ones(2 * width))
        self.candidate_bias = nn.Parameter(torch.zeros(width))
        for weight in (self.gates, self.candidate):  # one matrix [term * (input and state), out]
            nn.init.xavier_uniform_(weight.flatten(0, 1))

    def forward(self, graph: Tensor) -> BoundCell:
        """The same with all that does not change from step to step."""
        of_inputs = torch.cat([self.gates[:, : self.channels], self.candidate[:, : self.channels]], dim=-1).flatten(0, 1)
        of_states = (weight[:, self.channels :].flatten(0, 1) for weight in (self.gates, self.candidate))
        return BoundCell(graph, of_inputs, torch.cat([self.gates_bias, self.candidate_bias]), *of_states)


@dataclass(frozen=True)
class BoundCell:
    """A cell at work on one batch."""

    # as `DCRNNNetwork.graph`
    graph: Tensor
    # [term * channel, 3 * width], [3 * width]
    of_inputs: Tensor
    bias: Tensor
    # [term * width, 2 * width], [term * width, width]
    to_gates: Tensor
    to_candidate: Tensor

    def entering(self, spread_input: Tensor) -> Tensor:
        """[…, term * channel] → what inputs add to both gates and the candidate, […, 3 * width]."""
        return torch.addmm(self.bias, spread_input.flatten(0, -2), self.of_inputs).unflatten(0, spread_input.shape[:-1])

    def step(self, entering: Tensor, spread_state: Tensor) -> Tensor:
        """[row, 3 * width] and the spread state [row, term * width] → the next state, spread."""
        width = self.to_candidate.shape[1]
        for_gates, for_candidate = entering.split([2 * width, width], dim=-1)
        state = spread_state[:, :width]
        r, u = torch.sigmoid(torch.addmm(for_gates, spread_state, self.to_gates)).chunk(2, dim=-1)
        new = torch.tanh(torch.addmm(for_candidate, spread(r * state, self.graph), self.to_candidate))
        return spread(new + u * (state - new), self.graph)  # u h + (1 - u) c


class DCRNNNetwork(nn.Module):
    # [(terms - 1) * node, node]: all terms of the walks but the first, which is the identity
    graph: Tensor

    def __init__(self, horizon: int, graph: Tensor, options: DCRNNOptions) -> None:
        super().__init__()
        self.channels, self.width, self.horizon = options.channels, options.width, horizon
        walks = [random_walk(weights.double()).T for weights in (graph, graph.T)]
        terms = diffusion(walks, options.walk_steps, options.support_chain)
        self.register_buffer("graph", torch.cat([graph[:0], *terms[1:]]).to(graph.dtype), persistent=False)
        self.encoder, self.decoder = (
            nn.ModuleList(Cell(options.width if layer else channels, options.width, len(terms)) for layer in range(options.layers))
            for channels in (options.channels, 1))
        # without a bias, as in the code
        self.readout = nn.Parameter(torch.empty(options.width, 1))
        nn.init.xavier_uniform_(self.readout)

    def forward(self, inputs: Inputs, truth: Tensor | None = None, shown: Tensor | None = None) -> Tensor:
        """→ [batch, horizon, node], z-scored.

        truth: [batch, horizon, node], z-scored. shown: bool [horizon], whether the decoder reads the truth of a step instead of its own
        prediction when it goes on to the next.
        """
        x = inputs.channels(self.channels).permute(1, 2, 0, 3)  # [time, node, batch, channel]
        _, nodes, batch, _ = x.shape
        spread_inputs = spread(x.flatten(1, 2), self.graph)  # [time, row, term * channel], rows are node * batch
        states = []
        for cell in self.encoder:
            bound = cell(self.graph)
            state = x.new_zeros(nodes * batch, len(bound.to_gates))
            passed = []
            for entering in bound.entering(spread_inputs):
                state = bound.step(entering, state)
                passed.append(state)
            spread_inputs = torch.stack(passed)
            states.append(state)
        out = self.decode(states, None if truth is None else truth.permute(1, 2, 0).flatten(1)[..., None], shown)
        return out.view(self.horizon, nodes, batch).permute(2, 0, 1)

    def decode(self, states: list[Tensor], truth: Tensor | None, shown: Tensor | None) -> Tensor:
        """States of the encoder's layers, spread, and truth [horizon, row, 1] → predictions [horizon, row, 1]."""
        cells = [cell(self.graph) for cell in self.decoder]
        states = list(states)
        given = states[0].new_zeros(len(states[0]), 1)
        predicted = []
        for step in range(self.horizon):
            spread_input = spread(given, self.graph)
            for layer, cell in enumerate(cells):
                spread_input = states[layer] = cell.step(cell.entering(spread_input), states[layer])
            given = spread_input[:, : self.width] @ self.readout
            predicted.append(given)
            if truth is not None and shown is not None:
                given = torch.where(shown[step], truth[step], given)
        return torch.stack(predicted)


class DCRNN(NeuralForecaster):
    """Walks along and against the edges of the given graph."""

    Options = DCRNNOptions
    optimiser = staticmethod(partial(torch.optim.Adam, eps=1e-3))
    # quick: one layer, a narrower state, and 960 steps; the best on validation windows of three settings, tried on one task
    presets: ClassVar = {
        "smoke": {"width": 8},
        "quick": {"layers": 1, "width": 24, "batch_size": 8, "learning_rate": 5e-3, "milestones": (4, 5), "decay": 0.2},
    }
    trials: ClassVar = {"quick": 3}

    def build_network(self, problem: ForecastProblem) -> nn.Module:
        return DCRNNNetwork(problem.horizon, problem.only.graph, self.options)

    def rate(self, epoch: int, epochs: int) -> float:
        return max(super().rate(epoch, epochs), self.options.least_rate)

    def training_forward(self, inputs: Inputs, targets: Targets, step: int, planned: int) -> Tensor:
        truth = targets.scaled(self.problem.only.scaler)
        shown = torch.rand(self.problem.horizon, device="cpu") < truth_share(step, self.options.tau or fitting_tau(planned))
        return self.network(inputs, truth, shown.to(truth.device))

    def fit(self, run: RunContext) -> None:
        super().fit(run)
        tau = self.options.tau or fitting_tau(planned_steps(self.problem.only.train, self.options, run.budget))
        # a share that never fell shows as errors that grow fast with the horizon
        run.notes["scheduled_sampling"] = {"tau": tau, "last_share": truth_share(run.notes["training"]["steps"] - 1, tau)}


def fitting_tau(planned: int) -> float:
    """The tau with tau · ln(tau) = 0.405 · planned steps: the share of truths falls through one half after 40.5 % of them."""
    return math.exp(lambertw(HALF_WAY * planned).real)


def truth_share(step: int, tau: float) -> float:
    """tau / (tau + exp(step / tau)): the probability that the decoder reads the truth, after so many steps of the optimiser."""
    return 1 / (1 + math.exp(min(step / tau - math.log(tau), 700)))


def diffusion(walks: Sequence[Tensor], steps: int, chain: str) -> list[Tensor]:
    """I, S, 2 S S - I, … of the first walk, then of the others: one matrix a term, M = 1 + walks * steps of them.

    carry: what goes before the first term of the next walk is not I, but the last term but one of this walk.
    """
    identity = torch.eye(len(walks[0]), dtype=walks[0].dtype, device=walks[0].device)
    terms, before = [identity], identity
    for walk in walks if steps else ():
        last, now = before, walk @ before
        terms.append(now)
        for _ in range(1, steps):
            last, now = now, 2 * walk @ now - last
            terms.append(now)
        before = last if chain == "carry" else identity
    return terms


def spread(x: Tensor, graph: Tensor) -> Tensor:
    """[…, node * row, channel] → […, node * row, term * channel]: x beside what each term of the walks brings from the other nodes."""
    nodes = graph.shape[1]
    arrived = (graph @ x.unflatten(-2, (nodes, -1)).flatten(-2)).unflatten(-2, (-1, nodes))  # […, term, node, row * channel]
    return torch.cat([x, *(term.reshape(x.shape) for term in arrived.unbind(-3))], dim=-1)
