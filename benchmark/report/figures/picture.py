"""A chart with the words that go with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from benchmark.report.figures.style import Look

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Chart(Protocol):
    """Plain data that can be drawn; every dataclass of `charts/` is one."""

    @property
    def title(self) -> str:
        """What stands above it."""

    @property
    def names(self) -> Sequence[str]:
        """The names that have a colour in it."""

    def draw(self, shown_as: Mapping[str, Look] | None = None) -> Figure:
        """The figure."""


@dataclass(frozen=True)
class Picture:
    """A chart and its caption: what is shown, of how many runs, and what bands and whiskers are."""

    # of a file or a link: letters, digits, dashes
    name: str
    caption: str
    chart: Chart
