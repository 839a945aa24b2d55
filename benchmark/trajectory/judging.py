"""Protocol `strict`: how the tasks of a trajectory city are answered with a method's vectors, and what the answers are worth."""

from __future__ import annotations

import numpy as np
import torch

from benchmark.trajectory.cuts import Posed
from benchmark.trajectory.exam import Judge, Judged
from benchmark.trajectory.floors import Floors, road_floors, time_floors
from benchmark.trajectory.posing import ROAD_LABELS
from benchmark.trajectory.probes import fit_probe, how_many, linear, outputs, two_layers, which

FOLDS, ASIDE_SHARE = 5, 0.1
# epochs of a destination's probe before patience counts: with few labels a class, accuracy stands still at first while the loss falls;
# chosen on validation trips (docs/trajectories.md)
FIRST_EPOCHS = 50


class KeptAside(Judge):
    """Probes are stopped and chosen on trips and roads that are kept aside for it."""

    def road_label(self) -> Judged:
        """Stratified folds by street; a tenth of each training part stops the probe."""
        exam = self.exam
        roads, labels = exam.labelled_roads()
        vectors, streets, fold = exam.road_vectors(roads), exam.streets(roads), self.folds(roads, labels)
        rng = exam.run.numpy(f"{exam.key('road_label')} aside")
        predicted = np.zeros(len(labels), np.int64)
        truth = torch.from_numpy(labels)
        for k in range(FOLDS):
            train = np.flatnonzero(fold != k)
            aside = stratified(labels[train], streets[train], round(1 / ASIDE_SHARE), rng) == 0
            rest, kept, test = (torch.from_numpy(rows) for rows in (train[~aside], train[aside], np.flatnonzero(fold == k)))
            question = which(f"{exam.key('road_label')} {k + 1}", linear(len(ROAD_LABELS)))
            probe = fit_probe(question, vectors[rest], truth[rest], vectors[kept], truth[kept], exam.run)
            predicted[test.numpy()] = outputs(probe, vectors[test]).argmax(dim=1).cpu().numpy()
        return self.classes_of(roads, predicted, labels)

    def travel_time(self) -> Judged:
        """Seconds from the first to the last point."""
        exam = self.exam
        train, aside, test = (exam.pose("travel_time", rows) for rows in (exam.rows.labelled, exam.rows.validation, exam.rows.test))
        mean, std = float(train.labels.mean()), float(train.labels.std()) or 1.0
        answer = exam.prober.fit(how_many(exam.key("travel_time"), two_layers(1), mean, std), train.trips, torch.from_numpy(train.labels),
                                 aside.trips, torch.from_numpy(aside.labels))
        predicted = answer(test.trips)[:, 0].double().numpy() * std + mean
        return self.seconds(test, predicted, _sizes(train, aside, test))

    def destination(self, kind: str) -> Judged:
        """Where the trip ends, among all roads or cells of the city."""
        exam = self.exam
        train, aside, test = (exam.pose(kind, rows) for rows in (exam.rows.labelled, exam.rows.validation, exam.rows.test))
        answer = exam.prober.fit(which(exam.key(kind), two_layers(exam.classes(kind)), first_epochs=FIRST_EPOCHS), train.trips,
                                 torch.from_numpy(train.labels), aside.trips, torch.from_numpy(aside.labels))
        return self.ends(test, answer(test.trips), train, _sizes(train, aside, test))

    def road_floors(self) -> Floors:
        roads, labels = self.exam.labelled_roads()
        return road_floors(labels, self.folds(roads, labels), len(ROAD_LABELS))

    def time_floors(self) -> Floors:
        exam = self.exam
        return time_floors(exam.table, self.floor_trips, exam.pose("travel_time", exam.rows.test).rows)

    def end_floors(self, kind: str) -> Floors:
        exam = self.exam
        return self.look_ups(kind, exam.pose(kind, exam.rows.labelled), exam.pose(kind, exam.rows.test))

    @property
    def floor_trips(self) -> np.ndarray:
        return self.exam.rows.train

    def folds(self, roads: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """int64 [road] fold of each labelled road, the same for judge and floor."""
        exam = self.exam
        return stratified(labels, exam.streets(roads), FOLDS, exam.run.numpy(exam.key("road_label")))


def _sizes(train: Posed, aside: Posed, test: Posed) -> dict[str, int]:
    return {"labelled_trips": len(train.rows), "validation_trips": len(aside.rows), "test_trips": len(test.rows)}


def stratified(labels: np.ndarray, streets: np.ndarray, folds: int, rng: np.random.Generator) -> np.ndarray:
    """int64 [road] fold of each. The roads of one street, its two directions, share a fold: they have one class, and vectors alike.

    The streets of every class and number of roads are spread evenly over the folds; a street's class is that of its first road.
    """
    _, first, street, size = np.unique(streets, return_index=True, return_inverse=True, return_counts=True)
    order = rng.permutation(len(first))
    order = order[np.lexsort((size[order], labels[first][order]))]
    fold = np.empty(len(first), np.int64)
    fold[order] = np.arange(len(first)) % folds
    return fold[street]
