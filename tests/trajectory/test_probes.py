"""Probes on vectors that can be followed by hand: what they learn, what standardises them, where their randomness comes from."""

import pytest
import torch
from torch import nn

from benchmark.contract import BadPrediction, Budget, RunContext
from benchmark.testing.tiny_trips import tiny_trajectory_city
from benchmark.training.stage import StageOptions
from benchmark.trajectory.contract import TrajectoryEncoder
from benchmark.trajectory.cuts import TripTable, whole
from benchmark.trajectory.posing import part_rows
from benchmark.trajectory.probes import (
    ENCODING_BATCH,
    FrozenProber,
    Question,
    Standardised,
    fit_probe,
    how_many,
    linear,
    outputs,
    two_layers,
    vectors_of,
    which,
)

UNUSED = Budget(epochs=1, patience=1)  # a probe has its own


class Table(TrajectoryEncoder):
    """A trip is the mean of its roads' random vectors; `spoil` changes what comes out."""

    def __init__(self, spoil=lambda vectors, trips: vectors):
        self.table, self.spoil, self.calls = torch.randn(120, 6, generator=torch.Generator().manual_seed(1)), spoil, []

    def fit(self, run):
        pass

    def encode(self, trips):
        self.calls.append(len(trips))
        vectors = nn.functional.embedding_bag(trips.route.values["road"], self.table, trips.route.offsets[:-1], mode="mean")
        return self.spoil(vectors, trips)

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


def context(seed=0):
    return RunContext(seed, torch.device("cpu"), UNUSED)


def toy(count=200, seed=0):
    """Vectors of six numbers; the label is on which side of two planes they lie, with a gap between the sides."""
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.randn(count, 6, generator=generator)
    vectors[:, :2] += 0.5 * vectors[:, :2].sign()
    return vectors, 2 * (vectors[:, 0] > 0).long() + (vectors[:, 1] > 0).long()


def bits(probe):
    return {name: tensor.clone() for name, tensor in probe.state_dict().items()}


def same(first, second):
    return all(torch.equal(tensor, second[name]) for name, tensor in first.items())


@pytest.fixture(scope="module")
def trips(tmp_path_factory):
    table = TripTable(tiny_trajectory_city(tmp_path_factory.mktemp("probes") / "tiny"))
    rows = part_rows(table.city, {"unlabelled_trips": None, "labelled_trips": None})
    return {name: whole(table, getattr(rows, name)) for name in ("train", "labelled", "validation", "test")}


@pytest.mark.parametrize("head", [linear(4), two_layers(4)], ids=["linear", "two layers"])
def test_a_probe_learns_which_class_where_a_plane_divides_them(head):
    (vectors, labels), (aside, aside_labels), (test, test_labels) = (toy(400, seed) for seed in range(3))
    question = which("toy", head, options=StageOptions(batch_size=128, learning_rate=1e-2))
    probe = fit_probe(question, vectors, labels, aside, aside_labels, context())
    assert (outputs(probe, test).argmax(dim=1) == test_labels).double().mean() > 0.9


def test_a_probe_learns_how_many_seconds_in_their_own_scale():
    (vectors, _), (aside, _), (test, _) = (toy(600, seed) for seed in range(3))
    labels, aside_labels, truth = (900 + 300 * part[:, 2].double() for part in (vectors, aside, test))
    mean, std = float(labels.mean()), float(labels.std())
    probe = fit_probe(how_many("toy", two_layers(1), mean, std), vectors, labels, aside, aside_labels, context())
    predicted = outputs(probe, test)[:, 0].double() * std + mean
    assert (predicted - truth).abs().mean() < 60 < (truth - mean).abs().mean() / 3


def test_how_many_is_stopped_by_the_mean_absolute_error_in_seconds_and_trained_on_standardised_ones():
    question = how_many("toy", linear(1), 900.0, 300.0)
    answers, labels = torch.tensor([[0.0], [1.0]]), torch.tensor([900.0, 600.0], dtype=torch.float64)
    assert question.error(answers, labels) == 300  # 900 and 1200 seconds
    assert float(question.loss(answers, labels)) == pytest.approx((0 + 4) / 2)


def test_which_is_stopped_by_the_share_of_wrong_answers_and_trained_by_cross_entropy():
    question = which("toy", linear(2))
    answers, labels = torch.tensor([[2.0, 0.0], [0.0, 1.0], [0.0, 3.0]]), torch.tensor([0, 0, 1])
    assert question.error(answers, labels) == pytest.approx(1 / 3)
    by_hand = sum(torch.logsumexp(row, 0) - row[label] for row, label in zip(answers, labels.tolist(), strict=True)) / 3
    assert float(question.loss(answers, labels)) == pytest.approx(float(by_hand))


def test_a_strict_probe_has_the_recipe_of_the_specification():
    question = which("toy", two_layers(7))
    assert (question.epochs, question.patience, question.first_epochs) == (100, 10, 0)
    assert (question.options.batch_size, question.options.learning_rate, question.options.weight_decay) == (128, 1e-3, 0)
    shapes = [tuple(tensor.shape) for tensor in question.head(32).state_dict().values()]
    assert shapes == [(256, 32), (256,), (7, 256), (7,)]
    assert [tuple(tensor.shape) for tensor in linear(4)(32).state_dict().values()] == [(4, 32), (4,)]


def test_vectors_are_standardised_by_those_of_the_training_trips_alone():
    vectors, labels = toy()
    vectors = vectors * torch.tensor([1, 1, 100, 0.01, 1, 1]) + 5
    probe = fit_probe(which("toy", linear(4)), vectors, labels, 1000 + vectors[:50], labels[:50], context())
    assert torch.allclose(probe.mean, vectors.mean(dim=0))
    assert torch.allclose(probe.std, vectors.std(dim=0, correction=0))
    seen = []
    probe.head.register_forward_hook(lambda head, given, answer: seen.append(given[0]))
    outputs(probe, vectors)
    assert torch.allclose(seen[0].mean(dim=0), torch.zeros(6), atol=1e-4)
    assert torch.allclose(seen[0].std(dim=0, correction=0), torch.ones(6), atol=1e-4)


def test_mean_and_spread_are_no_parameters_and_stay_as_they_are_in_training():
    vectors, labels = toy()
    before = Standardised(linear(4)(6), vectors)
    assert {name for name, _ in before.named_parameters()} == {"head.weight", "head.bias"}
    after = fit_probe(which("toy", linear(4)), vectors, labels, vectors[:20], labels[:20], context())
    assert same({"mean": before.mean, "std": before.std}, bits(after))


@pytest.mark.parametrize("value", [0.0, 0.1, -1e4])
def test_a_constant_number_is_only_centred_and_never_divides_by_nothing(value):
    vectors, labels = toy()
    with_constant = torch.cat([vectors, torch.full((len(vectors), 1), value)], dim=1)
    probe = Standardised(nn.Identity(), with_constant)
    assert float(probe.std[-1]) == 1
    assert (probe(with_constant)[:, -1].abs() <= 1e-5 * abs(value)).all()
    fitted = fit_probe(which("toy", two_layers(4)), with_constant, labels, with_constant, labels, context())
    assert (outputs(fitted, with_constant).argmax(dim=1) == labels).double().mean() > 0.8


def test_vectors_are_taken_as_they_are_where_the_protocol_says_so(trips):
    labels = torch.arange(len(trips["labelled"])) % 2
    heads = []

    def head(width):
        heads.append(nn.Linear(width, 2))
        return heads[-1]

    for standardise in (False, True):
        seen = []
        answer = FrozenProber(Table(), context(), standardise=standardise).fit(which("toy", head), trips["labelled"], labels,
                                                                               trips["labelled"], labels)
        heads[-1].register_forward_hook(lambda module, given, answer, seen=seen: seen.append(given[0]))
        answer(trips["labelled"])
        raw = vectors_of(Table(), trips["labelled"], context())
        assert torch.equal(seen[0], raw) is not standardise
        assert torch.allclose(seen[0].mean(dim=0), torch.zeros(6), atol=1e-5) is standardise


def test_a_probe_is_the_same_bits_whatever_was_drawn_before_and_another_for_another_seed():
    vectors, labels = toy()
    found = []
    for draws, seed in ((0, 3), (17, 3), (0, 4)):
        torch.manual_seed(100 + draws)
        torch.rand(draws)
        found.append(bits(fit_probe(which("toy", two_layers(4), epochs=5), vectors, labels, vectors[:50], labels[:50], context(seed))))
    assert same(found[0], found[1])
    assert not same(found[0], found[2])


def test_the_trips_aside_choose_the_epoch_and_end_the_probe():
    vectors, labels = toy()
    errors = iter([0.9, 0.5, 0.7, *[0.6] * 100])
    kept = []

    def error(answers, truth):
        kept.append(answers.clone())
        return next(errors)

    question = Question("toy", nn.functional.cross_entropy, error, linear(4))
    probe = fit_probe(question, vectors, labels, vectors[:50], labels[:50], context())
    assert len(kept) == 2 + 10
    assert torch.equal(outputs(probe, vectors[:50]), kept[1])


def test_patience_does_not_count_before_the_first_epochs_are_over():
    vectors, labels = toy()
    asked = []

    def error(answers, truth):
        asked.append(1)
        return float(len(asked))

    question = Question("toy", nn.functional.cross_entropy, error, linear(4), epochs=50, patience=3, first_epochs=10)
    fit_probe(question, vectors, labels, vectors[:50], labels[:50], context())
    assert len(asked) == 11


def test_a_probe_leaves_nothing_in_the_history_of_the_run():
    vectors, labels = toy()
    run = context()
    fit_probe(which("toy", linear(4), epochs=2), vectors, labels, vectors, labels, run)
    assert (run.history, run.notes, run.budget) == ([], {}, UNUSED)


def test_every_example_is_seen_once_an_epoch_the_partial_batch_included():
    vectors, seen = torch.arange(10.0)[:, None], []

    def loss(answers, labels):
        seen.append(labels.tolist())
        return answers.sum() * 0

    question = Question("toy", loss, lambda answers, labels: 0.0, linear(1), StageOptions(batch_size=4), epochs=2)
    fit_probe(question, vectors, torch.arange(10), vectors, torch.arange(10), context())
    assert [len(batch) for batch in seen] == [4, 4, 2] * 2
    assert [sorted(label for batch in seen[k:k + 3] for label in batch) for k in (0, 3)] == [list(range(10))] * 2
    assert seen[:3] != seen[3:]


@pytest.mark.parametrize(("spoil", "sentence"), [
    (lambda vectors, trips: vectors[:-1], r"16 trips of tiny have shape \(15, 6\), expected \(16, d\)"),
    (lambda vectors, trips: vectors[:, 0], r"trips of tiny.*d\)"),
    (lambda vectors, trips: vectors[:, None], r"trips of tiny.*d\)"),
    (lambda vectors, trips: vectors / 0, "trips of tiny.*NaN or infinity"),
    (lambda vectors, trips: vectors * float("nan"), "trips of tiny.*NaN or infinity"),
], ids=["too few", "no width", "three axes", "infinity", "NaN"])
def test_bad_vectors_are_refused_by_name(trips, spoil, sentence):
    with pytest.raises(BadPrediction, match=sentence):
        vectors_of(Table(spoil), trips["test"], context())


def test_vectors_whose_width_changes_from_batch_to_batch_are_refused_by_name(trips, monkeypatch):
    monkeypatch.setattr("benchmark.trajectory.probes.ENCODING_BATCH", 8)
    longest = lambda vectors, trips: vectors[:, :1].expand(-1, int(trips.route.lengths().max()))  # noqa: E731
    with pytest.raises(BadPrediction, match="tiny"):
        vectors_of(Table(longest), trips["test"], context())


@pytest.mark.parametrize("size", [1, 7, 64, ENCODING_BATCH])
def test_vectors_do_not_depend_on_the_batches_and_stand_in_the_order_of_the_trips(trips, monkeypatch, size):
    monkeypatch.setattr("benchmark.trajectory.probes.ENCODING_BATCH", size)
    method, given = Table(), trips["train"]
    found = vectors_of(method, given, context())
    assert max(method.calls) <= size < sum(method.calls) + 1 + size
    for k in range(len(given)):
        assert torch.allclose(found[k], method.encode(given.rows(torch.tensor([k])))[0], rtol=0, atol=1e-6)
    assert (found.dtype, found.device.type, found.requires_grad) == (torch.float32, "cpu", False)


def test_a_frozen_prober_learns_from_the_named_trips_and_answers_about_others(trips):
    """Whether a trip begins on an odd road is the sign of all its numbers."""
    def mark(vectors, given):
        first = given.route.values["road"][given.route.offsets[:-1]] % 2
        return 2.0 * first[:, None] - 1 + 0.1 * vectors

    def label(given):
        return given.route.values["road"][given.route.offsets[:-1]] % 2

    answer = FrozenProber(Table(mark), context()).fit(which("toy", two_layers(2)), trips["labelled"], label(trips["labelled"]),
                                                      trips["validation"], label(trips["validation"]))
    assert torch.equal(answer(trips["test"]).argmax(dim=1), label(trips["test"]))
