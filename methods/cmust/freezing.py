"""Which weights are common knowledge: the variance of each weight over a stage's epochs, streamed, the rules that read it, and the hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

# shared tensor -> mask of the elements that no longer change, on the CPU; tensors without any are not named
Frozen = Mapping[str, Tensor]


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


def tensor_all(elements: Tensor, limit: float) -> Tensor:
    """The whole tensor, if ALL its elements vary by less than `limit`.

    DEVIATION: equation 11 freezes single elements; the authors' code, and this rule, freeze whole tensors.
    """
    return (elements < limit).all().expand_as(elements)


def element(elements: Tensor, limit: float) -> Tensor:
    """Each element that varies by less than `limit` (equation 11)."""
    return elements < limit


def tensor_mean(elements: Tensor, limit: float) -> Tensor:
    """The whole tensor, if its elements vary by less than `limit` on average (algorithm 1, which has one variance a name)."""
    return (elements.mean() < limit).expand_as(elements)


RULES: dict[str, Callable[[Tensor, float], Tensor]] = {"tensor_all": tensor_all, "element": element, "tensor_mean": tensor_mean}


def stable(variance: Mapping[str, Tensor], limit: float, unit: str) -> dict[str, Tensor]:
    """What a rule freezes: a mask for each tensor that it touches."""
    masks = {name: RULES[unit](elements, limit) for name, elements in variance.items()}
    return {name: mask.clone() for name, mask in masks.items() if mask.any()}


def joined(frozen: Frozen, more: Frozen) -> dict[str, Tensor]:
    """What is frozen by either. Freezing is permanent, so masks only grow."""
    return {name: frozen[name] | more[name] if name in frozen and name in more else {**frozen, **more}[name] for name in {**frozen, **more}}


def whole(frozen: Frozen) -> set[str]:
    """The tensors that are frozen entirely."""
    return {name for name, mask in frozen.items() if bool(mask.all())}


def count(frozen: Frozen) -> int:
    """Frozen weights."""
    return sum(int(mask.sum()) for mask in frozen.values())


class Hold:
    """Puts frozen elements of tensors that are otherwise trained back to their present values, after each step of the optimiser.

    Neither gradient nor weight decay moves them then, to the bit. Adam's moments are kept by element, and none outlives its stage, so
    theirs reach no other.
    """

    def __init__(self, tensors: Mapping[str, nn.Parameter], frozen: Frozen) -> None:
        partly = frozen.keys() - whole(frozen)
        self._held = [(tensors[name], frozen[name].to(tensors[name].device), tensors[name].detach().clone()) for name in sorted(partly)]

    def __bool__(self) -> bool:
        return bool(self._held)

    @torch.no_grad()
    def __call__(self) -> None:
        for weight, mask, value in self._held:
            torch.where(mask, value, weight, out=weight)
