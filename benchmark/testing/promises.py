"""A promise that a method breaks, said so that its author can mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


class BrokenPromise(AssertionError):
    """What was seen of a method, what was expected instead, and how to fix it."""

    def __init__(self, seen: str, expected: str, fix: str) -> None:
        super().__init__(f"{seen}. Expected: {expected}. To fix it: {fix}.")
        self.seen, self.expected, self.fix = seen, expected, fix


def expect(holds: bool, seen: str, *, expected: str, fix: str) -> None:
    """Raise BrokenPromise unless something holds; `seen` is what it is like where it does not."""
    if not holds:
        raise BrokenPromise(seen, expected, fix)


def close(one: Tensor, other: Tensor, absolute: float) -> bool:
    """Whether two answers differ by rounding alone: relative 1e-4, or this much."""
    return one.shape == other.shape and one.allclose(other, rtol=1e-4, atol=absolute)


def apart(one: Tensor, other: Tensor) -> str:
    """How far two answers are from each other, in words."""
    if one.shape != other.shape:
        return f"of shapes {tuple(one.shape)} and {tuple(other.shape)}"
    return f"up to {float((one.double() - other.double()).abs().max()):.3g} apart" if one.numel() else "both empty"
