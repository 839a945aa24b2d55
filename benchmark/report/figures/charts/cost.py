"""Error against cost, a panel a task: whoever is on the front is beaten by nobody in both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.report.figures.style import Look, axis_text, legend, looks, name_text, plain_axis, plain_log_axis, small_multiples, styled

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

FRONT = "not beaten in both (filled)"


@dataclass(frozen=True)
class Point:
    """One method on one task."""

    name: str
    # more than 0
    cost: float
    value: float
    # sample sd over seeds; None: too few
    sd: float | None = None


@dataclass(frozen=True)
class CostPanel:
    """The methods of one task."""

    title: str
    # what is compared, with its unit
    y_label: str
    points: Sequence[Point]
    higher_is_better: bool = False


@dataclass(frozen=True)
class Cost:
    """One figure of panels that share the meaning of their cost."""

    title: str
    # with its unit
    x_label: str
    panels: Sequence[CostPanel]

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(point.name for panel in self.panels for point in panel.points))

    def draw(self, shown_as: Mapping[str, Look] | None = None) -> Figure:
        """The figure. shown_as: the looks of a page's names; default those of this figure's own."""
        with styled():
            from matplotlib.lines import Line2D

            figure, axes = small_multiples(len(self.panels), self.title, names=[*self.names, FRONT])
            given = shown_as or looks(self.names)
            # filled whatever the panels do
            entries: dict[str, Artist] = {name: Line2D([], [], linestyle="", marker=given[name].marker, color=given[name].colour)
                                          for name in self.names}
            entries[FRONT] = Line2D([], [], color="0.6", linewidth=1)
            for panel, each in zip(self.panels, axes, strict=True):
                best = front(panel.points, higher_is_better=panel.higher_is_better)
                each.plot([point.cost for point in best], [point.value for point in best], color="0.6", linewidth=1, zorder=1,
                          drawstyle="steps-post")
                for point in panel.points:
                    look = given[point.name]
                    each.errorbar(point.cost, point.value, yerr=point.sd, fmt=look.marker, color=look.colour, markersize=5.5, capsize=2,
                                  elinewidth=0.9, markerfacecolor=look.colour if point in best else "white")
                each.set_xscale("log")
                each.margins(x=0.12, y=0.15)
                plain_log_axis(each.xaxis)
                plain_axis(each.yaxis)
                each.set(title=name_text(panel.title), ylabel=axis_text(panel.y_label))
            for each in axes[-min(len(axes), 2):]:
                each.set_xlabel(name_text(self.x_label))
            legend(figure, entries)
        return figure


def front(points: Sequence[Point], *, higher_is_better: bool = False) -> list[Point]:
    """The points that no other one equals or beats in both cost and value, being better in one; the cheapest first."""
    sign = -1 if higher_is_better else 1
    best: list[Point] = []
    for point in sorted(points, key=lambda one: (one.cost, sign * one.value)):
        if not best or sign * point.value < sign * best[-1].value:
            best.append(point)
    return best
