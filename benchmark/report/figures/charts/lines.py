"""Lines over a common axis, a panel a task: learning curves, errors by step, by hour or by an option's value, series in time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmark.report.figures.style import Look, axis_text, legend, looks, name_text, plain_axis, plain_log_axis, small_multiples, styled

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# a line of more points has no markers
MOST_MARKED = 30
# the line that others are held against
TRUTH = "truth"


@dataclass(frozen=True)
class Line:
    """One name's values. What is not known is NaN."""

    name: str
    # a sequence or an array of numbers, or of moments where the chart is of times
    x: Any
    y: Sequence[float] | np.ndarray
    # how far the band around the line reaches to each side, in the unit of y; None: no band
    spread: Sequence[float] | None = None


@dataclass(frozen=True)
class Panel:
    """The lines of one task."""

    title: str
    # what the axis shows, with its unit
    y_label: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class Lines:
    """One figure of panels that share the meaning of their x axis."""

    title: str
    # with its unit
    x_label: str
    panels: Sequence[Panel]
    log_x: bool = False
    # x are moments
    times: bool = False
    # a value holds until the next one
    steps: bool = False
    # text at places of the x axis; empty: matplotlib chooses them
    ticks: Mapping[float, str] = field(default_factory=dict)
    # place of a thin line through every panel, such as an option's default
    marked: float | None = None

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(line.name for panel in self.panels for line in panel.lines))

    def draw(self, shown_as: Mapping[str, Look] | None = None) -> Figure:
        """The figure. shown_as: the looks of a page's names; default those of this figure's own."""
        with styled():
            columns = 1 if self.times else 2
            figure, axes = small_multiples(len(self.panels), self.title, names=self.names, columns=columns,
                                           height=1.45 if self.times else 1.75)
            given = shown_as or looks([name for name in self.names if name != TRUTH])
            entries: dict[str, Artist] = {}
            for panel, each in zip(self.panels, axes, strict=True):
                for line in panel.lines:
                    entries.setdefault(line.name, self._line(each, line, given))
                each.set(title=name_text(panel.title), ylabel=axis_text(panel.y_label))
                self._axis(each)
            for each in axes[-min(len(axes), columns):]:
                each.set_xlabel(name_text(self.x_label))
            legend(figure, entries)
        return figure

    def _line(self, axes: Axes, line: Line, given: Mapping[str, Look]) -> Artist:
        import numpy as np

        if line.name == TRUTH:
            return axes.plot(line.x, line.y, color="0.35", linewidth=1)[0]
        look = given[line.name]
        (drawn,) = axes.plot(line.x, line.y, color=look.colour, linestyle=look.dashes,
                             marker=look.marker if len(line.x) <= MOST_MARKED else "", drawstyle="steps-post" if self.steps else "default",
                             linewidth=1 if self.times else 1.3)
        if line.spread is not None:
            y, spread = np.asarray(line.y, dtype=float), np.asarray(line.spread, dtype=float)
            axes.fill_between(line.x, y - spread, y + spread, color=look.colour, alpha=0.18, linewidth=0)
        return drawn

    def _axis(self, axes: Axes) -> None:
        plain_axis(axes.yaxis)
        if self.marked is not None:
            axes.axvline(self.marked, color="0.6", linewidth=0.8, linestyle=":")
        if self.ticks:
            axes.set_xticks(list(self.ticks), [name_text(text) for text in self.ticks.values()])
        elif self.times:
            _time_axis(axes)
        elif self.log_x:
            axes.set_xscale("log")
            plain_log_axis(axes.xaxis)
        else:
            plain_axis(axes.xaxis, places=7, whole=True)


def _time_axis(axes: Axes) -> None:
    """Half days, or so many whole ones that about seven are named."""
    from matplotlib.dates import DateFormatter, DayLocator, HourLocator

    first, last = axes.get_xlim()
    days = last - first
    axes.xaxis.set_major_locator(HourLocator(byhour=(0, 12)) if days <= 4 else DayLocator(interval=math.ceil(days / 7)))
    axes.xaxis.set_major_formatter(DateFormatter("%m-%d %H:%M" if days <= 4 else "%m-%d"))
