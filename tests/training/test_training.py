"""The training loop on a network that can be followed by hand."""

import dataclasses

import pytest
import torch
from torch import nn

from benchmark.contract import Budget, RunContext
from benchmark.forecasting.problem import Targets
from benchmark.forecasting.training import TrainingOptions, evaluate, masked_mae, scheduled_rate, train
from benchmark.training.stage import Diverged


class Constant(nn.Module):
    """Predicts one trainable number."""

    def __init__(self):
        super().__init__()
        self.value = nn.Parameter(torch.tensor(3.0))

    def forward(self, inputs):
        return self.value.expand(inputs.values.shape[0], 12, inputs.values.shape[2])


def context(**budget):
    return RunContext(0, torch.device("cpu"), Budget(**{"epochs": 5, "patience": 30, **budget}))


def test_training_lowers_the_loss_and_leaves_the_best_weights(make_problem):
    problem, network, run = make_problem().only, Constant(), context()
    before = evaluate(network, network, problem.validation)
    result = train(network, problem, TrainingOptions(learning_rate=0.3, batch_size=16), run)
    assert result.best_loss < before
    assert evaluate(network, network, problem.validation) == result.best_loss == min(h["validation_loss"] for h in run.history)
    assert [h["epoch"] for h in run.history] == [1, 2, 3, 4, 5]


def test_a_stage_says_its_number_in_progress_only_and_nothing_of_the_fit_depends_on_it(make_problem):
    problem, plain, numbered = make_problem().only, context(), context()
    signs, networks = {}, {}
    for name, run in (("plain", plain), ("numbered", numbered.at_stage(3, 9))):
        signs[name], networks[name] = [], Constant()
        train(networks[name], problem, TrainingOptions(batch_size=16), dataclasses.replace(run, progress=signs[name].append))
    assert {(sign.number, sign.stages) for sign in signs["plain"]} == {(None, None)}
    assert {(sign.number, sign.stages) for sign in signs["numbered"]} == {(3, 9)}
    assert torch.equal(networks["plain"].value, networks["numbered"].value)
    assert [h["train_loss"] for h in numbered.history] == [h["train_loss"] for h in plain.history]  # one list for all stages


def test_a_stage_says_how_long_it_took_and_how_long_its_best_epoch(make_problem):
    run = context(epochs=20, patience=3)
    result = train(Constant(), make_problem().only, TrainingOptions(learning_rate=5.0, batch_size=16), run)
    spent = [epoch["seconds"] for epoch in run.history]
    assert result.epochs > result.best_epoch
    assert result.seconds == pytest.approx(sum(spent), abs=5e-4 * len(spent))
    assert result.best_seconds == pytest.approx(sum(spent[:result.best_epoch]), abs=5e-4 * len(spent))
    assert result.pace() == {"seconds": round(result.seconds, 3), "best_seconds": round(result.best_seconds, 3)}


def test_training_stops_when_patience_epochs_brought_nothing_better(make_problem):
    run = context(epochs=50, patience=3)
    result = train(Constant(), make_problem().only, TrainingOptions(learning_rate=5.0, batch_size=16), run)
    assert result.epochs == result.best_epoch + 3 < 50


def test_every_training_window_is_seen_once_an_epoch_the_partial_batch_included(make_problem):
    problem, seen = make_problem().only, []
    network = Constant()

    def forward(inputs):
        if network.training:
            seen.extend(inputs.values[:, 0, 0].tolist())
        return network(inputs)

    result = train(network, problem, TrainingOptions(batch_size=50), context(epochs=1), forward=forward)
    assert result.steps == -(-len(problem.train) // 50)
    assert sorted(seen) == sorted(problem.train.values[: len(problem.train), 0].tolist())


def test_a_budget_limits_windows_an_epoch(make_problem):
    assert train(Constant(), make_problem().only, TrainingOptions(batch_size=16), context(epochs=3, epoch_windows=40)).steps == 9


def test_the_same_seed_gives_the_same_bits(make_problem):
    first, second = Constant(), Constant()
    for network in (first, second):
        train(network, make_problem().only, TrainingOptions(batch_size=16), context(epochs=2))
    assert torch.equal(first.value, second.value)


def test_a_loss_that_turns_nan_names_epoch_task_and_learning_rate(make_problem):
    network = Constant()
    with torch.no_grad():
        network.value.fill_(float("inf"))
    with pytest.raises(Diverged, match=r"epoch 1 .*taxi_pick.*learning rate 0\.02"):
        train(network, make_problem().only, TrainingOptions(learning_rate=0.02), context())


def test_missing_targets_never_enter_the_loss():
    values, observed = torch.tensor([[[1.0, 100.0]]]), torch.tensor([[[True, False]]])
    prediction = torch.tensor([[[3.0, 0.0]]], requires_grad=True)
    loss = masked_mae(prediction, Targets(values, observed, observed))
    loss.backward()
    assert loss == 2
    assert prediction.grad.tolist() == [[[1.0, 0.0]]]


def test_a_batch_without_any_observed_target_gives_zero_loss_and_zero_gradients():
    prediction = torch.ones(1, 2, 3, requires_grad=True)
    nothing = torch.zeros(1, 2, 3, dtype=torch.bool)
    loss = masked_mae(prediction, Targets(torch.full((1, 2, 3), float("nan")), nothing, nothing))
    loss.backward()
    assert loss == 0
    assert (prediction.grad == 0).all()


def test_the_validation_loss_is_pooled_over_observed_targets(make_problem):
    problem, network = make_problem(missing=0.3).only, Constant()
    starts = torch.arange(len(problem.validation))
    targets = problem.validation.targets(starts)
    prediction = problem.scaler.unscale(network(problem.validation.inputs(starts)))
    expected = ((prediction - targets.values).abs() * targets.observed).sum() / targets.observed.sum()
    assert evaluate(network, network, problem.validation) == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize(("options", "rates"), [
    (TrainingOptions(learning_rate=1.0), [1, 1, 1, 1, 1]),
    (TrainingOptions(learning_rate=1.0, milestones=(1, 3)), [1, 0.1, 0.1, 0.01, 0.01]),
    (TrainingOptions(learning_rate=1.0, decay=0.5, decay_every=2), [1, 1, 0.5, 0.5, 0.25]),
])
def test_the_learning_rate_follows_its_schedule(options, rates):
    assert [scheduled_rate(options, epoch) for epoch in range(1, 6)] == pytest.approx(rates)


def test_gradients_are_clipped_to_the_given_norm(make_problem):
    network, problem = Constant(), make_problem().only
    options = TrainingOptions(batch_size=1000, clip_norm=1e-3)
    train(network, problem, options, context(epochs=1))
    assert network.value.grad.norm() <= 1e-3 * 1.0001


def test_amp_runs_the_network_in_bfloat16_and_the_loss_in_float32(make_problem):
    problem = make_problem().only
    layer = nn.Linear(12, 12)
    kinds = []

    def forward(inputs):
        out = layer(inputs.scaled.transpose(1, 2)).transpose(1, 2)
        kinds.append(out.dtype)
        return out

    train(layer, problem, dataclasses.replace(TrainingOptions(), amp=True), context(epochs=1), forward=forward)
    assert kinds[0] == torch.bfloat16
