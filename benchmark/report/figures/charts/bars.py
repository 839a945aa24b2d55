"""What each variant changes against the full method, a panel a task: a bar for the mean, a dot a seed, a whisker for their deviation."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.report.figures.style import Look, looks, name_text, plain_axis, small_multiples, styled
from benchmark.report.words import FEWEST_FOR_SD

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Bars:
    """Changes by task, variant and seed."""

    title: str
    # what the axis shows, with its unit, and which way is worse
    x_label: str
    # task -> variant -> change of each seed; none where there is no result
    changes: Mapping[str, Mapping[str, Sequence[float]]]

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(name for variants in self.changes.values() for name in variants))

    def draw(self, shown_as: Mapping[str, Look] | None = None) -> Figure:
        """The figure. shown_as: the looks of a page's names; default those of this figure's own."""
        with styled():
            names = self.names
            figure, axes = small_multiples(len(self.changes), self.title, height=0.22 * len(names) + 0.6)
            given = shown_as or looks(names)
            for (task, variants), each in zip(self.changes.items(), axes, strict=True):
                each.axvline(0, color="0.3", linewidth=0.8)
                for k, name in enumerate(names):
                    seeds = list(variants.get(name, ()))
                    if not seeds:
                        continue
                    spread = statistics.stdev(seeds) if len(seeds) >= FEWEST_FOR_SD else None
                    each.barh(k, statistics.fmean(seeds), height=0.62, color=given[name].colour, alpha=0.55, xerr=spread,
                              error_kw={"linewidth": 0.8, "capsize": 2.5, "ecolor": "0.3"})
                    each.plot(seeds, [k] * len(seeds), "o", color="white", markersize=3.5, markeredgecolor="0.15", markeredgewidth=0.7,
                              zorder=3)
                each.set_yticks(range(len(names)), list(map(name_text, names)))
                each.set_ylim(len(names) - 0.4, -0.6)
                each.grid(axis="y", visible=False)
                each.margins(x=0.12)
                low, high = each.get_xlim()
                side = 1 if high > -low else -1  # where there is more room
                for k in (k for k, name in enumerate(names) if not variants.get(name)):
                    each.annotate("no result", (0, k), xytext=(3 * side, 0), textcoords="offset points", va="center", color="0.45",
                                  ha="left" if side > 0 else "right")
                plain_axis(each.xaxis)
                each.set_title(name_text(task))
                # the panels share the names on the left, and each has a scale of its own
                if (place := each.get_subplotspec()) and place.colspan.start:
                    each.tick_params(labelleft=False)
            for each in axes[-min(len(axes), 2):]:
                each.set_xlabel(name_text(self.x_label))
        return figure
