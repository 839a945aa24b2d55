"""Training of an encoder that is a network, and fine-tuning it, on one that can be followed: learned road vectors, contrasted."""

import dataclasses
import math
from dataclasses import dataclass, replace
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch
from made.notes import without_seconds
from torch import nn

from benchmark.checkpoints import Checkpoints
from benchmark.contract import Budget, RunContext
from benchmark.fitting import seed_everything
from benchmark.spec import without_unborn
from benchmark.testing.shared import check_resumes
from benchmark.testing.tiny_trips import tiny_trajectory_city
from benchmark.training.stage import run_stage
from benchmark.trajectory import neural as encoder
from benchmark.trajectory import probes
from benchmark.trajectory.cuts import TripTable
from benchmark.trajectory.neural import HEAD_TIMES, EncoderOptions, FinetuningProber, NeuralEncoder, drawn_rows, finetuning_rate
from benchmark.trajectory.posing import part_rows, pose_trajectories
from benchmark.trajectory.probes import how_many, linear, two_layers, which
from benchmark.trajectory.problem import TrajectoryProblem


@dataclass(frozen=True, kw_only=True)
class SmallOptions(EncoderOptions):
    # numbers of a vector
    width: int = 12
    # share of a vector that is hidden from a view
    hidden: float = 0.2


class Mean(nn.Module):
    """The mean of learned road vectors, through one layer."""

    def __init__(self, roads, options):
        super().__init__()
        self.road, self.layer = nn.EmbeddingBag(roads, options.width, mode="mean"), nn.Linear(options.width, options.width)
        self.drop = nn.Dropout(0.1)

    def forward(self, trips):
        return self.layer(self.drop(self.road(trips.route.values["road"], trips.route.offsets[:-1])))


class Small(NeuralEncoder):
    """InfoNCE between two masked views of each trip; the masks come from torch's generator."""

    Options = SmallOptions

    def build_network(self, problem):
        self.seen = []
        return Mean(max(len(city.roads) for city in problem.cities.values()), self.options)

    def losses(self, trips):
        vectors = self.vectors(trips)
        mask = torch.rand(2, *vectors.shape, device=vectors.device) > self.options.hidden
        self.seen.append((self.network.training, trips, mask))
        first, second = nn.functional.normalize(vectors[None] * mask, dim=-1)
        return {"contrast": nn.functional.cross_entropy(first @ second.T / 0.2, torch.arange(len(trips))),
                "length": 1e-3 * vectors.square().mean()}


class Scripted(Small):
    """Its validation loss is given, epoch by epoch."""

    script = (3.0, 2.0, 2.5, 2.6, 2.7, 2.8, 1.0)

    def losses(self, trips):
        terms = super().losses(trips)
        if self.network.training:
            return terms
        epoch = sum(not training for training, *_ in self.seen) - 1  # the validation trips are one batch
        return {"scripted": torch.tensor(self.script[epoch])}


@pytest.fixture(scope="module")
def problems(tmp_path_factory):
    """"one" city, and "both"."""
    folder = tmp_path_factory.mktemp("encoder")
    tables = [TripTable(tiny_trajectory_city(folder / name, name, seed)) for seed, name in enumerate(("one", "other"))]
    rows = {table.name: part_rows(table.city, {"unlabelled_trips": None, "labelled_trips": None}) for table in tables}
    return {"one": pose_trajectories(tables[:1], rows), "both": pose_trajectories(tables, rows)}


def context(seed=0, epochs=3, patience=30, **more):
    return RunContext(seed, torch.device("cpu"), Budget(epochs, patience), **more)


def make(problem, seed=0, cls=Small, **options):
    seed_everything(seed)
    return cls(cls.Options(**{"batch_size": 40, "learning_rate": 1e-2, **options}), problem)


def fitted(problem, run=None, seed=0, cls=Small, **options):
    method = make(problem, seed, cls, **options)
    method.fit(run or context(seed))
    return method


def bits(method):
    return {name: tensor.clone() for name, tensor in method.state_dict().items()}


def same(first, second):
    return all(torch.equal(tensor, second[name]) for name, tensor in first.items())


def in_training(method):
    return [(trips, mask) for training, trips, mask in method.seen if training]


def in_validation(method):
    return [(trips, mask) for training, trips, mask in method.seen if not training]


# pre-training

def test_an_encoder_lowers_its_validation_loss_and_keeps_its_best_weights(problems):
    run = context(epochs=8)
    method = fitted(problems["one"], run)
    losses = [epoch["validation_loss"] for epoch in run.history]
    assert min(losses) < 0.95 * losses[0]
    assert without_seconds(run.notes["training"]) == {"epochs": 8, "best_epoch": 1 + losses.index(min(losses)),
                                                      "steps": 8 * math.ceil(168 / 40), "validation_loss": min(losses)}
    assert 0 < run.notes["training"]["best_seconds"] <= run.notes["training"]["seconds"]
    assert [epoch["learning_rate"] for epoch in run.history] == [1e-2] * 8
    assert {epoch["stage"] for epoch in run.history} == {"pretrain"}
    assert method.parameter_count() == sum(tensor.numel() for tensor in method.state_dict().values()) == 120 * 12 + 12 * 13


@pytest.mark.parametrize(("budget", "options", "epochs"), [(10, 3, 3), (2, 5, 2), (4, 4, 4)])
def test_an_encoder_trains_as_long_as_the_shorter_of_budget_and_options_says(problems, budget, options, epochs):
    run = context(epochs=budget)
    fitted(problems["one"], run, epochs=options)
    assert [epoch["epoch"] for epoch in run.history] == list(range(1, epochs + 1))


def test_training_ends_when_patience_epochs_brought_nothing_better_and_the_best_epoch_stays(problems):
    run, states = context(epochs=20, patience=3), []
    method = make(problems["one"], cls=Scripted)
    run.progress = lambda progress: states.append(bits(method))
    method.fit(run)
    assert [epoch["validation_loss"] for epoch in run.history] == pytest.approx([3, 2, 2.5, 2.6, 2.7])
    assert run.notes["training"]["best_epoch"] == 2
    assert same(bits(method), states[1])
    assert not same(bits(method), states[-1])


def test_every_unlabelled_trip_is_seen_once_an_epoch_in_a_new_order(problems):
    method = fitted(problems["one"], context(epochs=2))
    trips = [batch for batch, _ in in_training(method)]
    assert [len(batch) for batch in trips].count(40) == 8
    first, second = ([minute for batch in trips[k:k + 5] for minute in batch.minute.tolist()] for k in (0, 5))
    assert sorted(first) == sorted(second) == sorted(problems["one"].only.unlabelled.minute.tolist())
    assert first != second


def test_length_buckets_put_trips_of_like_length_into_a_batch_and_draw_which_and_in_which_order(problems):
    lengths = problems["one"].only.unlabelled.route.lengths()
    trips = [batch for batch, _ in in_training(fitted(problems["one"], context(epochs=2), length_buckets=True))]
    for epoch in (trips[:5], trips[5:]):
        assert sorted(minute for batch in epoch for minute in batch.minute.tolist()) == sorted(
            problems["one"].only.unlabelled.minute.tolist())
        found = sorted((batch.route.lengths().sort()[0].tolist() for batch in epoch), key=lambda part: (part[0], part[-1]))
        assert [length for part in found for length in part] == lengths.sort()[0].tolist()
    first, second = ([sorted(batch.minute.tolist()) for batch in epoch] for epoch in (trips[:5], trips[5:]))
    assert first != second
    assert [len(part) for part in first] != [40, 40, 40, 40, 8] or [len(part) for part in second] != [40, 40, 40, 40, 8]


def test_an_encoder_may_say_how_long_trips_are_to_it(problems):
    class ByCells(Small):
        def lengths(self, trips):
            return trips.grid.lengths()

    trips = [batch for batch, _ in in_training(fitted(problems["one"], context(epochs=1), cls=ByCells, length_buckets=True))]
    found = sorted((batch.grid.lengths().sort()[0].tolist() for batch in trips), key=lambda part: (part[0], part[-1]))
    assert [length for part in found for length in part] == problems["one"].only.unlabelled.grid.lengths().sort()[0].tolist()


def test_without_length_buckets_batches_and_ids_are_what_they_were():
    parts = drawn_rows(9, 4, torch.Generator().manual_seed(0))
    assert torch.equal(torch.cat(list(parts)), torch.randperm(9, generator=torch.Generator().manual_seed(0)))
    assert "length_buckets" not in without_unborn(EncoderOptions, {"length_buckets": False})


def test_a_batch_holds_trips_of_one_city_the_cities_in_turn_and_the_smaller_one_begins_again(problems):
    cities = {**problems["both"].cities}
    cities["other"] = replace(cities["other"], unlabelled=cities["other"].unlabelled.rows(torch.arange(50)))
    run = context(epochs=2)
    method = fitted(TrajectoryProblem(cities), run)
    trained = [trips for trips, _ in in_training(method)]
    assert [trips.city for trips in trained] == ["one", "other"] * 10
    assert [len(trips) for trips in trained[:10:2]] == [40, 40, 40, 40, 8]
    assert [len(trips) for trips in trained[1:10:2]] == [40, 10, 40, 10, 40]
    assert [epoch["steps"] for epoch in run.history] == [10, 10]
    for name, first in (("one", 0), ("other", 1)):  # each trip of both, in another order the next time
        minutes = [[minute for trips in trained[k:k + 10:2] for minute in trips.minute.tolist()] for k in (first, first + 10)]
        every = cities[name].unlabelled.minute.tolist()
        assert sorted(minutes[0][:len(every)]) == sorted(minutes[1][:len(every)]) == sorted(every)
        assert minutes[0] != minutes[1]


def test_an_encoder_may_choose_what_takes_its_steps_and_its_learning_rates(problems):
    class Own(Small):
        optimiser = torch.optim.SGD

        def rate(self, epoch, epochs):
            return 0.0 if epoch == 2 else 1e-2

    run, states = context(epochs=2), []
    method = make(problems["one"], cls=Own)
    states.append(bits(method))
    run.progress = lambda progress: states.append(bits(method))
    method.fit(run)
    assert [epoch["learning_rate"] for epoch in run.history] == [1e-2, 0]
    assert not same(states[0], states[1])
    assert same(states[1], states[2])  # no step at rate 0
    assert not same(states[1], bits(fitted(problems["one"], context(epochs=1))))  # which Adam would not take either


def test_the_validation_loss_is_the_mean_over_the_trips_of_all_cities(problems):
    class Minutes(Small):
        def losses(self, trips):
            return {"a": super().losses(trips)["contrast"] * 0 + trips.minute.float().mean(), "b": torch.tensor(5.0)}

    run = context(epochs=1)
    unequal = {**problems["both"].cities}
    unequal["one"] = replace(unequal["one"], validation=unequal["one"].validation.rows(torch.arange(7)))
    fitted(TrajectoryProblem(unequal), run, cls=Minutes, batch_size=3)
    minutes = torch.cat([city.validation.minute for city in unequal.values()]).double()
    assert run.history[0]["validation_loss"] == pytest.approx(float(minutes.mean()) + 5, rel=1e-6)


def test_every_epoch_is_validated_with_the_same_masks_and_without_gradients_or_dropout(problems):
    method = fitted(problems["one"], context(epochs=4))
    masks = [mask for _, mask in in_validation(method)]
    assert len(masks) == 4
    assert all(torch.equal(masks[0], mask) for mask in masks)
    assert not torch.equal(in_training(method)[0][1], in_training(method)[5][1])
    other = fitted(problems["one"], context(seed=1, epochs=1), seed=1)
    assert not torch.equal(masks[0], in_validation(other)[0][1])


def test_validation_does_not_disturb_what_training_draws(problems):
    problem = problems["one"]
    few = TrajectoryProblem({"one": replace(problem.only, validation=problem.only.validation.rows(torch.arange(1)))})
    many, one = fitted(problem, batch_size=7), fitted(few, batch_size=7)
    assert len(in_validation(many)) > len(in_validation(one))
    for (_, mask), (_, other) in zip(in_training(many), in_training(one), strict=True):
        assert torch.equal(mask, other)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(problems):
    first, second, other = (bits(fitted(problems["one"], seed=seed)) for seed in (0, 0, 1))
    assert same(first, second)
    assert not same(first, other)


@pytest.mark.parametrize(("city", "options"), [("one", {}), ("both", {}), ("both", {"length_buckets": True})])
def test_a_fit_broken_off_after_every_epoch_ends_in_the_same_bits(problems, tmp_path, city, options):
    check_resumes(SimpleNamespace(info=SimpleNamespace(name="small"), problem=problems[city], folder=tmp_path,
                                  make=lambda problem, seed=0: make(problem, seed, **options)))


def test_a_broken_off_fit_really_goes_on_from_its_last_epoch(problems, tmp_path):
    whole = fitted(problems["one"], context(epochs=4))

    def stop(progress):
        if progress.epoch == 3:
            raise KeyboardInterrupt

    checkpoints = Checkpoints(tmp_path / "checkpoints")
    with pytest.raises(KeyboardInterrupt):
        fitted(problems["one"], context(epochs=4, checkpoints=checkpoints, progress=stop))
    run = context(epochs=4, checkpoints=checkpoints)
    method = fitted(problems["one"], run)
    assert len(in_training(method)) == 5  # one epoch of five batches
    assert same(bits(whole), bits(method))
    assert [epoch["epoch"] for epoch in run.history] == [1, 2, 3, 4]


def test_amp_runs_the_network_in_bfloat16_and_the_loss_in_float32(problems):
    kinds = []

    class Watched(Small):
        def losses(self, trips):
            kinds.append(self.network.layer(torch.zeros(1, 12)).dtype)
            return super().losses(trips)

    run = context(epochs=1)
    method = fitted(problems["one"], run, cls=Watched, amp=True)
    assert set(kinds) == {torch.bfloat16}
    assert all(tensor.dtype == torch.float32 for tensor in method.state_dict().values())
    assert method.encode(problems["one"].only.validation).dtype == torch.float32


def test_encode_gives_vectors_without_dropout_gradients_or_the_trips_beside(problems):
    method = fitted(problems["one"])
    method.network.train()
    trips = problems["one"].only.validation
    first, second = method.encode(trips), method.encode(trips)
    assert torch.equal(first, second)
    assert not first.requires_grad
    assert torch.allclose(method.encode(trips.rows(torch.tensor([5])))[0], first[5], atol=1e-6)


def test_a_state_round_trips(problems):
    method, fresh = fitted(problems["one"]), make(problems["one"], seed=9)
    trips = problems["one"].only.validation
    assert not torch.equal(method.encode(trips), fresh.encode(trips))
    fresh.load_state_dict(method.state_dict())
    assert torch.equal(method.encode(trips), fresh.encode(trips))


# fine-tuning

@pytest.fixture
def stages(monkeypatch):
    """What fine-tuning trains: (network, stage, options, run, parameters before)."""
    kept = []

    def watched(network, stage, options, run, **more):
        kept.append((network, stage, options, run, {name: tensor.clone() for name, tensor in network.state_dict().items()}))
        return run_stage(network, stage, options, run, **more)

    monkeypatch.setattr(encoder, "run_stage", watched)
    return kept


def finetune(method, problem, question, run=None):
    """Learn whether a trip has more than 14 roads (or how many seconds that makes)."""
    label = lambda trips: (trips.route.lengths() > 14).long()  # noqa: E731
    train, aside = problem.only.unlabelled, problem.only.validation
    return FinetuningProber(method, run or context(epochs=1)).fit(question, train, label(train), aside, label(aside)), train, label


def test_fine_tuning_trains_a_copy_and_leaves_the_encoder_untouched(problems, stages):
    method = fitted(problems["one"])
    before, trips = bits(method), problems["one"].only.validation
    vectors, count = method.encode(trips), len(method.seen)
    stages.clear()
    answer, *_ = finetune(method, problems["one"], which("toy", linear(2), epochs=6))
    assert same(before, bits(method))
    assert torch.equal(vectors, method.encode(trips))
    assert len(method.seen) == count  # it does not learn its own losses
    (network, *_, at_start), = stages
    assert same({f"encoder.{name}": tensor for name, tensor in before.items()}, at_start)  # it begins with the fitted weights
    assert not any(torch.equal(tensor, at_start[f"encoder.{name}"]) for name, tensor in network["encoder"].state_dict().items())
    assert answer(trips).shape == (16, 2)
    finetune(method, problems["one"], which("again", linear(2), epochs=1))
    assert same(at_start, stages[1][-1])  # anew for every question


def test_fine_tuning_lowers_the_loss_of_the_question_and_keeps_the_epoch_that_the_trips_aside_choose(problems, stages):
    method = fitted(problems["one"])
    stages.clear()
    question = which("toy", two_layers(2), epochs=20, patience=20)
    answer, _, label = finetune(method, problems["one"], question)
    history, aside = stages[0][3].history, problems["one"].only.validation
    assert history[-1]["train_loss"] < 0.95 * history[0]["train_loss"]
    assert question.error(answer(aside), label(aside)) == min(epoch["validation_loss"] for epoch in history)


def test_fine_tuning_uses_adamw_in_batches_of_64_for_at_most_70_epochs(problems, stages):
    method = make(problems["one"])
    for question, epochs in ((which("toy", linear(2)), 70), (which("short", linear(2), epochs=3), 3)):
        stages.clear()
        run = context(epochs=1)
        finetune(method, problems["one"], replace(question, patience=100), run)
        (network, stage, options, probing, _), = stages
        optimiser = stage.optimiser(list(network.parameters()), lr=1e-4, weight_decay=0.01)
        assert type(optimiser) is torch.optim.AdamW
        encoder, fresh = optimiser.param_groups  # the fresh head takes larger steps
        assert ("times" in encoder, fresh["times"], encoder["weight_decay"]) == (False, HEAD_TIMES, 0.01)
        assert {id(one) for one in fresh["params"]} == {id(one) for one in network["head"].parameters()}
        assert {id(one) for one in encoder["params"]} == {id(one) for one in network["encoder"].parameters()}
        assert (options.batch_size, options.learning_rate) == (64, 1e-4)
        assert [epoch["learning_rate"] for epoch in probing.history] == [finetuning_rate(k) for k in range(1, epochs + 1)]
        assert {epoch["steps"] for epoch in probing.history} == {math.ceil(168 / 64)}
        assert [(epoch["stage"], epoch["task"]) for epoch in run.history] == [("finetune", question.task)] * epochs


def test_the_rate_of_fine_tuning_warms_up_over_5_epochs_and_follows_half_a_cosine_to_the_70th():
    rates = [finetuning_rate(epoch) for epoch in range(1, 71)]
    assert rates[:5] == pytest.approx([2e-5, 4e-5, 6e-5, 8e-5, 1e-4])
    assert all(later < earlier for earlier, later in pairwise(rates[4:]))
    assert 0 < rates[-1] < 1e-6
    # half a cosine: the drop is steepest half-way, where half of the rate is left, and symmetric about it
    middle = min(range(4, 70), key=lambda k: abs(rates[k] - 5e-5))
    assert middle + 1 == pytest.approx(5 + 65 / 2, abs=1)
    assert [rates[4 + k] + rates[-k] for k in range(1, 30)] == pytest.approx([1e-4] * 29, rel=1e-6)


def test_fine_tuning_keeps_the_first_epochs_of_a_question(problems, stages):
    """Protocol paper: travel time may stop only after epoch 10 (§5)."""
    finetune(make(problems["one"]), problems["one"], which("toy", linear(2), epochs=12, patience=3, first_epochs=10))
    assert stages[0][1].first_epochs == 10


def test_fine_tuning_is_the_same_bits_whatever_was_drawn_before(problems):
    method, trips = fitted(problems["one"]), problems["one"].only.validation
    found = []
    for draws in (1, 1000):
        torch.rand(draws)
        found.append(finetune(method, problems["one"], which("toy", two_layers(2), epochs=3))[0](trips))
    assert torch.equal(*found)


def test_fine_tuned_answers_stand_in_the_order_of_the_trips_and_do_not_depend_on_batches(problems, monkeypatch):
    answer, train, _ = finetune(make(problems["one"]), problems["one"], how_many("toy", linear(1), 0.5, 0.5, epochs=2))
    whole = answer(train)
    monkeypatch.setattr(probes, "ENCODING_BATCH", 9)
    assert torch.allclose(answer(train), whole, rtol=0, atol=1e-6)
    for k in (0, 50, 167):
        assert torch.allclose(answer(train.rows(torch.tensor([k])))[0], whole[k], rtol=0, atol=1e-6)
    assert not whole.requires_grad


def test_options_of_encoders_have_defaults_for_epochs_and_probe():
    assert {field.name: field.default for field in dataclasses.fields(EncoderOptions) if field.name in ("epochs", "probe")} == {
        "epochs": 50, "probe": "frozen"}
