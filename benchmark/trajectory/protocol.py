"""The protocols of the trajectory suites: what tasks show and hide, and how they are judged. Light: no numpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmark.protocols import Protocol


@dataclass(frozen=True)
class TrajectoryProtocol(Protocol):
    """What the tasks of the trajectory suites show and hide, and how their probes are trained and chosen."""

    metrics: tuple[str, ...] = ("micro_f1", "macro_f1", "mae", "rmse", "acc_1", "acc_5")
    # what travel_time hides: every time but the departure, with all views made from the driven roads; or the route's times alone
    hides: Literal["times", "route times"] = "times"
    # whether the destination tasks show the route's times
    shows_route_times: bool = True
    # whether what happens at the very moment of a cut is still shown
    closed_cut: bool = False
    # how an encoder that reads times gets the vector of a road that no trip drives
    lone_roads: Literal["unknown time", "mean time"] = "unknown time"
    # how the tasks are judged: probes chosen on trips and roads kept aside for it; or as the authors' code does, on what is scored
    judging: Literal["kept aside", "as the authors"] = "kept aside"
    # whether probes see vectors standardised by their training trips (a task's frozen vectors; finetuning always starts so)
    standardises: bool = True
    # fewest roads or cells that a cut leaves of a trip
    fewest_kept: int = 5
    # an encoder's own options say how many
    max_epochs: int = 1000


PROTOCOLS: dict[str, TrajectoryProtocol] = {
    "strict": TrajectoryProtocol(
        "strict", 1,
        "days in time order; travel_time shows roads, cells and the departure's minute, and no other time; destinations are cut strictly "
        "before the removed road or cell, and what is derived is made anew; probes stop on validation trips and roads"),
    "paper": TrajectoryProtocol(
        "paper", 2,
        "as the authors' released code computes: travel_time hides the route's times, not its weekdays, and shows those of cells and GPS "
        "points, which give the answer away; cuts keep the moment of the cut, but of the other view not the unit just entered; probes are "
        "stopped and chosen on the trips and roads that they are scored on; for comparison with published numbers, never ranked",
        ranked=False, isolates=False,
        hides="route times", shows_route_times=False, closed_cut=True, lone_roads="mean time", judging="as the authors",
        standardises=False),
}
