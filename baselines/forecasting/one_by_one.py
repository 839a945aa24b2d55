"""Tasks that one network answers one after the other: how it is judged on all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from benchmark import Inputs, Windows, evaluate


@dataclass(frozen=True)
class OneByOne:
    """A network on the validation windows of some tasks."""

    network: nn.Module
    # windows of any of the tasks → [batch, horizon, node], z-scored
    answer: Callable[[Inputs], Tensor]
    validation: Mapping[str, Windows]
    # evenly spaced windows of each task that are looked at; None: all
    limit: int | None

    def errors(self) -> dict[str, float]:
        """Task → validation MAE in its unit."""
        return {task: evaluate(self.network, self.answer, windows, self.limit) for task, windows in self.validation.items()}

    def mean(self) -> float:
        """Over the tasks, in training standard deviations: what an epoch is chosen by, whatever the tasks' units."""
        return sum(error / self.validation[task].scaler.std for task, error in self.errors().items()) / len(self.validation)
