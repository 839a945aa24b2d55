"""An exam: all that the tasks of one city are judged with; and a judge, who asks probes and says what their answers are worth."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from benchmark import metrics
from benchmark.contract import RunContext
from benchmark.days import Days, add_each
from benchmark.errors import UserError
from benchmark.markov import BEST
from benchmark.trajectory.contract import TrajectoryEncoder
from benchmark.trajectory.cuts import DESTINATIONS, POSES, Posed, TripTable, take, whole
from benchmark.trajectory.floors import Floors, label_floor, markov_floor
from benchmark.trajectory.posing import ROAD_LABELS, PartRows, road_labels
from benchmark.trajectory.probes import Prober, check_vectors
from benchmark.trajectory.protocol import TrajectoryProtocol


@dataclass(frozen=True)
class Judged:
    """A task of one city, scored."""

    # mask -> sum name -> [1] or [class] float64
    sums: dict[str, dict[str, np.ndarray]]
    # sizes
    counts: dict[str, int]
    # the sums of the first metric by the hour in which a trip begins; roads have none
    hours: Days | None = None
    # what was answered, one by one: `truth` [example]; `predicted` [example], or [example, 5 or all] with the likeliest class first;
    # `group` [example] numbers what is answered alike by nature, a trip or a street
    answers: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Exam:
    """All that the tasks of one city are judged with."""

    table: TripTable
    rows: PartRows
    protocol: TrajectoryProtocol
    # share of a trip that the destination tasks keep; None: all but the last road or cell
    share: float | None
    method: TrajectoryEncoder
    prober: Prober
    run: RunContext

    def key(self, kind: str) -> str:
        return f"probe {self.table.name} {kind}"

    def pose(self, kind: str, rows: np.ndarray) -> Posed:
        """Trips as a task of trips shows them."""
        posed = POSES[kind](self.table, rows, self.protocol, self.share)
        if not len(posed.rows):
            raise UserError(f"No trip of city {self.table.name} is long enough for {kind}: a cut must leave "
                            f"{self.protocol.fewest_kept} roads or cells.")
        return posed

    def classes(self, kind: str) -> int:
        """All roads or cells of the city."""
        return {"road": len(self.table.network), "cell": self.table.city.grid.cells}[DESTINATIONS[kind].unit]

    def labelled_roads(self) -> tuple[np.ndarray, np.ndarray]:
        """The roads that the training trips drive and whose class is one of four, in ascending order, and their labels."""
        labels = road_labels(self.table.city)
        driven = np.zeros(len(labels), dtype=bool)
        driven[take(self.table.route, self.rows.seen).values["road"]] = True
        chosen = np.flatnonzero(driven & (labels >= 0))
        if not len(chosen):
            raise UserError(f"The {len(self.rows.seen)} training trips of city {self.table.name} drive no road of the classes that "
                            "road_label asks for; take more trips with another --preset, or name other tasks with --task.")
        return chosen, labels[chosen]

    def streets(self, roads: np.ndarray) -> np.ndarray:
        """int64 [road] number of the street of each of these roads."""
        return self.table.network.streets[roads]

    def road_vectors(self, roads: np.ndarray) -> Tensor:
        """float32 [road, d] of these roads."""
        with torch.no_grad():
            vectors = self.method.roads(self.table.name, whole(self.table, self.rows.seen)).detach().float().cpu()
        check_vectors(vectors, len(self.table.network), f"the roads of {self.table.name}")
        return vectors[torch.from_numpy(roads)]


class Judge(ABC):
    """One protocol's way of judging."""

    def __init__(self, exam: Exam) -> None:
        self.exam = exam

    def judge(self, kind: str) -> Judged:
        """One task of the exam's city."""
        return {"road_label": self.road_label, "travel_time": self.travel_time}.get(kind, lambda: self.destination(kind))()

    def floors(self, kind: str) -> Floors:
        """What is reached on the same roads or trips without vectors."""
        return {"road_label": self.road_floors, "travel_time": self.time_floors}.get(kind, lambda: self.end_floors(kind))()

    def seconds(self, posed: Posed, predicted: np.ndarray, counts: dict[str, int]) -> Judged:
        """Predicted seconds, float64 [trip], against the true ones."""
        hours = self.by_start_hour(posed, "observed", "absolute", np.abs(predicted - posed.labels))
        answers = {"truth": posed.labels, "predicted": predicted, "group": posed.rows}
        return Judged(metrics.seconds_sums(predicted, posed.labels), {"floor_trips": len(self.floor_trips), **counts}, hours, answers)

    def classes_of(self, roads: np.ndarray, predicted: np.ndarray, truth: np.ndarray) -> Judged:
        """Predicted classes of roads, int64 [road], against the true ones."""
        answers = {"truth": truth, "predicted": predicted, "group": self.exam.streets(roads)}
        return Judged({"roads": metrics.class_sums(predicted, truth, len(ROAD_LABELS))}, {"roads": len(truth)}, answers=answers)

    def ends(self, posed: Posed, scores: Tensor, labelled: Posed, counts: dict[str, int]) -> Judged:
        """Scores of all roads or cells, [trip, class], against the true ends; labelled: the trips that the probe learnt from."""
        seen = int(np.isin(posed.labels, labelled.labels).sum())
        counts = {"floor_trips": len(self.floor_trips), **counts, "test_labels_seen": seen}
        best = best_classes(scores)
        hours = self.by_start_hour(posed, "trips", "hits_1", best[:, 0] == posed.labels)
        answers = {"truth": posed.labels, "predicted": best, "group": posed.rows}
        return Judged({"trips": metrics.top_sums(best, posed.labels)}, counts, hours, answers)

    def by_start_hour(self, posed: Posed, mask: str, name: str, each: np.ndarray) -> Days:
        """One sum of a mask, and the count. each: [trip] what a trip adds."""
        first, hour = self.exam.table.start_hours(posed.rows)
        sums = {"count": np.ones(len(hour)), name: each.astype(np.float64)}
        totals = {name: np.zeros(hour.max() + 1) for name in sums}
        for one, parts in sums.items():
            add_each(totals[one], hour, parts)
        return Days(first, 1, {mask: totals})

    @abstractmethod
    def road_label(self) -> Judged:
        """Of which class is a road?"""

    @abstractmethod
    def travel_time(self) -> Judged:
        """How many seconds from the first to the last point?"""

    @abstractmethod
    def destination(self, kind: str) -> Judged:
        """Where does the trip end, among all roads or cells of the city?"""

    @abstractmethod
    def road_floors(self) -> Floors:
        """The most frequent class."""

    @abstractmethod
    def time_floors(self) -> Floors:
        """Means and straight lines."""

    @abstractmethod
    def end_floors(self, kind: str) -> Floors:
        """What most often followed the last road or cell."""

    @property
    @abstractmethod
    def floor_trips(self) -> np.ndarray:
        """Rows of the training trips that the floors know."""

    def look_ups(self, kind: str, labelled: Posed, test: Posed) -> Floors:
        """From the last unit shown: with all training trips, and with the labelled ones, from which the probe learns as well."""
        asked, exam = DESTINATIONS[kind], self.exam
        return markov_floor(getattr(exam.table, asked.view), asked.unit, self.floor_trips, exam.share, test) | label_floor(
            asked.unit, labelled, test)


def best_classes(answers: Tensor) -> np.ndarray:
    """int64 [trip, 5 or all] classes, the likeliest first."""
    return answers.topk(min(BEST, answers.shape[1]), dim=1).indices.numpy()
