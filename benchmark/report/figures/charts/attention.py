"""Attention maps: a row a stage of training, a column a layer; the maps of a layer share one scale of colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.report.figures.style import HIGHEST, TWO_COLUMNS, Look, name_text, styled, titled, wrapped

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

# inches of the side of a map; more maps than fit a page's width make them smaller
SIDE = 1.75


@dataclass(frozen=True)
class Attention:
    """Weights by stage and layer."""

    title: str
    stages: Sequence[str]
    layers: Sequence[str]
    # (stage, layer) -> [asking, asked]; a pair that is not there stays empty
    maps: Mapping[tuple[str, str], np.ndarray]
    # what the two sides and the colour are
    asked: str = "asked position"
    asking: str = "asking position"
    label: str = "weight"

    @property
    def names(self) -> list[str]:
        return []

    def draw(self, shown_as: Mapping[str, Look] | None = None) -> Figure:
        """The figure; colours mean weights here."""
        with styled():
            from matplotlib.figure import Figure
            from matplotlib.ticker import MaxNLocator

            side = min(SIDE, (TWO_COLUMNS - 0.9) / len(self.layers))
            side = min(side, (HIGHEST - 1.1) / len(self.stages) - 0.05)
            figure = Figure(figsize=(min(TWO_COLUMNS, (side + 0.2) * len(self.layers) + 0.7), (side + 0.05) * len(self.stages) + 1.1),
                            layout="constrained")
            grid = figure.subplots(len(self.stages), len(self.layers), squeeze=False)
            for j, layer in enumerate(self.layers):
                found = [self.maps[stage, layer] for stage in self.stages if (stage, layer) in self.maps]
                least, most = min(float(one.min()) for one in found), max(float(one.max()) for one in found)
                for k, stage in enumerate(self.stages):
                    axes = grid[k, j]
                    axes.grid(visible=False)
                    if (stage, layer) in self.maps:
                        image = axes.imshow(self.maps[stage, layer], vmin=least, vmax=most, interpolation="nearest", aspect="equal")
                        for axis in (axes.xaxis, axes.yaxis):
                            axis.set_major_locator(MaxNLocator(4, integer=True))
                        axes.tick_params(labelbottom=k == len(self.stages) - 1)
                    else:
                        axes.set(xticks=[], yticks=[])
                        axes.spines[:].set_visible(False)
                    if k == 0:
                        axes.set_title(name_text(layer))
                    if j == 0:
                        axes.set_ylabel(f"{wrapped(stage, 20)}\n{self.asking}")
                    if k == len(self.stages) - 1:
                        axes.set_xlabel(self.asked)
                figure.colorbar(image, ax=list(grid[:, j]), location="bottom", label=name_text(self.label), aspect=20, pad=0.02,
                                shrink=0.85, ticks=MaxNLocator(3))
            titled(figure, self.title)
        return figure
