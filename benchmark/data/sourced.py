"""How a city that a registered source makes is made where it is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.data.folder import CARD, cities_home, read_card
from benchmark.data.sources import build_city
from benchmark.errors import UserError
from benchmark.options import parse_assignments


@dataclass(frozen=True)
class Sourced:
    """By what follows `stbench data build`: a source that needs no files, and its options."""

    name: str
    edition: str
    # "even_town level=5"
    words: str

    @property
    def card(self) -> Mapping[str, Any] | None:
        """Known once it was made."""
        return read_card(self.folder) if (self.folder / CARD).is_file() else None

    @property
    def folder(self) -> Path:
        """Where a source puts the city's edition."""
        return cities_home() / self.name / self.edition

    def sized(self, size: str) -> Sourced:
        """It has one size."""
        return self

    def make(self) -> None:
        """Have the source build it.

        Raises
        ------
        UserError: as `build_city`; or the source builds another city.
        """
        source, *options = self.words.split()
        built = build_city(source, None, parse_assignments(options, f"Source {source}"))
        if self.card is None:
            made = read_card(built.folder)
            raise UserError(f"Source {source} makes the city {made['name']} ({made['edition']}), and not {self.name} ({self.edition}).")

    def __str__(self) -> str:
        return f"city {self.name} ({self.edition}) of source {self.words}"
