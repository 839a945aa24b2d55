"""Protocol `strict`: how the tasks of a trajectory city are answered with a method's vectors, and what the answers are worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmark import metrics
from benchmark.contract import RunContext, TrajectoryEncoder
from benchmark.errors import UserError
from benchmark.protocols import TrajectoryProtocol
from benchmark.tasks.cuts import Posed, TripTable, pose_destination_grid, pose_destination_road, pose_travel_time, take, whole
from benchmark.tasks.floors import BEST, Floors, destination_floors, road_floors, time_floors
from benchmark.tasks.trajectory import ROAD_LABELS, PartRows, road_labels
from benchmark.training.probes import Prober, check_vectors, fit_probe, how_many, linear, outputs, two_layers, which

FOLDS, ASIDE_SHARE = 5, 0.1


@dataclass(frozen=True)
class Judged:
    """A task of one city, scored."""

    # mask -> sum name -> [1] or [class] float64
    sums: dict[str, dict[str, np.ndarray]]
    # sizes
    counts: dict[str, int]


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
        if kind == "travel_time":
            return pose_travel_time(self.table, rows, self.protocol)
        cut = pose_destination_road if kind == "destination_road" else pose_destination_grid
        posed = cut(self.table, rows, self.protocol, self.share)
        if not len(posed.rows):
            raise UserError(f"No trip of city {self.table.name} is long enough for {kind}: a cut must leave "
                            f"{self.protocol.fewest_kept} roads or cells.")
        return posed

    def classes(self, kind: str) -> int:
        """All roads or cells of the city."""
        return len(self.table.network) if kind == "destination_road" else self.table.city.grid.cells

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

    def road_vectors(self, roads: np.ndarray) -> Tensor:
        """float32 [road, d] of these roads."""
        with torch.no_grad():
            vectors = self.method.roads(self.table.name, whole(self.table, self.rows.seen)).detach().float().cpu()
        check_vectors(vectors, len(self.table.network), f"the roads of {self.table.name}")
        return vectors[torch.from_numpy(roads)]


def judge_road_label(exam: Exam) -> Judged:
    """Stratified folds by road; a tenth of each training part stops the probe."""
    roads, labels = exam.labelled_roads()
    vectors, fold, rng = exam.road_vectors(roads), road_folds(exam, labels), exam.run.numpy(f"{exam.key('road_label')} aside")
    predicted = np.zeros(len(labels), np.int64)
    truth = torch.from_numpy(labels)
    for k in range(FOLDS):
        train = np.flatnonzero(fold != k)
        aside = stratified(labels[train], round(1 / ASIDE_SHARE), rng) == 0
        rest, kept, test = (torch.from_numpy(rows) for rows in (train[~aside], train[aside], np.flatnonzero(fold == k)))
        question = which(f"{exam.key('road_label')} {k + 1}", linear(len(ROAD_LABELS)))
        probe = fit_probe(question, vectors[rest], truth[rest], vectors[kept], truth[kept], exam.run)
        predicted[test.numpy()] = outputs(probe, vectors[test]).argmax(dim=1).cpu().numpy()
    return Judged({"roads": metrics.class_sums(predicted, labels, len(ROAD_LABELS))}, {"roads": len(labels)})


def judge_travel_time(exam: Exam) -> Judged:
    """Seconds from the first to the last point."""
    train, aside, test = (exam.pose("travel_time", rows) for rows in (exam.rows.labelled, exam.rows.validation, exam.rows.test))
    mean, std = float(train.labels.mean()), float(train.labels.std()) or 1.0
    answer = exam.prober.fit(how_many(exam.key("travel_time"), two_layers(1), mean, std), train.trips, torch.from_numpy(train.labels),
                             aside.trips, torch.from_numpy(aside.labels))
    predicted = answer(test.trips)[:, 0].double().numpy() * std + mean
    return Judged(metrics.seconds_sums(predicted, test.labels), _sizes(train, aside, test))


def judge_destination(exam: Exam, kind: str) -> Judged:
    """Where the trip ends, among all roads or cells of the city."""
    train, aside, test = (exam.pose(kind, rows) for rows in (exam.rows.labelled, exam.rows.validation, exam.rows.test))
    answer = exam.prober.fit(which(exam.key(kind), two_layers(exam.classes(kind))), train.trips, torch.from_numpy(train.labels),
                             aside.trips, torch.from_numpy(aside.labels))
    return Judged({"trips": metrics.top_sums(best_classes(answer(test.trips)), test.labels)}, _sizes(train, aside, test))


def floors(exam: Exam, kind: str) -> Floors:
    """What is reached on the same roads or test trips without vectors."""
    if kind == "road_label":
        _, labels = exam.labelled_roads()
        return road_floors(labels, road_folds(exam, labels), len(ROAD_LABELS))
    test = exam.pose(kind, exam.rows.test)
    return (time_floors(exam.table, exam.rows.train, test.rows) if kind == "travel_time" else
            markov_floors(exam, kind, test, exam.rows.train))


def road_folds(exam: Exam, labels: np.ndarray) -> np.ndarray:
    return stratified(labels, FOLDS, exam.run.numpy(exam.key("road_label")))


def markov_floors(exam: Exam, kind: str, test: Posed, train: np.ndarray) -> Floors:
    """train: rows of the trips whose steps are counted."""
    assert test.last is not None
    view, unit = (exam.table.route, "road") if kind == "destination_road" else (exam.table.grid, "cell")
    return destination_floors(view, unit, train, exam.share, test.last, test.labels)


def best_classes(answers: Tensor) -> np.ndarray:
    """int64 [trip, 5 or all] classes, the likeliest first."""
    return answers.topk(min(BEST, answers.shape[1]), dim=1).indices.numpy()


def _sizes(train: Posed, aside: Posed, test: Posed) -> dict[str, int]:
    return {"labelled_trips": len(train.rows), "validation_trips": len(aside.rows), "test_trips": len(test.rows)}


def stratified(labels: np.ndarray, folds: int, rng: np.random.Generator) -> np.ndarray:
    """int64 [example] fold of each, every class spread evenly over the folds."""
    order = rng.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    fold = np.empty(len(labels), np.int64)
    fold[order] = np.arange(len(labels)) % folds
    return fold
