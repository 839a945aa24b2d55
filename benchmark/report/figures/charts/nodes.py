"""Errors on the map, a row a task and a column a method: nodes at their own places, without any basemap."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.report.figures.style import HIGHEST, TWO_COLUMNS, Look, axis_text, name_text, styled, titled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# more nodes than these are an image within a PDF or an SVG
MOST_DRAWN = 2000


@dataclass(frozen=True)
class NodeErrors:
    """The nodes of one task, and each method's error at them."""

    task: str
    # what the colour shows, with its unit
    label: str
    # WGS84 degrees, [node]
    lon: Sequence[float]
    lat: Sequence[float]
    # method -> [node]; NaN where nothing was measured
    errors: Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class NodeMap:
    """One figure; the methods of a task share one scale of colours."""

    title: str
    tasks: Sequence[NodeErrors]

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(name for task in self.tasks for name in task.errors))

    def draw(self, shown_as: Mapping[str, Look] | None = None) -> Figure:
        """The figure; colours mean errors here, so that methods have none."""
        import numpy as np

        with styled():
            from matplotlib.figure import Figure

            names = self.names
            ratio = max(_height_by_width(task) for task in self.tasks)
            wide = TWO_COLUMNS * min(1.0, max(len(names), 2) / 3)
            panel = (wide - 1.1) / len(names)
            height = min(panel * ratio, 2.6, (HIGHEST - 0.55) / len(self.tasks) - 0.3)
            wide = min(wide, (height / ratio + 0.45) * len(names) + 1.2)
            figure = Figure(figsize=(wide, 0.55 + len(self.tasks) * (height + 0.3)), layout="constrained")
            grid = figure.subplots(len(self.tasks), len(names), squeeze=False, sharex=True, sharey=True)
            for row, task in zip(grid, self.tasks, strict=True):
                every = np.concatenate([np.asarray(one, dtype=float) for one in task.errors.values()])
                # a single node that nobody can predict would leave the others in one colour
                top, low = float(np.nanpercentile(every, 98)), float(np.nanmin(every))
                shown = None
                for each, name in zip(row, names, strict=True):
                    if name in task.errors:
                        # where nodes lie over each other, the largest error is seen
                        order = np.argsort(task.errors[name], kind="stable")
                        lon, lat, errors = (np.asarray(one, dtype=float)[order] for one in (task.lon, task.lat, task.errors[name]))
                        shown = each.scatter(lon, lat, c=errors, s=_size(len(lon)), vmin=low, vmax=top, linewidths=0.25,
                                             edgecolors="0.4", rasterized=len(lon) > MOST_DRAWN)
                    each.set_aspect(1 / math.cos(math.radians(float(np.mean(task.lat)))))
                    each.set_title(name_text(f"{task.task} · {name}"))
                    each.margins(0.08)
                    _degrees(each)
                if shown is not None:
                    figure.colorbar(shown, ax=list(row), label=axis_text(task.label), extend="max" if np.nanmax(every) > top else "neither",
                                    shrink=0.9, pad=0.02, aspect=18)
            for each in grid[-1]:
                each.set_xlabel("longitude (°)")
            for each in grid[:, 0]:
                each.set_ylabel("latitude (°)")
            titled(figure, self.title)
        return figure


def _height_by_width(task: NodeErrors) -> float:
    """Of the nodes' extent on the ground."""
    middle = sum(task.lat) / len(task.lat)
    across = (max(task.lon) - min(task.lon)) * math.cos(math.radians(middle)) or 1e-9
    return min(max((max(task.lat) - min(task.lat)) / across, 0.4), 1.6)


def _size(nodes: int) -> float:
    """Area of a dot, in square points."""
    return min(max(2200 / nodes, 3.0), 42.0)


def _degrees(axes: object) -> None:
    from matplotlib.axes import Axes
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    assert isinstance(axes, Axes)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(3))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))
