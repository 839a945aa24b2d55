"""What a kind of experiment is: how a declaration becomes runs, and its records sheets or a picture. A module each, named like the kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark import lazy
from benchmark.declared import Experiment
from benchmark.execution.plan import Request
from benchmark.experiments.parts import Found, Part, Planned, Vary
from benchmark.report.figures.picture import Picture
from benchmark.report.sheet import Sheet
from benchmark.store.records import Store


@dataclass(frozen=True)
class Resolved:
    """An experiment with what is known of its runs."""

    planned: Planned
    # the finished runs of each part
    found: Mapping[Part, Found]
    # seeds, preset, edition and device of all runs; the preset and the device are named
    request: Request
    local: Store
    published: Store | None

    @property
    def experiment(self) -> Experiment:
        return self.planned.experiment

    @property
    def command(self) -> str:
        """What does its missing runs."""
        data = f" --data {self.request.edition}" if self.request.edition else ""
        return f"stbench run --experiment {self.experiment.name} --preset {self.request.preset}{data}"


@dataclass(frozen=True)
class Kind:
    """One kind of experiment."""

    sheets: Callable[[Resolved], list[Sheet]]
    # None: a table alone
    pictures: Callable[[Resolved], list[Picture]] | None = None
    # the variants of one method on one suite; None: no method is run
    vary: Vary | None = None
    # what `run` does for it besides the runs: cities are made, methods are timed
    do: Callable[[Experiment, Request, Path], None] | None = None
    # whether its runs are kept, with the arrays that they leave
    keeps: bool = False


def kind_of(experiment: Experiment) -> Kind:
    """The kind of an experiment."""
    found: Kind = lazy.load(f"benchmark.experiments.{experiment.kind}:KIND")
    return found
