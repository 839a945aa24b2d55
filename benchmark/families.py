"""The families of methods as plain data: what is asked by a family's name anywhere in the engine is looked up here.

A family is a kind of method with the suites that it solves: its protocols, its kinds of task, its scenarios, and lazily the objects that
open its cities, measure its methods and check them. A task kind and a scenario stand here and nowhere else. Light: no numpy, no torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from benchmark.errors import unknown
from benchmark.forecasting.protocol import PROTOCOLS as FORECASTING_PROTOCOLS
from benchmark.forecasting.protocol import ForecastingProtocol
from benchmark.protocols import Protocol
from benchmark.trajectory.protocol import PROTOCOLS as TRAJECTORY_PROTOCOLS
from benchmark.trajectory.protocol import TrajectoryProtocol

STANDARD = "standard"


@dataclass(frozen=True)
class TaskKind:
    """What is predicted, and how it is scored."""

    name: str
    # its metrics, the one of the paper's column first; None: those of the protocol
    metrics: tuple[str, ...] | None = None
    # of its MAE and RMSE, empty where it has none; None: the city's card says
    unit: str | None = None
    # what a method must read to be asked for it
    view: str | None = None
    # whether the cells of each step are ranked as well
    ranks_cells: bool = False
    # events in a test part (entries above 0) below which no method is ranked; of 400 the relative standard error of a sum is five percent
    fewest_events: int = 0

    @property
    def paper_metric(self) -> str:
        """The metric of the paper's column."""
        return self.metrics[0] if self.metrics else "mae"


@dataclass(frozen=True)
class Scenario:
    """A named change of a suite."""

    name: str
    meaning: str
    # the kinds of task that it changes; empty: all
    tasks: tuple[str, ...] = ()
    # what it changes, read by its family
    changes: Mapping[str, float] = field(default_factory=dict)
    # what becomes of the other tasks of the city: all are asked for together; or each task is a target with a fit of its own, and the
    # others are there to learn from beside it, or before it, or are not there. Changes are then those of the target
    others: Literal["asked", "beside", "before", "absent"] = "asked"
    # so many first tasks of the suite are all there is; None: every one
    first_tasks: int | None = None

    @property
    def one_target(self) -> bool:
        """Whether a fit is for one task alone, whatever the scope of the method."""
        return self.others != "asked"

    def fits(self, every: Sequence[str]) -> bool:
        """Whether a suite of these tasks has as many as the scenario is of."""
        return self.first_tasks is None or self.first_tasks <= len(every)

    def shown(self, scope: str, every: Sequence[str], asked: Sequence[str]) -> tuple[str, ...]:
        """The tasks that a fit sees, of every task of its cities: those that it is asked for, and those that are there to learn from."""
        if scope == "task" or self.others in ("asked", "absent"):
            return tuple(asked)
        return tuple(every)


Named = TypeVar("Named", TaskKind, Scenario)


@dataclass(frozen=True)
class Family:
    """Everything that differs between families, by name."""

    name: str
    protocols: Mapping[str, Protocol]
    kinds: Mapping[str, TaskKind]
    scenarios: Mapping[str, Scenario]
    # the counts of a preset that bind its methods, besides the epochs
    counts: tuple[str, ...]
    # what a method may say that it reads, and ask for beside
    inputs: tuple[str, ...]
    asks: tuple[str, ...]
    # "module:object": what its methods derive from, cards of its cities, how its methods are measured (`contract.Measurer`), what each of
    # them must do
    base: str
    cards: str
    measurer: str
    checks: str
    # of a task of any other kind; None: every city has all kinds, and no others
    other_kind: TaskKind | None = None
    # what its floors do without
    floors_lack: str = "model"
    # whether a prediction has steps, one of which can be tabled alone
    horizons: bool = False
    # what the paper's numbers leave out, and its name for one city alone
    paper_mask: str = ""
    # a metric of the papers -> the one of ours that is made as they make it, where that is another one
    paper_metrics: Mapping[str, str] = field(default_factory=dict)
    paper_alone: str = "standard"

    def protocol(self, name: str) -> Protocol:
        """One of its protocols."""
        if name not in self.protocols:
            raise unknown(f"protocol of the {self.name} suites", name, self.protocols)
        return self.protocols[name]

    def scenario(self, name: str) -> Scenario:
        """One of its scenarios."""
        if name not in self.scenarios:
            raise unknown(f"scenario of the {self.name} suites", name, self.scenarios)
        return self.scenarios[name]

    def kind(self, task: str) -> TaskKind:
        """The kind of a task, by its name; ``chengdu.road_label`` is of kind ``road_label``."""
        kind = self.kinds.get(kind_of(task), self.other_kind)
        if kind is None:
            raise unknown(f"task of the {self.name} suites", kind_of(task), self.kinds)
        return kind

    def metrics_of(self, task: str, protocol: Protocol) -> tuple[str, ...]:
        """The metrics that a protocol shows of a task."""
        own = self.kind(task).metrics
        return tuple(metric for metric in protocol.metrics if own is None or metric in own)

    def tasks_of(self, cities: Sequence[str], named: Sequence[str]) -> tuple[str, ...]:
        """The tasks of a suite of these cities: the named ones, or every kind of each city where a family has all kinds everywhere."""
        if self.other_kind is not None:
            return tuple(named)
        return tuple(f"{city}.{kind}" if len(cities) > 1 else kind for kind in self.kinds for city in cities)


def kind_of(task: str) -> str:
    """``chengdu.road_label`` → ``road_label``; other names stay."""
    return task.rpartition(".")[2]


def is_named(task: str, names: Sequence[str]) -> bool:
    """Whether a task, or the kind that it is of, is among the names."""
    return task in names or kind_of(task) in names


def find_family(name: str) -> Family:
    """A family by name."""
    if name not in FAMILIES:
        raise unknown("family of methods", name, FAMILIES)
    return FAMILIES[name]


def forecasting_protocol(name: str) -> ForecastingProtocol:
    """A protocol of the forecasting suites."""
    FORECASTING.protocol(name)
    return FORECASTING_PROTOCOLS[name]


def trajectory_protocol(name: str) -> TrajectoryProtocol:
    """A protocol of the trajectory suites."""
    TRAJECTORY.protocol(name)
    return TRAJECTORY_PROTOCOLS[name]


def _named(*items: Named) -> dict[str, Named]:
    return {item.name: item for item in items}


# the seed of the nodes that a target keeps
NODE_DRAW = 2024
_DESTINATIONS = ("destination_road", "destination_grid")

FORECASTING = Family(
    "forecasting", FORECASTING_PROTOCOLS,
    kinds=_named(TaskKind("risk", ranks_cells=True, fewest_events=400)),
    other_kind=TaskKind("series"),
    scenarios=_named(
        Scenario(STANDARD, "the suite as it is"),
        *(Scenario(f"nodes-{percent}", f"the target keeps {percent} % of its nodes, the same for all methods and seeds (draw {NODE_DRAW}); "
                   "the other tasks keep theirs", changes={"kept_nodes": percent / 100, "node_draw": NODE_DRAW}, others="beside")
          for percent in (25, 50)),
        *(Scenario(f"interval-{times}x", f"{times} steps of the target become one: counts a step are summed, anything else is averaged; "
                   "the other tasks keep theirs", changes={"merged_steps": times}, others="beside") for times in (2, 4)),
        *(Scenario(f"tasks-{count}", f"the first {'task' if count == 1 else f'{count} tasks'} of the suite, and no others",
                   first_tasks=count) for count in (1, 2, 3, 4)),
        Scenario("cold-start", "each task in turn is learnt after the others of its city, and alone scored", others="before"),
        Scenario("single-task", "each task has a fit of its own, without the others, whatever the method's scope", others="absent")),
    counts=("epoch_windows", "validation_windows"),
    inputs=("value", "time", "calendar", "coordinates", "graph"),
    asks=("past_days", "beside", "whole_series"),
    base="benchmark.forecasting.contract:Forecaster",
    cards="benchmark.data.forecasting.cards:CARDS",
    measurer="benchmark.forecasting.measuring:MEASURER",
    checks="benchmark.testing.forecasting:Bench",
    horizons=True,
    paper_mask="y≠0",
    paper_metrics={"mae": "mae_mean12", "rmse": "rmse_mean12", "mape": "mape_mean12"},
)
TRAJECTORY = Family(
    "trajectory", TRAJECTORY_PROTOCOLS,
    # the views are the papers': a method of GPS points and cells is asked for destination roads
    kinds=_named(TaskKind("road_label", ("micro_f1", "macro_f1"), "", view="route"),
                 TaskKind("travel_time", ("mae", "rmse"), "s"),
                 TaskKind("destination_road", ("acc_1", "acc_5"), ""),
                 TaskKind("destination_grid", ("acc_1", "acc_5"), "", view="grid")),
    scenarios=_named(
        Scenario(STANDARD, "the suite as it is"),
        Scenario("keep-70", "the destination tasks show the first 70 % of a trip's roads or cells, instead of all but the last",
                 _DESTINATIONS, {"kept_share": 0.7}),
        Scenario("last-entry", "travel_time takes the last road of a trip away and asks when it is entered, instead of when the trip ends",
                 ("travel_time",), {"until_last_road": True}),
        *(Scenario(f"labels-{percent}", f"{percent} % of the labelled trips", ("travel_time", *_DESTINATIONS),
                   {"labelled_share": percent / 100}) for percent in (10, 25, 50))),
    counts=("unlabelled_trips", "labelled_trips"),
    inputs=("gps", "route", "grid"),
    asks=("road_class",),
    base="benchmark.trajectory.contract:TrajectoryEncoder",
    cards="benchmark.data.trajectory.cards:CARDS",
    measurer="benchmark.trajectory.measuring:MEASURER",
    checks="benchmark.testing.encoders:Bench",
    floors_lack="representation",
    paper_alone="single-city",
)
FAMILIES: Mapping[str, Family] = {family.name: family for family in (FORECASTING, TRAJECTORY)}
