"""Attention maps by stage (figure 4a), for whoever keeps the fit."""

from __future__ import annotations

import numpy as np
import torch

from benchmark import RunContext, TaskProblem
from methods.cmust.network import TaskMSTI

# validation windows, evenly spaced, whose maps are averaged
WINDOWS = 8


@torch.no_grad()
def keep_maps(network: TaskMSTI, problem: TaskProblem, stage: str, run: RunContext) -> None:
    """Add what layers 1, 3, 5 and 7 attend to after a stage on a task, as ``<number>.<stage>.<task>.<layer>`` [length, length] float32:
    the mean over windows, heads, and nodes (or steps, where nodes attend to each other); rows sum to 1."""
    network.eval()
    windows = problem.validation.to(run.device)
    count = min(WINDOWS, len(windows))
    starts = torch.linspace(0, len(windows) - 1, count, dtype=torch.float64, device="cpu").round().long().to(run.device)
    _, maps = network(windows.inputs(starts), return_attention=True)
    for layer, weights in maps.items():
        mean: np.ndarray = weights.float().flatten(0, -3).mean(0).cpu().numpy()
        run.arrays[f"{run.number}.{stage}.{problem.task}.{layer}"] = mean
