"""What prompts are before training. The default: an auto-encoder's summary of each node's mean day, from training rows only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from benchmark import RunContext, TaskProblem
from methods.cmust.options import CMuSTOptions

# The card's recipe; the paper gives none.
SUMMARY_WIDTH = 24
STEPS = 500
LEARNING_RATE = 1e-2


def initial(tasks: Mapping[str, TaskProblem], history: int, options: CMuSTOptions, run: RunContext) -> dict[str, Tensor]:
    """What each task brings to the network, on the CPU: `<task>/prompt` [history, node, d_p], or `<task>/summary` S for `summary_fc`."""
    width = options.prompt_width
    match options.prompt_init:
        case "none":
            return {}
        case "summary_fc":
            return {f"{task}/summary": summary for task, summary in summaries(tasks, run, options.prompt_fit).items()}
        case "xavier":
            made = {task: xavier_prompt(problem, history, width, run) for task, problem in tasks.items()}
        case "file":
            made = {task: file_prompt(problem, history, width) for task, problem in tasks.items()}
        case _:
            # DEVIATION: in profile `code` too. The authors' code loads each task's prompt from a file that comes with their data, made by
            # no published code (`file`); other cities have none. So every city starts from the paper's summary; from there on, as in
            # the code, the prompt is a free parameter.
            made = summary_prompts(tasks, history, width, run, options.prompt_fit)
    return {f"{task}/prompt": prompt for task, prompt in made.items()}


def xavier_prompt(problem: TaskProblem, history: int, width: int, run: RunContext) -> Tensor:
    """As older revisions of the authors' code: PyTorch's fans of a 3-D tensor give the bound sqrt(6 / ((history + nodes) · width))."""
    prompt = torch.empty(history, problem.nodes, width)
    return nn.init.xavier_uniform_(prompt, generator=run.generator(f"cmust prompt {problem.task}"))


def file_prompt(problem: TaskProblem, history: int, width: int) -> Tensor:
    """The tensor that the source ships with the task."""
    wanted = (history, problem.nodes, width)
    if "prompt" not in problem.extras:
        raise ValueError(f"prompt_init=file needs a tensor 'prompt' of shape {wanted} with the data of task '{problem.task}', which has "
                         f"{'only ' + ', '.join(problem.extras) if problem.extras else 'none'}; use another prompt_init, e.g. summary.")
    prompt = problem.extras["prompt"]
    if tuple(prompt.shape) != wanted:
        raise ValueError(f"The prompt shipped with task '{problem.task}' has shape {tuple(prompt.shape)}; prompt_init=file needs {wanted}: "
                         "(history, nodes, prompt_width).")
    return prompt.float()


def summary_prompts(tasks: Mapping[str, TaskProblem], history: int, width: int, run: RunContext,
                    fit: Literal["train", "all"] = "train") -> dict[str, Tensor]:
    """P = FC_p(S) of each task, [history, node, width]. All tasks share one FC_p, so that equal summaries give equal prompts."""
    project, bias = _linear(SUMMARY_WIDTH, history * width, run.generator("cmust prompt projection"))
    return {task: (summary @ project.T + bias).unflatten(1, (history, width)).transpose(0, 1).contiguous()
            for task, summary in summaries(tasks, run, fit).items()}


def summaries(tasks: Mapping[str, TaskProblem], run: RunContext, fit: Literal["train", "all"] = "train") -> dict[str, Tensor]:
    """S of each task, [node, SUMMARY_WIDTH]. Every task draws the same encoder.

    DEVIATION: the paper averages the whole series, which would show the test part; here, unless fit is `all`, the observed training rows.
    """
    days = whole_day if fit == "all" else mean_day
    return {task: summarise(days(problem), run.generator("cmust prompt encoder")) for task, problem in tasks.items()}


def whole_day(problem: TaskProblem) -> Tensor:
    """X_samp [node, slot] over the whole series, z-scored; 0 where there is nothing."""
    if problem.whole_day is None:
        raise ValueError("prompt_fit=all needs the mean day of the whole series, which the problem of task "
                         f"'{problem.task}' does not show; it does under a protocol that is not ranked: add --protocol paper.")
    return torch.nan_to_num(problem.scaler.scale(problem.whole_day.cpu())).T.float().contiguous()


def mean_day(problem: TaskProblem) -> Tensor:
    """X_samp [node, slot]: z-scored mean by slot of the day over observed training entries; 0 where there is none."""
    rows = problem.train.to(torch.device("cpu"))
    sums, counts = torch.zeros(2, problem.steps_per_day, problem.nodes, dtype=torch.float64, device="cpu")
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
    weight = torch.empty(outputs, inputs, device="cpu").uniform_(-bound, bound, generator=generator)
    return weight, torch.empty(outputs, device="cpu").uniform_(-bound, bound, generator=generator)
