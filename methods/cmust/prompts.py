"""Task prompts: an auto-encoder's summary of each node's mean day, from training rows only."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from benchmark import RunContext, TaskProblem

# The card's recipe; the paper gives none.
SUMMARY_WIDTH = 24
STEPS = 500
LEARNING_RATE = 1e-2


def summary_prompts(tasks: Mapping[str, TaskProblem], history: int, width: int, run: RunContext) -> dict[str, Tensor]:
    """Initial prompt of each task, [history, node, width] on the CPU: P = FC_p(S).

    Every task draws the same encoder and all share one FC_p, so that equal summaries give equal prompts.
    DEVIATION: the paper averages the whole series, which would show the test part; here, the observed training rows.
    """
    project, bias = _linear(SUMMARY_WIDTH, history * width, run.generator("cmust prompt projection"))
    prompts = {}
    for task, problem in tasks.items():
        summary = summarise(mean_day(problem), run.generator("cmust prompt encoder"))
        prompts[task] = (summary @ project.T + bias).unflatten(1, (history, width)).transpose(0, 1).contiguous()
    return prompts


def mean_day(problem: TaskProblem) -> Tensor:
    """X_samp [node, slot]: z-scored mean by slot of the day over observed training entries; 0 where there is none."""
    rows = problem.train.to(torch.device("cpu"))
    sums, counts = torch.zeros(2, problem.steps_per_day, problem.nodes, dtype=torch.float64)
    sums.index_add_(0, rows.slot, torch.where(rows.observed, rows.values, 0).double())
    counts.index_add_(0, rows.slot, rows.observed.double())
    means = problem.scaler.scale(sums / counts.clamp(min=1))
    return torch.where(counts > 0, means, 0).T.float().contiguous()


def summarise(days: Tensor, generator: torch.Generator) -> Tensor:
    """S = sigmoid(W X + b) [node, SUMMARY_WIDTH], trained with a linear decoder by mean squared reconstruction error."""
    slots = days.shape[1]
    encode, encode_bias = _linear(slots, SUMMARY_WIDTH, generator)
    decode, decode_bias = _linear(SUMMARY_WIDTH, slots, generator)
    weights = [tensor.requires_grad_() for tensor in (encode, encode_bias, decode, decode_bias)]
    optimiser = torch.optim.Adam(weights, lr=LEARNING_RATE)
    for _ in range(STEPS):
        optimiser.zero_grad()
        summary = torch.sigmoid(days @ encode.T + encode_bias)
        nn.functional.mse_loss(summary @ decode.T + decode_bias, days).backward()
        optimiser.step()
    with torch.no_grad():
        return torch.sigmoid(days @ encode.T + encode_bias)


def _linear(inputs: int, outputs: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Weight [outputs, inputs] and bias as PyTorch's Linear draws them, from a generator of ours."""
    bound = inputs**-0.5
    weight = torch.empty(outputs, inputs).uniform_(-bound, bound, generator=generator)
    return weight, torch.empty(outputs).uniform_(-bound, bound, generator=generator)
