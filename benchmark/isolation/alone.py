"""Some of what was answered in batches is asked again by itself, of a method that has seen nothing but its saved state.

Windows that follow each other overlap, and trips of one task show what another hides: what a batch holds beside, or what was shown before,
may be the answer. What is asked again is drawn by a hash of the answers and a secret, so that no method can know it, nor try answers until
it is another; it is asked as often at once as there were others, so that rounding is the same.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

import torch
from torch import Tensor

# how many of a task are asked again, and how far the answers may lie apart: relative to the largest number of the answer
DRAWN = 4
TOLERANCE = 1e-6

Asked = TypeVar("Asked")


class NotAlone(RuntimeError):
    """A method answers by what else it was shown."""


class Drawn(Generic[Asked]):
    """The few that are asked again; no more than these are held."""

    def __init__(self, secret: bytes | None = None) -> None:
        """secret: default a new one."""
        self._secret = secrets.token_bytes(16) if secret is None else secret
        # (rank by hash, what was asked, how many were asked at once, [1, …] what was answered)
        self._held: list[tuple[bytes, Asked, int, Tensor]] = []

    def see(self, row: Callable[[int], Asked], answers: Tensor) -> None:
        """One batch was answered: one row of it, `row(k)` of what was asked, may be among the drawn ones."""
        told = answers.detach().cpu().contiguous()
        rank = hashlib.sha256(self._secret + (told.view(torch.uint8).numpy().tobytes() if told.numel() else b"")).digest()
        if len(self._held) < DRAWN or rank < self._held[-1][0]:
            k = int.from_bytes(rank[:8], "little") % len(told)
            self._held = sorted([*self._held, (rank, row(k), len(told), told[k:k + 1].clone())], key=lambda one: one[0])[:DRAWN]

    def __iter__(self) -> Iterator[tuple[Asked, int, Tensor]]:
        """What was asked, in a batch of how many, and what was answered."""
        return ((asked, many, answered) for _, asked, many, answered in self._held)


def check_equal(what: str, among: Tensor, alone: Tensor, tolerance: float = TOLERANCE) -> None:
    """Raise NotAlone where two answers differ by more than rounding."""
    if among.shape != alone.shape or not bool(((among - alone).abs() <= tolerance * among.abs().max()).all()):
        apart = f"by up to {float((among - alone).abs().max()):.3g}" if among.shape == alone.shape else "in shape"
        raise NotAlone(f"{what}: asked again by itself, from the method's saved state, it is answered otherwise ({apart}); the method uses "
                       "what else is in a batch, or remembers what it was shown before.")
