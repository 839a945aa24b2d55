"""Protocol `paper`: the tasks as the authors' released code judges them (trajectory-suite §5), chosen on what is scored."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from benchmark.training.stage import StageOptions
from benchmark.trajectory.cuts import Posed
from benchmark.trajectory.exam import Judge, Judged
from benchmark.trajectory.floors import Floors, road_floors, time_floors
from benchmark.trajectory.posing import ROAD_LABELS
from benchmark.trajectory.probes import how_many, which

ROAD_FOLDS, ROAD_EPOCHS, ROAD_RATE = 100, 100, 1e-2
TIME_FOLDS = 5
TIME_OPTIONS = StageOptions(batch_size=64, learning_rate=1e-3)
TEST_SHARE, SPLIT_SEED = 0.2, 488
DESTINATION_OPTIONS = StageOptions(batch_size=128, learning_rate=3e-3)
DESTINATION_EPOCHS = 120
LSTM_WIDTH = 128


class AsTheAuthors(Judge):
    """Probes are stopped and chosen on the roads and trips that they are scored on."""

    def road_label(self) -> Judged:
        """100 folds of neighbouring rows; the remainder is never tested; each fold keeps its own best epoch."""
        exam = self.exam
        roads, labels = exam.labelled_roads()
        vectors, fold = exam.road_vectors(roads), _neighbours(len(labels), ROAD_FOLDS)
        tested = fold >= 0
        torch.manual_seed(exam.run.seed)
        truth, number = (torch.from_numpy(array).to(exam.run.device) for array in (labels, fold))
        predicted = _fold_heads(vectors.to(exam.run.device), truth, number).cpu().numpy()
        return self.classes_of(roads[tested], predicted[tested], labels[tested])

    def travel_time(self) -> Judged:
        """Five folds of neighbouring trips among all that are not learnt from; each probe is stopped and chosen on its fold."""
        exam = self.exam
        posed = exam.pose("travel_time", self._evaluated())
        count, predicted, shown = len(posed.rows), np.zeros(len(posed.rows)), exam.prober.prepared(posed.trips)
        fold = _neighbours(count, TIME_FOLDS)
        fold[fold < 0] = fold.max()  # the last fold takes the remainder
        for k in range(fold.max() + 1):
            rest, own = (torch.from_numpy(np.flatnonzero(rows)) for rows in (fold != k, fold == k))
            labels, trips, truth = posed.labels[rest.numpy()], shown.rows(own), torch.from_numpy(posed.labels[own.numpy()])
            mean, std = float(labels.mean()), float(labels.std()) or 1.0
            question = how_many(f"{exam.key('travel_time')} {k + 1}", _three_layers, mean, std, options=TIME_OPTIONS, epochs=50, patience=3,
                                first_epochs=10)
            answer = exam.prober.fit(question, shown.rows(rest), torch.from_numpy(labels), trips, truth)
            predicted[own.numpy()] = answer(trips)[:, 0].double().numpy() * std + mean
        return self.seconds(posed, predicted, {"test_trips": count})

    def destination(self, kind: str) -> Judged:
        """A random fifth of the same trips is scored, at the probe's best epoch on it."""
        exam = self.exam
        posed = exam.pose(kind, self._evaluated())
        rest, own = _drawn(posed)
        train, test = posed.some(rest), posed.some(own)
        question = which(exam.key(kind), lambda width: _OneStep(width, exam.classes(kind)), options=DESTINATION_OPTIONS,
                         epochs=DESTINATION_EPOCHS, patience=DESTINATION_EPOCHS)
        answer = exam.prober.fit(question, train.trips, torch.from_numpy(train.labels), test.trips, torch.from_numpy(test.labels))
        return self.ends(test, answer(test.trips), train, {"labelled_trips": len(rest), "test_trips": len(own)})

    def road_floors(self) -> Floors:
        _, labels = self.exam.labelled_roads()
        fold = _neighbours(len(labels), ROAD_FOLDS)
        tested = fold >= 0
        return road_floors(labels[tested], fold[tested], len(ROAD_LABELS))

    def time_floors(self) -> Floors:
        exam = self.exam
        return time_floors(exam.table, self.floor_trips, exam.pose("travel_time", self._evaluated()).rows)

    def end_floors(self, kind: str) -> Floors:
        posed = self.exam.pose(kind, self._evaluated())
        return self.look_ups(kind, *(posed.some(part) for part in _drawn(posed)))

    def _evaluated(self) -> np.ndarray:
        """All trips that the encoder does not learn from: the authors divide their evaluation file, and these are ours."""
        exam = self.exam
        return np.sort(np.concatenate([exam.rows.labelled, exam.rows.validation, exam.rows.test]))

    @property
    def floor_trips(self) -> np.ndarray:
        """The training trips that nothing is scored on."""
        exam = self.exam
        return np.setdiff1d(exam.rows.train, exam.rows.labelled)


def _neighbours(count: int, most: int) -> np.ndarray:
    """int64 [example]: at most so many folds, all of one size, of neighbouring rows; -1 for the remainder behind them."""
    folds = min(most, count)
    fold = np.arange(count) // (count // folds)
    return np.where(fold < folds, fold, -1)


def _fold_heads(vectors: Tensor, labels: Tensor, fold: Tensor) -> Tensor:
    """[road] class that the head of the road's own fold gives at its best epoch; 0 for a road of none. All heads are trained at once: Adam
    moves every number by itself, so they do not touch each other."""
    (roads, width), folds = vectors.shape, int(fold.max()) + 1
    heads = [nn.Linear(width, len(ROAD_LABELS)) for _ in range(folds)]
    weight = torch.stack([head.weight.detach().T for head in heads], dim=1).to(vectors.device).requires_grad_()  # [d, fold, class]
    bias = torch.stack([head.bias.detach() for head in heads]).to(vectors.device).requires_grad_()  # [fold, class]
    optimiser = torch.optim.Adam([weight, bias], lr=ROAD_RATE)
    own = fold[:, None] == torch.arange(folds, device=fold.device)  # [road, fold]
    share = (~own).float() / (~own).sum(dim=0)
    predicted, best = torch.zeros_like(labels), torch.full((folds,), -1.0, device=vectors.device)
    for _ in range(ROAD_EPOCHS):
        logits = (vectors @ weight.flatten(1)).view(roads, folds, -1) + bias
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), labels.repeat_interleave(folds), reduction="none").view(roads, folds)
        optimiser.zero_grad()
        (loss * share).sum().backward()
        optimiser.step()
        with torch.no_grad():
            guess = ((vectors @ weight.flatten(1)).view(roads, folds, -1) + bias).argmax(dim=2)  # [road, fold]
            right = (own & (guess == labels[:, None])).sum(dim=0) / own.sum(dim=0).clamp(min=1)
            better = right > best
            best = torch.where(better, right, best)
            mine = (own & better).any(dim=1)
            predicted[mine] = guess[mine, fold[mine]]
    return predicted


def _drawn(posed: Posed) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the probe's training trips, and of the random fifth that is scored."""
    order = np.random.default_rng(SPLIT_SEED).permutation(len(posed.rows))
    tested = max(round(TEST_SHARE * len(order)), 1)
    return np.sort(order[tested:]), np.sort(order[:tested])


def _three_layers(width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))


class _OneStep(nn.Module):
    """One step of an LSTM from zero, then a linear map to all classes."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.step, self.readout = nn.LSTM(width, LSTM_WIDTH, batch_first=True), nn.Linear(LSTM_WIDTH, classes)

    def forward(self, vectors: Tensor) -> Tensor:
        return self.readout(self.step(vectors[:, None])[0][:, 0])
