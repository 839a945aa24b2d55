"""Which weights are common knowledge: the variance of each weight over a stage's epochs, streamed, and the rule that reads it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor


class WeightBehaviour:
    """Element-wise population variance of named tensors over snapshots (equation 11), by Welford's method in float64.

    Keeps a mean and a sum of squares for each element instead of a stack of all snapshots. A companion of a training stage: the first
    snapshot is what the stage begins with, the others what each epoch leaves.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._tensors = tensors
        self.snapshots = 0
        self._mean: dict[str, Tensor] = {}
        self._squares: dict[str, Tensor] = {}
        self.add(tensors)

    def after_epoch(self) -> None:
        """Take the present values."""
        self.add(self._tensors)

    def state_dict(self) -> dict[str, Any]:
        return {"snapshots": self.snapshots, "mean": self._mean, "squares": self._squares}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.snapshots = state["snapshots"]
        self._mean, self._squares = ({name: part.cpu() for name, part in state[key].items()} for key in ("mean", "squares"))

    @torch.no_grad()
    def add(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the present values; the names must be the same every time."""
        self.snapshots += 1
        for name, tensor in tensors.items():
            values = tensor.cpu().double()  # MPS has no float64
            if self.snapshots == 1:
                self._mean[name], self._squares[name] = values.clone(), torch.zeros_like(values)
                continue
            delta = values - self._mean[name]
            self._mean[name] += delta / self.snapshots
            self._squares[name] += delta * (values - self._mean[name])

    def variance(self) -> dict[str, Tensor]:
        """Population variance (ddof 0) of every element so far."""
        return {name: squares / self.snapshots for name, squares in self._squares.items()}


def tensor_all(variance: Mapping[str, Tensor], limit: float) -> set[str]:
    """Names of the tensors ALL of whose elements vary by less than `limit`.

    DEVIATION: equation 11 freezes single elements; the authors' code, and this rule, freeze whole tensors.
    """
    return {name for name, elements in variance.items() if bool((elements < limit).all())}
