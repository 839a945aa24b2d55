"""How answers become numbers under `paper`, as the authors compute them, with probers that are watched."""

import numpy as np
import pytest
import torch
from made.exams import Watched, same_trips
from torch import nn

from benchmark.families import trajectory_protocol
from benchmark.trajectory import judging_paper
from benchmark.trajectory.cuts import pose_destination_grid, pose_destination_road, pose_travel_time
from benchmark.trajectory.judging_paper import AsTheAuthors

PAPER = trajectory_protocol("paper")
POSES = {"destination_road": pose_destination_road, "destination_grid": pose_destination_grid}


@pytest.mark.parametrize(("count", "size", "tested"), [(250, 2, 200), (100, 1, 100), (199, 1, 100), (1234, 12, 1200), (40, 1, 40)])
def test_paper_cuts_roads_into_100_folds_of_neighbours_and_never_tests_the_remainder(count, size, tested):
    fold = judging_paper._neighbours(count, 100)
    assert fold.tolist() == [k // size if k // size < min(100, count) else -1 for k in range(count)]
    assert (fold >= 0).sum() == tested


def test_all_heads_at_once_equal_heads_trained_one_by_one(monkeypatch):
    """Adam, learning rate 0.01, full batch, 100 epochs; the epoch with the best accuracy on the fold itself."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 4, (130,), generator=generator)
    vectors = torch.randn(130, 8, generator=generator) + 0.8 * nn.functional.one_hot(labels, 8)
    fold, folds = torch.arange(130).div(4, rounding_mode="floor"), 30
    fold[fold >= folds] = -1  # ten roads are the remainder
    made = []

    class Kept(torch.optim.Adam):
        def __init__(self, *arguments, **more):
            super().__init__(*arguments, **more)
            made.append(self)

    monkeypatch.setattr(torch.optim, "Adam", Kept)
    torch.manual_seed(5)
    together = judging_paper._fold_heads(vectors, labels, fold)
    weight, bias = made[0].param_groups[0]["params"]
    monkeypatch.undo()
    torch.manual_seed(5)
    heads = [nn.Linear(8, 4) for _ in range(folds)]
    for k in (0, 17, 29):
        rest, own, head = fold != k, fold == k, heads[k]
        optimiser, best = torch.optim.Adam(head.parameters(), lr=1e-2), -1.0
        for _ in range(100):
            loss = nn.functional.cross_entropy(head(vectors[rest]), labels[rest])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            guess = head(vectors[own]).argmax(dim=1)
            if (right := float((guess == labels[own]).float().mean())) > best:
                best, kept = right, guess
        assert torch.equal(together[own], kept)
        assert torch.allclose(weight[:, k], head.weight.T, rtol=0, atol=1e-5)
        assert torch.allclose(bias[k], head.bias, rtol=0, atol=1e-5)
    assert float((together[fold >= 0] == labels[fold >= 0]).float().mean()) > 0.4


def test_paper_road_label_pools_the_tested_roads_alone(make_exam, monkeypatch):
    exam = make_exam(PAPER, vectors=torch.randn(120, 4, generator=torch.Generator().manual_seed(0)))
    roads, labels = exam.labelled_roads()
    monkeypatch.setattr(judging_paper, "ROAD_FOLDS", 30)
    size = len(roads) // 30
    assert len(roads) > 30 * size > 30  # there is a remainder
    monkeypatch.setattr(judging_paper, "_fold_heads", lambda vectors, truth, fold: truth * 0 + 2)
    judged = AsTheAuthors(exam).road_label()
    assert judged.counts == {"roads": 30 * size}
    assert judged.sums["roads"]["truth"].tolist() == np.bincount(labels[:30 * size], minlength=4).tolist()
    assert judged.sums["roads"]["predicted"].tolist() == [0, 0, 30 * size, 0]
    assert judged.sums["roads"]["hits"].tolist() == [0, 0, (labels[:30 * size] == 2).sum(), 0]


def test_paper_travel_time_has_five_folds_of_neighbouring_trips_stopped_on_themselves(make_exam, tiny, rows):
    prober = Watched(lambda trips: torch.ones(len(trips), 1))
    judged = AsTheAuthors(make_exam(PAPER, prober)).travel_time()
    evaluated = np.sort(np.concatenate([rows.labelled, rows.validation, rows.test]))
    posed, count = pose_travel_time(tiny, evaluated, PAPER), len(evaluated)
    size, errors = count // 5, []
    assert len(prober.questions) == 5
    for k, ((question, train, labels, aside, aside_labels), asked) in enumerate(zip(prober.questions, prober.asked, strict=True)):
        own = np.arange(k * size, count if k == 4 else (k + 1) * size)
        rest = np.setdiff1d(np.arange(count), own)
        assert same_trips(aside, posed.trips.rows(torch.from_numpy(own)))
        assert same_trips(asked, aside)
        assert same_trips(train, posed.trips.rows(torch.from_numpy(rest)))
        assert (labels.tolist(), aside_labels.tolist()) == (posed.labels[rest].tolist(), posed.labels[own].tolist())
        errors += np.abs(posed.labels[rest].mean() + posed.labels[rest].std() - posed.labels[own]).tolist()
        assert (question.epochs, question.patience, question.first_epochs) == (50, 3, 10)
        assert (question.options.batch_size, question.options.learning_rate) == (64, 1e-3)
        assert [tuple(layer.weight.shape) for layer in question.head(9) if isinstance(layer, nn.Linear)] == [(9, 9), (9, 9), (1, 9)]
    assert judged.sums["observed"]["absolute"].tolist() == pytest.approx([sum(errors)])
    assert judged.sums["observed"]["count"].tolist() == [count]


@pytest.mark.parametrize("kind", POSES)
def test_paper_scores_a_random_fifth_drawn_by_seed_488_whatever_the_seed_of_the_run(make_exam, tiny, rows, kind):
    posed = POSES[kind](tiny, np.sort(np.concatenate([rows.labelled, rows.validation, rows.test])), PAPER, None)
    order = np.random.default_rng(488).permutation(len(posed.rows))
    own = np.sort(order[:round(0.2 * len(order))])
    rest = np.setdiff1d(np.arange(len(order)), own)
    for seed in (0, 1):
        prober = Watched(lambda trips: torch.randn(len(trips), 300, generator=torch.Generator().manual_seed(2)))
        judged = AsTheAuthors(make_exam(PAPER, prober, seed=seed)).destination(kind)
        ((question, train, labels, aside, aside_labels),) = prober.questions
        assert same_trips(train, posed.trips.rows(torch.from_numpy(rest)))
        assert same_trips(aside, posed.trips.rows(torch.from_numpy(own)))
        assert same_trips(prober.asked[0], aside)
        assert (labels.tolist(), aside_labels.tolist()) == (posed.labels[rest].tolist(), posed.labels[own].tolist())
        assert judged.counts == {"floor_trips": 168, "labelled_trips": len(rest), "test_trips": len(own),
                                 "test_labels_seen": sum(label in labels.tolist() for label in aside_labels.tolist())}
        assert judged.sums["trips"]["count"].tolist() == [len(own)]
        assert (question.epochs, question.options.batch_size, question.options.learning_rate) == (120, 128, 3e-3)
        assert question.patience >= 120  # the best of all epochs
        head = question.head(9)
        assert head(torch.zeros(2, 9)).shape == (2, 120 if kind == "destination_road" else tiny.city.grid.cells)
        assert {tuple(tensor.shape) for tensor in head.state_dict().values()} >= {(4 * 128, 9), (4 * 128, 128)}


def test_the_head_of_paper_destinations_is_one_step_of_an_lstm_from_zero():
    torch.manual_seed(0)
    head = judging_paper._OneStep(3, 7)
    vectors = torch.randn(5, 3)
    state = head.step.state_dict()
    gates = vectors @ state["weight_ih_l0"].T + state["bias_ih_l0"] + state["bias_hh_l0"]
    let_in, _, new, let_out = gates.split(128, dim=1)
    hidden = let_out.sigmoid() * (let_in.sigmoid() * new.tanh()).tanh()
    assert torch.allclose(head(vectors), head.readout(hidden), atol=1e-6)
