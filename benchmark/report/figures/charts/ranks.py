"""Mean ranks on one line; bars join the methods that are not told apart (a critical-difference diagram, Demšar, 2006)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.report.figures.style import LETTER, ONE_COLUMN, TWO_COLUMNS, Look, looks, styled, titled, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# letters of a name in one line
LONGEST = 28


@dataclass(frozen=True)
class RankLine:
    """Methods by their mean rank, 1 the best."""

    title: str
    # what the line shows
    label: str
    # method -> mean rank
    ranks: Mapping[str, float]
    # each: methods of which none is told apart from another
    alike: Sequence[Sequence[str]] = ()
    # the least difference of two mean ranks that is told; None: the pairs were tested one by one
    difference: float | None = None

    @property
    def names(self) -> list[str]:
        return list(self.ranks)

    def draw(self, shown_as: Mapping[str, Look] | None = None) -> Figure:
        """The figure. shown_as: the looks of a page's names; default those of this figure's own."""
        with styled():
            from matplotlib.figure import Figure

            given, order = shown_as or looks(self.names), sorted(self.ranks, key=lambda name: (self.ranks[name], name))
            longest = min(max(map(len, order)), LONGEST) + 6
            half, bars = (len(order) + 1) // 2, [one for one in self.alike if len(one) > 1]
            width = ONE_COLUMN if longest * 2 * LETTER + 1.2 < ONE_COLUMN else TWO_COLUMNS
            # a name of two lines needs more room
            row = 0.22 if max(map(len, order)) <= LONGEST else 0.32
            below = row * (len(bars) + half)
            figure = Figure(figsize=(width, below + 0.95), layout="constrained")
            axes = figure.subplots()
            count = len(order)
            margin = longest * LETTER / (width - 2 * longest * LETTER) * (count - 1 or 1)
            axes.set(xlim=(1 - margin, max(count, 2) + margin), ylim=(below / row + 0.9, -2.4 if self.difference else -1.4))
            axes.axis("off")
            self._scale(axes, count)
            for k, names in enumerate(bars):
                ends = [self.ranks[name] for name in names]
                axes.plot([min(ends) - 0.03, max(ends) + 0.03], [0.75 + k] * 2, color="0.25", linewidth=3, solid_capstyle="round")
            for k, name in enumerate(order):
                left = k < half
                y = len(bars) + 1.2 + (k if left else count - 1 - k)
                end = 1 - 0.06 * margin if left else max(count, 2) + 0.06 * margin
                axes.plot([self.ranks[name], self.ranks[name], end], [0, y, y], color=given[name].colour, linewidth=1)
                axes.plot(self.ranks[name], 0, given[name].marker, color=given[name].colour, markersize=4, zorder=3, clip_on=False)
                shift, side = (-1, "right") if left else (1, "left")
                axes.annotate(f"{self.ranks[name]:.2f}", (end, y), xytext=(3 * shift, 0), textcoords="offset points", va="center", ha=side)
                axes.annotate(wrapped(name, LONGEST), (end, y), xytext=(28 * shift, 0), textcoords="offset points", va="center", ha=side,
                              linespacing=1)
            titled(figure, self.title)
        return figure

    def _scale(self, axes: Axes, count: int) -> None:
        """The line of ranks, and above it the least difference that is told."""
        top = max(count, 2)
        axes.plot([1, top], [0, 0], color="0.3", linewidth=1)
        for rank in range(1, top + 1):
            axes.plot([rank, rank], [0, -0.25], color="0.3", linewidth=1)
            axes.annotate(str(rank), (rank, -0.3), ha="center", va="bottom")
        if self.difference:
            end = min(1 + self.difference, top)
            axes.plot([1, 1, 1, end, end, end], [-1.35, -1.65, -1.5, -1.5, -1.35, -1.65], color="0.3", linewidth=1)
            said = "" if 1 + self.difference <= top else ", more than the whole line"
            axes.annotate(f"critical difference {self.difference:.2f}{said}", (end, -1.5), xytext=(4, 0), textcoords="offset points",
                          va="center")


def joined(ranks: Mapping[str, float], apart: Callable[[str, str], bool]) -> list[list[str]]:
    """The longest runs of neighbouring mean ranks in which no two methods are told apart, as the bars of a rank line.

    >>> joined({"a": 1.0, "b": 1.8, "c": 3.2}, lambda one, other: abs({"a": 1.0, "b": 1.8, "c": 3.2}[one] - {"a": 1.0, "b": 1.8,
    ...        "c": 3.2}[other]) > 1.5)
    [['a', 'b'], ['b', 'c']]
    """
    order = sorted(ranks, key=lambda name: (ranks[name], name))
    runs: list[tuple[int, int]] = []
    for start in range(len(order)):
        end = start
        while end + 1 < len(order) and not any(apart(one, order[end + 1]) for one in order[start:end + 1]):
            end += 1
        if end > start and not (runs and runs[-1][1] >= end):
            runs.append((start, end))
    return [order[start:end + 1] for start, end in runs]
