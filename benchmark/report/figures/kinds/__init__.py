"""Records → charts: what a figure of a suite shows, and what it needs.

In: the runs of one setting (`runs.py`), and what lies beside their records (`beside.py`).
Out: a `Picture`, or one sentence that says what is lacking and what to type.

Open first: `KINDS`, the figures by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from benchmark import lazy
from benchmark.errors import unknown
from benchmark.report.figures.kinds.runs import Runs
from benchmark.report.figures.picture import Picture


@dataclass(frozen=True)
class Kind:
    """One kind of figure of a suite."""

    # what it shows, in a few words
    meaning: str
    # "module:function", which makes the picture of some runs
    target: str

    def picture(self, runs: Runs) -> Picture:
        """The picture.

        Raises
        ------
        UserError: the runs lack what it shows; it says what to type.
        """
        made: Picture = lazy.load(self.target)(runs)
        if not runs.left_out:
            return made
        return replace(made, caption=f"{made.caption} {len(runs.left_out)} variants with other options are left out.")


_ROOM = "benchmark.report.figures.kinds"
KINDS: Mapping[str, Kind] = {
    "horizon": Kind("error by step ahead", f"{_ROOM}.errors:by_horizon"),
    "hour": Kind("error by hour of the day", f"{_ROOM}.errors:by_hour"),
    "map": Kind("error of each node, on the map", f"{_ROOM}.places:on_the_map"),
    "series": Kind("forecasts of a node against the truth", f"{_ROOM}.series:against_truth"),
    "curves": Kind("validation error by epoch", f"{_ROOM}.learning:by_epoch"),
    "time-to-best": Kind("best validation error so far by seconds", f"{_ROOM}.learning:by_seconds"),
    "ranks": Kind("mean ranks with the critical difference", f"{_ROOM}.comparing:mean_ranks"),
    "cost": Kind("error against the cost of training", f"{_ROOM}.comparing:by_cost"),
    "attention": Kind("attention maps by stage", f"{_ROOM}.attention:by_stage"),
}


def find_kind(name: str) -> Kind:
    """A kind by name."""
    if name not in KINDS:
        raise unknown("kind of figure", name, KINDS)
    return KINDS[name]
