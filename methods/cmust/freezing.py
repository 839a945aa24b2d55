"""Which weights are common knowledge: the variance of each weight over a stage's epochs, streamed, and the rule that reads it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor


class WeightBehaviour:
    """Element-wise population variance of named tensors over snapshots (equation 11), by Welford's method in float64.

    Keeps a mean and a sum of squares for each element instead of a stack of all snapshots.
    """

    def __init__(self) -> None:
        self.snapshots = 0
        self._mean: dict[str, Tensor] = {}
        self._squares: dict[str, Tensor] = {}

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
