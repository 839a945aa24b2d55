"""How a city that ships is made where it is missing. Light: no numpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.data.folder import CARD, cities_home, read_card

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Embedded:
    """By unpacking it; a city has one edition that ships."""

    name: str

    @property
    def card(self) -> Mapping[str, Any]:
        """Known before it is unpacked."""
        return read_card(HERE / self.name)

    @property
    def folder(self) -> Path:
        """Where it lies once it is unpacked; the name carries its fingerprint."""
        card = self.card
        return cities_home() / self.name / f"{card['edition']}-{card['fingerprint'][:8]}"

    def sized(self, size: str) -> Embedded:
        """It has one size."""
        return self

    def make(self) -> None:
        """Unpack it."""
        from benchmark.data.embedded.pack import unpack

        unpack(HERE / self.name, self.folder)

    def __str__(self) -> str:
        return f"city {self.name} that ships with stbench"


def embedded() -> dict[str, Embedded]:
    """All cities that ship, by name."""
    return {path.parent.name: Embedded(path.parent.name) for path in sorted(HERE.glob(f"*/{CARD}"))}
