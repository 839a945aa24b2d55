"""How a city is made where it is missing, whatever kind of making that is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol


class Recipe(Protocol):
    """Frozen plain data, so that a job carries it to any machine. ``str(recipe)`` names the city in a sentence."""

    @property
    def name(self) -> str: ...

    @property
    def card(self) -> Mapping[str, Any] | None:
        """The city's card, where it is known before the city is made."""

    @property
    def folder(self) -> Path:
        """Where the city lies once it is made."""

    def sized(self, size: str) -> Recipe:
        """The recipe of the size that a preset names; a city of one size gives itself."""

    def make(self) -> None:
        """Write the city to its folder."""
