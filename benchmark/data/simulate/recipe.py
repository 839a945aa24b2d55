"""How a simulated city is made where it is missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.data.simulate import build, folder_of


@dataclass(frozen=True)
class Simulated:
    """By its size and its seed; a suite knows the seed, and a run the size."""

    name: str
    seed: int
    size: str = ""

    @property
    def card(self) -> None:
        """Not known before it is simulated."""
        return None

    @property
    def folder(self) -> Path:
        """Where it lies once it is simulated; the name carries a hash of all that its bytes depend on."""
        return folder_of(self.name, self.size, self.seed)

    def sized(self, size: str) -> Simulated:
        """The same city in this size."""
        return replace(self, size=size)

    def make(self) -> None:
        """Simulate it."""
        build(self.name, self.size, self.seed, self.folder)

    def __str__(self) -> str:
        return f"simulated city {self.name} of size {self.size}"
